#include <string.h>

#include "runtime/api/work.h"
#include "runtime/base/embed.h"
#include "runtime/elaborate/help.h"

static const char version_number[] = "0.1";

typedef struct HelpWork {
    const char *name; /* NULL: all */
    int source;
} HelpWork;

/* A module from which stdlib and the tables are seen. */
static bool open_empty(ArmcSession *session)
{
    ArmcScript script = {.tree = armc_script_parse(session, "<help>", "")};
    return armc_script_pass(session, &script, ARMC_MODE_LOAD);
}

static bool help_on_file(ArmcSession *session, const char *path)
{
    ArmcScript script = {.path = path};
    if (!armc_script_open(session, &script) || !armc_script_pass(session, &script, ARMC_MODE_LOAD))
        return false;
    ArmcBuf *text = armc_work_text(session);
    armc_help_script(session->module, script.tree, text);
    armc_tell_text(session, "help", text->data);
    return true;
}

static bool help_on_name(ArmcSession *session, const HelpWork *work)
{
    ArmcBuf *text = armc_work_text(session);
    if (work->name == NULL) {
        armc_help_names(session->module, text);
    } else if (!armc_help_text(session->module, work->name, work->source, text)) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_unknown_name, NULL,
                                       "there is no help for `%s`", work->name);
        const char *near = armc_help_nearest(session->module, work->name);
        if (near != NULL)
            armc_diag_help(diag, "did you mean `%s`?", near);
        else
            armc_diag_help(diag, "`armc help` lists all names");
        return false;
    }
    armc_tell_text(session, "help", text->data);
    return armc_work_is_fine(session);
}

/* Names of scripts have an ending or a folder; names of the language don't. */
static bool help(ArmcSession *session, void *context)
{
    const HelpWork *work = context;
    if (work->name != NULL && strpbrk(work->name, "./") != NULL)
        return help_on_file(session, work->name);
    return open_empty(session) && help_on_name(session, work);
}

static bool help_at_prompt(ArmcSession *session, void *context)
{
    return help_on_name(session, context);
}

ArmcResult armc_prompt_help(ArmcSession *session, const char *name)
{
    HelpWork work = {name, 0};
    if (session->prompt == NULL)
        return ARMC_STATUS_USAGE;
    armc_diags_clear(session->diags);
    return armc_work_on(session, help_at_prompt, &work);
}

ArmcResult armc_help(ArmcSession *session, const char *name, int source)
{
    HelpWork work = {name, source};
    return armc_work(session, help, &work);
}

static bool reference(ArmcSession *session, void *context)
{
    (void)context;
    if (!open_empty(session))
        return false;
    ArmcBuf *text = armc_work_text(session);
    armc_reference(session->module, text);
    armc_tell_text(session, "reference", text->data);
    return true;
}

ArmcResult armc_reference_page(ArmcSession *session)
{
    return armc_work(session, reference, NULL);
}

static bool explain(ArmcSession *session, void *context)
{
    const char *const *code = context;
    const char *page = armc_diag_explain(*code);
    if (page != NULL) {
        armc_tell_text(session, "explain", page);
        return true;
    }
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_unknown_name, NULL,
                                   "there is no error code `%s`", *code);
    armc_diag_help(diag, "codes look like E0101 and stand in brackets at the head of an error");
    session->status = ARMC_USAGE;
    return false;
}

ArmcResult armc_explain(ArmcSession *session, const char *code)
{
    return armc_work(session, explain, &code);
}

static bool version(ArmcSession *session, void *context)
{
    (void)context;
    ArmcBuf *text = armc_work_text(session);
    armc_buf_printf(text, "armc %s (%s), %s, kernels %s, %s\n", version_number, armc_commit,
                    ARMC_REAL_IS_DOUBLE ? "double" : "float", session->kernels->name,
                    armc_blas_name());
    armc_tell_text(session, "version", text->data);
    return true;
}

ArmcResult armc_version(ArmcSession *session)
{
    return armc_work(session, version, NULL);
}

const char *armc_nearest(const char *word, const char *const *words, size_t count)
{
    return armc_suggest(word, words, count);
}
