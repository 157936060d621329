/* The order of a model's variables: what `order=` of `input` means, and the constants that tell it.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"

/* The kind that a word names; -1: none. */
static int find_kind(const char *word)
{
    const char *at = ARMC_ORDER_KINDS;
    size_t length = strlen(word);
    for (int kind = 0;; kind++, at++) {
        size_t n = strcspn(at, "|");
        if (n == length && strncmp(at, word, n) == 0)
            return kind;
        at += n;
        if (*at == '\0')
            return -1;
    }
}

static bool order_of_word(ArmcElaborator *e, const char *word, uint64_t seed, uint64_t step,
                          ArmcShape shape, const ArmcOrigin *origin, const ArmcOrder **out)
{
    ArmcOrderKind kind = (ArmcOrderKind)find_kind(word);
    if (shape.rank == 3 || kind == ARMC_ORDER_RASTER || kind == ARMC_ORDER_RANDOM) {
        int64_t height = shape.rank == 3 ? shape.dims[0] : 1;
        *out = armc_order_pixels(e->arena, kind, height, armc_shape_sites(shape) / height,
                                 kind == ARMC_ORDER_COARSE ? step : seed);
        return true;
    }
    ArmcDiag *diag =
        armc_diag_add(e->diags, ARMC_E_bad_order, origin,
                      "`order=%s` is for pictures, this is a table of %" PRId64 " column%s", word,
                      shape.dims[0], shape.dims[0] == 1 ? "" : "s");
    armc_diag_help(diag, "tables have `raster`, `random` or a permutation");
    return false;
}

/* --- permutations --- */

static bool right_count(ArmcElaborator *e, int64_t count, ArmcShape shape, const ArmcOrigin *origin)
{
    int64_t sites = armc_shape_sites(shape), size = armc_shape_size(shape);
    if (count == sites || count == size)
        return true;
    const char *variables =
        sites < size ? armc_arena_printf(e->arena, ", %" PRId64 " variables", size) : "";
    armc_diag_add(e->diags, ARMC_E_bad_order, origin,
                  "the order has %" PRId64 " number%s, the input %" PRId64 " %s%s%s", count,
                  count == 1 ? "" : "s", sites, shape.rank == 3 ? "pixel" : "column",
                  sites == 1 ? "" : "s", variables);
    return false;
}

static bool order_of_numbers(ArmcElaborator *e, const double *numbers, int64_t count,
                             ArmcShape shape, const ArmcOrigin *origin, const ArmcOrder **out)
{
    if (!right_count(e, count, shape, origin))
        return false;
    int64_t *at = ARMC_NEW_ARRAY(e->arena, int64_t, count);
    bool *met = ARMC_NEW_ARRAY(e->arena, bool, count);
    for (int64_t r = 0; r < count; r++) {
        double x = numbers[r];
        bool inside = x >= 0 && x < (double)count && !(floor(x) < x);
        at[r] = inside ? (int64_t)x : 0;
        if (!inside || met[at[r]]) {
            ArmcDiag *diag =
                armc_diag_add(e->diags, ARMC_E_bad_order, origin, "the order names %.10g%s", x,
                              inside ? " twice" : ", and there is none such");
            armc_diag_help(diag, "each number from 0 to %" PRId64 " stands in it once", count - 1);
            return false;
        }
        met[at[r]] = true;
    }
    *out = armc_order_make(e->arena, count, at);
    return true;
}

static bool order_of_file(ArmcFrame *frame, const char *path, ArmcShape shape,
                          const ArmcOrigin *origin, const ArmcOrder **out)
{
    ArmcShape found;
    const double *numbers = armc_file_numbers(frame, path, origin, &found);
    return numbers &&
           order_of_numbers(frame->e, numbers, armc_shape_size(found), shape, origin, out);
}

bool armc_order_argument(ArmcFrame *frame, const ArmcAttr *order, const ArmcAttr *seed,
                         const ArmcAttr *step, ArmcShape shape, const ArmcOrigin *origin,
                         const ArmcOrder **out)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *thing = order->given ? order->thing : NULL;
    *out = NULL;
    if (!thing)
        return true;
    bool is_text = thing->kind == ARMC_THING_SYMBOL || thing->kind == ARMC_THING_STRING;
    if (is_text && find_kind(thing->text) >= 0)
        return order_of_word(e, thing->text, (uint64_t)seed->i + (uint64_t)frame->build->member,
                             (uint64_t)step->i, shape, origin, out);
    if (thing->kind == ARMC_THING_STRING)
        return order_of_file(frame, thing->text, shape, origin, out);
    ArmcThing *array = thing->kind == ARMC_THING_LIST || thing->kind == ARMC_THING_ARRAY
                           ? armc_thing_to_array(e, thing)
                           : NULL;
    if (array)
        return order_of_numbers(e, array->array, armc_shape_size(array->shape), shape, origin, out);
    ArmcDiag *diag =
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin,
                      "`order` takes a word, a permutation or the path of one, this is %s",
                      armc_thing_describe(e, thing));
    armc_diag_help(diag,
                   "the words are raster, columns, snake, spiral, hilbert, coarse and random");
    return false;
}

/* --- what a script can know of it --- */

static const ArmcValue *variable_of(ArmcElaborator *e, const char *name, const ArmcThing *x,
                                    const ArmcOrigin *origin)
{
    const ArmcBuild *build = e->frame->build;
    if (x->kind == ARMC_THING_VALUE && build && x->value == build->input)
        return x->value;
    armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`%s` takes the model's variable, this is %s",
                  name, armc_thing_describe(e, x));
    return NULL;
}

static const ArmcSpec ranks_args[] = {
    {.name = "x", .kind = ARMC_SPEC_ANY, .doc = "the model's variable"},
    {.name = "each",
     .kind = ARMC_SPEC_INT,
     .preset = "1",
     .low = 1,
     .high = 1e9,
     .doc = "so many times each: where a variable has several numbers"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_ranks(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const ArmcValue *x = variable_of(e, "ranks", args[0].thing, origin);
    if (!x)
        return NULL;
    const ArmcInput *input = x->node->leaf;
    int64_t each = args[1].i, size = armc_shape_size(x->shape) * each;
    ArmcShape shape = armc_shape_make(1, &size);
    double *data = armc_array_room(e, shape, origin);
    for (int64_t i = 0; data && i < size; i++)
        data[i] = (double)armc_input_rank(input, i / each);
    return data ? armc_thing_array(e, shape, data, origin) : NULL;
}
ARMC_BUILTIN(ranks) = {"ranks",
                       "Of each variable, in row-major order, its place in the model's order.",
                       ranks_args, call_ranks};

static const ArmcSpec visits_args[] = {
    {.name = "x", .kind = ARMC_SPEC_ANY, .doc = "the model's variable"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_visits(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const ArmcValue *x = variable_of(e, "visits", args[0].thing, origin);
    if (!x)
        return NULL;
    const ArmcInput *input = x->node->leaf;
    int64_t size = armc_shape_size(x->shape);
    ArmcShape shape = armc_shape_make(1, &size);
    double *data = armc_array_room(e, shape, origin);
    for (int64_t i = 0; data && i < size; i++)
        data[i] = (double)armc_input_at(input, i);
    return data ? armc_thing_array(e, shape, data, origin) : NULL;
}
ARMC_BUILTIN(visits) = {"visits",
                        "The variables, by their row-major numbers, in the model's order.",
                        visits_args, call_visits};
