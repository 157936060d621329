/* The arithmetic by gathering: rows of the picture that a piece of the weight meets are copied
 * together, zeros for padding, and multiplied at once; where each site reads itself alone there is
 * nothing to copy. It serves any stride, dilation and mask. */
#include <string.h>

#include "runtime/ops/conv.h"

/* A tile of gathered rows stays in L2 beside what it is multiplied with. */
enum { TILE_ROWS = 128, COLUMN_PIECE = 64 };

static int64_t examples_of(const ArmcCall *call)
{
    return call->node->in[0]->batched ? call->batch : 1;
}

static int64_t sites_out(const ArmcConv *conv)
{
    return conv->y.out * conv->x.out;
}

/* --- gathering --- */

/* What one site of the result reads of a chunk. */
static void gather_row(const ArmcConv *conv, const ArmcConvTerm *term, const ArmcConvChunk *chunk,
                       const ArmcReal *picture, int64_t site, ArmcReal *to)
{
    int64_t oy = site / conv->x.out, ox = site % conv->x.out, at = chunk->at, left = chunk->depth;
    for (term += chunk->term; left > 0; term++, at = 0) {
        int64_t some = term->length - at < left ? term->length - at : left;
        int64_t y = armc_conv_source(&conv->y, oy, term->y),
                x = armc_conv_source(&conv->x, ox, term->x);
        if (y >= 0 && x >= 0)
            memcpy(to, picture + (y * conv->x.in + x) * conv->c + term->channel + at,
                   (size_t)some * sizeof *to);
        else
            memset(to, 0, (size_t)some * sizeof *to);
        to += some;
        left -= some;
    }
}

/* What neighbouring rows of the result read of a chunk. */
typedef struct Gathered {
    const ArmcReal *at;
    int64_t step; /* from one row to the next */
} Gathered;

/* Rows of the result from `first` on, counted through all examples: gathered in `tile`, or where
 * they are if they lie together there already. */
static Gathered gather(const ArmcConv *conv, const ArmcConvBlock *block, const ArmcConvChunk *chunk,
                       const ArmcReal *x, int64_t first, int64_t rows, ArmcReal *tile)
{
    int64_t sites = sites_out(conv), size = conv->y.in * conv->x.in * conv->c;
    const ArmcConvTerm *term = &block->terms[chunk->term];
    if (armc_conv_is_pointwise(conv)) {
        ARMC_ASSERT(chunk->at + chunk->depth <= term->length);
        return (Gathered){x + first * conv->c + term->channel + chunk->at, conv->c};
    }
    for (int64_t r = 0; r < rows; r++)
        gather_row(conv, block->terms, chunk, x + (first + r) / sites * size, (first + r) % sites,
                   tile + r * chunk->depth);
    return (Gathered){tile, chunk->depth};
}

/* --- y = x * W --- */

int64_t armc_conv_tasks(const ArmcCall *call)
{
    const ArmcConv *conv = call->node->plan;
    return (examples_of(call) * sites_out(conv) + TILE_ROWS - 1) / TILE_ROWS;
}

void armc_conv_clear(int64_t rows, int64_t width, ArmcReal *y, int64_t step)
{
    for (int64_t r = 0; r < rows; r++)
        memset(y + r * step, 0, (size_t)width * sizeof *y);
}

void armc_conv_add(const ArmcKernels *k, int64_t rows, int64_t width, const ArmcReal *o,
                   int64_t o_step, ArmcReal *y, int64_t step)
{
    for (int64_t r = 0; o && r < rows; r++)
        k->add(width, y + r * step, o + r * o_step, y + r * step);
}

static void block_forward(const ArmcCall *call, const ArmcConvBlock *block, int64_t first,
                          int64_t rows)
{
    const ArmcConv *conv = call->node->plan;
    int64_t n = conv->n, width = block->end - block->begin;
    ArmcReal tile[TILE_ROWS * ARMC_CONV_DEPTH], *y = call->out[0] + first * n + block->begin;
    if (block->chunk_count == 0)
        armc_conv_clear(rows, width, y, n);
    for (int64_t i = 0; i < block->chunk_count; i++) {
        const ArmcConvChunk *chunk = &block->chunks[i];
        const ArmcReal *w = call->in[1] + chunk->row * n + block->begin;
        const Gathered a = gather(conv, block, chunk, call->in[0], first, rows, tile);
        if (call->exact)
            call->k->gemm(rows, width, chunk->depth, a.at, a.step, w, n, y, n, i > 0);
        else
            armc_blas_gemm(0, 0, rows, width, chunk->depth, 1, a.at, a.step, w, n, i > 0, y, n);
    }
}

/* y (R,n) = gathered x (R,taps x c) W (taps x c,n), R rows through all examples */
void armc_conv_forward(const ArmcCall *call, int64_t task)
{
    const ArmcConv *conv = call->node->plan;
    int64_t all = examples_of(call) * sites_out(conv), first = task * TILE_ROWS;
    int64_t rows = all - first < TILE_ROWS ? all - first : TILE_ROWS;
    for (const ArmcConvBlock *block = conv->blocks; block->end > 0; block++)
        block_forward(call, block, first, rows);
    if (armc_conv_has_bias(call->node))
        armc_conv_add(call->k, rows, conv->n, call->in[ARMC_CONV_BIAS], 0,
                      call->out[0] + first * conv->n, conv->n);
}

/* --- a part of one site's row --- */

/* The same chain, without what is padding. */
static void block_at(const ArmcAt *at, const ArmcConvBlock *block, const ArmcReal *weight)
{
    const ArmcConv *conv = at->node->plan;
    int64_t n = conv->n, oy = at->site / conv->x.out, ox = at->site % conv->x.out;
    bool more = false;
    for (const ArmcConvTerm *term = block->terms; term < block->terms + block->term_count; term++) {
        int64_t y = armc_conv_source(&conv->y, oy, term->y),
                x = armc_conv_source(&conv->x, ox, term->x), step;
        if (y < 0 || x < 0)
            continue;
        const ArmcReal *row = at->row(at->context, 0, y * conv->x.in + x, &step);
        at->k->gemm(at->n, block->end - block->begin, term->length, row + term->channel, step,
                    weight + term->row * n + block->begin, n, at->out + block->begin, at->out_step,
                    more);
        more = true;
    }
    if (!more)
        armc_conv_clear(at->n, block->end - block->begin, at->out + block->begin, at->out_step);
}

void armc_conv_at(const ArmcAt *at)
{
    int64_t step;
    const ArmcReal *weight = at->row(at->context, 1, 0, &step),
                   *bias = armc_conv_has_bias(at->node)
                               ? at->row(at->context, ARMC_CONV_BIAS, 0, &step)
                               : NULL;
    for (const ArmcConvBlock *block = at->part->live; block->end > 0; block++) {
        block_at(at, block, weight);
        if (bias)
            armc_conv_add(at->k, at->n, block->end - block->begin, bias + block->begin, 0,
                          at->out + block->begin, at->out_step);
    }
}

/* --- dW = x^T dy --- */

/* A task owns some columns of a block under one chunk. */
typedef struct Piece {
    const ArmcConvBlock *block;
    int64_t chunk; /* 0 where there is none: what is dead is cleared all the same */
    int64_t begin, end;
} Piece;

static int64_t column_pieces(const ArmcConvBlock *block)
{
    return (block->end - block->begin + COLUMN_PIECE - 1) / COLUMN_PIECE;
}

static int64_t pieces_of(const ArmcConvBlock *block)
{
    return column_pieces(block) * (block->chunk_count ? block->chunk_count : 1);
}

int64_t armc_conv_dw_tasks(const ArmcCall *call)
{
    const ArmcConv *conv = call->node->plan;
    int64_t count = 0;
    if (armc_conv_is_direct(call))
        return armc_conv_direct_dw_tasks(call);
    for (const ArmcConvBlock *block = conv->blocks; block->end > 0; block++)
        count += pieces_of(block);
    return count;
}

static Piece piece_of(const ArmcConv *conv, int64_t task)
{
    const ArmcConvBlock *block = conv->blocks;
    for (; task >= pieces_of(block); block++)
        task -= pieces_of(block);
    Piece piece = {.block = block, .chunk = task / column_pieces(block)};
    piece.begin = block->begin + task % column_pieces(block) * COLUMN_PIECE;
    piece.end = piece.begin + COLUMN_PIECE < block->end ? piece.begin + COLUMN_PIECE : block->end;
    return piece;
}

static void clear_dead_rows(const ArmcConv *conv, const Piece *piece, ArmcReal *dw)
{
    int64_t rows = conv->y.kernel * conv->x.kernel * (conv->c / conv->groups);
    for (int64_t r = 0; r < rows; r++)
        if (!piece->block->rows[r])
            armc_conv_clear(1, piece->end - piece->begin, dw + r * conv->n + piece->begin, 0);
}

/* dW (depth,width) (+)= a^T (depth,R) dy (R,width) */
static void add_outer(const ArmcCall *call, int64_t depth, int64_t width, int64_t rows, Gathered a,
                      const ArmcReal *dy, ArmcReal *dw, bool more)
{
    const ArmcConv *conv = call->node->plan;
    if (call->exact)
        call->k->gemm_outer(depth, width, rows, a.at, a.step, dy, conv->n, dw, conv->n, more);
    else
        armc_blas_gemm(1, 0, depth, width, rows, 1, a.at, a.step, dy, conv->n, more, dw, conv->n);
}

/* Dead entries between live ones are 0. */
static void mask_rows(const ArmcCall *call, const Piece *piece, const ArmcConvChunk *chunk)
{
    const ArmcConv *conv = call->node->plan;
    const uint8_t *mask = call->node->in[2]->mask;
    for (int64_t r = chunk->row; mask && r < chunk->row + chunk->depth; r++) {
        int64_t at = r * conv->n + piece->begin;
        call->k->masked(piece->end - piece->begin, mask + at, call->out[0] + at, call->out[0] + at);
    }
}

/* Over all rows through all examples, so that nothing is merged. */
void armc_conv_dw_forward(const ArmcCall *call, int64_t task)
{
    const ArmcConv *conv = call->node->plan;
    if (armc_conv_is_direct(call)) {
        armc_conv_direct_dw(call, task);
        return;
    }
    const Piece piece = piece_of(conv, task);
    int64_t all = examples_of(call) * sites_out(conv);
    ArmcReal tile[TILE_ROWS * ARMC_CONV_DEPTH];
    if (piece.chunk == 0)
        clear_dead_rows(conv, &piece, call->out[0]);
    if (piece.block->chunk_count == 0)
        return;
    const ArmcConvChunk *chunk = &piece.block->chunks[piece.chunk];
    ArmcReal *dw = call->out[0] + chunk->row * conv->n + piece.begin;
    for (int64_t first = 0, rows; first < all; first += rows) {
        rows = all - first < TILE_ROWS ? all - first : TILE_ROWS;
        const Gathered a = gather(conv, piece.block, chunk, call->in[0], first, rows, tile);
        add_outer(call, chunk->depth, piece.end - piece.begin, rows, a,
                  call->in[1] + first * conv->n + piece.begin, dw, first > 0);
    }
    mask_rows(call, &piece, chunk);
}
