/* What layer normalisation is in a net: normalise, a gain, an offset, often a ReLU, in one pass
 * over the rows. Made by fusion; the bits are those of the ops one after the other. */
#include "runtime/ops/affine.h"

#include "runtime/ops/family.h"
#include "runtime/ops/sets.h"

enum { SETS, EPS, RELU };

static const ArmcSpec affine_attrs[] = {
    {.name = "sets", .kind = ARMC_SPEC_INTS, .preset = "[]", .doc = "as normalise's"},
    {.name = "eps",
     .kind = ARMC_SPEC_REAL,
     .preset = "1e-5",
     .low = 1e-12,
     .high = 1,
     .doc = "as normalise's"},
    {.name = "relu",
     .kind = ARMC_SPEC_BOOL,
     .preset = "false",
     .doc = "whether what is negative becomes 0"},
    {.kind = ARMC_SPEC_END},
};

/* --- fusion --- */

static bool is_vector(const ArmcValue *value, int64_t n)
{
    return !value->batched && value->shape.rank == 1 && value->shape.dims[0] == n;
}

static bool sets_are_whole(const ArmcNode *normalise)
{
    ArmcSet set;
    int64_t n = armc_shape_features(normalise->out[0]->shape);
    for (int64_t f = 0; armc_set_next(normalise, n, &set, &f);)
        if (!set.whole)
            return false;
    return true;
}

/* normalise(x) gain: that, or NULL where the value is something else. */
static const ArmcNode *scaled(const ArmcValue *value, ArmcValue **gain)
{
    const ArmcNode *mul = value->node;
    for (int i = 0; mul->op == armc_op_get("mul") && i < 2; i++) {
        const ArmcNode *normalise = mul->in[i]->node;
        *gain = mul->in[1 - i];
        if (normalise->op == armc_op_get("normalise") && mul->in[i]->batched &&
            is_vector(*gain, armc_shape_features(mul->in[i]->shape)) && sets_are_whole(normalise))
            return normalise;
    }
    return NULL;
}

ArmcValue *armc_affine_from_add(ArmcGraph *graph, const ArmcNode *add)
{
    for (int i = 0; i < 2; i++) {
        ArmcValue *gain, *offset = add->in[1 - i];
        const ArmcNode *normalise = scaled(add->in[i], &gain);
        if (!normalise || !is_vector(offset, armc_shape_features(add->out[0]->shape)))
            continue;
        ArmcAttr attr[] = {normalise->attr[0], normalise->attr[1], {.given = true}};
        return armc_graph_append(graph, armc_op_get("normalise_affine"), 3,
                                 (ArmcValue *[]){normalise->in[0], gain, offset}, attr,
                                 add->origin);
    }
    return NULL;
}

ArmcValue *armc_affine_from_relu(ArmcGraph *graph, const ArmcNode *relu)
{
    const ArmcNode *affine = relu->in[0]->node;
    if (affine->op != armc_op_get("normalise_affine") || affine->attr[RELU].i)
        return NULL;
    ArmcAttr attr[] = {affine->attr[SETS], affine->attr[EPS], {.given = true, .i = 1}};
    return armc_graph_append(graph, affine->op, 3, affine->in, attr, relu->origin);
}

/* --- arithmetic --- */

/* The rows of one set; x is input 0. */
static ArmcNormRows rows_of(const ArmcRows *rows, const ArmcSet *set)
{
    return (ArmcNormRows){.rows = rows->n,
                          .n = set->count,
                          .eps = (ArmcReal)rows->node->attr[EPS].r,
                          .relu = rows->node->attr[RELU].i,
                          .x = rows->in[0] + set->begin,
                          .x_step = rows->in_step[0]};
}

/* y, dy are the inputs from this one on. */
static void take_gradient(const ArmcRows *rows, const ArmcSet *set, int input, ArmcNormRows *norm)
{
    norm->y = rows->in[input] + set->begin;
    norm->y_step = rows->in_step[input];
    norm->dy = rows->in[input + 1] + set->begin;
    norm->dy_step = rows->in_step[input + 1];
}

static void affine_rows(const ArmcRows *rows)
{
    ArmcSet set;
    for (int64_t f = 0; armc_set_next(rows->node, rows->out_width, &set, &f);) {
        ArmcNormRows norm = rows_of(rows, &set);
        norm.gain = rows->in[1] + set.begin;
        norm.offset = rows->in[2] + set.begin;
        rows->k->norm(&norm, rows->out + set.begin, rows->out_step);
    }
}

static void affine_dx_rows(const ArmcRows *rows)
{
    ArmcSet set;
    for (int64_t f = 0; armc_set_next(rows->node, rows->out_width, &set, &f);) {
        ArmcNormRows norm = rows_of(rows, &set);
        norm.gain = rows->in[1] + set.begin;
        take_gradient(rows, &set, 2, &norm);
        rows->k->norm_dx(&norm, rows->out + set.begin, rows->out_step);
    }
}

static void affine_dw_rows(const ArmcRows *rows)
{
    ArmcSet set;
    int64_t n = rows->in_width[0];
    for (int64_t f = 0; armc_set_next(rows->node, n, &set, &f);) {
        ArmcNormRows norm = rows_of(rows, &set);
        take_gradient(rows, &set, 1, &norm);
        rows->k->norm_dw(&norm, rows->out + set.begin, rows->out + n + set.begin);
    }
}

/* --- the op and its gradients --- */

static ArmcValue *half(ArmcGrad *grad, const ArmcNode *node, ArmcValue *both, int64_t which)
{
    int64_t n = both->shape.dims[0] / 2;
    ArmcGraph *graph = armc_grad_graph(grad);
    int64_t *bounds = ARMC_NEW_ARRAY(graph->arena, int64_t, 2);
    bounds[0] = which * n;
    bounds[1] = bounds[0] + n;
    ArmcAttr attr[] = {{.given = true, .ints = &bounds[0], .count = 1},
                       {.given = true, .ints = &bounds[1], .count = 1},
                       {0}};
    return ARMC_GRAD(grad, node, "slice", attr, both);
}

static void affine_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *x = node->in[0], *gain = node->in[1], *offset = node->in[2], *y = node->out[0];
    if (armc_grad_wants(grad, x))
        armc_grad_add(grad, x,
                      ARMC_GRAD(grad, node, "normalise_affine_dx", node->attr, x, gain, y, dy));
    if (!armc_grad_wants(grad, gain) && !armc_grad_wants(grad, offset))
        return;
    ArmcValue *both = ARMC_GRAD(grad, node, "normalise_affine_dw", node->attr, x, y, dy);
    armc_grad_add(grad, gain, half(grad, node, both, 0));
    armc_grad_add(grad, offset, half(grad, node, both, 1));
}

ARMC_OP(normalise_affine) = {
    .name = "normalise_affine",
    .doc = "normalise, times gain, plus offset, and a ReLU where `relu`: made by fusion.",
    .sig = "x[*s,n] gain[n] offset[n] -> [*s,n]",
    .attrs = affine_attrs,
    .flags = ARMC_OP_INTERNAL | ARMC_OP_CHEAP,
    .vjp = affine_vjp,
    .rows_in = "rww",
    .rows_out = 'r',
    .rows = affine_rows,
};

ARMC_OP(normalise_affine_dx) = {
    .name = "normalise_affine_dx",
    .doc = "Gradient of normalise_affine with respect to x.",
    .sig = "x[*s,n] gain[n] y[*s,n] dy[*s,n] -> [*s,n]",
    .attrs = affine_attrs,
    .flags = ARMC_OP_INTERNAL,
    .rows_in = "rwrr",
    .rows_out = 'r',
    .rows = affine_dx_rows,
};

static bool dw_shape(ArmcInfer *infer)
{
    int64_t n = armc_shape_features(infer->node->in[0]->shape);
    infer->node->out[0]->shape = armc_shape_make(1, (int64_t[]){2 * n});
    return true;
}

ARMC_OP(normalise_affine_dw) = {
    .name = "normalise_affine_dw",
    .doc = "Gradients of normalise_affine with respect to gain and offset, one behind the other.",
    .sig = "x[*s,n] y[*s,n] dy[*s,n] -> ?",
    .attrs = affine_attrs,
    .shape = dw_shape,
    .flags = ARMC_OP_INTERNAL | ARMC_OP_SUMS_BATCH,
    .rows_in = "rrr",
    .rows_out = 'W',
    .rows = affine_dw_rows,
};
