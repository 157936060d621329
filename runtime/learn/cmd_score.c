#include <inttypes.h>

#include "runtime/base/file.h"
#include "runtime/data/npy_write.h"
#include "runtime/learn/evaluate.h"
#include "runtime/learn/report.h"
#include "runtime/learn/session.h"

enum { MODEL, DATA, TO, BATCH };

static const ArmcSpec args[] = {
    {.name = "model",
     .kind = ARMC_SPEC_MODEL,
     .doc = "the model; weights as they are, or initial ones"},
    {.name = "data", .kind = ARMC_SPEC_DATA, .doc = "a split: digits.test"},
    {.name = "to",
     .kind = ARMC_SPEC_STRING,
     .doc = "a .csv (the columns example and nats) or a .npy (one float32 an example)"},
    {.name = "batch",
     .kind = ARMC_SPEC_INT,
     .preset = "100",
     .low = 1,
     .high = 1e9,
     .doc = "examples at a time"},
    {.kind = ARMC_SPEC_END},
};

static bool can_write(ArmcSession *session, const char *to, const ArmcOrigin *origin)
{
    if (armc_path_has_ending(to, ".csv") || armc_path_has_ending(to, ".npy"))
        return armc_check_writable(session, origin, to);
    ArmcDiag *diag =
        armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                      "scores can't be written as `%s`: .csv and .npy are possible", to);
    armc_diag_help(diag, "to=\"%s\"", armc_path_with_ending(session->run, to, ".csv"));
    return false;
}

/* %.17g reads back to the same double. */
static void write_csv(ArmcArena *scratch, const char *to, int64_t n, const double *nats)
{
    ArmcNewFile file;
    armc_file_create(scratch, &file, to);
    fputs("example,nats\n", file.stream);
    for (int64_t i = 0; i < n; i++)
        fprintf(file.stream, "%" PRId64 ",%.17g\n", i, nats[i]);
    armc_file_commit(&file);
}

static void write_npy(ArmcArena *scratch, const char *to, int64_t n, const double *nats)
{
    ArmcReal *numbers = ARMC_NEW_ARRAY(scratch, ArmcReal, n);
    for (int64_t i = 0; i < n; i++)
        numbers[i] = (ArmcReal)nats[i];
    armc_npy_write(scratch, to, 1, &n, numbers);
}

static void write_scores(ArmcSession *session, const char *to, int64_t n, const double *nats)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    if (armc_path_has_ending(to, ".npy"))
        write_npy(scratch, to, n, nats);
    else
        write_csv(scratch, to, n, nats);
    armc_scratch_end(session);
}

static void tell(ArmcSession *session, const ArmcNet *net, ArmcSplit split, double nats,
                 double started, const char *to)
{
    armc_report_score(session, net, "score", split, nats,
                      (ArmcStand){.seconds = armc_now() - started});
    if (!session->options.json)
        armc_say_result(session, "%s: %" PRId64 " scores%s: %s\n", net->name,
                        net->data->count[split], armc_if_unproved(net, " (unproved)"), to);
}

static bool score(ArmcSession *session, ArmcNet *net, ArmcSplit split, const ArmcAttr *a,
                  const ArmcOrigin *origin)
{
    double mean, started = armc_now();
    int64_t n = net->data->count[split];
    ArmcArena *arena = armc_scratch_begin(session);
    ArmcPrograms programs;
    bool done = armc_net_compile(session, arena, net, ARMC_PROGRAM_EVAL, a[BATCH].i, false, 0,
                                 origin, &programs);
    if (done) {
        double *nats = ARMC_NEW_ARRAY(arena, double, n);
        armc_net_need_weights(session, net);
        armc_programs_prepare(&programs, armc_session_pool(session));
        done = armc_evaluate(session, net, &programs, net->data, split, a[BATCH].i, origin, nats,
                             &mean);
        if (done) {
            write_scores(session, a[TO].text, n, nats);
            tell(session, net, split, mean, started, a[TO].text);
        }
    }
    armc_scratch_end(session);
    return done;
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    const ArmcThing *data = a[DATA].thing;
    if (!armc_need_split(session, data, "scores are those", origin) ||
        !can_write(session, a[TO].text, origin))
        return false;
    ArmcNet *net = armc_net_bind(session, a[MODEL].thing, data->data, origin);
    if (net == NULL || session->mode != ARMC_MODE_RUN)
        return net != NULL;
    return score(session, net, (ArmcSplit)data->split, a, origin);
}

ARMC_COMMAND(score) = {
    .name = "score",
    .doc = "writes the nats of each example of a split, in its order: `score net digits.test "
           "to=\"scores.csv\"`",
    .args = args,
    .run = run,
};
