/* A step of LSTM and GRU cells: the product with the states before, the gates and the new state in
 * one pass. Lanes run along units; a tile of SCAN_ROWS rows by one vector of units holds all gates
 * of its cells in registers while k runs, one chain of fused multiply-adds for each gate, so no
 * tiling changes a bit. */
#ifndef ARMC_KERNELS_BODY_LSTM_H
#define ARMC_KERNELS_BODY_LSTM_H

#include <stddef.h>

enum { LSTM_GATES = 4 };

/* acc[r][g] += a[r] . w[g] for one vector of units, w at that vector. */
ALWAYS_INLINE void cell_product(const int rows, const int whole, Part part, int64_t k,
                                const ArmcReal *a, int64_t lda, const ArmcReal *w, int64_t step,
                                int64_t gate, Vec acc[SCAN_ROWS][LSTM_GATES])
{
    for (int64_t i = 0; i < k; i++, w += step) {
        Vec wv[LSTM_GATES];
        UNROLL
        for (int g = 0; g < LSTM_GATES; g++)
            wv[g] = load_some(w + g * gate, whole, part);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const Vec av = splat(a[r * lda + i]);
            UNROLL
            for (int g = 0; g < LSTM_GATES; g++)
                acc[r][g] = vec_fma(av, wv[g], acc[r][g]);
        }
    }
}

/* i, f, o = sigmoid, g = tanh of the sums; c' = f c + i g; y = o tanh(c'). */
ALWAYS_INLINE void lstm_finish(const ArmcCells *s, const int whole, Part part, int64_t r, int64_t u,
                               const Vec sum[LSTM_GATES])
{
    const int64_t row = s->row[r];
    const Vec in[3] = {sum[0], sum[1], sum[3]};
    Vec gate[3];
    sigmoid_vecs(3, in, gate);
    const Vec g = tanh_vec(sum[2]);
    const Vec c = s->before ? load_some(s->c + s->before[r] * s->ldc + u, whole, part) : splat(0);
    const Vec next = vec_fma(gate[1], c, gate[0] * g);
    store_some(s->next + row * s->ldn + u, whole, part, next);
    store_some(s->y + row * s->ldy + u, whole, part, gate[2] * tanh_vec(next));
    if (!s->gates)
        return;
    ArmcReal *kept = s->gates + row * LSTM_GATES * s->h + u;
    store_some(kept, whole, part, gate[0]);
    store_some(kept + s->h, whole, part, gate[1]);
    store_some(kept + 2 * s->h, whole, part, g);
    store_some(kept + 3 * s->h, whole, part, gate[2]);
}

/* Rows r.. of one vector of units. */
ALWAYS_INLINE void lstm_tile(const int rows, const int whole, const ArmcCells *s, int64_t first,
                             int64_t u, int64_t count)
{
    const Part part = part_make(whole ? 0 : count);
    Vec acc[SCAN_ROWS][LSTM_GATES];
    UNROLL
    for (int r = 0; r < rows; r++) {
        const ArmcReal *x = s->x ? s->x + s->row[first + r] * s->ldx + u : NULL;
        UNROLL
        for (int g = 0; g < LSTM_GATES; g++) {
            acc[r][g] = load_some(s->bias + g * s->h + u, whole, part);
            if (x)
                acc[r][g] += load_some(x + g * s->h, whole, part);
        }
    }
    const ArmcReal *a = s->a + first * s->lda;
    for (int p = 0; p < 2; a += s->product[p++].k)
        cell_product(rows, whole, part, s->product[p].k, a, s->lda, s->product[p].w + u,
                     s->product[p].step, s->product[p].gate, acc);
    UNROLL
    for (int r = 0; r < rows; r++)
        lstm_finish(s, whole, part, first + r, u, acc[r]);
}

typedef void (*CellTile)(const ArmcCells *s, int64_t first, int64_t u, int64_t count);

#define CELL_TILE(kind, rows)                                                                      \
    static void kind##_whole_##rows(const ArmcCells *s, int64_t first, int64_t u, int64_t count)   \
    {                                                                                              \
        kind##_tile(rows, 1, s, first, u, count);                                                  \
    }                                                                                              \
    static void kind##_part_##rows(const ArmcCells *s, int64_t first, int64_t u, int64_t count)    \
    {                                                                                              \
        kind##_tile(rows, 0, s, first, u, count);                                                  \
    }
#if SCAN_ROWS == 6
#define CELL_TILES(kind)                                                                           \
    CELL_TILE(kind, 1)                                                                             \
    CELL_TILE(kind, 2)                                                                             \
    CELL_TILE(kind, 3) CELL_TILE(kind, 4) CELL_TILE(kind, 5) CELL_TILE(kind, 6)
#define CELL_ROWS(kind)                                                                            \
    {                                                                                              \
        kind##_1, kind##_2, kind##_3, kind##_4, kind##_5, kind##_6                                 \
    }
#else
#define CELL_TILES(kind) CELL_TILE(kind, 1) CELL_TILE(kind, 2) CELL_TILE(kind, 3)
#define CELL_ROWS(kind)                                                                            \
    {                                                                                              \
        kind##_1, kind##_2, kind##_3                                                               \
    }
#endif

/* All rows of a step: vector by vector of units, whose weights stay near for all tiles of rows. */
ALWAYS_INLINE void cell_step(const ArmcCells *s, const CellTile tiles[2][SCAN_ROWS])
{
    for (int64_t u = s->begin, count; u < s->end; u += count) {
        count = LANES - u % LANES < s->end - u ? LANES - u % LANES : s->end - u;
        for (int64_t r = 0, rows; r < s->m; r += rows) {
            rows = even_step(s->m - r, SCAN_ROWS);
            tiles[count == LANES][rows - 1](s, r, u, count);
        }
    }
}

CELL_TILES(lstm)
static const CellTile lstm_tiles[2][SCAN_ROWS] = {CELL_ROWS(lstm_part), CELL_ROWS(lstm_whole)};

static void lstm_kernel(const ArmcCells *s)
{
    cell_step(s, lstm_tiles);
}

/* --- the way back --- */

/* One vector of a cell: t = tanh(c), dc += dy o (1 - t²); then each gate through its function. */
ALWAYS_INLINE void lstm_back(const ArmcCellsBack *s, const int whole, Part part, int64_t r,
                             int64_t u)
{
    const int64_t row = s->row[r], h = s->h;
    const ArmcReal *gates = s->gates + row * LSTM_GATES * h + u;
    ArmcReal *d = s->d + r * LSTM_GATES * h + u, *dcs = s->dc + r * h + u;
    const Vec i = load_some(gates, whole, part), f = load_some(gates + h, whole, part);
    const Vec g = load_some(gates + 2 * h, whole, part), o = load_some(gates + 3 * h, whole, part);
    const Vec t = tanh_vec(load_some(s->c + row * h + u, whole, part));
    const Vec c = s->before ? load_some(s->c + s->before[r] * h + u, whole, part) : splat(0);
    const Vec dy = load_some(s->dy + r * h + u, whole, part);
    const Vec dc = vec_fma(dy * o, vec_fnma(t, t, splat(1)), load_some(dcs, whole, part));
    store_some(d, whole, part, dc * g * (i * (splat(1) - i)));
    store_some(d + h, whole, part, dc * c * (f * (splat(1) - f)));
    store_some(d + 2 * h, whole, part, dc * i * vec_fnma(g, g, splat(1)));
    store_some(d + 3 * h, whole, part, dy * t * (o * (splat(1) - o)));
    store_some(dcs, whole, part, dc * f);
}

static void lstm_back_kernel(const ArmcCellsBack *s)
{
    const Part last = part_make(s->h % LANES);
    for (int64_t r = 0; r < s->m; r++) {
        int64_t u = 0;
        for (; u + LANES <= s->h; u += LANES)
            lstm_back(s, 1, last, r, u);
        if (u < s->h)
            lstm_back(s, 0, last, r, u);
    }
}

#endif
