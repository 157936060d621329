/* Convolutions over pictures and sequences, features last; see conv.h. */
#include "runtime/ops/conv.h"

/* --- the way back --- */

/* The weight of the data gradient: in each group inputs and filters change places; taps stand in
 * the order in which they are gathered. */
static ArmcValue *turned(ArmcGrad *grad, ArmcNode *node)
{
    const ArmcConv *conv = node->plan;
    ArmcAttr attr[] = {{.given = true, .i = conv->groups}, {.given = true, .i = !conv->mirrored}};
    return ARMC_GRAD(grad, node, "conv2d_turned", attr, node->in[1]);
}

/* A convolution's data gradient is a transpose, and the other way round. */
static ArmcValue *data_gradient(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy, ArmcAttr *attr)
{
    const ArmcConv *conv = node->plan;
    const ArmcShape *x = &node->in[0]->shape;
    if (conv->mirrored)
        return ARMC_GRAD(grad, node, x->rank == 2 ? "conv1d" : "conv2d", attr, dy,
                         turned(grad, node));
    attr[ARMC_CONV_SIZE] = (ArmcAttr){.given = true, .count = x->rank - 1, .ints = x->dims};
    return ARMC_GRAD(grad, node, "conv2d_dx", attr, dy, turned(grad, node));
}

static void conv_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcAttr *attr = armc_conv_plain_attrs(armc_grad_graph(grad), node);
    if (armc_grad_wants(grad, node->in[1]))
        armc_grad_add(grad, node->in[1],
                      ARMC_GRAD(grad, node, "conv2d_dw", attr, node->in[0], dy, node->in[1]));
    if (armc_grad_wants(grad, node->in[0]))
        armc_grad_add(grad, node->in[0], data_gradient(grad, node, dy, attr));
}

/* --- the rows --- */

/* With all that the sampler asks of a row. */
#define CONV_FIELDS                                                                                \
    .groups = armc_conv_groups, .reads = armc_conv_reads, .live = armc_conv_live,                  \
    .at = armc_conv_at, .tasks = armc_conv_tasks, .forward = armc_conv_forward,                    \
    .cost = armc_conv_cost, .fuse = armc_conv_fuse

ARMC_OP(conv2d) = {
    .name = "conv2d",
    .doc = "A convolution of a picture: y[i,j,n] = sum over taps (k,l) and channels m of "
           "x[i stride + k dilation - top, j stride + l dilation - left, m] weight[k,l,m,n], zeros "
           "outside. With groups filter n meets the channels of its own group.",
    .sig = "x[h,w,c] weight[k,l,m,n] -> [y,z,n]",
    .attrs = armc_conv_attrs,
    .probe = "x=3x4x2 weight*=3x3x2x3; x=5x4x1 weight*=2x3x1x2 | stride=2; "
             "x=4x5x4 weight*=3x2x2x4 | groups=2 dilation=[1,2] pad=[1,0,2,1]; "
             "x=2x3x2 weight*=3x5x2x1; x=5x5x1 weight*=3x2x1x2 | pad=valid stride=[1,2]; "
             "x=3x3x2 weight=3x3x2x2~111111111111111111110000000000000000; "
             "x=2x3x2 weight=1x3x2x4~111111110001001100000000; "
             "x=3x2x3 weight=2x2x3x2~101100011101011010001011",
    .shape = armc_conv_shape,
    .vjp = conv_vjp,
    CONV_FIELDS,
};

ARMC_OP(conv1d) = {
    .name = "conv1d",
    .doc = "A convolution of a sequence: y[i,n] = sum over taps k and channels m of "
           "x[i stride + k dilation - before, m] weight[k,m,n], zeros outside.",
    .sig = "x[t,c] weight[k,m,n] -> [s,n]",
    .attrs = armc_conv_attrs,
    .probe = "x=5x2 weight*=3x2x3; x=7x4 weight*=2x2x4 | groups=2 stride=2 dilation=2 pad=[2,1]; "
             "x=4x2 weight=3x2x2~111111100000",
    .shape = armc_conv_shape,
    .vjp = conv_vjp,
    CONV_FIELDS,
};

ARMC_OP(conv2d_transposed) = {
    .name = "conv2d_transposed",
    .doc = "The transpose of a strided convolution: x[i,j,m] weight[k,l,m,n] is added to "
           "y[i stride + k dilation - top, j stride + l dilation - left, n]. With pad=same the "
           "result is `stride` times as large.",
    .sig = "x[h,w,c] weight[k,l,m,n] -> [y,z,n]",
    .attrs = armc_conv_transposed_attrs,
    .probe = "x=2x3x2 weight*=3x3x2x3; x=2x2x1 weight*=3x2x1x2 | stride=2; "
             "x=2x3x4 weight*=2x3x2x2 | groups=2 dilation=2 stride=[1,2] pad=[1,0,2,1]; "
             "x=2x2x2 weight=2x2x2x2~1110110100110100 | pad=valid stride=2 size=[5,4]; "
             "x=2x3x2 weight=2x2x2x2~1100110011001100 | pad=valid",
    .shape = armc_conv_transposed_shape,
    .vjp = conv_vjp,
    CONV_FIELDS,
};

ARMC_OP(conv1d_transposed) = {
    .name = "conv1d_transposed",
    .doc = "The transpose of a strided convolution of a sequence: x[i,m] weight[k,m,n] is added to "
           "y[i stride + k dilation - before, n]. With pad=same the result is `stride` times as "
           "long.",
    .sig = "x[t,c] weight[k,m,n] -> [s,n]",
    .attrs = armc_conv_transposed_attrs,
    .probe = "x=3x2 weight*=3x2x3; x=3x4 weight*=3x2x2 | groups=2 stride=2 pad=[1,1] size=6",
    .shape = armc_conv_transposed_shape,
    .vjp = conv_vjp,
    CONV_FIELDS,
};

ARMC_OP(conv2d_dx) = {
    .name = "conv2d_dx",
    .doc = "Gradient of a convolution with respect to x, by the turned weight.",
    .sig = "dy weight -> ?",
    .flags = ARMC_OP_INTERNAL,
    .attrs = armc_conv_transposed_attrs,
    .shape = armc_conv_dx_shape,
    .fuse = armc_conv_fuse,
    .tasks = armc_conv_tasks,
    .forward = armc_conv_forward,
};

static void biased_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    conv_vjp(grad, node, dy);
    armc_grad_add(grad, node->in[ARMC_CONV_BIAS], dy);
}

#define PACKED_FIELDS                                                                              \
    .shape = armc_conv_planned_shape, .groups = armc_conv_groups, .reads = armc_conv_reads,        \
    .live = armc_conv_live, .at = armc_conv_at, .scratch = armc_conv_scratch,                      \
    .tasks = armc_conv_direct_tasks, .forward = armc_conv_direct, .cost = armc_conv_cost
#define DIRECT_FIELDS .sig = "x weight packed -> ?", .vjp = conv_vjp, PACKED_FIELDS
#define BIAS_FIELDS   .sig = "x weight packed bias -> ?", .vjp = biased_vjp, PACKED_FIELDS
#define POINT_FIELDS                                                                               \
    .flags = ARMC_OP_INTERNAL | ARMC_OP_JOINS | ARMC_OP_ADDS, .rows_out = 'r',                     \
    .rows = armc_conv_rows

ARMC_OP(conv2d_direct) = {
    .name = "conv2d_direct",
    .doc = "Any of the convolutions above, or a data gradient, by packed weights.",
    .flags = ARMC_OP_INTERNAL,
    DIRECT_FIELDS,
};

ARMC_OP(conv2d_direct_bias) = {
    .name = "conv2d_direct_bias",
    .doc = "The same, and a vector added at each site.",
    .flags = ARMC_OP_INTERNAL,
    BIAS_FIELDS,
};

ARMC_OP(conv2d_point) = {
    .name = "conv2d_point",
    .doc = "The same where each site reads itself alone.",
    POINT_FIELDS,
    DIRECT_FIELDS,
    .rows_in = "rww",
};

ARMC_OP(conv2d_point_bias) = {
    .name = "conv2d_point_bias",
    .doc = "The same, and a vector added at each site.",
    POINT_FIELDS,
    BIAS_FIELDS,
    .rows_in = "rwww",
};

ARMC_OP(conv2d_packed) = {
    .name = "conv2d_packed",
    .doc = "The weight of a convolution as the kernels read it.",
    .sig = "weight -> ?",
    .flags = ARMC_OP_INTERNAL,
    .shape = armc_conv_packed_shape,
    .forward = armc_conv_pack,
};

/* --- dW --- */

static void weight_mask(ArmcInfer *infer)
{
    infer->node->out[0]->mask = infer->node->in[2]->mask;
}

ARMC_OP(conv2d_dw) = {
    .name = "conv2d_dw",
    .doc = "Gradient of a convolution or, given `size`, of its transpose with respect to the "
           "weight, summed over examples and sites: 0 where the mask is 0.",
    .sig = "x dy weight -> ?",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_SUMS_BATCH,
    .attrs = armc_conv_transposed_attrs,
    .shape = armc_conv_dw_shape,
    .mask = weight_mask,
    .scratch = armc_conv_scratch,
    .tasks = armc_conv_dw_tasks,
    .forward = armc_conv_dw_forward,
};

/* --- turned weights --- */

enum { GROUPS, MIRRORED };

static const ArmcSpec turned_attrs[] = {
    {.name = "groups", .kind = ARMC_SPEC_INT, .preset = "1", .doc = "of the channels"},
    {.name = "mirrored", .kind = ARMC_SPEC_BOOL, .preset = "true", .doc = "the last tap first"},
    {0}};

/* W (taps,m,n) becomes (taps,n/groups,m groups). */
typedef struct Turn {
    int64_t taps, m, n, groups;
    bool mirrored;
} Turn;

static Turn turn_of(const ArmcNode *node)
{
    ArmcShape shape = node->in[0]->shape;
    Turn turn = {.m = shape.dims[shape.rank - 2],
                 .n = shape.dims[shape.rank - 1],
                 .groups = node->attr[GROUPS].i,
                 .mirrored = node->attr[MIRRORED].i};
    turn.taps = armc_shape_size(shape) / (turn.m * turn.n);
    return turn;
}

/* Where entry (row,column) of a tap comes from: row f and column (g,i) from row i and column (g,f).
 */
static int64_t turned_from(const Turn *turn, int64_t tap, int64_t row, int64_t column)
{
    int64_t from = turn->mirrored ? turn->taps - 1 - tap : tap, filters = turn->n / turn->groups;
    return (from * turn->m + column % turn->m) * turn->n + column / turn->m * filters + row;
}

static bool turned_shape(ArmcInfer *infer)
{
    const Turn turn = turn_of(infer->node);
    ArmcShape shape = infer->node->in[0]->shape;
    shape.dims[shape.rank - 2] = turn.n / turn.groups;
    shape.dims[shape.rank - 1] = turn.m * turn.groups;
    infer->node->out[0]->shape = shape;
    return true;
}

static void turned_mask(ArmcInfer *infer)
{
    const Turn turn = turn_of(infer->node);
    const uint8_t *mask = infer->node->in[0]->mask;
    int64_t rows = turn.n / turn.groups, columns = turn.m * turn.groups, at = 0;
    if (!mask)
        return;
    uint8_t *to = ARMC_NEW_ARRAY(infer->graph->arena, uint8_t, turn.taps * rows * columns);
    for (int64_t tap = 0; tap < turn.taps; tap++)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < columns; c++)
                to[at++] = mask[turned_from(&turn, tap, r, c)];
    infer->node->out[0]->mask = to;
}

static int64_t turned_tasks(const ArmcCall *call)
{
    return turn_of(call->node).taps;
}

static void turned_forward(const ArmcCall *call, int64_t tap)
{
    const Turn turn = turn_of(call->node);
    int64_t rows = turn.n / turn.groups, columns = turn.m * turn.groups;
    ArmcReal *to = call->out[0] + tap * rows * columns;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t g = 0; g < turn.groups; g++) {
            const ArmcReal *from = call->in[0] + turned_from(&turn, tap, r, g * turn.m);
            for (int64_t i = 0; i < turn.m; i++)
                *to++ = from[i * turn.n];
        }
}

ARMC_OP(conv2d_turned) = {
    .name = "conv2d_turned",
    .doc = "The weight of a convolution with inputs and filters in each other's place.",
    .sig = "weight -> ?",
    .flags = ARMC_OP_INTERNAL,
    .attrs = turned_attrs,
    .shape = turned_shape,
    .mask = turned_mask,
    .tasks = turned_tasks,
    .forward = turned_forward,
};
