/* Products with one matrix for all sites. Letters: s sites, k features in, n features out. */
#include <string.h>

#include "runtime/ops/matmul_live.h"
#include "runtime/ops/weight_reads.h"

/* A matrix product over R = batch x sites rows is cut where it is longer, in pieces that depend on
 * the shape only. */
enum { ROW_PIECE = 64, COLUMN_PIECE = 256, MOST_PIECES = 16 };

typedef struct Cut {
    int64_t length, pieces, each;
} Cut;

static Cut cut(int64_t length, int64_t least)
{
    int64_t pieces = (length + least - 1) / least;
    pieces = pieces < 1 ? 1 : pieces > MOST_PIECES ? MOST_PIECES : pieces;
    int64_t each = (length + pieces - 1) / pieces;
    return (Cut){length, (length + each - 1) / each, each};
}

/* The result of a product, cut in rows; in columns too where rows alone make few pieces. */
typedef struct Grid {
    Cut rows, columns;
} Grid;

static Grid grid(int64_t rows, int64_t columns)
{
    enum { ENOUGH = 4 };
    Grid g = {cut(rows, ROW_PIECE), cut(columns, COLUMN_PIECE)};
    if (g.rows.pieces >= ENOUGH)
        g.columns = (Cut){columns, 1, columns};
    return g;
}

static int64_t grid_tasks(Grid g)
{
    return g.rows.pieces * g.columns.pieces;
}

/* A task's block: m x n entries from (row, column) on. */
typedef struct Block {
    int64_t row, column, m, n;
} Block;

static Block block_of(Grid g, int64_t task)
{
    Block b = {.row = task / g.columns.pieces * g.rows.each,
               .column = task % g.columns.pieces * g.columns.each};
    b.m = g.rows.length - b.row < g.rows.each ? g.rows.length - b.row : g.rows.each;
    b.n =
        g.columns.length - b.column < g.columns.each ? g.columns.length - b.column : g.columns.each;
    return b;
}

static int64_t rows_of(const ArmcCall *call, int input)
{
    const ArmcValue *x = call->node->in[input];
    return armc_shape_sites(x->shape) * (x->batched ? call->batch : 1);
}

/* --- masked weights --- */

/* Under a mask a block of the result is computed in strips, each from what is live for it: with
 * features in the order of their degrees masks are block triangular, and half of the arithmetic is
 * left out. */
enum { STRIP = 128, FEW_ROWS = 256 };

/* The rows of W (k,n) outside of which these columns hold zeros only. */
static ArmcRange live_rows(const ArmcValue *w, int64_t column, int64_t width)
{
    int64_t n = armc_shape_features(w->shape);
    ArmcRange live = {0, armc_shape_sites(w->shape)};
    while (w->mask && live.end > 0 &&
           !memchr(w->mask + (live.end - 1) * n + column, 1, (size_t)width))
        live.end--;
    while (w->mask && live.begin < live.end &&
           !memchr(w->mask + live.begin * n + column, 1, (size_t)width))
        live.begin++;
    return live;
}

/* The columns of W (k,n) outside of which these rows hold zeros only. */
static ArmcRange live_columns(const ArmcValue *w, int64_t row, int64_t height)
{
    int64_t n = armc_shape_features(w->shape);
    ArmcRange live = {n, 0};
    for (int64_t i = row; w->mask && i < row + height; i++) {
        const uint8_t *at = w->mask + i * n, *first = memchr(at, 1, (size_t)live.begin);
        live.begin = first ? first - at : live.begin;
        int64_t end = n;
        while (end > live.end && !at[end - 1])
            end--;
        live.end = end;
    }
    return !w->mask ? (ArmcRange){0, n} : live.begin < live.end ? live : (ArmcRange){0, 0};
}

/* The first strip of a block, n wide at most; the whole of it where there is no mask. */
static int64_t strip(const ArmcValue *w, int64_t n)
{
    return w->mask && n > STRIP ? STRIP : n;
}

/* Under a block triangular mask strips differ in work. Workers take tasks in turns, and what is
 * short comes last: long strips first, each second pair of tasks in reverse. */
static int64_t long_first(int64_t task, int64_t tasks, bool grows)
{
    int64_t rank = task / 2 % 2 == 1 && (task ^ 1) < tasks ? task ^ 1 : task;
    return grows ? tasks - 1 - rank : rank;
}

/* Do later columns of W (k,n) read more rows? Told by the row in the middle. */
static bool columns_grow(const ArmcValue *w)
{
    int64_t n = armc_shape_features(w->shape), row = armc_shape_sites(w->shape) / 2 * n;
    return w->mask && !w->mask[row] && w->mask[row + n - 1];
}

/* Do later rows of W have more columns? Told by the column in the middle. */
static bool rows_grow(const ArmcValue *w)
{
    int64_t n = armc_shape_features(w->shape), last = (armc_shape_sites(w->shape) - 1) * n;
    return w->mask && !w->mask[n / 2] && w->mask[last + n / 2];
}

static void clear(int64_t rows, int64_t width, ArmcReal *y, int64_t step)
{
    for (int64_t r = 0; r < rows; r++)
        memset(y + r * step, 0, (size_t)width * sizeof *y);
}

/* --- y = x W --- */

/* Under a mask a task is a strip or some of them, with all rows where these are few: what a strip
 * reads of the weight is then read once. */
static Grid result_grid(const ArmcCall *call)
{
    int64_t rows = rows_of(call, 0), columns = armc_shape_features(call->node->out[0]->shape);
    if (call->node->in[1]->mask && rows <= FEW_ROWS)
        return (Grid){cut(rows, FEW_ROWS), cut(columns, STRIP)};
    return grid(rows, columns);
}

/* Of y and dx alike: both have a row for each row of input 0. */
static int64_t result_tasks(const ArmcCall *call)
{
    return grid_tasks(result_grid(call));
}

static void matmul_block(const ArmcCall *call, Block b)
{
    int64_t k = armc_shape_features(call->node->in[0]->shape),
            n = armc_shape_features(call->node->out[0]->shape);
    ArmcRange live = live_rows(call->node->in[1], b.column, b.n);
    int64_t depth = live.end - live.begin;
    const ArmcReal *x = call->in[0] + b.row * k + live.begin,
                   *w = call->in[1] + live.begin * n + b.column;
    ArmcReal *y = call->out[0] + b.row * n + b.column;
    if (depth == 0)
        clear(b.m, b.n, y, n);
    else if (call->exact)
        call->k->gemm(b.m, b.n, depth, x, k, w, n, y, n, 0);
    else
        armc_blas_gemm(0, 0, b.m, b.n, depth, 1, x, k, w, n, 0, y, n);
}

/* The block of a task of y or dx, whose columns are W's columns or rows. */
static Block result_block(const ArmcCall *call, int64_t task, bool grows)
{
    Grid g = result_grid(call);
    if (call->node->in[1]->mask && g.rows.pieces == 1)
        task = long_first(task, g.columns.pieces, grows);
    return block_of(g, task);
}

/* y (R,n) = x (R,k) W (k,n) */
static void matmul_forward(const ArmcCall *call, int64_t task)
{
    Block b = result_block(call, task, columns_grow(call->node->in[1]));
    for (int64_t end = b.column + b.n; b.column < end; b.column += b.n) {
        b.n = strip(call->node->in[1], end - b.column);
        matmul_block(call, b);
    }
}

static void matmul_rows(const ArmcRows *rows)
{
    int64_t k = rows->in_width[0], n = rows->out_width;
    rows->k->gemm(rows->n, n, k, rows->in[0], rows->in_step[0], rows->in[1], n, rows->out,
                  rows->out_step, armc_rows_begin_onto(rows));
}

/* Ones in a run of a mask, eight at a time. */
static int64_t count_live(const uint8_t *mask, int64_t n)
{
    int64_t live = 0, i = 0;
    for (uint64_t eight; i + 8 <= n; i += 8) {
        memcpy(&eight, mask + i, sizeof eight);
        live += (int64_t)(eight * UINT64_C(0x0101010101010101) >> 56);
    }
    for (; i < n; i++)
        live += mask[i];
    return live;
}

static int64_t matmul_cost(const ArmcNode *node, int64_t site, const ArmcPart *part)
{
    const uint8_t *mask = node->in[1]->mask;
    int64_t k = armc_shape_features(node->in[0]->shape),
            n = armc_shape_features(node->out[0]->shape), live = 0;
    if (part->live)
        return armc_live_cost(part->live);
    for (int64_t i = 0; mask && i < k; i++)
        live += count_live(mask + i * n + part->begin, part->end - part->begin);
    if (!mask)
        live = k * (part->end - part->begin);
    return site < 0 ? live * armc_shape_sites(node->in[0]->shape) : live;
}

/* Zeros where a column reads nothing. */
static void clear_columns(const ArmcRows *rows, const ArmcLiveColumns *columns)
{
    int64_t width = columns->end - columns->begin;
    if (rows->out_apart > 1)
        clear(width, rows->n, rows->out + columns->begin * rows->out_apart, rows->out_apart);
    else
        clear(rows->n, width, rows->out + columns->begin, rows->out_step);
}

/* Adds the terms of some rows of W (k,n): y = x W, or what is turned of it, y^T = W^T x^T. */
static void add_terms(const ArmcRows *rows, const ArmcLiveColumns *columns, ArmcRange range,
                      bool more)
{
    int64_t n = rows->out_width, width = columns->end - columns->begin, m = rows->n,
            k = range.end - range.begin;
    const ArmcReal *w = rows->in[1] + range.begin * n + columns->begin, *x = rows->in[0];
    ArmcReal *y = rows->out;
    if (rows->out_apart > 1)
        rows->k->gemm_outer(width, m, k, w, n, x + range.begin * rows->in_apart, rows->in_apart,
                            y + columns->begin * rows->out_apart, rows->out_apart, more);
    else if (rows->in_apart > 1)
        rows->k->gemm_outer(m, width, k, x + range.begin * rows->in_apart, rows->in_apart, w, n,
                            y + columns->begin, rows->out_step, more);
    else
        rows->k->gemm(m, width, k, x + range.begin, rows->in_step[0], w, n, y + columns->begin,
                      rows->out_step, more);
}

/* The same chain as that of the whole row, dead terms left out. */
static void matmul_columns(const ArmcRows *rows, const ArmcLiveColumns *columns)
{
    const ArmcRange *range = columns->rows;
    if (range->end == 0 && !columns->onto)
        clear_columns(rows, columns);
    for (bool more = columns->onto; range->end > 0; range++, more = true)
        add_terms(rows, columns, *range, more);
}

static void matmul_part(const ArmcRows *rows, const ArmcPart *part)
{
    for (const ArmcLiveColumns *columns = part->live; columns->end > 0; columns++)
        matmul_columns(rows, columns);
}

/* Features whose columns let the same through are a group. */
static void matmul_groups(ArmcInfer *infer)
{
    int64_t k = armc_shape_features(infer->node->in[0]->shape),
            n = armc_shape_features(infer->node->out[0]->shape);
    armc_weight_groups(infer, (ArmcWeightLayout){1, 0, 1, n, k});
}

/* Where there is one site, nothing is gained by fusing, and the dead part of the gradient is left
 * out. */
static ArmcValue *weight_gradient(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *x = node->in[0], *w = node->in[1];
    if (w->mask && armc_shape_sites(x->shape) == 1)
        return ARMC_GRAD(grad, node, "matmul_dw_masked", NULL, x, dy, w);
    return ARMC_GRAD(grad, node, "matmul_dw", NULL, x, dy);
}

static void matmul_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    if (armc_grad_wants(grad, node->in[0]))
        armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "matmul_dx", NULL, dy, node->in[1]));
    if (armc_grad_wants(grad, node->in[1]))
        armc_grad_add(grad, node->in[1], weight_gradient(grad, node, dy));
}

ARMC_OP(matmul) = {
    .name = "matmul",
    .doc = "At each site the features times one matrix: y[n] = sum over k of x[k] weight[k,n].",
    .sig = "x[*s,k] weight[k,n] -> [*s,n]",
    .flags = ARMC_OP_ACCUMULATES | ARMC_OP_KEEPS_ZERO,
    .probe = "x=3x4 weight=4x5; x=1x7 weight=7x1; x=2x3x2 weight=2x33; "
             "x=2x4 weight=4x3~110110001000; x=1x3 weight=3x4~011000100010",
    .groups = matmul_groups,
    .read_runs = armc_weight_reads,
    .vjp = matmul_vjp,
    .rows_in = "rw",
    .rows_out = 'r',
    .rows = matmul_rows,
    .part = matmul_part,
    .live = armc_matmul_live,
    .pieces = armc_matmul_pieces,
    .tasks = result_tasks,
    .forward = matmul_forward,
    .cost = matmul_cost,
};

/* --- dx = dy W^T --- */

static void matmul_dx_block(const ArmcCall *call, Block b)
{
    int64_t n = armc_shape_features(call->node->in[0]->shape),
            k = armc_shape_features(call->node->out[0]->shape);
    ArmcRange live = live_columns(call->node->in[1], b.column, b.n);
    int64_t depth = live.end - live.begin;
    const ArmcReal *dy = call->in[0] + b.row * n + live.begin,
                   *w = call->in[1] + b.column * n + live.begin;
    ArmcReal *dx = call->out[0] + b.row * k + b.column;
    if (depth == 0)
        clear(b.m, b.n, dx, k);
    else if (call->exact)
        call->k->gemm_dot(b.m, b.n, depth, dy, n, w, n, dx, k, 0);
    else
        armc_blas_gemm(0, 1, b.m, b.n, depth, 1, dy, n, w, n, 0, dx, k);
}

/* dx (R,k) = dy (R,n) W^T, W (k,n) */
static void matmul_dx_forward(const ArmcCall *call, int64_t task)
{
    Block b = result_block(call, task, rows_grow(call->node->in[1]));
    for (int64_t end = b.column + b.n; b.column < end; b.column += b.n) {
        b.n = strip(call->node->in[1], end - b.column);
        matmul_dx_block(call, b);
    }
}

static void matmul_dx_rows(const ArmcRows *rows)
{
    int64_t n = rows->in_width[0], k = rows->out_width;
    rows->k->gemm_dot(rows->n, k, n, rows->in[0], rows->in_step[0], rows->in[1], n, rows->out,
                      rows->out_step, armc_rows_begin_onto(rows));
}

ARMC_OP(matmul_dx) = {
    .name = "matmul_dx",
    .doc = "Gradient of matmul with respect to x.",
    .sig = "dy[*s,n] weight[k,n] -> [*s,k]",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_ACCUMULATES,
    .rows_in = "rw",
    .rows_out = 'r',
    .rows = matmul_dx_rows,
    .tasks = result_tasks,
    .forward = matmul_dx_forward,
};

/* --- dW = x^T dy --- */

static Grid weight_grid(const ArmcCall *call)
{
    return grid(armc_shape_features(call->node->in[0]->shape),
                armc_shape_features(call->node->in[1]->shape));
}

static int64_t matmul_dw_tasks(const ArmcCall *call)
{
    return grid_tasks(weight_grid(call));
}

/* dW (k,n) = x^T dy, x (R,k), dy (R,n): a task owns a block of dW over all rows, so nothing is
 * merged. */
static void matmul_dw_forward(const ArmcCall *call, int64_t task)
{
    int64_t k = armc_shape_features(call->node->in[0]->shape),
            n = armc_shape_features(call->node->in[1]->shape);
    Block b = block_of(weight_grid(call), task);
    const ArmcReal *x = call->in[0] + b.row, *dy = call->in[1] + b.column;
    ArmcReal *dw = call->out[0] + b.row * n + b.column;
    if (call->exact)
        call->k->gemm_outer(b.m, b.n, rows_of(call, 0), x, k, dy, n, dw, n, 0);
    else
        armc_blas_gemm(1, 0, b.m, b.n, rows_of(call, 0), 1, x, k, dy, n, 0, dw, n);
}

/* Some rows of dW: the columns that are live for one of them, then zeros where the mask has them.
 */
static void matmul_dw_block(const ArmcCall *call, Block b)
{
    const ArmcValue *weight = call->node->in[2];
    int64_t k = armc_shape_features(call->node->in[0]->shape),
            n = armc_shape_features(weight->shape);
    ArmcRange live = live_columns(weight, b.row, b.m);
    Block inner = {b.row, live.begin > b.column ? live.begin : b.column, b.m, 0};
    int64_t end = live.end < b.column + b.n ? live.end : b.column + b.n;
    ArmcReal *block = call->out[0] + b.row * n;
    if (inner.column >= end) {
        clear(b.m, b.n, block + b.column, n);
        return;
    }
    inner.n = end - inner.column;
    clear(b.m, inner.column - b.column, block + b.column, n);
    clear(b.m, b.column + b.n - end, block + end, n);
    const ArmcReal *x = call->in[0] + b.row, *dy = call->in[1] + inner.column;
    ArmcReal *dw = block + inner.column;
    if (call->exact)
        call->k->gemm_outer(b.m, inner.n, rows_of(call, 0), x, k, dy, n, dw, n, 0);
    else
        armc_blas_gemm(1, 0, b.m, inner.n, rows_of(call, 0), 1, x, k, dy, n, 0, dw, n);
    const uint8_t *mask = weight->mask + b.row * n + inner.column;
    for (int64_t i = 0; i < b.m; i++)
        call->k->masked(inner.n, mask + i * n, dw + i * n, dw + i * n);
}

/* A task is a strip of rows or some of them, over all columns. */
static Grid masked_grid(const ArmcCall *call)
{
    int64_t n = armc_shape_features(call->node->in[1]->shape);
    return (Grid){cut(armc_shape_features(call->node->in[0]->shape), STRIP), (Cut){n, 1, n}};
}

static int64_t matmul_dw_masked_tasks(const ArmcCall *call)
{
    return grid_tasks(masked_grid(call));
}

static void matmul_dw_masked_forward(const ArmcCall *call, int64_t task)
{
    Grid g = masked_grid(call);
    Block b = block_of(g, long_first(task, g.rows.pieces, rows_grow(call->node->in[2])));
    for (int64_t end = b.row + b.m; b.row < end; b.row += b.m) {
        b.m = strip(call->node->in[2], end - b.row);
        matmul_dw_block(call, b);
    }
}

static void weight_mask(ArmcInfer *infer)
{
    infer->node->out[0]->mask = infer->node->in[2]->mask;
}

static void matmul_dw_rows(const ArmcRows *rows)
{
    int64_t k = rows->in_width[0], n = rows->in_width[1];
    rows->k->gemm_outer(k, n, rows->n, rows->in[0], rows->in_step[0], rows->in[1], rows->in_step[1],
                        rows->out, n, 1);
}

ARMC_OP(matmul_dw) = {
    .name = "matmul_dw",
    .doc = "Gradient of matmul with respect to the weight, summed over examples and sites.",
    .sig = "x[*s,k] dy[*s,n] -> [k,n]",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_SUMS_BATCH,
    .rows_in = "rr",
    .rows_out = 'W',
    .rows = matmul_dw_rows,
    .tasks = matmul_dw_tasks,
    .forward = matmul_dw_forward,
};

ARMC_OP(matmul_dw_masked) = {
    .name = "matmul_dw_masked",
    .doc = "Gradient of matmul with respect to a masked weight: 0 where the mask is 0.",
    .sig = "x[*s,k] dy[*s,n] weight[k,n] -> [k,n]",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_SUMS_BATCH,
    .mask = weight_mask,
    .tasks = matmul_dw_masked_tasks,
    .forward = matmul_dw_masked_forward,
};
