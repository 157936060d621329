#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/api/work.h"

_Static_assert((int)ARMC_STATUS_DONE == (int)ARMC_OK && (int)ARMC_STATUS_WRONG == (int)ARMC_USER &&
                   (int)ARMC_STATUS_USAGE == (int)ARMC_USAGE &&
                   (int)ARMC_STATUS_RESOURCES == (int)ARMC_RESOURCE &&
                   (int)ARMC_STATUS_BUG == (int)ARMC_INTERNAL,
               "the public results are the statuses of faults");

static const char *copy(ArmcArena *arena, const char *text)
{
    return text != NULL ? armc_arena_strdup(arena, text) : NULL;
}

static bool conv_is_known(const char *conv)
{
    return conv == NULL || *conv == '\0' || strcmp(conv, "direct") == 0 ||
           strcmp(conv, "blas") == 0;
}

/* The table of this session; NULL where what was asked for can't be had. */
static const ArmcKernels *choose_kernels(ArmcArena *arena, const ArmcOptions *options)
{
    const ArmcKernels *found = armc_kernels_choose(options->cpu);
    if (found == NULL || !conv_is_known(options->conv))
        return NULL;
    if (options->conv == NULL || strcmp(options->conv, "blas") != 0)
        return found;
    ArmcKernels *own = ARMC_NEW(arena, ArmcKernels);
    *own = *found;
    own->conv_by_blas = 1;
    return own;
}

/* False when memory ran out. */
static bool fill(ArmcSession *session, const ArmcOptions *options, const ArmcCallbacks *callbacks)
{
    jmp_buf where;
    session->fault.where = &where;
    if (options->memory_limit > 0)
        session->fault.memory_limit = (size_t)options->memory_limit;
    if (setjmp(where) != 0)
        return false;
    session->arena = armc_arena_new(&session->fault);
    armc_buf_init(&session->buf, &session->fault);
    armc_buf_init(&session->long_text, &session->fault);
    session->options = *options;
    session->options.cpu = copy(session->arena, options->cpu);
    session->options.conv = copy(session->arena, options->conv);
    session->options.stdlib = copy(session->arena, options->stdlib);
    session->options.command =
        copy(session->arena, options->command != NULL ? options->command : "armc");
    session->options.resume_advice = copy(session->arena, options->resume_advice);
    session->out = *callbacks;
    armc_blas_init();
    session->kernels = choose_kernels(session->arena, options);
    session->fault.where = NULL;
    return true;
}

ArmcSession *armc_session_new(const ArmcOptions *options, const ArmcCallbacks *callbacks)
{
    ArmcSession *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    if (!fill(session, options, callbacks)) {
        armc_session_free(session);
        return NULL;
    }
    return session;
}

void armc_session_free(ArmcSession *session)
{
    if (session == NULL)
        return;
    armc_work_end(session);
    armc_pool_free(session->pool);
    armc_buf_clear(&session->buf);
    armc_buf_clear(&session->long_text);
    armc_arena_free(session->arena);
    free(session);
}

ArmcBuf *armc_work_text(ArmcSession *session)
{
    session->long_text.length = 0;
    session->long_text.data[0] = '\0';
    return &session->long_text;
}

static void tell_error(const ArmcSession *session, const char *text)
{
    if (session->out.error != NULL)
        session->out.error(session->out.user, text);
}

static void tell_diagnostics(ArmcSession *session)
{
    session->buf.length = 0;
    armc_diags_render(session->diags, &session->buf, session->options.colour);
    tell_error(session, session->buf.data);
}

static void tell_fault(const ArmcSession *session)
{
    char text[sizeof session->fault.message + 16];
    memcpy(text, "error: ", 7);
    size_t length = strlen(session->fault.message);
    memcpy(text + 7, session->fault.message, length);
    memcpy(text + 7 + length, "\n", 2);
    tell_error(session, text);
}

static ArmcResult interrupted(ArmcSession *session)
{
    if (session->options.resume_advice != NULL)
        armc_say_note(session, "stopped; to go on: %s\n", session->options.resume_advice);
    return session->stopped ? ARMC_STATUS_DONE : ARMC_STATUS_INTERRUPTED;
}

bool armc_work_is_fine(const ArmcSession *session)
{
    return armc_diags_count(session->diags) == 0 && !session->interrupted;
}

/* A file or the memory that is missing is not the script's mistake. */
static ArmcStatus status_of_diagnostics(const ArmcSession *session)
{
    static const ArmcDiagCode resources[] = {ARMC_E_missing_file, ARMC_E_unwritable,
                                             ARMC_E_too_large};
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
        if (armc_diags_find(session->diags, resources[i]) != NULL)
            return ARMC_RESOURCE;
    return session->status;
}

static ArmcResult outcome(ArmcSession *session, bool done)
{
    if (armc_diags_count(session->diags) > 0) {
        tell_diagnostics(session);
        return (ArmcResult)status_of_diagnostics(session);
    }
    if (done)
        return ARMC_STATUS_DONE;
    ARMC_ASSERT(session->interrupted);
    return interrupted(session);
}

static bool has_kernels(const ArmcSession *session)
{
    if (session->kernels == NULL && !conv_is_known(session->options.conv))
        tell_error(session, "error: convolutions are computed `direct` or by `blas`\n");
    else if (session->kernels == NULL)
        tell_error(session,
                   "error: this processor can't run the kernels asked for; generic always runs\n");
    return session->kernels != NULL;
}

/* What lives in `run` starts over with it. */
void armc_work_begin(ArmcSession *session)
{
    session->diags = NULL;
    session->module = NULL;
    session->script = (ArmcText){0};
    session->stdlib = NULL;
    session->imports = NULL;
    session->import_count = session->import_capacity = 0;
    session->nets = NULL;
    session->net_count = session->net_capacity = 0;
    session->datasets = NULL;
    session->dataset_count = session->dataset_capacity = 0;
    session->written = NULL;
    session->written_count = session->written_capacity = 0;
    session->training = NULL;
    session->prompt = NULL;
    session->assumed_shape = (ArmcShape){0};
    session->assumed_classes = 0;
    session->status = ARMC_USER;
    session->interrupted = session->stopped = session->writes = false;
}

static void end_scratch(ArmcSession *session)
{
    while (session->scratch_depth > 0)
        armc_scratch_end(session);
}

void armc_work_end(ArmcSession *session)
{
    end_scratch(session);
    armc_arena_free(session->run);
    session->run = NULL;
}

ArmcResult armc_work_on(ArmcSession *session, ArmcWork work, void *context)
{
    if (!has_kernels(session))
        return ARMC_STATUS_USAGE;
    jmp_buf where;
    session->fault.where = &where;
    if (setjmp(where) != 0) {
        end_scratch(session);
        tell_fault(session);
        session->fault.where = NULL;
        return (ArmcResult)session->fault.status;
    }
    if (session->run == NULL) {
        session->run = armc_arena_new(&session->fault);
        session->diags = armc_diags_new(session->run);
    }
    ArmcResult result = outcome(session, work(session, context));
    session->fault.where = NULL;
    return result;
}

ArmcResult armc_work(ArmcSession *session, ArmcWork work, void *context)
{
    armc_work_end(session);
    armc_work_begin(session);
    ArmcResult result = armc_work_on(session, work, context);
    armc_work_end(session);
    return result;
}
