/* Features of a site brought to mean 0 and variance 1: layer normalisation (Ba et al., 2016)
 * without gain and offset. */
#include <inttypes.h>

#include "runtime/graph/groups.h"
#include "runtime/graph/reads.h"
#include "runtime/ops/sets.h"
#include "runtime/ops/weight_reads.h"

enum { WORD = 64 };

/* --- arithmetic --- */

static ArmcReal mean_of(const ArmcKernels *k, const ArmcSet *set, const ArmcReal *x)
{
    ArmcReal sum = 0;
    for (int64_t begin = 0, end = 0; armc_set_next_run(set, &begin, &end);)
        sum += k->sum(end - begin, x + begin);
    return sum / (ArmcReal)set->count;
}

static ArmcReal mean_product(const ArmcKernels *k, const ArmcSet *set, const ArmcReal *a,
                             const ArmcReal *b)
{
    ArmcReal sum = 0;
    for (int64_t begin = 0, end = 0; armc_set_next_run(set, &begin, &end);)
        sum += k->dot(end - begin, a + begin, b + begin);
    return sum / (ArmcReal)set->count;
}

/* y = x - mean of x; returns 1 / sqrt(mean of y² + eps). */
static ArmcReal centre(const ArmcRows *rows, const ArmcSet *set, const ArmcReal *x, ArmcReal *y)
{
    ArmcReal mean = mean_of(rows->k, set, x);
    for (int64_t begin = 0, end = 0; armc_set_next_run(set, &begin, &end);)
        for (int64_t i = begin; i < end; i++)
            y[i] = x[i] - mean;
    ArmcReal deviation = mean_product(rows->k, set, y, y) + (ArmcReal)rows->node->attr[1].r;
    rows->k->sqrt(1, &deviation, &deviation);
    return 1 / deviation;
}

static void scale_set(const ArmcKernels *k, const ArmcSet *set, ArmcReal factor, ArmcReal *y)
{
    for (int64_t begin = 0, end = 0; armc_set_next_run(set, &begin, &end);)
        k->scale(end - begin, factor, y + begin, y + begin);
}

/* The rows of a whole set. */
static ArmcNormRows norm_rows(const ArmcRows *rows, const ArmcSet *set)
{
    return (ArmcNormRows){.rows = rows->n,
                          .n = set->count,
                          .eps = (ArmcReal)rows->node->attr[1].r,
                          .x = rows->in[0] + set->begin,
                          .x_step = rows->in_step[0]};
}

/* y = (x - mean of x) / sqrt(variance of x + eps) */
static void normalise_set(const ArmcRows *rows, const ArmcSet *set)
{
    if (set->whole) {
        const ArmcNormRows norm = norm_rows(rows, set);
        rows->k->norm(&norm, rows->out + set->begin, rows->out_step);
        return;
    }
    for (int64_t r = 0; r < rows->n; r++) {
        ArmcReal *y = rows->out + r * rows->out_step;
        scale_set(rows->k, set, centre(rows, set, rows->in[0] + r * rows->in_step[0], y), y);
    }
}

static void normalise_rows(const ArmcRows *rows)
{
    ArmcSet set;
    for (int64_t f = 0; armc_set_next(rows->node, rows->out_width, &set, &f);)
        normalise_set(rows, &set);
}

static bool meets(const ArmcSet *set, const ArmcPart *part)
{
    for (int64_t begin = 0, end = 0; armc_set_next_run(set, &begin, &end);)
        if (begin < part->end && end > part->begin)
            return true;
    return false;
}

/* A set as a whole where the part has some of it: the rest is of the same group, so it is ready at
 * the same time, and gets the same bits whenever it is computed. */
static void normalise_part(const ArmcRows *rows, const ArmcPart *part)
{
    ArmcSet set;
    for (int64_t f = 0; armc_set_next(rows->node, rows->out_width, &set, &f);)
        if (meets(&set, part))
            normalise_set(rows, &set);
}

/* --- what it depends on --- */

/* Features that are alone in their set are 0, whatever x is. */
static bool reads_group(const ArmcValue *x, const ArmcSet *set, int group)
{
    for (int64_t begin = 0, end = 0; set->count > 1 && armc_set_next_run(set, &begin, &end);)
        for (int64_t i = begin; i < end; i++)
            if (armc_group_of(x, i) == group)
                return true;
    return false;
}

/* Parts features by whether their set reads one group of x. */
static void split_by_group(ArmcGrouping *g, const ArmcNode *node, int group)
{
    ArmcSet set;
    for (int64_t f = 0; armc_set_next(node, g->features, &set, &f);) {
        bool is_read = reads_group(node->in[0], &set, group);
        for (int64_t begin = 0, end = 0; armc_set_next_run(&set, &begin, &end);)
            for (int64_t i = begin; i < end; i++)
                g->key[i] = is_read;
    }
    armc_grouping_split(g);
}

static const ArmcGroupReads *group_reads(ArmcArena *arena, const ArmcNode *node)
{
    const ArmcValue *x = node->in[0], *y = node->out[0];
    int words = (x->groups.count + WORD - 1) / WORD;
    uint64_t *bits = ARMC_NEW_ARRAY(arena, uint64_t, (int64_t)y->groups.count * words);
    for (int g = 0; g < y->groups.count; g++) {
        ArmcSet set = armc_set_from(armc_sets_of(node), armc_group_first(y, g),
                                    armc_shape_features(y->shape));
        for (int from = 0; from < x->groups.count; from++)
            if (reads_group(x, &set, from))
                bits[g * words + from / WORD] |= UINT64_C(1) << from % WORD;
    }
    ArmcGroupReads *reads = ARMC_NEW(arena, ArmcGroupReads);
    *reads = (ArmcGroupReads){1, words, bits};
    return reads;
}

/* Features whose sets read the same groups of x are a group. */
static void normalise_groups(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcGrouping g;
    if (!node->out[0]->batched)
        return;
    armc_grouping_begin(&g, infer->graph->arena, armc_shape_features(node->out[0]->shape));
    for (int group = 0; group < node->in[0]->groups.count; group++)
        split_by_group(&g, node, group);
    node->out[0]->groups = armc_grouping_end(&g);
    node->group_reads = group_reads(infer->graph->arena, node);
}

static bool normalise_shape(ArmcInfer *infer)
{
    const ArmcAttr *sets = &infer->node->attr[0];
    int64_t features = armc_shape_features(infer->node->in[0]->shape);
    if (sets->count == 0 || sets->count == features)
        return true;
    armc_infer_error(infer, "`sets` names the sets of %d feature%s, x has %" PRId64, sets->count,
                     sets->count == 1 ? "" : "s", features);
    return false;
}

/* --- the op and its gradient --- */

static void normalise_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0],
                  ARMC_GRAD(grad, node, "normalise_dx", node->attr, node->in[0], dy));
}

static const ArmcSpec normalise_attrs[] = {
    {.name = "sets",
     .kind = ARMC_SPEC_INTS,
     .preset = "[]",
     .doc = "of each feature the number of its set, as an array; []: all are one"},
    {.name = "eps",
     .kind = ARMC_SPEC_REAL,
     .preset = "1e-5",
     .low = 1e-12,
     .high = 1,
     .doc = "added to the variance"},
    {.kind = ARMC_SPEC_END},
};

ARMC_OP(normalise) = {
    .name = "normalise",
    .doc = "At each site the features of a set, brought to mean 0 and variance 1.",
    .sig = "x -> x",
    .attrs = normalise_attrs,
    .probe = "x=3x4; x=2x2x17; x=2x1; x=2x6 | sets=0x0x0x1x1x1; x=3x5 | sets=4x2x4x4x2; "
             "x=2x4 | sets=0x1x1x2; x=3x4 | eps=0.5",
    .shape = normalise_shape,
    .groups = normalise_groups,
    .read_runs = armc_weight_reads,
    .vjp = normalise_vjp,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = normalise_rows,
    .part = normalise_part,
};

/* dx = (dy - mean of dy - y mean of (y dy)) / sqrt(variance of x + eps), y the op's result */
static void normalise_dx_row(const ArmcRows *rows, const ArmcSet *set, int64_t r)
{
    const ArmcKernels *k = rows->k;
    const ArmcReal *dy = rows->in[1] + r * rows->in_step[1];
    ArmcReal *dx = rows->out + r * rows->out_step;
    ArmcReal factor = centre(rows, set, rows->in[0] + r * rows->in_step[0], dx);
    scale_set(k, set, factor, dx);
    ArmcReal along = mean_product(k, set, dx, dy), mean = mean_of(k, set, dy);
    for (int64_t begin = 0, end = 0; armc_set_next_run(set, &begin, &end);) {
        k->scale(end - begin, -along, dx + begin, dx + begin);
        for (int64_t i = begin; i < end; i++)
            dx[i] += dy[i] - mean;
    }
    scale_set(k, set, factor, dx);
}

static void normalise_dx_set(const ArmcRows *rows, const ArmcSet *set)
{
    if (set->whole) {
        ArmcNormRows norm = norm_rows(rows, set);
        norm.dy = rows->in[1] + set->begin;
        norm.dy_step = rows->in_step[1];
        rows->k->norm_dx(&norm, rows->out + set->begin, rows->out_step);
        return;
    }
    for (int64_t r = 0; r < rows->n; r++)
        normalise_dx_row(rows, set, r);
}

static void normalise_dx_rows(const ArmcRows *rows)
{
    ArmcSet set;
    for (int64_t f = 0; armc_set_next(rows->node, rows->out_width, &set, &f);)
        normalise_dx_set(rows, &set);
}

ARMC_OP(normalise_dx) = {
    .name = "normalise_dx",
    .doc = "Gradient of normalise.",
    .sig = "x[*s,n] dy[*s,n] -> x",
    .attrs = normalise_attrs,
    .flags = ARMC_OP_INTERNAL,
    .rows_in = "rr",
    .rows_out = 'r',
    .rows = normalise_dx_rows,
};
