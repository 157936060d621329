/* Products with a matrix for each site, and tables read by level. Letters: s sites, k in, n out.
 * Weights are out-major, [*s,n,k]: the weights into one unit lie together, and a single unit's are
 * a row. */
#include "runtime/ops/weight_reads.h"

#include <string.h>

/* y (rows,n) = x (rows,k) W^T, W (n,k) of this site. One input is an outer product; long rows are
 * dot products. */
static void site_matmul_rows(const ArmcRows *rows)
{
    int64_t k = rows->in_width[0], n = rows->out_width;
    const ArmcReal *x = rows->in[0], *w = rows->in[1];
    if (k == 1 && rows->onto)
        rows->k->outer_onto(rows->n, n, x, rows->in_step[0], w, rows->onto, rows->out,
                            rows->out_step);
    else if (k == 1)
        rows->k->gemm(rows->n, n, 1, x, rows->in_step[0], w, n, rows->out, rows->out_step, false);
    else
        rows->k->gemm_dot(rows->n, n, k, x, rows->in_step[0], w, k, rows->out, rows->out_step,
                          armc_rows_begin_onto(rows));
}

static int64_t site_matmul_cost(const ArmcNode *node, int64_t site, const ArmcPart *part)
{
    int64_t each = armc_shape_features(node->in[0]->shape) * (part->end - part->begin);
    return site < 0 ? each * armc_shape_sites(node->in[0]->shape) : each;
}

static void site_matmul_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    if (armc_grad_wants(grad, node->in[0]))
        armc_grad_add(grad, node->in[0],
                      ARMC_GRAD(grad, node, "site_matmul_dx", NULL, dy, node->in[1]));
    if (armc_grad_wants(grad, node->in[1]))
        armc_grad_add(grad, node->in[1],
                      ARMC_GRAD(grad, node, "site_matmul_dw", NULL, dy, node->in[0]));
}

/* Units are independent of each other. Weights from features that are not there yet are zeros. */
static void site_matmul_part(const ArmcRows *rows, const ArmcPart *part)
{
    ArmcRows some = *rows;
    some.in[1] += part->begin * rows->in_width[0];
    some.out += part->begin;
    some.out_width = part->end - part->begin;
    site_matmul_rows(&some);
}

static void site_matmul_groups(ArmcInfer *infer)
{
    int64_t k = armc_shape_features(infer->node->in[0]->shape),
            n = armc_shape_features(infer->node->out[0]->shape);
    int64_t sites = armc_shape_sites(infer->node->out[0]->shape);
    armc_weight_groups(infer, (ArmcWeightLayout){sites, n * k, k, 1, k});
}

ARMC_OP(site_matmul) = {
    .name = "site_matmul",
    .doc = "Each site's features times its own matrix: y[n] = sum over k of x[k] weight[n,k].",
    .sig = "x[*s,k] weight[*s,n,k] -> [*s,n]",
    .flags = ARMC_OP_ACCUMULATES | ARMC_OP_KEEPS_ZERO,
    .probe = "x=3x4 weight=3x5x4; x=4x1 weight=4x6x1; x=2x2x3 weight=2x2x1x3; "
             "x=2x40 weight=2x3x40; x=2x3 weight=2x3x3~100110110011110000",
    .groups = site_matmul_groups,
    .read_runs = armc_weight_reads,
    .vjp = site_matmul_vjp,
    .rows_in = "rs",
    .rows_out = 'r',
    .rows = site_matmul_rows,
    .part = site_matmul_part,
    .cost = site_matmul_cost,
};

/* dx (rows,k) = dy (rows,n) W, W (n,k) */
static void site_matmul_dx_rows(const ArmcRows *rows)
{
    int64_t n = rows->in_width[0], k = rows->out_width;
    rows->k->gemm(rows->n, k, n, rows->in[0], rows->in_step[0], rows->in[1], k, rows->out,
                  rows->out_step, armc_rows_begin_onto(rows));
}

ARMC_OP(site_matmul_dx) = {
    .name = "site_matmul_dx",
    .doc = "Gradient of site_matmul with respect to x.",
    .sig = "dy[*s,n] weight[*s,n,k] -> [*s,k]",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_ACCUMULATES,
    .rows_in = "rs",
    .rows_out = 'r',
    .rows = site_matmul_dx_rows,
};

/* dx (rows,k) = (dy (rows,n) W) y (1 - y), W (n,k), y (rows,k) */
static void site_matmul_dx_sigmoid_rows(const ArmcRows *rows)
{
    rows->k->gemm_sigmoid_grad(rows->n, rows->out_width, rows->in_width[1], rows->in[1],
                               rows->in_step[1], rows->in[2], rows->out_width, rows->in[0],
                               rows->in_step[0], rows->onto, rows->out, rows->out_step);
}

ARMC_OP(site_matmul_dx_sigmoid) = {
    .name = "site_matmul_dx_sigmoid",
    .doc = "Gradient of site_matmul with respect to x, and on through the sigmoid that gave x = y.",
    .sig = "y[*s,k] dy[*s,n] weight[*s,n,k] -> [*s,k]",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_ACCUMULATES,
    .rows_in = "rrs",
    .rows_out = 'r',
    .rows = site_matmul_dx_sigmoid_rows,
};

/* dW (n,k) += dy^T x, dy (rows,n), x (rows,k) */
static void site_matmul_dw_rows(const ArmcRows *rows)
{
    int64_t n = rows->in_width[0], k = rows->in_width[1];
    if (k == 1) /* the same numbers, lanes along n */
        rows->k->gemm_outer(1, n, rows->n, rows->in[1], rows->in_step[1], rows->in[0],
                            rows->in_step[0], rows->out, n, 1);
    else
        rows->k->gemm_outer(n, k, rows->n, rows->in[0], rows->in_step[0], rows->in[1],
                            rows->in_step[1], rows->out, k, 1);
}

ARMC_OP(site_matmul_dw) = {
    .name = "site_matmul_dw",
    .doc = "Gradient of site_matmul with respect to the weight, summed over examples.",
    .sig = "dy[*s,n] x[*s,k] -> [*s,n,k]",
    .flags = ARMC_OP_INTERNAL,
    .rows_in = "rr",
    .rows_out = 'S',
    .rows = site_matmul_dw_rows,
};

/* --- tables --- */

/* y (rows,n) = table[x]: for the whole array or the site's slice alike. Levels out of the table
 * can't come from a checked data set; they are held inside it. */
static int64_t level_of(ArmcReal x, int64_t levels)
{
    int64_t level = (int64_t)x;
    return level < 0 ? 0 : level >= levels ? levels - 1 : level;
}

static int64_t table_levels(const ArmcValue *table)
{
    return table->shape.dims[table->shape.rank - 2];
}

static void embed_rows(const ArmcRows *rows)
{
    int64_t n = rows->out_width, levels = table_levels(rows->node->in[1]);
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *entry =
            rows->in[1] + level_of(rows->in[0][r * rows->in_step[0]], levels) * n;
        ArmcReal *y = rows->out + r * rows->out_step;
        if (rows->onto)
            rows->k->add(n, rows->onto + r * rows->out_step, entry, y);
        else
            memcpy(y, entry, (size_t)n * sizeof(ArmcReal));
    }
}

static void embed_part(const ArmcRows *rows, const ArmcPart *part)
{
    int64_t n = rows->out_width, levels = table_levels(rows->node->in[1]);
    for (int64_t r = 0; r < rows->n; r++) {
        int64_t level = level_of(rows->in[0][r * rows->in_step[0]], levels);
        memcpy(rows->out + r * rows->out_step + part->begin, rows->in[1] + level * n + part->begin,
               (size_t)(part->end - part->begin) * sizeof(ArmcReal));
    }
}

/* dtable[x] += dy */
static void embed_dw_rows(const ArmcRows *rows)
{
    int64_t n = rows->in_width[1], levels = table_levels(rows->node->in[2]);
    for (int64_t r = 0; r < rows->n; r++) {
        ArmcReal *slot = rows->out + level_of(rows->in[0][r * rows->in_step[0]], levels) * n;
        rows->k->add(n, slot, rows->in[1] + r * rows->in_step[1], slot);
    }
}

static bool embed_shape(ArmcInfer *infer)
{
    const ArmcValue *x = infer->node->in[0];
    int64_t levels = table_levels(infer->node->in[1]);
    if (x->levels && x->levels <= levels)
        return true;
    ArmcDiag *diag;
    if (x->levels)
        diag = armc_infer_error(infer, "the table of `%s` has %d rows, the values have %d levels",
                                infer->node->op->name, (int)levels, x->levels);
    else
        diag = armc_infer_error(
            infer, "`%s` reads levels, whole numbers from the data; these values are real numbers",
            infer->node->op->name);
    armc_diag_help(diag, "give it the model's input itself, before `scale` or any arithmetic");
    return false;
}

/* A level is no real number: its derivative is taken at the one-hot vector and summed over the
 * levels that x has. dx = sum over k of (dy table^T)[k], the product by the op `product`. */
static void level_vjp(ArmcGrad *grad, ArmcNode *node, const char *product, ArmcValue *dy)
{
    ArmcValue *x = node->in[0];
    if (!armc_grad_wants(grad, x))
        return;
    ArmcValue *d = ARMC_GRAD(grad, node, product, NULL, dy, node->in[1]);
    int64_t *end = ARMC_NEW_ARRAY(armc_grad_graph(grad)->arena, int64_t, ARMC_MAX_RANK);
    memcpy(end, d->shape.dims, sizeof d->shape.dims);
    end[d->shape.rank - 1] = x->levels;
    ArmcAttr part[ARMC_MAX_ATTRS] = {{0}, {.given = true, .count = d->shape.rank, .ints = end}};
    if (x->levels < armc_shape_features(d->shape))
        d = ARMC_GRAD(grad, node, "slice", part, d);
    armc_grad_add(grad, x, ARMC_GRAD(grad, node, "sum_features", NULL, d));
}

static void embed_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    if (armc_grad_wants(grad, node->in[1]))
        armc_grad_add(grad, node->in[1],
                      ARMC_GRAD(grad, node, "embed_dw", NULL, node->in[0], dy, node->in[1]));
    level_vjp(grad, node, "matmul_dx", dy);
}

static void embed_groups(ArmcInfer *infer)
{
    int64_t n = armc_shape_features(infer->node->out[0]->shape);
    armc_weight_groups(infer, (ArmcWeightLayout){1, 0, 1, n, infer->node->in[0]->levels});
}

ARMC_OP(embed) = {
    .name = "embed",
    .doc = "The row of a table that each site's level names.",
    .sig = "x[*s,1] table[k,n] -> [*s,n]",
    .flags = ARMC_OP_ACCUMULATES,
    .probe = "x=3x1:4 table=4x5; x=2x2x1:3 table=3x1; x=2x1:3 table=3x4~010100000110; "
             "x=2x1:2 table=3x2",
    .shape = embed_shape,
    .groups = embed_groups,
    .read_runs = armc_weight_reads,
    .vjp = embed_vjp,
    .rows_in = "rw",
    .rows_out = 'r',
    .rows = embed_rows,
    .part = embed_part,
};

ARMC_OP(embed_dw) = {
    .name = "embed_dw",
    .doc = "Gradient of embed with respect to the table.",
    .sig = "x[*s,1] dy[*s,n] table[k,n] -> table",
    .flags = ARMC_OP_INTERNAL,
    .rows_in = "rrw",
    .rows_out = 'W',
    .rows = embed_dw_rows,
};

static void site_embed_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    if (armc_grad_wants(grad, node->in[1]))
        armc_grad_add(grad, node->in[1],
                      ARMC_GRAD(grad, node, "site_embed_dw", NULL, node->in[0], dy, node->in[1]));
    level_vjp(grad, node, "site_matmul", dy);
}

static void site_embed_groups(ArmcInfer *infer)
{
    const ArmcValue *x = infer->node->in[0];
    int64_t n = armc_shape_features(infer->node->out[0]->shape),
            step = table_levels(infer->node->in[1]) * n;
    armc_weight_groups(infer,
                       (ArmcWeightLayout){armc_shape_sites(x->shape), step, 1, n, x->levels});
}

ARMC_OP(site_embed) = {
    .name = "site_embed",
    .doc = "The row that each site's level names in the site's own table.",
    .sig = "x[*s,1] table[*s,k,n] -> [*s,n]",
    .flags = ARMC_OP_ACCUMULATES,
    .probe = "x=3x1:4 table=3x4x5; x=2x2x1:3 table=2x2x3x1; x=2x1:2 table=2x2x3~101000100110; "
             "x=1x1:2 table=1x3x2~100001; x=2x1:2 table=2x3x2",
    .shape = embed_shape,
    .groups = site_embed_groups,
    .read_runs = armc_weight_reads,
    .vjp = site_embed_vjp,
    .rows_in = "rs",
    .rows_out = 'r',
    .rows = embed_rows,
    .part = embed_part,
};

ARMC_OP(site_embed_dw) = {
    .name = "site_embed_dw",
    .doc = "Gradient of site_embed with respect to the tables.",
    .sig = "x[*s,1] dy[*s,n] table[*s,k,n] -> table",
    .flags = ARMC_OP_INTERNAL,
    .rows_in = "rrs",
    .rows_out = 'S',
    .rows = embed_dw_rows,
};
