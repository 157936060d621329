/* From levels (whole numbers of the data) to real numbers; dropout. */
#include "runtime/ops/family.h"

#include <string.h>

#include "runtime/base/rng.h"
#include "runtime/graph/reads.h"

static bool needs_levels(ArmcInfer *infer)
{
    if (infer->node->in[0]->levels)
        return true;
    ArmcDiag *diag = armc_infer_error(
        infer, "`%s` reads levels, whole numbers from the data; these values are real numbers",
        infer->node->op->name);
    armc_diag_help(diag, "give it the model's input itself, before any arithmetic");
    return false;
}

static void scale_rows(const ArmcRows *rows)
{
    ArmcReal factor = ARMC_R(1) / ARMC_R(rows->node->in[0]->levels - 1);
    for (int64_t r = 0; rows->out_width == 1 && r < rows->n; r++)
        rows->out[r * rows->out_step] = factor * rows->in[0][r * rows->in_step[0]];
    for (int64_t r = 0; rows->out_width > 1 && r < rows->n; r++)
        rows->k->scale(rows->out_width, factor, rows->in[0] + r * rows->in_step[0],
                       rows->out + r * rows->out_step);
}

/* Two levels are what they are scaled to. */
static ArmcValue *scale_fuse(ArmcGraph *graph, const ArmcNode *node)
{
    (void)graph;
    return node->in[0]->levels == 2 ? node->in[0] : NULL;
}

static void scale_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcAttr factor = {.given = true, .r = 1.0 / (node->in[0]->levels - 1)};
    if (armc_grad_wants(grad, node->in[0]))
        armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "times", &factor, dy));
}

ARMC_OP(scale) = {
    .name = "scale",
    .doc = "Levels 0..K-1 as numbers from 0 to 1.",
    .sig = "x -> x",
    .flags = ARMC_OP_ELEMENTWISE,
    .probe = "x=3x2:5; x=2x2x1:2",
    .shape = needs_levels,
    .groups = armc_same_groups,
    .vjp = scale_vjp,
    .fuse = scale_fuse,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = scale_rows,
};

static bool one_hot_shape(ArmcInfer *infer)
{
    if (!needs_levels(infer))
        return false;
    ArmcShape shape = infer->node->in[0]->shape;
    if (shape.rank == 0)
        shape = armc_shape_make(1, (int64_t[]){1});
    shape.dims[shape.rank - 1] *= infer->node->in[0]->levels;
    infer->node->out[0]->shape = shape;
    return true;
}

/* K features for each channel, in the channel's group. */
static void one_hot_groups(ArmcInfer *infer)
{
    const ArmcValue *x = infer->node->in[0];
    int64_t features = armc_shape_features(infer->node->out[0]->shape);
    if (x->groups.count == 1)
        return;
    int32_t *of = ARMC_NEW_ARRAY(infer->graph->arena, int32_t, features);
    int64_t *first = ARMC_NEW_ARRAY(infer->graph->arena, int64_t, x->groups.count);
    for (int64_t f = 0; f < features; f++)
        of[f] = armc_group_of(x, f / x->levels);
    for (int g = 0; g < x->groups.count; g++)
        first[g] = armc_group_first(x, g) * x->levels;
    infer->node->out[0]->groups = (ArmcGroups){x->groups.count, features, of, first};
}

/* A part holds all the features of its channels. */
static void one_hot_part(const ArmcRows *rows, const ArmcPart *part)
{
    int64_t levels = rows->node->in[0]->levels;
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *x = rows->in[0] + r * rows->in_step[0];
        ArmcReal *y = rows->out + r * rows->out_step;
        memset(y + part->begin, 0, (size_t)(part->end - part->begin) * sizeof *y);
        for (int64_t c = part->begin / levels; c < part->end / levels; c++)
            y[c * levels + (int64_t)x[c]] = 1;
    }
}

static void one_hot_rows(const ArmcRows *rows)
{
    one_hot_part(rows, &(ArmcPart){.end = rows->out_width});
}

static ArmcValue *reshaped(ArmcGrad *grad, const ArmcNode *node, ArmcValue *d, ArmcShape shape)
{
    int64_t *dims = ARMC_NEW_ARRAY(armc_grad_graph(grad)->arena, int64_t, shape.rank + 1);
    memcpy(dims, shape.dims, (size_t)shape.rank * sizeof *dims);
    ArmcAttr attr = {.given = true, .count = shape.rank, .ints = dims};
    return ARMC_GRAD(grad, node, "reshape", &attr, d);
}

/* A level is no real number: its derivative is taken at the one-hot vector and summed over the
 * levels. dx[c] = sum over k of dy[c,k] */
static void one_hot_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *x = node->in[0];
    if (!armc_grad_wants(grad, x))
        return;
    ArmcShape rows = armc_shape_make(2, (int64_t[]){armc_shape_size(x->shape), x->levels});
    ArmcValue *sum = ARMC_GRAD(grad, node, "sum_features", NULL, reshaped(grad, node, dy, rows));
    armc_grad_add(grad, x, reshaped(grad, node, sum, x->shape));
}

ARMC_OP(one_hot) = {
    .name = "one_hot",
    .doc = "K features for each channel: 1 at its level, 0 elsewhere.",
    .sig = "x -> ?",
    .probe = "x=3x2:5; x=2x2x1:2",
    .shape = one_hot_shape,
    .groups = one_hot_groups,
    .reads = armc_same_reads,
    .vjp = one_hot_vjp,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = one_hot_rows,
    .part = one_hot_part,
};

/* --- dropout --- */

enum { RATE, KEY };

/* Keeps an entry with probability 1 - rate and scales it up. A draw is keyed by seed, epoch, the
 * example's index in the data, the dropout's own key and the entry; four entries share a block of
 * random words. */
static void dropout_rows(const ArmcRows *rows)
{
    double rate = rows->node->attr[RATE].r;
    uint32_t limit = (uint32_t)(rate * 4294967296.0), words[4];
    ArmcReal up = ARMC_R(1 / (1 - rate));
    uint64_t a = rows->info->epoch << 20 ^ (uint64_t)rows->node->attr[KEY].i;
    for (int64_t r = 0; r < rows->n; r++) {
        int64_t example, site, width = rows->out_width;
        armc_rows_locate(rows, r, &example, &site);
        uint64_t index =
            rows->info->example ? (uint64_t)rows->info->example[example] : (uint64_t)example;
        uint64_t blocks = (uint64_t)(width + 3) / 4;
        const ArmcReal *x = rows->in[0] + r * rows->in_step[0];
        ArmcReal *y = rows->out + r * rows->out_step;
        for (int64_t f = 0; f < width; f++) {
            if (f % 4 == 0)
                armc_rng_words(rows->info->seed, ARMC_RNG_DROPOUT, a,
                               (index * (uint64_t)rows->sites + (uint64_t)site) * blocks +
                                   (uint64_t)f / 4,
                               words);
            y[f] = words[f % 4] < limit ? 0 : x[f] * up;
        }
    }
}

/* Each use has a key of its own: its place in the model. */
static bool dropout_shape(ArmcInfer *infer)
{
    if (!infer->node->attr[KEY].given)
        infer->node->attr[KEY] = (ArmcAttr){.given = true, .i = (int64_t)infer->graph->node_count};
    return true;
}

static void dropout_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "dropout", node->attr, dy));
}

static const ArmcSpec dropout_attrs[] = {
    {.name = "rate",
     .kind = ARMC_SPEC_REAL,
     .preset = "0.5",
     .low = 0,
     .high = 0.99,
     .doc = "the share of entries that become zero"},
    {.name = "key",
     .kind = ARMC_SPEC_INT,
     .preset = "",
     .doc = "tells draws of several dropouts apart; by default its place in the model"},
    {0}};

ARMC_OP(dropout) = {
    .name = "dropout",
    .doc = "In training sets a share of the entries to zero and scales the others up; otherwise "
           "changes nothing.",
    .sig = "x -> x",
    .flags = ARMC_OP_TRAIN_ONLY,
    .attrs = dropout_attrs,
    .probe = "x=3x5 | rate=0.5",
    .shape = dropout_shape,
    .groups = armc_same_groups,
    .reads = armc_same_reads,
    .vjp = dropout_vjp,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = dropout_rows,
};
