/* From attributes to axes, and what can be wrong with them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/ops/conv.h"

/* Beyond this nothing is meant, and products stay far from overflow. */
enum { LARGEST = 1 << 24 };

#define CONV_ATTRS                                                                                 \
    {.name = "stride",                                                                             \
     .kind = ARMC_SPEC_INTS,                                                                       \
     .preset = "1",                                                                                \
     .low = 1,                                                                                     \
     .high = LARGEST,                                                                              \
     .doc = "sites from one place of the kernel to the next; one number, or one an axis"},         \
        {.name = "dilation",                                                                       \
         .kind = ARMC_SPEC_INTS,                                                                   \
         .preset = "1",                                                                            \
         .low = 1,                                                                                 \
         .high = LARGEST,                                                                          \
         .doc = "sites from one tap to the next; one number, or one an axis"},                     \
        {.name = "groups",                                                                         \
         .kind = ARMC_SPEC_INT,                                                                    \
         .preset = "1",                                                                            \
         .low = 1,                                                                                 \
         .high = LARGEST,                                                                          \
         .doc = "parts of the channels, each with filters of its own"},                            \
    {                                                                                              \
        .name = "pad", .kind = ARMC_SPEC_INTS, .preset = "same", .symbols = "same|valid",          \
        .low = 0, .high = LARGEST,                                                                 \
        .doc = "zeros around: same (as many as keep the size, for stride 1; the odd one behind), " \
               "valid (none), or how many [top, bottom, left, right], of a sequence [before, "     \
               "after]"                                                                            \
    }

const ArmcSpec armc_conv_attrs[] = {CONV_ATTRS, {0}};
const ArmcSpec armc_conv_transposed_attrs[] = {
    CONV_ATTRS,
    {.name = "size",
     .kind = ARMC_SPEC_INTS,
     .preset = "[]",
     .low = 1,
     .high = LARGEST,
     .doc =
         "of the result, where the stride leaves a choice: if not given the largest with pad=same, "
         "else the smallest"},
    {0}};

/* --- numbers --- */

static int axes_of(const ArmcNode *node)
{
    return node->in[0]->shape.rank - 1;
}

static bool wrong_count(ArmcInfer *infer, int attr, const char *wanted)
{
    const ArmcSpec *spec = &infer->node->op->attrs[attr];
    armc_infer_error(infer, "`%s` of `%s` takes %s, found a list of %d", spec->name,
                     infer->node->op->name, wanted, infer->node->attr[attr].count);
    return false;
}

static bool numbers_are_small(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    for (int a = 0; node->op->attrs[a].kind != ARMC_SPEC_END; a++)
        for (int i = 0; i < node->attr[a].count; i++)
            if (node->attr[a].ints[i] > LARGEST ||
                node->attr[a].ints[i] < (int64_t)node->op->attrs[a].low) {
                armc_infer_error(infer, "`%s` of `%s` takes numbers from %d to %d, found %" PRId64,
                                 node->op->attrs[a].name, node->op->name,
                                 (int)node->op->attrs[a].low, (int)LARGEST, node->attr[a].ints[i]);
                return false;
            }
    return true;
}

/* One number for all axes, or one for each. */
static bool number_of(ArmcInfer *infer, int attr, int axis, int64_t *number)
{
    const ArmcAttr *list = &infer->node->attr[attr];
    int axes = axes_of(infer->node);
    if (list->count != 1 && list->count != axes)
        return wrong_count(infer, attr, axes == 1 ? "one number" : "one number or [y, x]");
    *number = list->ints[list->count == 1 ? 0 : axis];
    return true;
}

/* --- padding --- */

typedef struct Pad {
    int64_t before, after;
} Pad;

static int64_t extent(const ArmcConvAxis *axis)
{
    return (axis->kernel - 1) * axis->dilation + 1;
}

static Pad halves(int64_t total)
{
    total = total > 0 ? total : 0;
    return (Pad){total / 2, total - total / 2};
}

/* SAME keeps ceil(in / stride) sites. */
static Pad same_pad(const ArmcConvAxis *axis)
{
    int64_t out = (axis->in + axis->stride - 1) / axis->stride;
    return halves((out - 1) * axis->stride + extent(axis) - axis->in);
}

static bool is_same(const ArmcAttr *pad)
{
    return pad->count == 0 && pad->text && strcmp(pad->text, "same") == 0;
}

static bool pad_of(ArmcInfer *infer, const ArmcConvAxis *axis, int number, Pad *pad)
{
    const ArmcAttr *attr = &infer->node->attr[ARMC_CONV_PAD];
    int axes = axes_of(infer->node);
    if (attr->count == 0 && attr->text) {
        *pad = is_same(attr) ? same_pad(axis) : (Pad){0, 0};
        return true;
    }
    if (attr->count != 2 * axes)
        return wrong_count(infer, ARMC_CONV_PAD,
                           axes == 1 ? "`same`, `valid` or [before, after]"
                                     : "`same`, `valid` or [top, bottom, left, right]");
    *pad = (Pad){attr->ints[2 * number], attr->ints[2 * number + 1]};
    return true;
}

/* --- axes --- */

static bool kernel_too_large(ArmcInfer *infer, const ArmcConvAxis *axis, Pad pad)
{
    char padding[64] = "";
    if (pad.before + pad.after > 0)
        snprintf(padding, sizeof padding, " and padding of %" PRId64 " + %" PRId64, pad.before,
                 pad.after);
    armc_infer_error(infer,
                     "the kernel of `%s` reaches over %" PRId64 " sites (%" PRId64
                     " taps, dilation %" PRId64 "), and there are %" PRId64 "%s",
                     infer->node->op->name, extent(axis), axis->kernel, axis->dilation, axis->in,
                     padding);
    return false;
}

static bool forward_axis(ArmcInfer *infer, int number, ArmcConvAxis *axis)
{
    Pad pad;
    if (!number_of(infer, ARMC_CONV_STRIDE, number, &axis->stride) ||
        !number_of(infer, ARMC_CONV_DILATION, number, &axis->dilation) ||
        !pad_of(infer, axis, number, &pad))
        return false;
    int64_t room = axis->in + pad.before + pad.after - extent(axis);
    if (room < 0)
        return kernel_too_large(infer, axis, pad);
    axis->before = pad.before;
    axis->out = room / axis->stride + 1;
    return true;
}

static bool wrong_size(ArmcInfer *infer, int64_t found, int64_t least, int64_t most)
{
    armc_infer_error(infer,
                     "`size` of `%s` is %" PRId64 " along an axis where %" PRId64 " to %" PRId64
                     " are possible",
                     infer->node->op->name, found, least, most);
    return false;
}

static bool nothing_left(ArmcInfer *infer, int64_t size)
{
    armc_infer_error(infer, "`pad` of `%s` cuts away the whole result: %" PRId64 " sites are left",
                     infer->node->op->name, size);
    return false;
}

/* Along one axis, without padding. */
static int64_t spread(const ArmcConvAxis *axis)
{
    return (axis->in - 1) * axis->up + extent(axis);
}

/* Sizes that the same convolution brings back to `in` sites: `up` of them. With SAME the padding
 * follows from the size. */
static bool transposed_size(ArmcInfer *infer, int number, ArmcConvAxis *axis, Pad *pad)
{
    const ArmcNode *node = infer->node;
    bool same = is_same(&node->attr[ARMC_CONV_PAD]), given = node->attr[ARMC_CONV_SIZE].count > 0;
    if (!same && !pad_of(infer, axis, number, pad))
        return false;
    int64_t least = same ? (axis->in - 1) * axis->up + 1 : spread(axis) - pad->before - pad->after;
    int64_t most = least + axis->up - 1;
    axis->out = same ? most : least;
    if (given && !number_of(infer, ARMC_CONV_SIZE, number, &axis->out))
        return false;
    if (axis->out < 1)
        return nothing_left(infer, least);
    if (same)
        *pad = halves(spread(axis) - axis->out);
    return (axis->out >= least && axis->out <= most) || wrong_size(infer, axis->out, least, most);
}

/* Position y of the input lands on y stride + i dilation - before. */
static bool transposed_axis(ArmcInfer *infer, int number, ArmcConvAxis *axis)
{
    Pad pad = {0, 0};
    axis->stride = 1;
    if (!number_of(infer, ARMC_CONV_STRIDE, number, &axis->up) ||
        !number_of(infer, ARMC_CONV_DILATION, number, &axis->dilation) ||
        !transposed_size(infer, number, axis, &pad))
        return false;
    axis->before = (axis->kernel - 1) * axis->dilation - pad.before;
    return true;
}

/* --- channels --- */

/* The nearest number of groups below, or above. */
static int64_t divisor_near(int64_t c, int64_t n, int64_t groups, int step)
{
    for (groups += step; groups >= 1 && groups <= c; groups += step)
        if (c % groups == 0 && n % groups == 0)
            return groups;
    return 0;
}

static bool groups_do_not_divide(ArmcInfer *infer, const ArmcConv *conv)
{
    ArmcDiag *diag = armc_infer_error(infer,
                                      "`groups` of `%s` is %" PRId64 ", which must divide %" PRId64
                                      " channels and %" PRId64 " filters",
                                      infer->node->op->name, conv->groups, conv->c, conv->n);
    int64_t below = divisor_near(conv->c, conv->n, conv->groups, -1),
            above = divisor_near(conv->c, conv->n, conv->groups, 1);
    if (above && below)
        armc_diag_help(diag, "%" PRId64 " or %" PRId64 " would do", below, above);
    else
        armc_diag_help(diag, "%" PRId64 " would do", below ? below : above);
    return false;
}

static bool channels_fit(ArmcInfer *infer, const ArmcConv *conv, int64_t rows)
{
    if (conv->c % conv->groups || conv->n % conv->groups)
        return groups_do_not_divide(infer, conv);
    if (conv->c / conv->groups == rows)
        return true;
    char x[96], weight[96];
    const ArmcNode *node = infer->node;
    armc_infer_error(
        infer,
        "shapes don't fit: `x` is %s, `weight` is %s (%" PRId64 " channels%s against %" PRId64 ")",
        armc_shape_text(node->in[0]->shape, x), armc_shape_text(node->in[1]->shape, weight),
        conv->c / conv->groups, conv->groups > 1 ? " a group" : "", rows);
    return false;
}

static bool weight_is_fixed(ArmcInfer *infer)
{
    if (!infer->node->in[1]->batched)
        return true;
    armc_infer_error(infer,
                     "`weight` of `%s` must be a parameter or a constant; this value differs from "
                     "example to example",
                     infer->node->op->name);
    return false;
}

/* --- hooks --- */

typedef bool (*SetAxis)(ArmcInfer *infer, int number, ArmcConvAxis *axis);

/* A sequence is a picture of one column. */
static ArmcConv *begin(ArmcInfer *infer, ArmcShape weight)
{
    const ArmcNode *node = infer->node;
    ArmcShape in = node->in[0]->shape;
    const ArmcConvAxis none = {.in = 1, .out = 1, .kernel = 1, .dilation = 1, .stride = 1, .up = 1};
    ArmcConv *conv = ARMC_NEW(infer->graph->arena, ArmcConv);
    *conv = (ArmcConv){.y = none,
                       .x = none,
                       .c = armc_shape_features(in),
                       .n = armc_shape_features(weight),
                       .groups = node->attr[ARMC_CONV_GROUPS].i};
    conv->y.in = in.dims[0];
    conv->y.kernel = weight.dims[0];
    if (axes_of(node) == 2) {
        conv->x.in = in.dims[1];
        conv->x.kernel = weight.dims[1];
    }
    return conv;
}

static bool set_axes(ArmcInfer *infer, ArmcConv *conv, SetAxis set)
{
    int axes = axes_of(infer->node);
    return numbers_are_small(infer) && set(infer, 0, &conv->y) &&
           (axes == 1 || set(infer, 1, &conv->x));
}

static void set_shape(ArmcInfer *infer, const ArmcConv *conv)
{
    ArmcShape *shape = &infer->node->out[0]->shape;
    *shape = axes_of(infer->node) == 1
                 ? armc_shape_make(2, (int64_t[]){conv->y.out, conv->n})
                 : armc_shape_make(3, (int64_t[]){conv->y.out, conv->x.out, conv->n});
}

static void find_work(ArmcArena *arena, ArmcConv *conv, const ArmcValue *weight)
{
    armc_conv_find_blocks(arena, conv, armc_has_dead_entries(weight) ? weight->mask : NULL);
    armc_conv_find_runs(arena, conv);
}

static bool infer_with(ArmcInfer *infer, SetAxis set, bool mirrored)
{
    const ArmcValue *weight = infer->node->in[1];
    ArmcConv *conv = begin(infer, weight->shape);
    int64_t rows = weight->shape.dims[weight->shape.rank - 2];
    conv->mirrored = mirrored;
    if (!weight_is_fixed(infer) || !channels_fit(infer, conv, rows) || !set_axes(infer, conv, set))
        return false;
    find_work(infer->graph->arena, conv, weight);
    set_shape(infer, conv);
    infer->node->plan = conv;
    return true;
}

bool armc_conv_shape(ArmcInfer *infer)
{
    return infer_with(infer, forward_axis, false);
}

bool armc_conv_transposed_shape(ArmcInfer *infer)
{
    return infer_with(infer, transposed_axis, true);
}

/* Its weight has been turned already. */
bool armc_conv_dx_shape(ArmcInfer *infer)
{
    return infer_with(infer, transposed_axis, false);
}

bool armc_conv_planned_shape(ArmcInfer *infer)
{
    set_shape(infer, infer->node->plan);
    return true;
}

/* x, dy, weight: as the op itself, which made a value of dy's shape; the result is like the weight.
 */
bool armc_conv_dw_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    const ArmcValue *weight = node->in[2];
    bool transposed = node->attr[ARMC_CONV_SIZE].count > 0;
    ArmcConv *conv = begin(infer, weight->shape);
    conv->mirrored = transposed;
    if (!set_axes(infer, conv, transposed ? transposed_axis : forward_axis))
        return false;
    find_work(infer->graph->arena, conv, weight);
    node->out[0]->shape = weight->shape;
    node->plan = conv;
    return true;
}

/* --- attributes for gradients --- */

static ArmcAttr list_attr(ArmcGraph *graph, int count, const int64_t *numbers)
{
    int64_t *ints = ARMC_NEW_ARRAY(graph->arena, int64_t, count);
    memcpy(ints, numbers, (size_t)count * sizeof *ints);
    return (ArmcAttr){.given = true, .count = count, .ints = ints};
}

/* What lies behind the last site that is read, or is left over there. */
static Pad plain_pad(const ArmcConvAxis *axis, bool transposed)
{
    if (!transposed) {
        int64_t read = (axis->out - 1) * axis->stride + extent(axis);
        int64_t after = read - axis->in - axis->before;
        return (Pad){axis->before, after > 0 ? after : 0};
    }
    int64_t before = extent(axis) - 1 - axis->before;
    int64_t after = (axis->in - 1) * axis->up + extent(axis) - before - axis->out;
    return (Pad){before, after > 0 ? after : 0};
}

ArmcAttr *armc_conv_plain_attrs(ArmcGraph *graph, const ArmcNode *node)
{
    const ArmcConv *conv = node->plan;
    int axes = axes_of(node);
    bool transposed = conv->mirrored;
    Pad y = plain_pad(&conv->y, transposed), x = plain_pad(&conv->x, transposed);
    int64_t stride[] = {transposed ? conv->y.up : conv->y.stride,
                        transposed ? conv->x.up : conv->x.stride};
    int64_t dilation[] = {conv->y.dilation, conv->x.dilation};
    int64_t pad[] = {y.before, y.after, x.before, x.after}, size[] = {conv->y.out, conv->x.out};
    ArmcAttr *attr = ARMC_NEW_ARRAY(graph->arena, ArmcAttr, ARMC_MAX_ATTRS);
    attr[ARMC_CONV_STRIDE] = list_attr(graph, axes, stride);
    attr[ARMC_CONV_DILATION] = list_attr(graph, axes, dilation);
    attr[ARMC_CONV_GROUPS] = (ArmcAttr){.given = true, .i = conv->groups};
    attr[ARMC_CONV_PAD] = list_attr(graph, 2 * axes, pad);
    attr[ARMC_CONV_SIZE] = transposed ? list_attr(graph, axes, size) : (ArmcAttr){0};
    return attr;
}
