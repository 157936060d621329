/* Builtins for numbers and lists: length, append, as_list, min, max, floor. */
#include <math.h>

#include "runtime/elaborate/elaborator.h"

static const ArmcSpec list_args[] = {
    {.name = "list", .kind = ARMC_SPEC_ANY, .doc = "a list or an array"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_length(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const ArmcThing *list = args[0].thing;
    if (list->kind == ARMC_THING_LIST)
        return armc_thing_int(e, (int64_t)list->count, origin);
    if (list->kind == ARMC_THING_ARRAY)
        return armc_thing_int(e, list->shape.rank ? list->shape.dims[0] : 1, origin);
    ArmcDiag *diag =
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`length` takes a list, this is %s",
                      armc_thing_describe(e, list));
    if (list->kind == ARMC_THING_VALUE)
        armc_diag_help(diag, "`features(x)`, `sites(x)` and `shape(x)` tell a value's size");
    return NULL;
}
ARMC_BUILTIN(length) = {"length", "How many items a list has; the first dimension of an array.",
                        list_args, call_length};

static const ArmcSpec append_args[] = {
    {.name = "list", .kind = ARMC_SPEC_ANY, .doc = "a list"},
    {.name = "item", .kind = ARMC_SPEC_ANY, .doc = "what comes behind its last item"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_append(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const ArmcThing *list = args[0].thing;
    if (list->kind != ARMC_THING_LIST) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`append` takes a list, this is %s",
                      armc_thing_describe(e, list));
        return NULL;
    }
    ArmcThing **items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        items[i] = list->items[i];
    items[list->count] = args[1].thing;
    return armc_thing_list(e, items, list->count + 1, origin);
}
ARMC_BUILTIN(append) = {"append", "A list with one more item; the list itself stays as it is.",
                        append_args, call_append};

static const ArmcSpec as_list_args[] = {
    {.name = "x", .kind = ARMC_SPEC_ANY, .doc = "a list, or anything else"},
    {.name = "count",
     .kind = ARMC_SPEC_INT,
     .preset = "1",
     .low = 0,
     .high = 100000,
     .doc = "how often it stands in the list, if it is none itself"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_as_list(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcThing *x = args[0].thing;
    if (x->kind == ARMC_THING_LIST)
        return x;
    size_t count = (size_t)args[1].i;
    ArmcThing **items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, count + 1);
    for (size_t i = 0; i < count; i++)
        items[i] = x;
    return armc_thing_list(e, items, count, origin);
}
ARMC_BUILTIN(as_list) = {"as_list", "x where it is a list, else a list that holds x count times.",
                         as_list_args, call_as_list};

static const ArmcSpec two_args[] = {
    {.name = "a", .kind = ARMC_SPEC_ANY, .doc = "a number, an array or a value"},
    {.name = "b", .kind = ARMC_SPEC_ANY, .doc = "the same"},
    {.kind = ARMC_SPEC_END},
};

/* Numbers here; arrays entry by entry through `where`; values by the op of the same name. */
static ArmcThing *extreme(ArmcElaborator *e, const char *op, const char *sign, const ArmcAttr *args,
                          const ArmcOrigin *origin)
{
    ArmcThing *a = args[0].thing, *b = args[1].thing;
    if (a->kind == ARMC_THING_VALUE || b->kind == ARMC_THING_VALUE)
        return armc_call_op(e->frame, op, (ArmcThing *[]){a, b}, 2, origin);
    ArmcThing *first = armc_constant_binary(e, sign, a, b, origin);
    if (first->kind == ARMC_THING_BOOL)
        return first->number > 0 ? a : b;
    if (first->kind != ARMC_THING_ARRAY)
        return NULL;
    ArmcThing *second = armc_constant_unary(e, "not", first, origin);
    ArmcThing *x = armc_constant_binary(e, "*", first, a, origin),
              *y = armc_constant_binary(e, "*", second, b, origin);
    return armc_constant_binary(e, "+", x, y, origin);
}

static ArmcThing *call_max(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    return extreme(e, "max", ">=", args, origin);
}
ARMC_BUILTIN(max) = {"max", "The larger of a and b, entry by entry: constants or values.", two_args,
                     call_max};

static ArmcThing *call_min(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    return extreme(e, "min", "<=", args, origin);
}
ARMC_BUILTIN(min) = {"min", "The smaller of a and b, entry by entry: constants or values.",
                     two_args, call_min};

static const ArmcSpec floor_args[] = {
    {.name = "x", .kind = ARMC_SPEC_REAL, .doc = "a number"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_floor(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    return armc_thing_number(e, floor(args[0].r), true, origin);
}
ARMC_BUILTIN(floor) = {"floor", "The largest whole number that is not above x.", floor_args,
                       call_floor};
