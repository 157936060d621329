#include <inttypes.h>

#include "runtime/learn/examples.h"
#include "runtime/learn/json.h"
#include "runtime/learn/sample.h"
#include "runtime/learn/session.h"

enum { MODEL, N, TO, TEMPERATURE, LABEL };

static const ArmcSpec args[] = {
    {.name = "model", .kind = ARMC_SPEC_MODEL, .doc = "a model that was trained or evaluated"},
    {.name = "n",
     .kind = ARMC_SPEC_INT,
     .preset = "100",
     .low = 1,
     .high = 1e9,
     .doc = "how many examples to draw"},
    {.name = "to",
     .kind = ARMC_SPEC_STRING,
     .doc = "a .png (a grid, for pictures), a .csv (a line an example, a number a variable) or a "
            ".npy"},
    {.name = "temperature",
     .kind = ARMC_SPEC_REAL,
     .preset = "1",
     .low = 1e-6,
     .high = 1e6,
     .doc = "log-probabilities are divided by it: below 1 the likely is drawn more often"},
    {.name = "label",
     .kind = ARMC_SPEC_INTS,
     .preset = "",
     .low = 0,
     .high = 255,
     .doc = "for a model that is conditioned on it: a class, or several that take turns: "
            "[3, 5]; if not given, all classes take turns"},
    {.kind = ARMC_SPEC_END},
};

/* --- classes --- */

static void complain(ArmcSession *session, const ArmcNet *net, const ArmcOrigin *origin,
                     int64_t label)
{
    armc_diag_add(session->diags, ARMC_E_bad_value, origin,
                  "there is no class %" PRId64 ": `%s` has the classes 0 to %d", label, net->name,
                  net->classes - 1);
}

static bool check_labels(ArmcSession *session, const ArmcNet *net, const ArmcAttr *label,
                         const ArmcOrigin *origin)
{
    if (!label->given)
        return true;
    if (net->classes == 0) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_given, origin,
                                       "`%s` is not conditioned on a label", net->name);
        armc_diag_help(diag, "`given label` behind its `input` makes it so; of stdlib's models "
                             "`nade` and `made_net` take conditional=true");
        return false;
    }
    for (int i = 0; i < label->count; i++)
        if (label->ints[i] >= net->classes) {
            complain(session, net, origin, label->ints[i]);
            return false;
        }
    return true;
}

/* The classes that were asked for, in turn; NULL: none were. */
static const ArmcReal *take_turns(ArmcArena *arena, const ArmcAttr *label, int64_t n)
{
    if (!label->given)
        return NULL;
    ArmcReal *labels = ARMC_NEW_ARRAY(arena, ArmcReal, n);
    for (int64_t i = 0; i < n; i++)
        labels[i] = (ArmcReal)label->ints[i % label->count];
    return labels;
}

/* --- the command --- */

static void tell(ArmcSession *session, const ArmcNet *net, int64_t n, double seconds,
                 const char *to)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    if (session->options.json)
        armc_say_result(session,
                        "{\"event\": \"sample\", \"examples\": %" PRId64 ", \"dims\": %" PRId64
                        ", \"proved\": %s%s, \"seconds\": %.3f, \"peak_mb\": %.1f, \"to\": %s}\n",
                        n, net->variables, armc_proved_json(net), armc_given_json(net), seconds,
                        armc_peak_mb(), armc_json_text(scratch, to));
    else
        armc_say_result(session, "%s: %" PRId64 " samples%s in %.1f s: %s\n", net->name, n,
                        armc_if_unproved(net, " (unproved)"), seconds, to);
    armc_scratch_end(session);
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    ArmcNet *net = armc_net_find(session, a[MODEL].thing, origin);
    if (net == NULL || !armc_can_write_examples(session, net, a[TO].text, origin) ||
        !check_labels(session, net, &a[LABEL], origin))
        return false;
    if (session->mode != ARMC_MODE_RUN)
        return true;
    ArmcArena *arena = armc_scratch_begin(session);
    double started = armc_now();
    ArmcReal *samples = ARMC_NEW_ARRAY(arena, ArmcReal, a[N].i * net->variables);
    ArmcSampling sampling = {.n = a[N].i,
                             .temperature = a[TEMPERATURE].r,
                             .labels = take_turns(arena, &a[LABEL], a[N].i)};
    bool done = armc_sample(session, net, &sampling, origin, samples);
    if (done) {
        armc_write_examples(arena, net, a[TO].text, a[N].i, samples, NULL);
        tell(session, net, a[N].i, armc_now() - started, a[TO].text);
    }
    armc_scratch_end(session);
    return done;
}

ARMC_COMMAND(sample) = {
    .name = "sample",
    .doc = "draws examples: `sample net 100 to=\"samples.png\"`",
    .args = args,
    .run = run,
};
