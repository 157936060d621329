#include "runtime/learn/evaluate.h"

#include <math.h>
#include <string.h>

#include "runtime/learn/session.h"

bool armc_has_split(ArmcSession *session, const ArmcDataset *data, int split,
                    const ArmcOrigin *origin)
{
    if (session->assumed_shape.rank > 0 || split < 0 || data->count[split] > 0)
        return true;
    ArmcDiag *diag =
        armc_diag_add(session->diags, ARMC_E_empty_data, origin, "data set %s has no %s split",
                      data->report, armc_split_name((ArmcSplit)split));
    if (split == ARMC_VALID)
        armc_diag_help(
            diag,
            "`dataset ... holdout=1000` keeps the last 1000 training examples for validation");
    return false;
}

bool armc_need_split(ArmcSession *session, const ArmcThing *data, const char *what,
                     const ArmcOrigin *origin)
{
    if (data->split >= 0)
        return armc_has_split(session, data->data, data->split, origin);
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_value, origin,
                                   "%s of one split, and this is a whole data set", what);
    armc_diag_help(diag, ".train, .valid or .test behind the data set's name is one");
    return false;
}

/* In double and in index order, one example after the other. */
double armc_sum_nats(const ArmcProgram *program, int64_t n, int64_t variables, double *each)
{
    const ArmcReal *nll = armc_program_nll(program);
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        double example = 0;
        for (int64_t d = 0; d < variables; d++)
            example += (double)nll[i * variables + d];
        if (each != NULL)
            each[i] = example;
        total += example;
    }
    return total;
}

/* log n - log sum_m exp(-nats[m]), in double; of one member its own nats, to the bit. The members'
 * nats of one example are `step` apart. */
static double mixture_nats(const double *nats, int members, int64_t step)
{
    double least = nats[0], sum = 0;
    for (int m = 1; m < members; m++)
        if (nats[m * step] < least)
            least = nats[m * step];
    if (!isfinite(least))
        return least;
    for (int m = 0; m < members; m++)
        sum += exp(least - nats[m * step]);
    return least - log(sum / members);
}

double armc_run_nats(ArmcArena *scratch, const ArmcPrograms *programs, const ArmcStepInfo *info,
                     int64_t n, int64_t variables, double *each, const ArmcProgram **culprit)
{
    double *nats = ARMC_NEW_ARRAY(scratch, double, n * programs->count), total = 0;
    *culprit = programs->items[0];
    for (int m = programs->count - 1; m >= 0; m--) {
        ArmcProgram *program = programs->items[m];
        if (m > 0)
            armc_program_copy_inputs(program, programs->items[0], n);
        armc_program_run(program, info, n);
        if (!isfinite(armc_sum_nats(program, n, variables, nats + m * n)))
            *culprit = program;
    }
    for (int64_t i = 0; i < n; i++) {
        double example = mixture_nats(nats + i, programs->count, n);
        if (each != NULL)
            each[i] = example;
        total += example;
    }
    return total;
}

/* The nats of examples first..first+n-1. */
static double evaluate_batch(ArmcSession *session, const ArmcNet *net, const ArmcPrograms *programs,
                             const ArmcDataset *data, ArmcSplit split, int64_t first, int64_t n,
                             const ArmcOrigin *origin, double *each)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    int64_t *index = ARMC_NEW_ARRAY(scratch, int64_t, n);
    for (int64_t i = 0; i < n; i++)
        index[i] = first + i;
    armc_net_feed(net, programs->items[0], data, split, index, n, 0);
    ArmcStepInfo info = {.seed = session->options.seed, .example = index};
    const ArmcProgram *culprit;
    double sum = armc_run_nats(scratch, programs, &info, n, net->variables, each, &culprit);
    if (!isfinite(sum))
        armc_net_blame(session, net, culprit, &info, n, "the likelihood", origin);
    armc_scratch_end(session);
    return sum;
}

bool armc_evaluate(ArmcSession *session, const ArmcNet *net, const ArmcPrograms *programs,
                   const ArmcDataset *data, ArmcSplit split, int64_t batch,
                   const ArmcOrigin *origin, double *each, double *nats)
{
    int64_t count = data->count[split];
    double total = 0, started = armc_now();
    for (int64_t first = 0; first < count; first += batch) {
        if (armc_session_is_interrupted(session))
            return false;
        int64_t n = count - first < batch ? count - first : batch;
        total += evaluate_batch(session, net, programs, data, split, first, n, origin,
                                each != NULL ? each + first : NULL);
        if (!isfinite(total))
            return false;
        double done = (double)(first + n) / (double)count;
        armc_say_progress(session, done, (armc_now() - started) * (1 - done) / done, "%s of %s",
                          armc_split_name(split), net->name);
    }
    *nats = total / (double)count;
    return true;
}
