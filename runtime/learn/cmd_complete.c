/* Completion: some variables of an example are known, the others are drawn given the known ones
 * before them in the model's order. */
#include <inttypes.h>
#include <string.h>

#include "runtime/data/npy.h"
#include "runtime/learn/evaluate.h"
#include "runtime/learn/examples.h"
#include "runtime/learn/json.h"
#include "runtime/learn/sample.h"
#include "runtime/learn/session.h"

enum { MODEL, DATA, N, KNOWN, MASK, TO, TEMPERATURE };
enum { UPPER, LOWER, LEFT, RIGHT };
enum { MOST_COLUMNS = 10, STAGES = 3 }; /* given, completed, true */

static const ArmcSpec args[] = {
    {.name = "model", .kind = ARMC_SPEC_MODEL, .doc = "a model that was trained or evaluated"},
    {.name = "data",
     .kind = ARMC_SPEC_DATA,
     .doc = "a split: digits.test; its first examples are completed"},
    {.name = "n",
     .kind = ARMC_SPEC_INT,
     .preset = "20",
     .low = 1,
     .high = 1e9,
     .doc = "how many examples"},
    {.name = "known",
     .kind = ARMC_SPEC_SYMBOL,
     .preset = "upper",
     .symbols = "upper|lower|left|right",
     .doc = "the half of the picture that stays"},
    {.name = "mask",
     .kind = ARMC_SPEC_STRING,
     .preset = "",
     .doc = "instead: an .npy of the example's shape, or of its sites, other than 0 where a "
            "variable is known"},
    {.name = "to",
     .kind = ARMC_SPEC_STRING,
     .doc = "a .png (for pictures: rows of what was given, the completions, the true ones), or a "
            ".csv or "
            ".npy of the completions"},
    {.name = "temperature",
     .kind = ARMC_SPEC_REAL,
     .preset = "1",
     .low = 1e-6,
     .high = 1e6,
     .doc = "log-probabilities are divided by it"},
    {.kind = ARMC_SPEC_END},
};

/* --- what is known --- */

static bool is_in_half(int64_t half, int64_t y, int64_t x, const int64_t *dims)
{
    switch (half) {
    case UPPER:
        return y < dims[0] / 2;
    case LOWER:
        return y >= dims[0] - dims[0] / 2;
    case LEFT:
        return x < dims[1] / 2;
    default:
        return x >= dims[1] - dims[1] / 2;
    }
}

static bool mark_half(ArmcSession *session, const ArmcNet *net, int64_t half,
                      const ArmcOrigin *origin, uint8_t *known)
{
    const int64_t *dims = net->shape.dims;
    char shape[96];
    if (!armc_is_picture(net->shape)) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_value, origin,
                                       "examples of shape %s are no pictures, they have no halves",
                                       armc_shape_text(net->shape, shape));
        armc_diag_help(diag,
                       "mask=\"mask.npy\", an array of the example's shape, says what is known");
        return false;
    }
    for (int64_t v = 0; v < net->variables; v++)
        known[v] = is_in_half(half, v / dims[2] / dims[1], v / dims[2] % dims[1], dims);
    return true;
}

static bool wrong_mask(ArmcSession *session, const ArmcNet *net, const ArmcNpy *npy,
                       const ArmcOrigin *origin)
{
    char shape[96];
    ArmcDiag *diag = armc_diag_add(
        session->diags, ARMC_E_bad_value, origin, "`%s` has the shape %s, examples have %s",
        npy->name, armc_npy_shape_text(session->run, npy), armc_shape_text(net->shape, shape));
    armc_diag_help(diag, "a mask has an entry for each variable, or one for each site");
    return false;
}

static bool read_mask(ArmcSession *session, const ArmcNet *net, const char *path,
                      const ArmcOrigin *origin, uint8_t *known)
{
    ArmcNpy npy;
    ArmcDataCall call = {
        .arena = session->run, .diags = session->diags, .origin = origin, .path = path};
    if (!armc_npy_open(&call, path, &npy))
        return false;
    int64_t sites = armc_shape_sites(net->shape);
    if (npy.count != net->variables && npy.count != sites)
        return wrong_mask(session, net, &npy, origin);
    double *numbers = ARMC_NEW_ARRAY(session->run, double, npy.count);
    armc_npy_doubles(&npy, numbers);
    for (int64_t v = 0; v < net->variables; v++)
        known[v] = numbers[v / (net->variables / npy.count)] != 0;
    return true;
}

static bool find_known(ArmcSession *session, const ArmcNet *net, const ArmcAttr *a,
                       const ArmcOrigin *origin, uint8_t *known)
{
    if (a[MASK].given)
        return read_mask(session, net, a[MASK].text, origin, known);
    return mark_half(session, net, a[KNOWN].i, origin, known);
}

/* --- the picture --- */

/* Rows of given, completed and true examples, one band below the other. */
static ArmcPictures arrange(ArmcArena *arena, const ArmcNet *net, const ArmcSampling *sampling,
                            const ArmcReal *completed)
{
    int64_t n = sampling->n, columns = n < MOST_COLUMNS ? n : MOST_COLUMNS, size = net->variables;
    int64_t bands = (n + columns - 1) / columns, cells = bands * STAGES * columns;
    ArmcReal *all = ARMC_NEW_ARRAY(arena, ArmcReal, cells * size);
    for (int64_t i = 0; i < n; i++)
        for (int64_t v = 0; v < size; v++) {
            ArmcReal *at = all + (i / columns * STAGES * columns + i % columns) * size + v;
            ArmcReal truth = sampling->values[i * size + v];
            at[0] = sampling->known[i * size + v] ? truth : -1;
            at[columns * size] = completed[i * size + v];
            at[2 * columns * size] = truth;
        }
    return (ArmcPictures){.n = cells, .examples = all, .columns = columns, .band = STAGES};
}

static void tell(ArmcSession *session, const ArmcNet *net, int64_t n, int64_t known, double seconds,
                 const char *to)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    if (session->options.json)
        armc_say_result(
            session,
            "{\"event\": \"complete\", \"examples\": %" PRId64 ", \"dims\": %" PRId64
            ", \"known\": %" PRId64 ", \"proved\": %s, \"seconds\": %.3f, \"to\": %s}\n",
            n, net->variables, known, armc_proved_json(net), seconds, armc_json_text(scratch, to));
    else
        armc_say_result(session,
                        "%s: %" PRId64 " examples completed%s, %" PRId64 " of %" PRId64
                        " variables known, in %.1f s: %s\n",
                        net->name, n, armc_if_unproved(net, " (unproved)"), known, net->variables,
                        seconds, to);
    armc_scratch_end(session);
}

/* --- the command --- */

static bool complete(ArmcSession *session, ArmcNet *net, ArmcSplit split, const ArmcAttr *a,
                     const uint8_t *known, const ArmcOrigin *origin)
{
    ArmcArena *arena = armc_scratch_begin(session);
    int64_t n = a[N].i < net->data->count[split] ? a[N].i : net->data->count[split], count = 0;
    int64_t *index = ARMC_NEW_ARRAY(arena, int64_t, n);
    uint8_t *all = ARMC_NEW_ARRAY(arena, uint8_t, n * net->variables);
    ArmcReal *values = ARMC_NEW_ARRAY(arena, ArmcReal, n * net->variables);
    ArmcReal *completed = ARMC_NEW_ARRAY(arena, ArmcReal, n * net->variables);
    double started = armc_now();
    for (int64_t i = 0; i < n; i++) {
        index[i] = i;
        memcpy(all + i * net->variables, known, (size_t)net->variables);
    }
    for (int64_t v = 0; v < net->variables; v++)
        count += known[v];
    armc_dataset_get(net->data, split, index, n, 0, values);
    ArmcReal *labels = ARMC_NEW_ARRAY(arena, ArmcReal, n);
    if (net->classes > 0)
        armc_dataset_labels(net->data, split, index, n, labels);
    ArmcSampling sampling = {
        .n = n, .temperature = a[TEMPERATURE].r, .labels = labels, .known = all, .values = values};
    bool done = armc_sample(session, net, &sampling, origin, completed);
    if (done) {
        ArmcPictures pictures = arrange(arena, net, &sampling, completed);
        armc_write_examples(arena, net, a[TO].text, n, completed, &pictures);
        tell(session, net, n, count, armc_now() - started, a[TO].text);
    }
    armc_scratch_end(session);
    return done;
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    const ArmcThing *data = a[DATA].thing;
    if (!armc_need_split(session, data, "completed are the first examples", origin))
        return false;
    ArmcNet *net = armc_net_bind(session, a[MODEL].thing, data->data, origin);
    if (net == NULL || !armc_can_write_examples(session, net, a[TO].text, origin))
        return false;
    uint8_t *known = ARMC_NEW_ARRAY(session->run, uint8_t, net->variables);
    if (!find_known(session, net, a, origin, known))
        return false;
    return session->mode != ARMC_MODE_RUN ||
           complete(session, net, (ArmcSplit)data->split, a, known, origin);
}

ARMC_COMMAND(complete) = {
    .name = "complete",
    .doc = "draws what is missing of examples, given the rest: `complete net digits.test 20 "
           "known=upper to=\"completed.png\"`",
    .args = args,
    .run = run,
};
