/* Running sums over sites, and sums over features, sites and examples. */
#include "runtime/ops/family.h"

#include <string.h>

/* --- running sums: y[i] = sum of x[j] over j before i (after i), in rank order --- */

/* The state is the sum so far; the result is the state before this site is added. */
static void running_rows(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++)
        memcpy(rows->out + r * rows->out_step, rows->state + r * rows->state_step,
               (size_t)rows->out_width * sizeof(ArmcReal));
}

static void running_advance(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++)
        rows->k->add(rows->out_width, rows->state + r * rows->state_step,
                     rows->in[0] + r * rows->in_step[0], rows->next + r * rows->state_step);
}

#define RUNNING_FIELDS                                                                             \
    .flags = ARMC_OP_BY_FEATURE, .shape = armc_infer_order, .reads = read_neighbour,               \
    .rows_in = "r", .rows_out = 'r', .rows = running_rows, .advance = running_advance,             \
    .shows_state = true, .adds_to_state = true

static void read_neighbour(const ArmcNode *node, int64_t site, int group, ArmcRead read,
                           void *context)
{
    int64_t sites = armc_shape_sites(node->out[0]->shape),
            rank = armc_order_rank(node->order, site) - node->op->order;
    if (rank < 0 || rank >= sites)
        return;
    int64_t from = armc_order_at(node->order, rank);
    read(context, -1, from, group);
    read(context, 0, from, group);
}

/* The gradient is the sum in the other direction, by the same order. */
static void running_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy, const char *back)
{
    ArmcValue *d = ARMC_GRAD(grad, node, back, NULL, dy);
    d->node->order = node->order;
    armc_grad_add(grad, node->in[0], d);
}

static void sum_before_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    running_vjp(grad, node, dy, "sum_after");
}

ARMC_OP(sum_before) = {
    .name = "sum_before",
    .doc = "At each site the sum over the sites before it, in the variables' order; zero at the "
           "first.",
    .sig = "x -> x",
    .probe = "x=4x3; x=2x2x1; x=1x5",
    .groups = armc_same_groups,
    .order = +1,
    .vjp = sum_before_vjp,
    RUNNING_FIELDS,
};

/* --- the same, not from zero: sum_before(x) + start --- */

static void sum_from_begin(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++)
        memcpy(rows->state + r * rows->state_step, rows->in[1],
               (size_t)rows->out_width * sizeof(ArmcReal));
}

static void sum_from_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    sum_before_vjp(grad, node, dy);
    armc_grad_add(grad, node->in[1], dy);
}

ARMC_OP(sum_from) = {
    .name = "sum_from",
    .doc = "sum_before with a start: a bias that is added at every site costs nothing.",
    .sig = "x[*s,n] start[n] -> x",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_BY_FEATURE,
    .probe = "x=4x3 start=3; x=2x2x1 start=1",
    .groups = armc_same_groups,
    .order = +1,
    .vjp = sum_from_vjp,
    .rows_in = "rw",
    .rows_out = 'r',
    .reads = read_neighbour,
    .rows = running_rows,
    .begin = sum_from_begin,
    .advance = running_advance,
    .shows_state = true,
    .adds_to_state = true,
};

static void sum_after_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    running_vjp(grad, node, dy, "sum_before");
}

ARMC_OP(sum_after) = {
    .name = "sum_after",
    .doc = "At each site the sum over the sites after it, in the variables' order; zero at the "
           "last.",
    .sig = "x -> x",
    .probe = "x=4x3; x=2x2x1; x=1x5",
    .groups = armc_same_groups,
    .order = -1,
    .vjp = sum_after_vjp,
    RUNNING_FIELDS,
};

/* --- over features: y = sum of a row --- */

static void sum_features_rows(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++)
        rows->out[r * rows->out_step] =
            rows->k->sum(rows->in_width[0], rows->in[0] + r * rows->in_step[0]);
}

static bool single_feature(ArmcInfer *infer)
{
    ArmcShape shape = infer->node->in[0]->shape;
    if (shape.rank == 0)
        shape.rank = 1;
    shape.dims[shape.rank - 1] = 1;
    infer->node->out[0]->shape = shape;
    return true;
}

/* The gradient of a sum is dy at every entry: the product with ones of x's shape stretches it. */
static void stretch_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "stretch", NULL, dy, node->in[0]));
}

ARMC_OP(sum_features) = {
    .name = "sum_features",
    .doc = "At each site the sum of its features.",
    .sig = "x -> ?",
    .probe = "x=3x5; x=2x2x17",
    .shape = single_feature,
    .vjp = stretch_vjp,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = sum_features_rows,
};

/* --- over sites: y[f] = sum over s of x[s,f] --- */

static bool single_site(ArmcInfer *infer)
{
    ArmcShape in = infer->node->in[0]->shape, shape = {.rank = in.rank};
    for (int i = 0; i < in.rank; i++)
        shape.dims[i] = i + 1 < in.rank ? 1 : in.dims[i];
    infer->node->out[0]->shape = shape;
    return true;
}

static int64_t per_example_tasks(const ArmcCall *call)
{
    return call->node->out[0]->batched ? call->batch : 1;
}

static void sum_sites_forward(const ArmcCall *call, int64_t task)
{
    ArmcShape shape = call->node->in[0]->shape;
    int64_t sites = armc_shape_sites(shape), width = armc_shape_features(shape);
    const ArmcReal *x = call->in[0] + task * sites * width;
    ArmcReal *y = call->out[0] + task * width;
    memset(y, 0, (size_t)width * sizeof *y);
    for (int64_t s = 0; s < sites; s++)
        call->k->add(width, y, x + s * width, y);
}

/* The same sums, from the first site to the last. */
static void sum_sites_at(const ArmcAt *at)
{
    int64_t width = at->part->end - at->part->begin;
    for (int64_t s = 0; s < armc_shape_sites(at->node->in[0]->shape); s++) {
        int64_t step;
        const ArmcReal *x = at->row(at->context, 0, s, &step);
        for (int64_t r = 0; r < at->n; r++) {
            ArmcReal *y = at->out + r * at->out_step + at->part->begin;
            if (s == 0)
                memset(y, 0, (size_t)width * sizeof *y);
            at->k->add(width, y, x + r * step + at->part->begin, y);
        }
    }
}

static void read_all_sites(const ArmcNode *node, int64_t site, int group, ArmcRead read,
                           void *context)
{
    (void)site;
    for (int64_t s = 0; s < armc_shape_sites(node->in[0]->shape); s++)
        read(context, 0, s, group);
}

ARMC_OP(sum_sites) = {
    .name = "sum_sites",
    .doc = "For each feature the sum over all sites.",
    .sig = "x -> ?",
    .probe = "x=3x5; x=2x2x4",
    .shape = single_site,
    .groups = armc_same_groups,
    .reads = read_all_sites,
    .vjp = stretch_vjp,
    .tasks = per_example_tasks,
    .forward = sum_sites_forward,
    .at = sum_sites_at,
};

/* --- the way back: y stretched to the shape of x --- */

static void stretch_rows(const ArmcRows *rows)
{
    int64_t width = rows->out_width;
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *from = rows->in[0] + r * rows->in_step[0];
        if (rows->in_width[0] == width)
            memcpy(rows->out + r * rows->out_step, from, (size_t)width * sizeof(ArmcReal));
        else
            rows->k->fill(width, *from, rows->out + r * rows->out_step);
    }
}

static bool stretch_shape(ArmcInfer *infer)
{
    infer->node->out[0]->shape = infer->node->in[1]->shape;
    infer->node->out[0]->batched = infer->node->in[1]->batched;
    return true;
}

static void stretched_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], dy);
}

ARMC_OP(stretch) = {
    .name = "stretch",
    .doc = "y stretched to the shape of x.",
    .sig = "y x -> ?",
    .flags = ARMC_OP_INTERNAL,
    .shape = stretch_shape,
    .vjp = stretched_vjp,
    .rows_in = "rr",
    .rows_out = 'r',
    .rows = stretch_rows,
};

static bool like_first(ArmcInfer *infer)
{
    infer->node->out[0]->shape = infer->node->in[0]->shape;
    return true;
}

ARMC_OP(spread) = {
    .name = "spread",
    .doc = "What is the same for all examples, once for each example that `batch` has.",
    .sig = "x batch -> ?",
    .flags = ARMC_OP_INTERNAL,
    .shape = like_first,
    .rows_in = "rr",
    .rows_out = 'r',
    .rows = stretch_rows,
};

/* --- over examples --- */

static void sum_rows_rows(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++)
        rows->k->add(rows->in_width[0], rows->out, rows->in[0] + r * rows->in_step[0], rows->out);
}

ARMC_OP(sum_rows) = {
    .name = "sum_rows",
    .doc =
        "For each feature the sum over examples and sites: the gradient of what all sites share.",
    .sig = "x[*s,f] -> [f]",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_ADDITIVE,
    .rows_in = "r",
    .rows_out = 'W',
    .rows = sum_rows_rows,
};

ARMC_OP(sum_batch) = {
    .name = "sum_batch",
    .doc = "Each entry summed over the examples: the gradient of what all examples share.",
    .sig = "x -> x",
    .flags = ARMC_OP_INTERNAL,
    .rows_in = "r",
    .rows_out = 'S',
    .rows = sum_rows_rows,
};
