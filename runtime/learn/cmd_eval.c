#include "runtime/learn/evaluate.h"
#include "runtime/learn/report.h"
#include "runtime/learn/session.h"

enum { MODEL, DATA, BATCH };

static const ArmcSpec args[] = {
    {.name = "model",
     .kind = ARMC_SPEC_MODEL,
     .doc = "the model; weights as they are, or initial ones"},
    {.name = "data",
     .kind = ARMC_SPEC_DATA,
     .preset = "",
     .doc = "a split (digits.test), or a data set: its validation and test splits; if not given, "
            "the data that the model met last"},
    {.name = "batch",
     .kind = ARMC_SPEC_INT,
     .preset = "100",
     .low = 1,
     .high = 1e9,
     .doc = "examples at a time"},
    {.kind = ARMC_SPEC_END},
};

static bool eval_split(ArmcSession *session, ArmcNet *net, const ArmcPrograms *programs,
                       ArmcSplit split, int64_t batch, const ArmcOrigin *origin)
{
    double nats, started = armc_now();
    if (!armc_evaluate(session, net, programs, net->data, split, batch, origin, NULL, &nats))
        return false;
    armc_report_score(session, net, "eval", split, nats,
                      (ArmcStand){.seconds = armc_now() - started});
    return true;
}

static bool eval_splits(ArmcSession *session, ArmcNet *net, const ArmcPrograms *programs, int only,
                        int64_t batch, const ArmcOrigin *origin)
{
    if (only >= 0)
        return eval_split(session, net, programs, (ArmcSplit)only, batch, origin);
    for (ArmcSplit split = ARMC_VALID; split < ARMC_SPLITS; split++)
        if (net->data->count[split] > 0 &&
            !eval_split(session, net, programs, split, batch, origin))
            return false;
    return true;
}

/* The net on the data that was named, else on the data it met last. NULL after a diagnostic. */
static ArmcNet *find_net(ArmcSession *session, const ArmcThing *model, const ArmcThing *data,
                         const ArmcOrigin *origin)
{
    if (data != NULL)
        return armc_has_split(session, data->data, data->split, origin)
                   ? armc_net_bind(session, model, data->data, origin)
                   : NULL;
    ArmcNet *net = armc_net_find(session, model, origin);
    if (net == NULL || net->data != NULL)
        return net;
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_missing_argument, origin,
                                   "the data that `%s` was trained on (%s) is not at hand",
                                   net->name, net->report);
    armc_diag_help(diag, "name a data set of the script, or one of its splits");
    return NULL;
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    const ArmcThing *data = a[DATA].given ? a[DATA].thing : NULL;
    ArmcNet *net = find_net(session, a[MODEL].thing, data, origin);
    if (net == NULL || session->mode != ARMC_MODE_RUN)
        return net != NULL;
    ArmcArena *arena = armc_scratch_begin(session);
    ArmcPrograms programs;
    bool done = armc_net_compile(session, arena, net, ARMC_PROGRAM_EVAL, a[BATCH].i, false, 0,
                                 origin, &programs);
    if (done) {
        armc_net_need_weights(session, net);
        armc_programs_prepare(&programs, armc_session_pool(session));
        done = eval_splits(session, net, &programs, data != NULL ? data->split : -1, a[BATCH].i,
                           origin);
    }
    armc_scratch_end(session);
    return done;
}

ARMC_COMMAND(eval) = {
    .name = "eval",
    .doc = "tells the likelihood of a split in nats, bits and bits/dim: `eval net digits.test`",
    .args = args,
    .run = run,
};
