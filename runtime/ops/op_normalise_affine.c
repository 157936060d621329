/* What layer normalisation is in a net: normalise, a gain, an offset, often a ReLU, in one pass
 * over the rows. Made by fusion; the bits are those of the ops one after the other. The mean and
 * the deviation of a row are found once, by a node of their own, and kept for the gradients. */
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

/* Appends a node on normalise's x and what is known of its rows. */
static ArmcValue *with_stats(ArmcGraph *graph, const ArmcNode *normalise, ArmcValue *gain,
                             ArmcValue *offset, const ArmcOrigin *origin)
{
    ArmcValue *x = normalise->in[0];
    ArmcAttr attr[] = {normalise->attr[SETS], normalise->attr[EPS], {.given = true}};
    ArmcValue *stats =
        armc_graph_append(graph, armc_op_get("normalise_stats"), 1, &x, attr, origin);
    return armc_graph_append(graph, armc_op_get("normalise_affine"), 4,
                             (ArmcValue *[]){x, stats, gain, offset}, attr, origin);
}

ArmcValue *armc_affine_from_add(ArmcGraph *graph, const ArmcNode *add)
{
    for (int i = 0; i < 2; i++) {
        ArmcValue *gain, *offset = add->in[1 - i];
        const ArmcNode *normalise = scaled(add->in[i], &gain);
        if (!normalise || !is_vector(offset, armc_shape_features(add->out[0]->shape)))
            continue;
        return with_stats(graph, normalise, gain, offset, add->origin);
    }
    return NULL;
}

ArmcValue *armc_affine_from_relu(ArmcGraph *graph, const ArmcNode *relu)
{
    const ArmcNode *affine = relu->in[0]->node;
    if (affine->op != armc_op_get("normalise_affine") || affine->attr[RELU].i)
        return NULL;
    ArmcAttr attr[] = {affine->attr[SETS], affine->attr[EPS], {.given = true, .i = 1}};
    return armc_graph_append(graph, affine->op, affine->in_count, affine->in, attr, relu->origin);
}

/* --- arithmetic --- */

/* Numbers that are known of a row's set, set after set: those of ArmcNormRows. */
enum { KNOWN = 2 };

/* The rows of one set; x is input 0. */
static ArmcNormRows rows_of(const ArmcRows *rows, const ArmcSet *set)
{
    return (ArmcNormRows){.rows = rows->n,
                          .n = set->count,
                          .eps = (ArmcReal)rows->node->attr[EPS].r,
                          .x = rows->in[0] + set->begin,
                          .x_step = rows->in_step[0]};
}

/* Those of set number s, where input 1 knows them. */
static ArmcNormRows known_rows_of(const ArmcRows *rows, const ArmcSet *set, int64_t s)
{
    ArmcNormRows norm = rows_of(rows, set);
    norm.relu = rows->node->attr[RELU].i;
    norm.stats = rows->in[1] + s * KNOWN;
    norm.stats_step = rows->in_step[1];
    return norm;
}

/* y, dy are the inputs from this one on. */
static void take_gradient(const ArmcRows *rows, const ArmcSet *set, int input, ArmcNormRows *norm)
{
    norm->y = rows->in[input] + set->begin;
    norm->y_step = rows->in_step[input];
    norm->dy = rows->in[input + 1] + set->begin;
    norm->dy_step = rows->in_step[input + 1];
}

static void stats_rows(const ArmcRows *rows)
{
    ArmcSet set;
    ArmcReal *to = rows->out;
    for (int64_t f = 0; armc_set_next(rows->node, rows->in_width[0], &set, &f); to += KNOWN) {
        const ArmcNormRows norm = rows_of(rows, &set);
        rows->k->norm_stats(&norm, to, rows->out_step);
    }
}

static void affine_rows(const ArmcRows *rows)
{
    ArmcSet set;
    for (int64_t f = 0, s = 0; armc_set_next(rows->node, rows->out_width, &set, &f); s++) {
        ArmcNormRows norm = known_rows_of(rows, &set, s);
        norm.gain = rows->in[2] + set.begin;
        norm.offset = rows->in[3] + set.begin;
        rows->k->norm(&norm, rows->out + set.begin, rows->out_step);
    }
}

static void affine_dx_rows(const ArmcRows *rows)
{
    ArmcSet set;
    for (int64_t f = 0, s = 0; armc_set_next(rows->node, rows->out_width, &set, &f); s++) {
        ArmcNormRows norm = known_rows_of(rows, &set, s);
        norm.gain = rows->in[2] + set.begin;
        take_gradient(rows, &set, 3, &norm);
        norm.onto = rows->onto ? rows->onto + set.begin : NULL;
        rows->k->norm_dx(&norm, rows->out + set.begin, rows->out_step);
    }
}

static void affine_dw_rows(const ArmcRows *rows)
{
    ArmcSet set;
    int64_t n = rows->in_width[0];
    for (int64_t f = 0, s = 0; armc_set_next(rows->node, n, &set, &f); s++) {
        ArmcNormRows norm = known_rows_of(rows, &set, s);
        take_gradient(rows, &set, 2, &norm);
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
    ArmcValue *x = node->in[0], *stats = node->in[1], *gain = node->in[2], *offset = node->in[3],
              *y = node->out[0];
    if (armc_grad_wants(grad, x))
        armc_grad_add(
            grad, x,
            ARMC_GRAD(grad, node, "normalise_affine_dx", node->attr, x, stats, gain, y, dy));
    if (!armc_grad_wants(grad, gain) && !armc_grad_wants(grad, offset))
        return;
    ArmcValue *both = ARMC_GRAD(grad, node, "normalise_affine_dw", node->attr, x, stats, y, dy);
    armc_grad_add(grad, gain, half(grad, node, both, 0));
    armc_grad_add(grad, offset, half(grad, node, both, 1));
}

static bool stats_shape(ArmcInfer *infer)
{
    ArmcShape shape = infer->node->in[0]->shape;
    int64_t features = armc_shape_features(shape), *known = &shape.dims[shape.rank - 1];
    ArmcSet set;
    *known = 0;
    for (int64_t f = 0; armc_set_next(infer->node, features, &set, &f);)
        *known += KNOWN;
    infer->node->out[0]->shape = shape;
    return true;
}

ARMC_OP(normalise_stats) = {
    .name = "normalise_stats",
    .doc = "Of each set of a row its mean and 1 / sqrt(variance + eps).",
    .sig = "x[*s,n] -> ?",
    .attrs = affine_attrs,
    .flags = ARMC_OP_INTERNAL,
    .shape = stats_shape,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = stats_rows,
};

ARMC_OP(normalise_affine) = {
    .name = "normalise_affine",
    .doc = "normalise, times gain, plus offset, and a ReLU where `relu`: made by fusion.",
    .sig = "x[*s,n] stats[*s,m] gain[n] offset[n] -> [*s,n]",
    .attrs = affine_attrs,
    .flags = ARMC_OP_INTERNAL | ARMC_OP_CHEAP,
    .vjp = affine_vjp,
    .rows_in = "rrww",
    .rows_out = 'r',
    .rows = affine_rows,
};

ARMC_OP(normalise_affine_dx) = {
    .name = "normalise_affine_dx",
    .doc = "Gradient of normalise_affine with respect to x.",
    .sig = "x[*s,n] stats[*s,m] gain[n] y[*s,n] dy[*s,n] -> [*s,n]",
    .attrs = affine_attrs,
    .flags = ARMC_OP_INTERNAL | ARMC_OP_ADDS,
    .rows_in = "rrwrr",
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
    .sig = "x[*s,n] stats[*s,m] y[*s,n] dy[*s,n] -> ?",
    .attrs = affine_attrs,
    .shape = dw_shape,
    .flags = ARMC_OP_INTERNAL | ARMC_OP_SUMS_BATCH,
    .rows_in = "rrrr",
    .rows_out = 'W',
    .rows = affine_dw_rows,
};
