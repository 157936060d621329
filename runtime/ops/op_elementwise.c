/* Elementwise ops: one row each. A row's arithmetic is a kernel; its derivative is written in other
 * ops. */
#include "runtime/ops/affine.h"
#include "runtime/ops/conv.h"
#include "runtime/ops/family.h"

/* Structural zeros of a product: where either factor has one. */
static void product_mask(ArmcInfer *infer)
{
    const ArmcValue *a = infer->node->in[0], *b = infer->node->in[1];
    if (!a->mask && !b->mask)
        return;
    ArmcShape shape = infer->node->out[0]->shape;
    int64_t size = armc_shape_size(shape), features = armc_shape_features(shape);
    uint8_t *mask = ARMC_NEW_ARRAY(infer->graph->arena, uint8_t, size);
    for (int64_t i = 0; i < size; i++)
        mask[i] = armc_entry_is_live(a, i / features, i % features) &&
                  armc_entry_is_live(b, i / features, i % features);
    infer->node->out[0]->mask = mask;
}

#define BINARY_ROWS(name, kernel)                                                                  \
    static void name##_rows(const ArmcRows *rows)                                                  \
    {                                                                                              \
        armc_binary_rows(rows, rows->k->kernel);                                                   \
    }
#define UNARY_ROWS(name, kernel)                                                                   \
    static void name##_rows(const ArmcRows *rows)                                                  \
    {                                                                                              \
        armc_unary_rows(rows, rows->k->kernel);                                                    \
    }
#define BINARY_WORLDS "a=3x2 b=3x2; a=3x2 b*=2; a=2x3x2 b=2x1x1; a=3x4 b*=3x4; a=1x4 b=3x1"
#define BINARY_ROW(op_name)                                                                        \
    .name = #op_name, .sig = "a b -> broadcast", .flags = ARMC_OP_ELEMENTWISE | ARMC_OP_CHEAP,     \
    .rows_in = "rr", .rows_out = 'r', .rows = op_name##_rows, .vjp = op_name##_vjp
#define BINARY_FIELDS(op_name)                                                                     \
    BINARY_ROW(op_name), .groups = armc_elementwise_groups, .probe = BINARY_WORLDS
#define UNARY_PROBED(op_name, worlds)                                                              \
    .name = #op_name, .sig = "x -> x", .flags = ARMC_OP_ELEMENTWISE, .groups = armc_same_groups,   \
    .rows_in = "r", .rows_out = 'r', .rows = op_name##_rows, .vjp = op_name##_vjp, .probe = worlds
#define UNARY_FIELDS(op_name) UNARY_PROBED(op_name, "x=3x2; x=2x2x5")

/* --- two inputs --- */

BINARY_ROWS(add, add)
static void add_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], dy);
    armc_grad_add(grad, node->in[1], dy);
}
/* sum_before(x) + start, start [n]: one running sum that begins at start. */
static ArmcValue *sum_from(ArmcGraph *graph, const ArmcNode *node)
{
    for (int i = 0; i < 2; i++) {
        ArmcValue *sum = node->in[i], *start = node->in[1 - i];
        if (sum->node->op != armc_op_get("sum_before") || start->batched ||
            start->shape.rank != 1 || start->shape.dims[0] != armc_shape_features(sum->shape))
            continue;
        ArmcValue *fused =
            armc_graph_append(graph, armc_op_get("sum_from"), 2,
                              (ArmcValue *[]){sum->node->in[0], start}, NULL, node->origin);
        fused->node->order = sum->node->order;
        return fused;
    }
    return NULL;
}
static ArmcValue *add_fuse(ArmcGraph *graph, const ArmcNode *node)
{
    ArmcValue *fused = sum_from(graph, node);
    fused = fused ? fused : armc_affine_from_add(graph, node);
    return fused ? fused : armc_conv_from_add(graph, node);
}
ARMC_OP(add) = {BINARY_FIELDS(add), .fuse = add_fuse,
                .doc = "a + b, entry by entry; dimensions of size 1 stretch."};

BINARY_ROWS(sub, sub)
static void sub_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], dy);
    if (armc_grad_wants(grad, node->in[1]))
        armc_grad_add(grad, node->in[1], ARMC_GRAD(grad, node, "neg", NULL, dy));
}
ARMC_OP(sub) = {BINARY_FIELDS(sub), .doc = "a - b, entry by entry; dimensions of size 1 stretch."};

BINARY_ROWS(mul, mul)
static void mul_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    for (int i = 0; i < 2; i++)
        if (armc_grad_wants(grad, node->in[i]))
            armc_grad_add(grad, node->in[i],
                          ARMC_GRAD(grad, node, "mul", NULL, dy, node->in[1 - i]));
}
ARMC_OP(mul) = {BINARY_ROW(mul),
                .groups = armc_product_groups,
                .reads = armc_product_reads,
                .mask = product_mask,
                .probe = BINARY_WORLDS
                "; a=3x4 b*=3x4~101101110001; a*=3~010 b=2x3; a=2x4 b*=2x1~10",
                .doc = "a * b, entry by entry; dimensions of size 1 stretch."};

BINARY_ROWS(div, div)
static void div_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *da = ARMC_GRAD(grad, node, "div", NULL, dy, node->in[1]);
    armc_grad_add(grad, node->in[0], da);
    if (armc_grad_wants(grad, node->in[1])) {
        ArmcValue *db = ARMC_GRAD(grad, node, "mul", NULL, da, node->out[0]);
        armc_grad_add(grad, node->in[1], ARMC_GRAD(grad, node, "neg", NULL, db));
    }
}
ARMC_OP(div) = {BINARY_FIELDS(div), .doc = "a / b, entry by entry; dimensions of size 1 stretch."};

static void at_least(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] >= b[i] ? ARMC_R(1) : ARMC_R(0);
}
static void at_least_rows(const ArmcRows *rows)
{
    armc_binary_rows(rows, at_least);
}
ARMC_OP(at_least) = {
    .name = "at_least",
    .doc = "1 where a >= b, else 0.",
    .sig = "a b -> broadcast",
    .flags = ARMC_OP_ELEMENTWISE,
    .probe = "a=3x2 b=3x2; a=3x2 b*=2",
    .groups = armc_elementwise_groups,
    .rows_in = "rr",
    .rows_out = 'r',
    .rows = at_least_rows,
};

/* The gradient goes to the one that was chosen; to `first` where they are equal. */
static void choose_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy, ArmcValue *chosen_if)
{
    ArmcValue *first = ARMC_GRAD(grad, node, "mul", NULL, dy, chosen_if);
    armc_grad_add(grad, node->in[0], first);
    if (armc_grad_wants(grad, node->in[1]))
        armc_grad_add(grad, node->in[1], ARMC_GRAD(grad, node, "sub", NULL, dy, first));
}

BINARY_ROWS(max, max)
static void max_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    choose_vjp(grad, node, dy, ARMC_GRAD(grad, node, "at_least", NULL, node->in[0], node->in[1]));
}
ARMC_OP(max) = {BINARY_FIELDS(max), .doc = "The larger of a and b, entry by entry."};

BINARY_ROWS(min, min)
static void min_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    choose_vjp(grad, node, dy, ARMC_GRAD(grad, node, "at_least", NULL, node->in[1], node->in[0]));
}
ARMC_OP(min) = {BINARY_FIELDS(min), .doc = "The smaller of a and b, entry by entry."};

/* --- one input --- */

/* y = factor x */
static void times_rows(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++)
        rows->k->scale(rows->out_width, ARMC_R(rows->node->attr[0].r),
                       rows->in[0] + r * rows->in_step[0], rows->out + r * rows->out_step);
}
static void times_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "times", node->attr, dy));
}
static const ArmcSpec times_attrs[] = {
    {.name = "factor", .kind = ARMC_SPEC_REAL, .doc = "the number to multiply by"}, {0}};
ARMC_OP(times) = {
    .name = "times",
    .doc = "x times a number.",
    .sig = "x -> x",
    .flags = ARMC_OP_ELEMENTWISE,
    .attrs = times_attrs,
    .probe = "x=3x2 | factor=-1.5",
    .groups = armc_same_groups,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = times_rows,
    .vjp = times_vjp,
};

static ArmcValue *times(ArmcGrad *grad, const ArmcNode *node, double factor, ArmcValue *x)
{
    ArmcAttr attr = {.given = true, .r = factor};
    return ARMC_GRAD(grad, node, "times", &attr, x);
}

static void negate(int64_t n, const ArmcReal *x, ArmcReal *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = -x[i];
}
static void neg_rows(const ArmcRows *rows)
{
    armc_unary_rows(rows, negate);
}
static void neg_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "neg", NULL, dy));
}
ARMC_OP(neg) = {UNARY_FIELDS(neg), .doc = "-x."};

UNARY_ROWS(exp, exp)
static void exp_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "mul", NULL, dy, node->out[0]));
}
ARMC_OP(exp) = {UNARY_FIELDS(exp), .doc = "e to the power x."};

UNARY_ROWS(log, log)
static void log_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "div", NULL, dy, node->in[0]));
}
ARMC_OP(log) = {UNARY_PROBED(log, "x=3x2:positive; x=2x2x5:positive"),
                .doc = "The natural logarithm of x."};

UNARY_ROWS(sqrt, sqrt)
static void sqrt_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *half = times(grad, node, 0.5, dy);
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "div", NULL, half, node->out[0]));
}
ARMC_OP(sqrt) = {UNARY_PROBED(sqrt, "x=3x2:positive; x=2x2x5:positive"),
                 .doc = "The square root of x."};

static void square_rows(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *x = rows->in[0] + r * rows->in_step[0];
        rows->k->mul(rows->out_width, x, x, rows->out + r * rows->out_step);
    }
}
static void square_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *twice = times(grad, node, 2, dy);
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "mul", NULL, twice, node->in[0]));
}
ARMC_OP(square) = {UNARY_FIELDS(square), .doc = "x times x."};

/* Gradients from the result are kernels of their own: (y, dy) -> dx. */
#define FROM_RESULT_FIELDS(op_name)                                                                \
    .name = #op_name, .doc = "Gradient from the result y and its gradient dy.",                    \
    .sig = "y dy -> broadcast", .flags = ARMC_OP_ELEMENTWISE | ARMC_OP_INTERNAL,                   \
    .groups = armc_elementwise_groups, .rows_in = "rr", .rows_out = 'r', .rows = op_name##_rows

#define WITH_GRADIENT_FROM_RESULT(name)                                                            \
    UNARY_ROWS(name, name)                                                                         \
    static void name##_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)                          \
    {                                                                                              \
        armc_grad_add(grad, node->in[0],                                                           \
                      ARMC_GRAD(grad, node, #name "_grad", NULL, node->out[0], dy));               \
    }

/* Of a hidden layer behind per-site outputs: the product in the same pass. */
static ArmcValue *sigmoid_grad_fuse(ArmcGraph *graph, const ArmcNode *node)
{
    const ArmcNode *dy = node->in[1]->node;
    if (dy->op != armc_op_get("site_matmul_dx") ||
        !armc_shape_equal(node->in[0]->shape, node->in[1]->shape))
        return NULL;
    return armc_graph_append(graph, armc_op_get("site_matmul_dx_sigmoid"), 3,
                             (ArmcValue *[]){node->in[0], dy->in[0], dy->in[1]}, NULL,
                             node->origin);
}
BINARY_ROWS(sigmoid_grad, sigmoid_grad)
ARMC_OP(sigmoid_grad) = {FROM_RESULT_FIELDS(sigmoid_grad), .fuse = sigmoid_grad_fuse};
WITH_GRADIENT_FROM_RESULT(sigmoid)
ARMC_OP(sigmoid) = {UNARY_FIELDS(sigmoid), .doc = "1 / (1 + exp(-x))."};

BINARY_ROWS(tanh_grad, tanh_grad)
ARMC_OP(tanh_grad) = {FROM_RESULT_FIELDS(tanh_grad)};
WITH_GRADIENT_FROM_RESULT(tanh)
ARMC_OP(tanh) = {UNARY_FIELDS(tanh), .doc = "The hyperbolic tangent of x."};

BINARY_ROWS(relu_grad, relu_grad)
ARMC_OP(relu_grad) = {FROM_RESULT_FIELDS(relu_grad)};
WITH_GRADIENT_FROM_RESULT(relu)
ARMC_OP(relu) = {UNARY_FIELDS(relu), .fuse = armc_affine_from_relu, .doc = "max(x, 0)."};

UNARY_ROWS(softplus, softplus)
static void softplus_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *slope = ARMC_GRAD(grad, node, "sigmoid", NULL, node->in[0]);
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "mul", NULL, dy, slope));
}
ARMC_OP(softplus) = {UNARY_FIELDS(softplus), .doc = "log(1 + exp(x))."};

/* x^n by repeated multiplication, in a fixed order. */
static void power_rows(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *x = rows->in[0] + r * rows->in_step[0];
        ArmcReal *y = rows->out + r * rows->out_step;
        for (int64_t f = 0; f < rows->out_width; f++) {
            ArmcReal product = 1;
            for (int64_t i = 0; i < rows->node->attr[0].i; i++)
                product *= x[f];
            y[f] = product;
        }
    }
}
static void power_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    if (node->attr[0].i == 0)
        return;
    ArmcAttr lower = {.given = true, .i = node->attr[0].i - 1, .r = (double)(node->attr[0].i - 1)};
    ArmcValue *slope = times(grad, node, (double)node->attr[0].i,
                             ARMC_GRAD(grad, node, "power", &lower, node->in[0]));
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "mul", NULL, dy, slope));
}
static const ArmcSpec power_attrs[] = {
    {.name = "exponent", .kind = ARMC_SPEC_INT, .low = 0, .high = 16, .doc = "a whole number"},
    {0}};
ARMC_OP(power) = {UNARY_PROBED(power, "x=3x2 | exponent=3; x=2x2 | exponent=1"),
                  .attrs = power_attrs, .doc = "x to the power of a whole number."};
