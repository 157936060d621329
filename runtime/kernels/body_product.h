/* C (m,n) = A B with one chain of fused multiply-adds over k for each entry. Lanes run along n; a
 * tile of TILE_ROWS rows by TILE_VECS vectors of C stays in registers while k runs. Blocks of k go
 * on from C in memory, so no blocking changes a bit. A is read through two strides, which makes one
 * source of A B and of A^T B. */
#ifndef ARMC_KERNELS_BODY_PRODUCT_H
#define ARMC_KERNELS_BODY_PRODUCT_H

/* A tile of C: its last vector has `last_lanes` lanes; it starts from C where `go_on`, else from 0.
 */
ALWAYS_INLINE void tile(const int rows, const int vecs, int64_t k, const ArmcReal *a, int64_t a_row,
                        int64_t a_step, const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc,
                        int64_t last_lanes, int go_on)
{
    const int whole = vecs - 1;
    const Part last = part_make(last_lanes);
    Vec acc[TILE_ROWS][TILE_VECS] = {{{0}}};
    if (go_on) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int v = 0; v < whole; v++)
                acc[r][v] = vec_load(c + r * ldc + v * LANES);
            acc[r][whole] = part_load(c + r * ldc + whole * LANES, last);
        }
    }
    for (int64_t i = 0; i < k; i++, a += a_step, b += ldb) {
        Vec bv[TILE_VECS];
        UNROLL
        for (int v = 0; v < whole; v++)
            bv[v] = vec_load(b + v * LANES);
        bv[whole] = part_load(b + whole * LANES, last);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const Vec av = splat(a[r * a_row]);
            UNROLL
            for (int v = 0; v < vecs; v++)
                acc[r][v] = vec_fma(av, bv[v], acc[r][v]);
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < whole; v++)
            vec_store(c + r * ldc + v * LANES, acc[r][v]);
        part_store(c + r * ldc + whole * LANES, last, acc[r][whole]);
    }
}

/* `lda` is the stride that isn't 1. No vector is passed: gcc leaves out vzeroupper in functions
 * that take one, and all SSE code behind them runs ten times slower. */
typedef void (*Tile)(int64_t k, const ArmcReal *a, int64_t lda, const ArmcReal *b, int64_t ldb,
                     ArmcReal *c, int64_t ldc, int64_t last_lanes, int go_on);
typedef Tile Tiles[TILE_ROWS][TILE_VECS];

#define TILE(rows, vecs)                                                                           \
    static void plain_##rows##x##vecs(int64_t k, const ArmcReal *a, int64_t lda,                   \
                                      const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc,    \
                                      int64_t last_lanes, int go_on)                               \
    {                                                                                              \
        tile(rows, vecs, k, a, lda, 1, b, ldb, c, ldc, last_lanes, go_on);                         \
    }                                                                                              \
    static void outer_##rows##x##vecs(int64_t k, const ArmcReal *a, int64_t lda,                   \
                                      const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc,    \
                                      int64_t last_lanes, int go_on)                               \
    {                                                                                              \
        tile(rows, vecs, k, a, 1, lda, b, ldb, c, ldc, last_lanes, go_on);                         \
    }

#if TILE_VECS == 3
#define TILES_OF_ROW(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 3)
#define ROW(kind, rows)                                                                            \
    {                                                                                              \
        kind##_##rows##x1, kind##_##rows##x2, kind##_##rows##x3                                    \
    }
#else
#define TILES_OF_ROW(rows) TILE(rows, 1) TILE(rows, 2)
#define ROW(kind, rows)                                                                            \
    {                                                                                              \
        kind##_##rows##x1, kind##_##rows##x2                                                       \
    }
#endif

TILES_OF_ROW(1)
TILES_OF_ROW(2)
TILES_OF_ROW(3)
TILES_OF_ROW(4)
#if TILE_ROWS == 8
TILES_OF_ROW(5)
TILES_OF_ROW(6)
TILES_OF_ROW(7)
TILES_OF_ROW(8)
#define ROWS(kind)                                                                                 \
    {                                                                                              \
        ROW(kind, 1), ROW(kind, 2), ROW(kind, 3), ROW(kind, 4), ROW(kind, 5), ROW(kind, 6),        \
            ROW(kind, 7), ROW(kind, 8)                                                             \
    }
#else
#define ROWS(kind)                                                                                 \
    {                                                                                              \
        ROW(kind, 1), ROW(kind, 2), ROW(kind, 3), ROW(kind, 4)                                     \
    }
#endif

static const Tiles plain_tiles = ROWS(plain);
static const Tiles outer_tiles = ROWS(outer);

enum {
    PANEL_COLS = TILE_VECS * LANES,
    /* A packed panel of B (PANEL_STEPS, PANEL_COLS) lies on the stack and stays in L1 beside A's
       rows. */
    PANEL_STEPS = 32768 / (PANEL_COLS * (int)sizeof(ArmcReal)),
    BLOCK_ROWS = 512,            /* rows of A that share a packed panel: A's block stays in L2 */
    PACKED_ROWS = 4 * TILE_ROWS, /* from here on packing pays */
    FEW_STEPS = 64,              /* up to here all rows of B stay in L1 or L2 while C streams by */
};

typedef struct Product {
    const Tile (*tiles)[TILE_VECS];
    int64_t lda, a_row, a_step;
    int64_t ldc;
} Product;

/* A strip of C one tile high: rows x n. */
static void strip(const Product *p, int rows, int64_t n, int64_t k, const ArmcReal *a,
                  const ArmcReal *b, int64_t ldb, ArmcReal *c, int go_on)
{
    for (int64_t j = 0; j < n; j += PANEL_COLS) {
        const int64_t cols = n - j < PANEL_COLS ? n - j : PANEL_COLS;
        const int64_t whole = (cols - 1) / LANES;
        p->tiles[rows - 1][whole](k, a, p->lda, b + j, ldb, c + j, p->ldc, cols - whole * LANES,
                                  go_on);
    }
}

/* C (m,n), n at most a panel or k small: strip by strip. */
static void strips(const Product *p, int64_t m, int64_t n, int64_t k, const ArmcReal *a,
                   const ArmcReal *b, int64_t ldb, ArmcReal *c, int go_on)
{
    for (int64_t i = 0, rows; i < m; i += rows) {
        rows = even_step(m - i, TILE_ROWS);
        strip(p, (int)rows, n, k, a + i * p->a_row, b, ldb, c + i * p->ldc, go_on);
    }
}

/* Copies rows 0..steps-1 of a panel of B, filled up with zeros to whole vectors. */
static void pack(int64_t steps, int64_t cols, const ArmcReal *b, int64_t ldb, ArmcReal *panel)
{
    for (int64_t i = 0; i < steps; i++, b += ldb, panel += PANEL_COLS) {
        int64_t j = 0;
        for (; j + LANES <= cols; j += LANES)
            vec_store(panel + j, vec_load(b + j));
        if (j < cols)
            vec_store(panel + j, part_load(b + j, part_make(cols - j)));
    }
}

/* Panels of B are packed, for PANEL_STEPS of k and BLOCK_ROWS rows at a time. */
static void packed_product(const Product *p, int64_t m, int64_t n, int64_t k, const ArmcReal *a,
                           const ArmcReal *b, int64_t ldb, ArmcReal *c, int go_on)
{
    _Alignas(64) ArmcReal panel[PANEL_STEPS * PANEL_COLS];
    for (int64_t i = 0; i < m; i += BLOCK_ROWS) {
        const int64_t rows = m - i < BLOCK_ROWS ? m - i : BLOCK_ROWS;
        for (int64_t s = 0, steps; s < k; s += steps) {
            steps = even_step(k - s, PANEL_STEPS);
            for (int64_t j = 0; j < n; j += PANEL_COLS) {
                const int64_t cols = n - j < PANEL_COLS ? n - j : PANEL_COLS;
                pack(steps, cols, b + s * ldb + j, ldb, panel);
                strips(p, rows, cols, steps, a + i * p->a_row + s * p->a_step, panel, PANEL_COLS,
                       c + i * p->ldc + j, go_on || s > 0);
            }
        }
    }
}

static void product(const Product *p, int64_t m, int64_t n, int64_t k, const ArmcReal *a,
                    const ArmcReal *b, int64_t ldb, ArmcReal *c, int go_on)
{
    if (k <= FEW_STEPS || n <= PANEL_COLS) {
        strips(p, m, n, k, a, b, ldb, c, go_on);
    } else if (m > PACKED_ROWS) {
        packed_product(p, m, n, k, a, b, ldb, c, go_on);
    } else {
        for (int64_t j = 0; j < n; j += PANEL_COLS)
            strips(p, m, n - j < PANEL_COLS ? n - j : PANEL_COLS, k, a, b + j, ldb, c + j, go_on);
    }
}

static void gemm_kernel(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                        const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc, int accumulate)
{
    const Product p = {plain_tiles, lda, lda, 1, ldc};
    product(&p, m, n, k, a, b, ldb, c, accumulate);
}

static void gemm_outer_kernel(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                              const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc,
                              int accumulate)
{
    const Product p = {outer_tiles, lda, 1, lda, ldc};
    product(&p, m, n, k, a, b, ldb, c, accumulate);
}

#endif
