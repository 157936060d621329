#include <stdlib.h>

#include "runtime/api/work.h"
#include "runtime/learn/checkpoint.h"

static bool open(ArmcSession *session, void *context)
{
    ArmcScript *script = context;
    if (!armc_script_open(session, script) || !armc_script_pass(session, script, ARMC_MODE_BENCH))
        return false;
    if (session->training == NULL)
        armc_fault_raise(&session->fault, ARMC_USER, "%s trains nothing", session->script.name);
    return true;
}

/* The work stays open: the training lives until the session does something else. */
ArmcResult armc_bench_open(ArmcSession *session, const char *path, const char *const *overrides,
                           size_t count)
{
    ArmcScript script = {.path = path, .words = overrides, .word_count = count};
    armc_work_end(session);
    armc_work_begin(session);
    return armc_work_on(session, open, &script);
}

static bool save(ArmcSession *session, void *context)
{
    const char *const *path = context;
    armc_checkpoint_export(session->training, *path);
    return true;
}

ArmcResult armc_bench_save(ArmcSession *session, const char *path)
{
    if (session->training == NULL)
        return ARMC_STATUS_USAGE;
    return armc_work_on(session, save, &path);
}

typedef struct StepWork {
    int64_t steps;
    ArmcStepReport *report;
} StepWork;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool steps(ArmcSession *session, void *context)
{
    StepWork *work = context;
    ArmcArena *scratch = armc_scratch_begin(session);
    double *times = ARMC_NEW_ARRAY(scratch, double, work->steps), loss;
    for (int64_t i = 0; i < work->steps; i++) {
        double started = armc_now();
        if (!armc_training_again(session->training, &loss))
            return false;
        if (i == 0)
            work->report->loss = loss;
        times[i] = 1e3 * (armc_now() - started);
    }
    qsort(times, (size_t)work->steps, sizeof *times, compare);
    work->report->milliseconds = times[work->steps / 2];
    work->report->peak_mb = armc_peak_mb();
    armc_scratch_end(session);
    return true;
}

ArmcResult armc_bench_steps(ArmcSession *session, int64_t count, ArmcStepReport *report)
{
    if (session->training == NULL || count < 1)
        return ARMC_STATUS_USAGE;
    StepWork work = {count, report};
    return armc_work_on(session, steps, &work);
}
