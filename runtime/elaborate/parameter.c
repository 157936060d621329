/* `param NAME [dims] init=… scale=… mask=… decay=…` */
#include <math.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"
#include "runtime/graph/ensemble.h"

static const ArmcSpec param_specs[] = {
    {.name = "init",
     .kind = ARMC_SPEC_SYMBOL,
     .preset = "zero",
     .symbols = "zero|one|lecun|he|glorot|normal",
     .doc = "how it begins: lecun, he and glorot scale a normal draw by the live fan-in"},
    {.name = "scale",
     .kind = ARMC_SPEC_REAL,
     .preset = "1",
     .low = 0,
     .high = 1e6,
     .doc = "a factor on the first values; for normal the standard deviation"},
    {.name = "mask",
     .kind = ARMC_SPEC_ANY,
     .preset = "",
     .doc = "an array of 0 and 1: where it is 0 the parameter does not exist"},
    {.name = "decay",
     .kind = ARMC_SPEC_BOOL,
     .preset = "true",
     .doc = "whether weight decay applies"},
    {.name = "path",
     .kind = ARMC_SPEC_STRING,
     .preset = "",
     .doc = "the name in checkpoints, in place of the one that follows from the calls"},
    {.kind = ARMC_SPEC_END},
};
enum { INIT, SCALE, MASK, DECAY, PATH, SPECS };

/* The statement's `k=v` parts, by the rules for every other call. */
static bool read_attrs(ArmcFrame *frame, const ArmcTree *tree, ArmcAttr attrs[SPECS])
{
    static const ArmcBuiltin row = {.name = "param", .args = param_specs};
    ArmcElaborator *e = frame->e;
    ArmcClosure callee = {.kind = ARMC_CALLEE_BUILTIN, .name = "param", .builtin = &row};
    ArmcTree *call = ARMC_NEW(e->arena, ArmcTree);
    *call = *tree;
    call->kind = ARMC_TREE_CALL;
    call->kids++;
    call->kid_count--;
    ArmcCallSite *site = armc_site_new(frame, armc_thing_callee(e, &callee, NULL)->block, call,
                                       armc_origin(frame, tree->span));
    bool fine = armc_site_fill(frame, site, NULL, 0);
    for (int i = 0; fine && i < SPECS; i++)
        fine &= armc_argument_attr(frame, site, i, &attrs[i]);
    return fine;
}

/* Lists within the list of dims are unfolded: [shape(it)[:-1], n]. */
static ArmcThing *unfold(ArmcFrame *frame, ArmcThing *dims)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *flat = armc_thing_list(e, NULL, 0, dims->origin);
    for (size_t i = 0; i < dims->count; i++) {
        ArmcThing *one = armc_thing_list(e, &dims->items[i], 1, dims->origin);
        flat = armc_constant_binary(e, "+", flat,
                                    dims->items[i]->kind == ARMC_THING_LIST ? dims->items[i] : one,
                                    dims->origin);
    }
    return flat;
}

/* Complains about the dimension itself and poisons it: another parameter with the same one keeps
 * silent. */
static bool check_dim(ArmcFrame *frame, ArmcThing *dim, const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    if (armc_thing_is_none(dim))
        return false;
    if (dim->kind == ARMC_THING_NUMBER && dim->number >= 1 && dim->number <= 0x1p53 &&
        floor(dim->number) >= dim->number)
        return true;
    armc_diag_add(e->diags, ARMC_E_bad_shape, origin,
                  "a dimension is a whole number of at least 1, this is %s",
                  armc_thing_describe(e, dim));
    dim->kind = ARMC_THING_NONE;
    return false;
}

static bool read_dims(ArmcFrame *frame, const ArmcTree *tree, ArmcShape *shape)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *dims = armc_eval(frame, tree->kids[0]);
    const ArmcOrigin *origin = armc_origin(frame, tree->kids[0]->span);
    if (dims->kind != ARMC_THING_LIST)
        return false;
    dims = unfold(frame, dims);
    if (dims->count < 1 || dims->count > ARMC_MAX_RANK) {
        armc_diag_add(e->diags, ARMC_E_bad_shape, origin,
                      "a parameter has 1 to %d dimensions, this one %zu", ARMC_MAX_RANK,
                      dims->count);
        return false;
    }
    *shape = (ArmcShape){.rank = (int)dims->count};
    for (size_t i = 0; i < dims->count; i++) {
        if (!check_dim(frame, dims->items[i], origin))
            return false;
        shape->dims[i] = (int64_t)dims->items[i]->number;
    }
    if (armc_shape_size(*shape) > 0)
        return true;
    armc_diag_add(e->diags, ARMC_E_too_large, origin, "a parameter of this shape is too large");
    return false;
}

/* The mask as the graph keeps it, which is the array's own memory where that holds 0 and 1 only. */
static const uint8_t *mask_bits(ArmcFrame *frame, const ArmcThing *array, const ArmcOrigin *origin)
{
    if (array->bits)
        return array->bits;
    int64_t size = armc_shape_size(array->shape);
    uint8_t *mask = ARMC_NEW_ARRAY(frame->e->arena, uint8_t, size);
    for (int64_t i = 0; i < size; i++) {
        mask[i] = array->array[i] > 0;
        if (array->array[i] < 0 || (array->array[i] > 0 && array->array[i] < 1) ||
            array->array[i] > 1) {
            armc_diag_add(frame->e->diags, ARMC_E_bad_value, origin,
                          "a mask holds 0 and 1, this one holds %.10g", array->array[i]);
            return NULL;
        }
    }
    return mask;
}

/* True with *mask NULL where none was given. */
static bool read_mask(ArmcFrame *frame, const ArmcAttr *attr, ArmcShape shape, const uint8_t **mask,
                      const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    *mask = NULL;
    if (!attr->given)
        return true;
    ArmcThing *array = armc_thing_to_array(e, attr->thing);
    if (!array) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`mask` takes an array, this is %s",
                      armc_thing_describe(e, attr->thing));
        return false;
    }
    if (!armc_shape_equal(array->shape, shape)) {
        char a[96], b[96];
        armc_diag_add(e->diags, ARMC_E_shape_mismatch, origin,
                      "the mask's shape is %s, the parameter's %s",
                      armc_shape_text(array->shape, a), armc_shape_text(shape, b));
        return false;
    }
    *mask = mask_bits(frame, array, origin);
    return *mask != NULL;
}

static ArmcParam *find_param(const ArmcGraph *graph, const char *path)
{
    for (size_t i = 0; i < graph->param_count; i++)
        if (strcmp(graph->params[i]->path, path) == 0)
            return graph->params[i];
    return NULL;
}

/* A parameter of a `shared` body that is there already is used again. */
static ArmcThing *reuse(ArmcFrame *frame, const ArmcTree *tree, ArmcParam *there,
                        const ArmcParam *param)
{
    ArmcElaborator *e = frame->e;
    if (!frame->path->shared) {
        ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_redefined, param->origin,
                                       "there is a parameter `%s` already", param->path);
        armc_diag_note(diag, there->origin->span, "the first one is here");
        return armc_thing_none(e);
    }
    if (armc_shape_equal(there->shape, param->shape))
        return armc_thing_value(e, there->value, there->origin);
    char a[96], b[96];
    ArmcDiag *diag =
        armc_diag_add(e->diags, ARMC_E_shape_mismatch, param->origin,
                      "the shared parameter `%s` is %s, here it would have to be %s", tree->name,
                      armc_shape_text(there->shape, a), armc_shape_text(param->shape, b));
    armc_diag_note(diag, there->origin->span, "its shape was set here");
    return armc_thing_none(e);
}

static ArmcThing *make_param(ArmcFrame *frame, const ArmcTree *tree)
{
    static const ArmcInit inits[] = {ARMC_INIT_ZERO, ARMC_INIT_ONE,    ARMC_INIT_LECUN,
                                     ARMC_INIT_HE,   ARMC_INIT_GLOROT, ARMC_INIT_NORMAL};
    ArmcElaborator *e = frame->e;
    ArmcAttr attrs[SPECS] = {0};
    ArmcParam param = {.origin = armc_origin(frame, tree->span)};
    if (!read_dims(frame, tree, &param.shape) || !read_attrs(frame, tree, attrs))
        return armc_thing_none(e);
    if (!read_mask(frame, &attrs[MASK], param.shape, &param.mask, param.origin))
        return armc_thing_none(e);
    param.init = inits[attrs[INIT].i];
    param.scale = attrs[SCALE].r;
    param.decay = attrs[DECAY].i;
    param.path =
        attrs[PATH].given ? attrs[PATH].text : armc_path_name(e->arena, frame->path, tree->name);
    ArmcParam *there = find_param(frame->build->graph, param.path);
    if (there)
        return reuse(frame, tree, there, &param);
    bool has_own_mask = frame->build->members > 1 && param.mask;
    ArmcValue *value = has_own_mask ? armc_ensemble_param(frame->build->graph, &param)
                                    : armc_graph_param(frame->build->graph, &param);
    return armc_thing_value(e, value, param.origin);
}

void armc_run_param(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *thing;
    if (frame->build) {
        thing = make_param(frame, tree);
    } else {
        armc_diag_add(e->diags, ARMC_E_no_input, armc_origin(frame, tree->span),
                      "a parameter needs a model, and there is none here");
        thing = armc_thing_none(e);
    }
    armc_scope_bind(e, frame->scope, tree->name, thing);
}
