/* Builtins about values and the variable: features, sites, shape, groups, levels, width. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"
#include "runtime/graph/reads.h"

static const ArmcSpec one_any[] = {
    {.name = "x", .kind = ARMC_SPEC_ANY, .doc = "a value, an array or a data set"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *wrong(ArmcElaborator *e, const char *name, const ArmcThing *found,
                        const ArmcOrigin *origin)
{
    armc_diag_add(e->diags, ARMC_E_bad_kind, origin,
                  "`%s` takes a value, an array or a data set, this is %s", name,
                  armc_thing_describe(e, found));
    return NULL;
}

static bool shape_of(ArmcElaborator *e, const ArmcThing *x, ArmcShape *shape)
{
    int levels;
    if (x->kind == ARMC_THING_DATA)
        e->module->host->data_shape(x, shape, &levels);
    else if (x->kind == ARMC_THING_VALUE || x->kind == ARMC_THING_ARRAY)
        *shape = x->shape;
    else
        return false;
    return true;
}

static ArmcThing *call_features(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcShape shape;
    if (!shape_of(e, args[0].thing, &shape))
        return wrong(e, "features", args[0].thing, origin);
    return armc_thing_int(e, armc_shape_features(shape), origin);
}
ARMC_BUILTIN(features) = {"features", "The last dimension of x.", one_any, call_features};

static ArmcThing *call_sites(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcShape shape;
    if (!shape_of(e, args[0].thing, &shape))
        return wrong(e, "sites", args[0].thing, origin);
    return armc_thing_int(e, armc_shape_sites(shape), origin);
}
ARMC_BUILTIN(sites) = {"sites", "The product of all dimensions of x but the last.", one_any,
                       call_sites};

static ArmcThing *call_shape(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    ArmcShape shape;
    if (!shape_of(e, args[0].thing, &shape))
        return wrong(e, "shape", args[0].thing, origin);
    ArmcThing **items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, shape.rank + 1);
    for (int i = 0; i < shape.rank; i++)
        items[i] = armc_thing_int(e, shape.dims[i], origin);
    return armc_thing_list(e, items, (size_t)shape.rank, origin);
}
ARMC_BUILTIN(shape) = {"shape",
                       "The dimensions of x, a list: the batch is left out, features come last.",
                       one_any, call_shape};

static ArmcThing *call_groups(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const ArmcThing *x = args[0].thing;
    if (x->kind != ARMC_THING_VALUE) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`groups` takes a value, this is %s",
                      armc_thing_describe(e, x));
        return NULL;
    }
    int64_t features = armc_shape_features(x->shape);
    ArmcShape shape = armc_shape_make(1, &features);
    double *data = armc_array_room(e, shape, origin);
    for (int64_t f = 0; data && f < features; f++)
        data[f] = armc_group_of(x->value, f);
    return data ? armc_thing_array(e, shape, data, origin) : NULL;
}
ARMC_BUILTIN(groups) = {"groups",
                        "Of each feature of x the group, from 0, in an array: features of a group "
                        "depend on the same variables.",
                        one_any, call_groups};

static ArmcThing *call_levels(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const ArmcThing *x = args[0].thing;
    ArmcShape shape;
    int levels = 0;
    if (x->kind == ARMC_THING_DATA)
        e->module->host->data_shape(x, &shape, &levels);
    else if (x->kind == ARMC_THING_VALUE)
        levels = x->value->levels;
    if (levels)
        return armc_thing_int(e, levels, origin);
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "%s has no levels",
                                   armc_thing_describe(e, x));
    armc_diag_help(diag, "the variable has levels, and what movement ops make of it");
    return NULL;
}
ARMC_BUILTIN(levels) = {"levels", "How many levels the entries of x have: 0..levels-1.", one_any,
                        call_levels};

static const ArmcSpec width_args[] = {
    {.name = "distribution", .kind = ARMC_SPEC_ANY, .doc = "a distribution's name"},
    {.name = "levels",
     .kind = ARMC_SPEC_INT,
     .preset = "",
     .low = 2,
     .high = 65536,
     .doc = "of the variable; the model's own by default"},
    {.kind = ARMC_SPEC_END},
};

static ArmcThing *call_width(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const ArmcThing *x = args[0].thing;
    const ArmcBuild *build = e->frame->build;
    if (x->kind != ARMC_THING_BLOCK || x->block->kind != ARMC_CALLEE_DIST) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`width` takes a distribution, this is %s",
                      armc_thing_describe(e, x));
        return NULL;
    }
    if (!args[1].given && !(build && build->levels)) {
        armc_diag_add(e->diags, ARMC_E_missing_argument, origin,
                      "outside of a model `width` needs `levels`");
        return NULL;
    }
    int levels = args[1].given ? (int)args[1].i : build->levels;
    return armc_thing_int(e, x->block->dist->width(levels), origin);
}
ARMC_BUILTIN(width) = {"width", "How many numbers a distribution takes for each variable.",
                       width_args, call_width};
