#include <string.h>

#include "runtime/api/work.h"
#include "runtime/base/file.h"

/* The check finds what is wrong anywhere in the script, in later statements too, before hours of
 * training begin. */
static bool run(ArmcSession *session, void *context)
{
    ArmcScript *script = context;
    session->writes = true;
    if (!armc_script_open(session, script) || !armc_script_pass(session, script, ARMC_MODE_CHECK))
        return false;
    armc_tell_nets(session, armc_say_note);
    return armc_script_pass(session, script, ARMC_MODE_RUN);
}

ArmcResult armc_run_file(ArmcSession *session, const char *path, const char *const *overrides,
                         size_t count)
{
    ArmcScript script = {.path = path, .words = overrides, .word_count = count};
    return armc_work(session, run, &script);
}

typedef struct FmtWork {
    ArmcScript script;
    int in_place;
} FmtWork;

/* A built-in model is no file: it is printed, never replaced. */
static void replace(ArmcSession *session, const char *path, const ArmcBuf *text)
{
    ArmcNewFile file;
    armc_file_create(session->run, &file, path);
    fwrite(text->data, 1, text->length, file.stream);
    armc_file_commit(&file);
}

static bool fmt(ArmcSession *session, void *context)
{
    FmtWork *work = context;
    if (!armc_script_open(session, &work->script))
        return false;
    ArmcBuf *text = armc_work_text(session);
    armc_tree_print(work->script.tree, work->script.tree->span.source, text);
    bool changed = text->length != session->script.length ||
                   memcmp(text->data, session->script.text, text->length) != 0;
    if (!work->in_place)
        armc_tell_text(session, "fmt", text->data);
    else if (changed)
        replace(session, session->script.name, text);
    return true;
}

ArmcResult armc_fmt_file(ArmcSession *session, const char *path, int in_place)
{
    FmtWork work = {{.path = path}, in_place};
    return armc_work(session, fmt, &work);
}
