/* The arithmetic without gathering: of each picture a band is copied with zeros around it, and in
 * it what a pixel of the result reads of a row lies together. Weights are packed once a step, by a
 * node of their own. Terms stand in the order of conv_gather.c, padding adds 0, so the bits are the
 * same. */
#include <string.h>

#include "runtime/ops/conv.h"

/* A band stays in L2. A padded row that is longer than MOST_ROW is left to gathering. */
enum { BAND_ENTRIES = 1 << 16, MOST_ROW = 1 << 20, LEAST_BANDS = 2, DW_TASKS = 4 };

static int64_t examples_of(const ArmcCall *call)
{
    return call->node->in[0]->batched ? call->batch : 1;
}

/* --- padded pictures --- */

/* Positions of the widened input between the first and the last that `out` sites read. */
static int64_t reach(const ArmcConvAxis *axis, int64_t out)
{
    return (out - 1) * axis->stride + (axis->kernel - 1) * axis->dilation + 1;
}

static bool is_bare(const ArmcConvAxis *axis)
{
    return axis->up == 1 && axis->before == 0 && reach(axis, axis->out) <= axis->in;
}

static int64_t pitch_of(const ArmcConv *conv)
{
    return (conv->in_place ? conv->x.in : conv->wide) * conv->c;
}

static void find_band(ArmcConv *conv)
{
    conv->wide = reach(&conv->x, conv->x.out);
    conv->in_place = is_bare(&conv->y) && is_bare(&conv->x);
    conv->band = conv->y.out;
    while (conv->band > 1 && reach(&conv->y, conv->band) * conv->wide * conv->c > BAND_ENTRIES)
        conv->band = (conv->band + 1) / 2;
    if (conv->band == conv->y.out && conv->band >= 4 * LEAST_BANDS)
        conv->band = (conv->band + LEAST_BANDS - 1) / LEAST_BANDS;
}

static int64_t bands_of(const ArmcConv *conv)
{
    return (conv->y.out + conv->band - 1) / conv->band;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* One row: sites 0.. of the picture stand at `before`, `up` apart. */
static void pad_row(const ArmcConv *conv, const ArmcReal *from, ArmcReal *to)
{
    const ArmcConvAxis *x = &conv->x;
    int64_t c = conv->c, first = clamp(-x->before, 0, x->in),
            end = clamp(conv->wide - x->before, first, x->in);
    if (x->up == 1) {
        int64_t left = clamp(first + x->before, 0, conv->wide), right = left + end - first;
        memset(to, 0, (size_t)(left * c) * sizeof *to);
        memcpy(to + left * c, from + first * c, (size_t)((end - first) * c) * sizeof *to);
        memset(to + right * c, 0, (size_t)((conv->wide - right) * c) * sizeof *to);
        return;
    }
    memset(to, 0, (size_t)(conv->wide * c) * sizeof *to);
    for (int64_t s = 0; s < x->in; s++) {
        int64_t at = s * x->up + x->before;
        if (at >= 0 && at < conv->wide)
            memcpy(to + at * c, from + s * c, (size_t)c * sizeof *to);
    }
}

/* What `rows` rows of the result from `first` on read: the picture itself, or a padded copy. */
static const ArmcReal *band_of(const ArmcConv *conv, const ArmcReal *picture, int64_t first,
                               int64_t rows, ArmcReal *copy)
{
    const ArmcConvAxis *y = &conv->y;
    int64_t pitch = pitch_of(conv), begin = first * y->stride - y->before;
    if (conv->in_place)
        return picture + begin * pitch;
    for (int64_t i = 0; i < reach(y, rows); i++) {
        int64_t at = begin + i;
        ArmcReal *to = copy + i * pitch;
        if (at >= 0 && at % y->up == 0 && at / y->up < y->in)
            pad_row(conv, picture + at / y->up * conv->x.in * conv->c, to);
        else
            memset(to, 0, (size_t)pitch * sizeof *to);
    }
    return copy;
}

static bool fits(const ArmcConv *conv)
{
    return conv->in_place || reach(&conv->y, 1) * conv->wide * conv->c <= MOST_ROW;
}

int64_t armc_conv_scratch(const ArmcNode *node)
{
    const ArmcConv *conv = node->plan;
    bool needs_none = conv->in_place || !fits(conv);
    return needs_none ? 1 : reach(&conv->y, conv->band) * pitch_of(conv);
}

bool armc_conv_is_direct(const ArmcCall *call)
{
    return call->scratch && fits(call->node->plan) && (call->exact || !call->k->conv_by_blas);
}

/* --- runs --- */

static int64_t offset_of(const ArmcConv *conv, const ArmcConvTerm *term)
{
    return term->y * conv->y.dilation * pitch_of(conv) + term->x * conv->x.dilation * conv->c +
           term->channel;
}

static void find_block_runs(ArmcArena *arena, const ArmcConv *conv, ArmcConvBlock *block)
{
    ArmcRun *runs = NULL;
    size_t count = 0, capacity = 0;
    for (int64_t t = 0; t < block->term_count; t++) {
        const ArmcConvTerm *term = &block->terms[t];
        int64_t offset = offset_of(conv, term);
        block->depth += term->length;
        if (count > 0 && runs[count - 1].offset + runs[count - 1].length == offset)
            runs[count - 1].length += term->length;
        else
            ARMC_PUSH(arena, runs, count, capacity, ((ArmcRun){offset, term->length}));
    }
    block->runs = runs;
    block->run_count = (int64_t)count;
}

typedef struct Slices {
    ArmcConvSlice *items;
    size_t count, capacity;
} Slices;

static void add_slices(ArmcArena *arena, const ArmcConv *conv, const ArmcConvBlock *block,
                       Slices *slices)
{
    size_t first = slices->count;
    for (int64_t t = 0; t < block->term_count; t++) {
        const ArmcConvTerm *term = &block->terms[t];
        int64_t offset = offset_of(conv, term);
        ArmcConvSlice *last = slices->count > first ? &slices->items[slices->count - 1] : NULL;
        if (last && last->offset + last->length == offset && last->row + last->length == term->row)
            last->length += term->length;
        else
            ARMC_PUSH(arena, slices->items, slices->count, slices->capacity,
                      ((ArmcConvSlice){offset, term->length, term->row, block->begin, block->end}));
    }
}

/* The most that any table of kernels takes for a packed matrix. */
static int64_t packed_bound(int64_t k, int64_t n)
{
    enum { WIDEST = 64 };
    return k * ((n + WIDEST - 1) / WIDEST * WIDEST);
}

void armc_conv_find_runs(ArmcArena *arena, ArmcConv *conv)
{
    Slices slices = {0};
    int64_t count = 0;
    find_band(conv);
    while (conv->blocks[count].end > 0)
        count++;
    ArmcConvBlock *blocks = ARMC_NEW_ARRAY(arena, ArmcConvBlock, count + 1);
    memcpy(blocks, conv->blocks, (size_t)(count + 1) * sizeof *blocks);
    for (ArmcConvBlock *block = blocks; block->end > 0; block++) {
        find_block_runs(arena, conv, block);
        block->packed = conv->packed;
        conv->packed += packed_bound(block->depth, block->end - block->begin);
        add_slices(arena, conv, block, &slices);
        conv->slice_depth += block->depth;
    }
    conv->blocks = blocks;
    conv->slices = slices.items;
    conv->slice_count = (int64_t)slices.count;
}

/* --- packed weights --- */

bool armc_conv_packed_shape(ArmcInfer *infer)
{
    const ArmcConv *conv = infer->node->plan;
    infer->node->out[0]->shape = armc_shape_make(1, (int64_t[]){conv->packed});
    return true;
}

static void pack_block(const ArmcCall *call, const ArmcConvBlock *block)
{
    int64_t width = block->end - block->begin, n = ((const ArmcConv *)call->node->plan)->n, row = 0;
    ARMC_ASSERT(call->k->packed_size(block->depth, width) <= packed_bound(block->depth, width));
    for (int64_t t = 0; t < block->term_count; t++) {
        const ArmcConvTerm *term = &block->terms[t];
        call->k->pack(block->depth, width, row, term->length,
                      call->in[0] + term->row * n + block->begin, n, 1,
                      call->out[0] + block->packed);
        row += term->length;
    }
}

void armc_conv_pack(const ArmcCall *call, int64_t task)
{
    const ArmcConv *conv = call->node->plan;
    (void)task;
    for (const ArmcConvBlock *block = conv->blocks; block->end > 0; block++)
        if (block->depth > 0)
            pack_block(call, block);
}

static ArmcValue *planned(ArmcGraph *graph, const char *op, int in_count, ArmcValue *const *in,
                          const ArmcNode *from)
{
    ArmcNode *node = armc_node_new(graph, armc_op_get(op), in_count, in, NULL, from->origin);
    ArmcInfer infer = {graph, node};
    node->plan = from->plan;
    bool fine = armc_node_infer(&infer);
    ARMC_ASSERT(fine);
    armc_graph_push(graph, node);
    return node->out[0];
}

static bool is_alone(const ArmcConvAxis *axis)
{
    return axis->kernel == 1 && axis->stride == 1 && is_bare(axis) && axis->in == axis->out;
}

bool armc_conv_is_pointwise(const ArmcConv *conv)
{
    return is_alone(&conv->y) && is_alone(&conv->x);
}

/* A convolution by packed weights that nothing reads but the sum. */
static const ArmcNode *only_read_by_sum(const ArmcValue *value)
{
    const ArmcOp *op = value->node->op;
    bool is_conv = op == armc_op_get("conv2d_direct") || op == armc_op_get("conv2d_point");
    return is_conv && value->readers == 1 ? value->node : NULL;
}

ArmcValue *armc_conv_from_add(ArmcGraph *graph, const ArmcNode *add)
{
    for (int i = 0; i < 2; i++) {
        const ArmcNode *conv = only_read_by_sum(add->in[i]);
        ArmcValue *bias = add->in[1 - i];
        if (!conv || bias->batched || bias->shape.rank != 1 ||
            bias->shape.dims[0] != armc_shape_features(conv->out[0]->shape))
            continue;
        const char *op = conv->op->rows ? "conv2d_point_bias" : "conv2d_direct_bias";
        ArmcValue *in[] = {conv->in[0], conv->in[1], conv->in[2], bias};
        ArmcValue *fused = planned(graph, op, 4, in, conv);
        fused->order = add->out[0]->order;
        return fused;
    }
    return NULL;
}

ArmcValue *armc_conv_fuse(ArmcGraph *graph, const ArmcNode *node)
{
    const ArmcConv *conv = node->plan;
    ArmcValue *x = node->in[0], *weight = node->in[1];
    if (!x->batched || !fits(conv) || conv->packed == 0)
        return NULL;
    ArmcValue *packed = planned(graph, "conv2d_packed", 1, &weight, node);
    const char *op = armc_conv_is_pointwise(conv) ? "conv2d_point" : "conv2d_direct";
    ArmcValue *fused = planned(graph, op, 3, (ArmcValue *[]){x, weight, packed}, node);
    fused->order = node->out[0]->order;
    return fused;
}

/* --- y = x * W --- */

int64_t armc_conv_direct_tasks(const ArmcCall *call)
{
    if (!armc_conv_is_direct(call))
        return armc_conv_tasks(call);
    return examples_of(call) * bands_of(call->node->plan);
}

/* Of columns without a live term. */
static void clear_block(const ArmcKernels *k, int64_t rows, int64_t width, const ArmcReal *bias,
                        const ArmcReal *onto, ArmcReal *y, int64_t step)
{
    armc_conv_clear(rows, width, y, step);
    armc_conv_add(k, rows, width, bias, 0, y, step);
    armc_conv_add(k, rows, width, onto, step, y, step);
}

/* The part of a node's bias that is a block's; NULL: it has none. */
static const ArmcReal *bias_of(const ArmcNode *node, const ArmcReal *const *in,
                               const ArmcConvBlock *block)
{
    return armc_conv_has_bias(node) ? in[ARMC_CONV_BIAS] + block->begin : NULL;
}

/* y (rows,x,width) of a block from rows of the padded picture. Where rows follow each other without
 * a gap they are one. */
static void block_direct(const ArmcCall *call, const ArmcConvBlock *block, const ArmcReal *a,
                         int64_t rows, ArmcReal *y)
{
    const ArmcConv *conv = call->node->plan;
    const ArmcReal *bias = bias_of(call->node, call->in, block);
    int64_t columns = conv->x.out, a_col = conv->x.stride * conv->c,
            a_row = conv->y.stride * pitch_of(conv), width = block->end - block->begin;
    if (block->run_count == 0) {
        clear_block(call->k, rows * columns, width, bias, NULL, y, conv->n);
        return;
    }
    if (columns == 1 || a_row == columns * a_col) {
        a_col = columns == 1 ? a_row : a_col;
        columns *= rows;
        rows = 1;
    }
    call->k->conv(rows, columns, width, block->runs, block->run_count, a, a_row, a_col,
                  call->in[2] + block->packed, bias, NULL, y, columns * conv->n, conv->n, 0);
}

void armc_conv_direct(const ArmcCall *call, int64_t task)
{
    const ArmcConv *conv = call->node->plan;
    if (!armc_conv_is_direct(call)) {
        armc_conv_forward(call, task);
        return;
    }
    int64_t example = task / bands_of(conv), first = task % bands_of(conv) * conv->band;
    int64_t rows = clamp(conv->y.out - first, 0, conv->band), row = conv->x.out * conv->n;
    const ArmcReal *picture = call->in[0] + example * conv->y.in * conv->x.in * conv->c,
                   *a = band_of(conv, picture, first, rows, call->scratch);
    ArmcReal *y = call->out[0] + example * conv->y.out * row + first * row;
    for (const ArmcConvBlock *block = conv->blocks; block->end > 0; block++)
        block_direct(call, block, a, rows, y + block->begin);
}

void armc_conv_rows(const ArmcRows *rows)
{
    const ArmcConv *conv = rows->node->plan;
    for (const ArmcConvBlock *block = conv->blocks; block->end > 0; block++) {
        int64_t width = block->end - block->begin;
        const ArmcReal *bias = bias_of(rows->node, rows->in, block);
        const ArmcReal *onto = rows->onto ? rows->onto + block->begin : NULL;
        ArmcReal *y = rows->out + block->begin;
        if (block->run_count > 0)
            rows->k->conv(1, rows->n, width, block->runs, block->run_count, rows->in[0], 0,
                          rows->in_step[0], rows->in[2] + block->packed, bias, onto, y, 0,
                          rows->out_step, 0);
        else
            clear_block(rows->k, rows->n, width, bias, onto, y, rows->out_step);
    }
}

/* --- dW = x^T dy --- */

int64_t armc_conv_direct_dw_tasks(const ArmcCall *call)
{
    const ArmcConv *conv = call->node->plan;
    return conv->slice_count < 1 || call->alone ? 1 : DW_TASKS;
}

/* The part of a slice that is a task's: all slices in a row are cut evenly. */
static ArmcConvSlice part_of(const ArmcCall *call, const ArmcConvSlice *slice, int64_t before,
                             int64_t task)
{
    const ArmcConv *conv = call->node->plan;
    int64_t tasks = armc_conv_direct_dw_tasks(call);
    int64_t begin = conv->slice_depth * task / tasks, end = conv->slice_depth * (task + 1) / tasks;
    int64_t from = clamp(begin - before, 0, slice->length),
            to = clamp(end - before, 0, slice->length);
    ArmcConvSlice part = *slice;
    part.offset += from;
    part.row += from;
    part.length = to - from;
    return part;
}

static void add_band(const ArmcCall *call, int64_t task, const ArmcReal *a, int64_t rows,
                     const ArmcReal *dy, bool more)
{
    const ArmcConv *conv = call->node->plan;
    int64_t before = 0;
    for (int64_t i = 0; i < conv->slice_count; before += conv->slices[i++].length) {
        ArmcConvSlice part = part_of(call, &conv->slices[i], before, task);
        if (part.length > 0)
            call->k->conv_outer(rows, conv->x.out, part.length, part.end - part.begin,
                                a + part.offset, conv->y.stride * pitch_of(conv),
                                conv->x.stride * conv->c, dy + part.begin, conv->x.out * conv->n,
                                conv->n, call->out[0] + part.row * conv->n + part.begin, conv->n,
                                more);
    }
}

/* What no block reads. */
static void clear_dead(const ArmcCall *call)
{
    const ArmcConv *conv = call->node->plan;
    int64_t rows = conv->y.kernel * conv->x.kernel * (conv->c / conv->groups);
    for (const ArmcConvBlock *block = conv->blocks; block->end > 0; block++)
        for (int64_t r = 0; r < rows; r++)
            if (!block->rows[r])
                memset(call->out[0] + r * conv->n + block->begin, 0,
                       (size_t)(block->end - block->begin) * sizeof(ArmcReal));
}

static void mask_part(const ArmcCall *call, const ArmcConvSlice *part)
{
    const ArmcConv *conv = call->node->plan;
    const uint8_t *mask = call->node->in[2]->mask;
    for (int64_t r = part->row; mask && r < part->row + part->length; r++) {
        int64_t at = r * conv->n + part->begin;
        call->k->masked(part->end - part->begin, mask + at, call->out[0] + at, call->out[0] + at);
    }
}

/* A task owns a part of the live rows, over all examples, so that nothing is merged. */
void armc_conv_direct_dw(const ArmcCall *call, int64_t task)
{
    const ArmcConv *conv = call->node->plan;
    int64_t size = conv->y.in * conv->x.in * conv->c, row = conv->x.out * conv->n, before = 0;
    if (task == 0)
        clear_dead(call);
    for (int64_t e = 0; e < examples_of(call); e++)
        for (int64_t first = 0; first < conv->y.out; first += conv->band) {
            int64_t rows = clamp(conv->y.out - first, 0, conv->band);
            const ArmcReal *a = band_of(conv, call->in[0] + e * size, first, rows, call->scratch);
            add_band(call, task, a, rows, call->in[1] + (e * conv->y.out + first) * row,
                     e > 0 || first > 0);
        }
    for (int64_t i = 0; i < conv->slice_count; before += conv->slices[i++].length) {
        ArmcConvSlice part = part_of(call, &conv->slices[i], before, task);
        mask_part(call, &part);
    }
}
