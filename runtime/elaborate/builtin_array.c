/* Builtins that make arrays: range, outer, where, random, sort, tile, runs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/rng.h"
#include "runtime/elaborate/elaborator.h"

static const ArmcSpec range_args[] = {
    {.name = "n",
     .kind = ARMC_SPEC_INT,
     .low = 1,
     .high = ARMC_ARRAY_LIMIT,
     .doc = "how many numbers"},
    {.name = "start", .kind = ARMC_SPEC_INT, .preset = "0", .doc = "the first one"},
    {.name = "step", .kind = ARMC_SPEC_INT, .preset = "1", .doc = "from one to the next"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_range(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcShape shape = armc_shape_make(1, &args[0].i);
    double *data = armc_array_room(e, shape, origin);
    for (int64_t i = 0; data && i < args[0].i; i++)
        data[i] = args[1].r + args[2].r * (double)i;
    return data ? armc_thing_array(e, shape, data, origin) : NULL;
}
ARMC_BUILTIN(range) = {"range", "The array start, start + step, … of n numbers: 0..n-1 by default.",
                       range_args, call_range};

/* --- outer --- */

#define COMPARISONS "less|less_equal|equal|not_equal|greater|greater_equal"
static const ArmcSpec outer_args[] = {
    {.name = "a", .kind = ARMC_SPEC_ANY, .doc = "an array of n numbers"},
    {.name = "b", .kind = ARMC_SPEC_ANY, .doc = "an array of m numbers"},
    {.name = "f",
     .kind = ARMC_SPEC_ANY,
     .symbols = COMPARISONS "|plus|minus|times",
     .doc = "a word, or a block of two arguments"},
    {.kind = ARMC_SPEC_END},
};

static const char *sign_of(const char *word)
{
    static const char *const pairs[][2] = {
        {"less", "<"},       {"less_equal", "<="}, {"equal", "=="},
        {"not_equal", "!="}, {"greater", ">"},     {"greater_equal", ">="},
        {"plus", "+"},       {"minus", "-"},       {"times", "*"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(word, pairs[i][0]) == 0)
            return pairs[i][1];
    return NULL;
}

/* a as a column or b as a row: broadcasting then does the rest. */
static ArmcThing *flat(ArmcElaborator *e, const char *name, ArmcThing *thing, bool column,
                       const ArmcOrigin *origin)
{
    ArmcThing *array = armc_thing_to_array(e, thing);
    if (!array || array->shape.rank > 1) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin,
                      "`%s` takes arrays of one dimension, this is %s", name,
                      armc_thing_describe(e, thing));
        return NULL;
    }
    int64_t n = armc_shape_size(array->shape);
    return armc_thing_array(e, armc_shape_make(2, column ? (int64_t[]){n, 1} : (int64_t[]){1, n}),
                            armc_array_numbers(e, array), origin);
}

static ArmcThing *call_outer(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcThing *a = flat(e, "outer", args[0].thing, true, origin),
              *b = flat(e, "outer", args[1].thing, false, origin);
    const ArmcThing *f = args[2].thing;
    if (!a || !b)
        return NULL;
    if (f->kind == ARMC_THING_SYMBOL)
        return armc_array_binary(e, sign_of(f->text), a, b, origin);
    if (armc_thing_is_callable(f))
        return armc_call_things(e->frame, f->block, (ArmcThing *[]){a, b}, 2, origin);
    armc_diag_add(e->diags, ARMC_E_bad_kind, origin,
                  "`f` of `outer` takes a word or a block of two arguments, this is %s",
                  armc_thing_describe(e, f));
    return NULL;
}
ARMC_BUILTIN(outer) = {"outer",
                       "The array f(a[i], b[j]) for all i and j: masks by degree, for instance.",
                       outer_args, call_outer};

/* --- where --- */

static const ArmcSpec where_args[] = {
    {.name = "condition", .kind = ARMC_SPEC_ANY, .doc = "an array of 0 and 1"},
    {.name = "a", .kind = ARMC_SPEC_ANY, .doc = "taken where it is 1"},
    {.name = "b", .kind = ARMC_SPEC_ANY, .doc = "taken where it is 0"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_where(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcThing *condition = args[0].thing;
    if (condition->kind == ARMC_THING_BOOL)
        return condition->number > 0 ? args[1].thing : args[2].thing;
    ArmcThing *yes = armc_constant_binary(e, "!=", condition, armc_thing_int(e, 0, origin), origin);
    ArmcThing *no = armc_constant_binary(e, "==", condition, armc_thing_int(e, 0, origin), origin);
    ArmcThing *a = armc_constant_binary(e, "*", yes, args[1].thing, origin);
    ArmcThing *b = armc_constant_binary(e, "*", no, args[2].thing, origin);
    return armc_constant_binary(e, "+", a, b, origin);
}
ARMC_BUILTIN(where) = {"where", "Entry by entry: a where the condition is not 0, else b.",
                       where_args, call_where};

/* --- random --- */

static const ArmcSpec random_args[] = {
    {.name = "dims",
     .kind = ARMC_SPEC_INTS,
     .low = 1,
     .high = ARMC_ARRAY_LIMIT,
     .doc = "the array's shape"},
    {.name = "seed",
     .kind = ARMC_SPEC_INT,
     .low = 0,
     .high = 1e15,
     .doc = "another seed, other numbers"},
    {.kind = ARMC_SPEC_END},
};

bool armc_array_dims(ArmcElaborator *e, const ArmcAttr *dims, const ArmcOrigin *origin,
                     ArmcShape *shape)
{
    if (dims->count <= ARMC_MAX_RANK) {
        *shape = armc_shape_make(dims->count, dims->ints);
        return true;
    }
    armc_diag_add(e->diags, ARMC_E_bad_shape, origin,
                  "an array has at most %d dimensions, here are %d", ARMC_MAX_RANK, dims->count);
    return false;
}

static ArmcThing *call_random(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcShape shape;
    if (!armc_array_dims(e, &args[0], origin, &shape))
        return NULL;
    double *data = armc_array_room(e, shape, origin);
    int64_t size = data ? armc_shape_size(shape) : 0;
    for (int64_t i = 0; i < size; i++)
        data[i] = armc_rng_uniform((uint64_t)args[1].i, ARMC_RNG_CONSTANT, (uint64_t)i, 0);
    return data ? armc_thing_array(e, shape, data, origin) : NULL;
}
ARMC_BUILTIN(random) = {"random",
                        "An array of numbers between 0 and 1, uniform, the same for the same seed.",
                        random_args, call_random};

/* --- sort --- */

static const ArmcSpec sort_args[] = {
    {.name = "x", .kind = ARMC_SPEC_ANY, .doc = "an array of one dimension"},
    {.kind = ARMC_SPEC_END},
};

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static ArmcThing *call_sort(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcThing *row = flat(e, "sort", args[0].thing, false, origin);
    int64_t n = row ? row->shape.dims[1] : 0;
    double *data = row ? armc_array_room(e, row->shape, origin) : NULL;
    if (!data)
        return NULL;
    memcpy(data, armc_array_numbers(e, row), (size_t)n * sizeof *data);
    qsort(data, (size_t)n, sizeof *data, ascending);
    return armc_thing_array(e, armc_shape_make(1, &n), data, origin);
}
ARMC_BUILTIN(sort) = {"sort", "The numbers of x, the smallest first.", sort_args, call_sort};

/* --- longer arrays --- */

static const ArmcSpec tile_args[] = {
    {.name = "x", .kind = ARMC_SPEC_ANY, .doc = "an array of one dimension, or a value"},
    {.name = "count",
     .kind = ARMC_SPEC_INT,
     .low = 1,
     .high = ARMC_ARRAY_LIMIT,
     .doc = "how many times"},
    {.name = "axis",
     .kind = ARMC_SPEC_INT,
     .preset = "-1",
     .doc = "of a value: along which dimension, from 0; -1: features"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_tile(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcThing *x = args[0].thing;
    if (x->kind == ARMC_THING_VALUE) {
        ArmcThing *count = armc_thing_int(e, args[1].i, origin),
                  *axis = armc_thing_int(e, args[2].i, origin);
        return armc_call_op(e->frame, "tile", (ArmcThing *[]){x, count, axis}, 3, origin);
    }
    ArmcThing *row = flat(e, "tile", x, false, origin);
    int64_t n = row ? row->shape.dims[1] : 0;
    double *data =
        row ? armc_array_room(e, armc_shape_make(2, (int64_t[]){args[1].i, n}), origin) : NULL;
    if (!data)
        return NULL;
    for (int64_t i = 0; i < args[1].i; i++)
        memcpy(data + i * n, armc_array_numbers(e, row), (size_t)n * sizeof *data);
    return armc_thing_array(e, armc_shape_make(1, (int64_t[]){n * args[1].i}), data, origin);
}
ARMC_BUILTIN(tile) = {"tile", "x, count times one after the other: an array or a value.", tile_args,
                      call_tile};

/* --- masks from runs --- */

static const ArmcSpec runs_args[] = {
    {.name = "dims",
     .kind = ARMC_SPEC_INTS,
     .low = 1,
     .high = ARMC_ARRAY_LIMIT,
     .doc = "the array's shape"},
    {.name = "lengths",
     .kind = ARMC_SPEC_INTS,
     .low = 0,
     .high = ARMC_ARRAY_LIMIT,
     .doc = "so many 0, then so many 1, then 0 again, …"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_runs(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcShape shape;
    if (!armc_array_dims(e, &args[0], origin, &shape))
        return NULL;
    uint8_t *bits = armc_array_bits_room(e, shape, origin);
    int64_t size = bits ? armc_shape_size(shape) : -1, at = 0;
    for (int i = 0; bits && i < args[1].count; i++)
        for (int64_t k = 0; k < args[1].ints[i] && at <= size; k++, at++)
            if (at < size)
                bits[at] = i % 2 == 1;
    if (at == size)
        return armc_thing_bits(e, shape, bits, origin);
    if (bits)
        armc_diag_add(e->diags, ARMC_E_bad_value, origin,
                      "the runs add up to %s entries than the %" PRId64 " of the shape",
                      at < size ? "fewer" : "more", size);
    return NULL;
}
ARMC_BUILTIN(runs) = {"runs", "A mask of 0 and 1 by the lengths of its runs, in row-major order.",
                      runs_args, call_runs};
