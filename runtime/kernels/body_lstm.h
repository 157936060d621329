/* A step of LSTM and GRU cells: the product with the states before, the gates and the new state in
 * one pass. Lanes run along units; a tile of SCAN_ROWS rows by one vector of units holds all gates
 * of its cells in registers while k runs, one chain of fused multiply-adds for each gate, so no
 * tiling changes a bit. */
#ifndef ARMC_KERNELS_BODY_LSTM_H
#define ARMC_KERNELS_BODY_LSTM_H

#include <stddef.h>

enum { LSTM_GATES = 4, GRU_GATES = 3, CELL_SUMS = 4 };

/* sum[r][g] += a[r] . w[g] for the vector of units where p's weights begin. The last gate's product
 * goes to sum number `last`. */
ALWAYS_INLINE void cell_product(const int rows, const int gates, const int last, const int whole,
                                Part part, const ArmcCellProduct *p, const ArmcReal *a, int64_t lda,
                                Vec sum[SCAN_ROWS][CELL_SUMS])
{
    const ArmcReal *w = p->w;
    const int64_t step = p->step, gate = p->gate;
    for (int64_t i = 0; i < p->k; i++, w += step) {
        Vec wv[CELL_SUMS];
        UNROLL
        for (int g = 0; g < gates; g++)
            wv[g] = load_some(w + g * gate, whole, part);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const Vec av = splat(a[r * lda + i]);
            UNROLL
            for (int g = 0; g + 1 < gates; g++)
                sum[r][g] = vec_fma(av, wv[g], sum[r][g]);
            sum[r][last] = vec_fma(av, wv[gates - 1], sum[r][last]);
        }
    }
}

/* What the gates' sums begin with, where they are given: x. */
ALWAYS_INLINE Vec given(const ArmcCells *s, const int whole, Part part, int64_t row, int64_t at)
{
    return s->x ? load_some(s->x + row * s->ldx + at, whole, part) : splat(0);
}

/* The state of the cell before. */
ALWAYS_INLINE Vec state_before(const ArmcCells *s, const int whole, Part part, int64_t r, int64_t u)
{
    return s->before ? load_some(s->c + s->before[r] * s->ldc + u, whole, part) : splat(0);
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
    const Vec c = state_before(s, whole, part, r, u);
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

/* Rows first.. of one vector of units, that from u on; `p`: the products with its weights. */
ALWAYS_INLINE void lstm_tile(const int rows, const int whole, const ArmcCells *s,
                             const ArmcCellProduct p[2], int64_t first, int64_t u, int64_t count)
{
    const Part part = part_make(whole ? 0 : count);
    const ArmcReal *a = s->a + first * s->lda;
    Vec sum[SCAN_ROWS][CELL_SUMS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int g = 0; g < LSTM_GATES; g++)
            sum[r][g] = load_some(s->bias + g * s->h + u, whole, part) +
                        given(s, whole, part, s->row[first + r], g * s->h + u);
    }
    cell_product(rows, LSTM_GATES, LSTM_GATES - 1, whole, part, &p[0], a, s->lda, sum);
    cell_product(rows, LSTM_GATES, LSTM_GATES - 1, whole, part, &p[1], a + p[0].k, s->lda, sum);
    UNROLL
    for (int r = 0; r < rows; r++)
        lstm_finish(s, whole, part, first + r, u, sum[r]);
}

/* r, z = sigmoid, n = tanh(its sum + r q), q the product with the states; y = n + z (h - n). */
ALWAYS_INLINE void gru_finish(const ArmcCells *s, const int whole, Part part, int64_t r, int64_t u,
                              const Vec sum[CELL_SUMS])
{
    const int64_t row = s->row[r];
    Vec gate[2];
    sigmoid_vecs(2, sum, gate);
    const Vec n = tanh_vec(vec_fma(gate[0], sum[3], sum[2]));
    const Vec h = state_before(s, whole, part, r, u);
    store_some(s->y + row * s->ldy + u, whole, part, vec_fma(gate[1], h - n, n));
    if (!s->gates)
        return;
    ArmcReal *kept = s->gates + row * CELL_SUMS * s->h + u;
    store_some(kept, whole, part, gate[0]);
    store_some(kept + s->h, whole, part, gate[1]);
    store_some(kept + 2 * s->h, whole, part, n);
    store_some(kept + 3 * s->h, whole, part, sum[3]);
}

ALWAYS_INLINE void gru_tile(const int rows, const int whole, const ArmcCells *s,
                            const ArmcCellProduct p[2], int64_t first, int64_t u, int64_t count)
{
    const Part part = part_make(whole ? 0 : count);
    const ArmcReal *a = s->a + first * s->lda;
    Vec sum[SCAN_ROWS][CELL_SUMS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        const int64_t row = s->row[first + r];
        UNROLL
        for (int g = 0; g < 2; g++)
            sum[r][g] = load_some(s->bias + g * s->h + u, whole, part) +
                        given(s, whole, part, row, g * s->h + u);
        sum[r][2] = given(s, whole, part, row, 2 * s->h + u);
        sum[r][3] = load_some(s->bias + 2 * s->h + u, whole, part);
    }
    cell_product(rows, GRU_GATES, 2, whole, part, &p[0], a, s->lda, sum);
    cell_product(rows, GRU_GATES, 3, whole, part, &p[1], a + p[0].k, s->lda, sum);
    UNROLL
    for (int r = 0; r < rows; r++)
        gru_finish(s, whole, part, first + r, u, sum[r]);
}

typedef void (*CellTile)(const ArmcCells *s, const ArmcCellProduct p[2], int64_t first, int64_t u,
                         int64_t count);

#define CELL_TILE(kind, rows)                                                                      \
    static void kind##_whole_##rows(const ArmcCells *s, const ArmcCellProduct p[2], int64_t first, \
                                    int64_t u, int64_t count)                                      \
    {                                                                                              \
        kind##_tile(rows, 1, s, p, first, u, count);                                               \
    }                                                                                              \
    static void kind##_part_##rows(const ArmcCells *s, const ArmcCellProduct p[2], int64_t first,  \
                                   int64_t u, int64_t count)                                       \
    {                                                                                              \
        kind##_tile(rows, 0, s, p, first, u, count);                                               \
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

/* Packed weights lie vector by vector of units: as they are their rows lie a power of two apart as
 * often as not, and then few of them stay in L1 from one tile of rows to the next. */

/* The product for the units from u on. */
ALWAYS_INLINE ArmcCellProduct product_at(ArmcCellProduct p, const int gates, int64_t u)
{
    if (p.k > 0)
        p.w += p.packed ? u / LANES * (p.k * gates * LANES) + u % LANES : u;
    return p;
}

static ArmcCellProduct pack_cells_kernel(const ArmcCellProduct *product, int64_t h, int gates,
                                         ArmcReal *to)
{
    const ArmcCellProduct packed = {product->k, to, gates * LANES, LANES, true};
    for (int64_t u = 0; u < h; u += LANES) {
        const Part part = part_make(h - u < LANES ? h - u : LANES);
        for (int64_t i = 0; i < product->k; i++)
            for (int g = 0; g < gates; g++, to += LANES)
                vec_store(to,
                          part_load(product->w + i * product->step + g * product->gate + u, part));
    }
    return packed;
}

/* All rows of a step: vector by vector of units, whose weights stay near for all tiles of rows. */
ALWAYS_INLINE void cell_step(const ArmcCells *s, const int gates,
                             const CellTile tiles[2][SCAN_ROWS])
{
    for (int64_t u = s->begin, count; u < s->end; u += count) {
        count = LANES - u % LANES < s->end - u ? LANES - u % LANES : s->end - u;
        const ArmcCellProduct p[2] = {product_at(s->product[0], gates, u),
                                      product_at(s->product[1], gates, u)};
        for (int64_t r = 0, rows; r < s->m; r += rows) {
            rows = even_step(s->m - r, SCAN_ROWS);
            tiles[count == LANES][rows - 1](s, p, r, u, count);
        }
    }
}

CELL_TILES(lstm)
static const CellTile lstm_tiles[2][SCAN_ROWS] = {CELL_ROWS(lstm_part), CELL_ROWS(lstm_whole)};

static void lstm_kernel(const ArmcCells *s)
{
    cell_step(s, LSTM_GATES, lstm_tiles);
}

CELL_TILES(gru)
static const CellTile gru_tiles[2][SCAN_ROWS] = {CELL_ROWS(gru_part), CELL_ROWS(gru_whole)};

static void gru_kernel(const ArmcCells *s)
{
    cell_step(s, GRU_GATES, gru_tiles);
}

/* --- the way back --- */

ALWAYS_INLINE Vec handed_on(const ArmcCellsBack *s, const int whole, Part part, int64_t r,
                            int64_t u)
{
    return s->before ? load_some(s->from + s->before[r] * s->ldf + u, whole, part) : splat(0);
}

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
    const Vec c = handed_on(s, whole, part, r, u);
    const Vec dy = load_some(s->dy + r * h + u, whole, part);
    const Vec dc = vec_fma(dy * o, vec_fnma(t, t, splat(1)), load_some(dcs, whole, part));
    store_some(d, whole, part, dc * g * (i * (splat(1) - i)));
    store_some(d + h, whole, part, dc * c * (f * (splat(1) - f)));
    store_some(d + 2 * h, whole, part, dc * i * vec_fnma(g, g, splat(1)));
    store_some(d + 3 * h, whole, part, dy * t * (o * (splat(1) - o)));
    store_some(dcs, whole, part, dc * f);
}

/* The same of a GRU, with the gradients of r, z, n and of q; what is handed on is in dc. */
ALWAYS_INLINE void gru_back(const ArmcCellsBack *s, const int whole, Part part, int64_t i,
                            int64_t u)
{
    const int64_t h = s->h;
    const ArmcReal *gates = s->gates + s->row[i] * CELL_SUMS * h + u;
    ArmcReal *d = s->d + i * CELL_SUMS * h + u, *dcs = s->dc + i * h + u;
    const Vec r = load_some(gates, whole, part), z = load_some(gates + h, whole, part);
    const Vec n = load_some(gates + 2 * h, whole, part), q = load_some(gates + 3 * h, whole, part);
    const Vec c = handed_on(s, whole, part, i, u);
    const Vec dy = load_some(s->dy + i * h + u, whole, part) + load_some(dcs, whole, part);
    const Vec dn = dy * (splat(1) - z) * vec_fnma(n, n, splat(1));
    store_some(d, whole, part, dn * q * (r * (splat(1) - r)));
    store_some(d + h, whole, part, dy * (c - n) * (z * (splat(1) - z)));
    store_some(d + 2 * h, whole, part, dn);
    store_some(d + 3 * h, whole, part, dn * r);
    store_some(dcs, whole, part, dy * z);
}

#define CELLS_BACK(kind)                                                                           \
    static void kind##_back_kernel(const ArmcCellsBack *s)                                         \
    {                                                                                              \
        const Part last = part_make(s->h % LANES);                                                 \
        for (int64_t r = 0; r < s->m; r++) {                                                       \
            int64_t u = 0;                                                                         \
            for (; u + LANES <= s->h; u += LANES)                                                  \
                kind##_back(s, 1, last, r, u);                                                     \
            if (u < s->h)                                                                          \
                kind##_back(s, 0, last, r, u);                                                     \
        }                                                                                          \
    }
CELLS_BACK(lstm)
CELLS_BACK(gru)

#endif
