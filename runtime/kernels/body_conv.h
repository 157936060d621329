/* Convolution without gathering: C(y,x) = sum over runs of A(y,x)'s entries times rows of a packed
 * B, one chain of fused multiply-adds for each entry in the order of the runs. Lanes run along
 * n; a tile of up to CONV_ROWS pixels by CONV_VECS vectors of C stays in registers over all runs.
 * Pixels are taken in row-major order whatever the width, so a tile may go over the end of an image
 * row; each one's address is looked up, not computed from a stride. */
#ifndef ARMC_KERNELS_BODY_CONV_H
#define ARMC_KERNELS_BODY_CONV_H

#include <stddef.h>

enum {
    CONV_COLS = CONV_VECS * LANES, /* columns of a packed panel */
    CONV_TILES = 4,                /* tiles whose pixels stay in L1 while they meet all panels */
    OUTER_REALS = (1 << 17) / (int)sizeof(ArmcReal), /* of A and B: they stay in L2 for all of C */
    OUTER_PIXELS = 64, /* at least as many at a time: C is read and written once for each */
    CONV_UNROLL = 4, /* steps between two looks at where a pixel lies: 14 don't fit in registers */
};

/* --- packing --- */

/* A panel (k, width) for each CONV_COLS columns, one after the other; the last is only as many
 * vectors wide as it needs. */
static int64_t packed_size_kernel(int64_t k, int64_t n)
{
    return k * ((n + LANES - 1) / LANES * LANES);
}

static int64_t panel_width(int64_t cols)
{
    return cols < CONV_COLS ? (cols + LANES - 1) / LANES * LANES : CONV_COLS;
}

static void pack_kernel(int64_t k, int64_t n, int64_t first, int64_t rows, const ArmcReal *b,
                        int64_t b_row, int64_t b_col, ArmcReal *packed)
{
    for (int64_t j = 0; j < n; j += CONV_COLS, packed += k * CONV_COLS) {
        const int64_t width = panel_width(n - j), cols = n - j < width ? n - j : width;
        ArmcReal *to = packed + first * width;
        for (int64_t i = 0; i < rows; i++, to += width) {
            const ArmcReal *from = b + i * b_row + j * b_col;
            for (int64_t q = 0; q < width; q++)
                to[q] = q < cols ? from[q * b_col] : 0;
        }
    }
}

/* --- ahead --- */

/* What is asked of memory while there is arithmetic, a bit with each step: what comes next lies
 * far away, and waiting for it would take as long as the arithmetic. */
typedef struct Ahead {
    const char *at;
    int64_t step; /* bytes */
} Ahead;

/* `reals` from `first` on, in so many steps. */
static Ahead ahead_make(const ArmcReal *first, int64_t reals, int64_t steps)
{
    const int64_t bytes = reals * (int64_t)sizeof(ArmcReal);
    return (Ahead){(const char *)first, steps > 0 ? (bytes + steps - 1) / steps : 0};
}

ALWAYS_INLINE void ahead_go(Ahead *ahead, const int write)
{
    if (write)
        __builtin_prefetch(ahead->at, 1);
    else
        __builtin_prefetch(ahead->at);
    ahead->at += ahead->step;
}

/* A will be read, B read too or written. */
typedef struct AheadOf {
    Ahead a, b;
} AheadOf;

/* --- conv --- */

/* Where the pixels of a tile lie in A and in C. */
typedef struct Pixels {
    int64_t rows;
    const ArmcReal *a[CONV_ROWS];
    const ArmcReal *o[CONV_ROWS]; /* what is added to C, unless `plain` */
    ArmcReal *c[CONV_ROWS];
    int plain;
} Pixels;

/* What a tile of some columns of C adds up. */
typedef struct Panel {
    const ArmcRun *runs;
    int64_t count;
    const ArmcReal *packed;
    const ArmcReal *bias; /* of all columns; NULL: none */
    int64_t column, cols;
    int go_on; /* from what C holds already */
} Panel;

/* The next term of each chain: entry i of each pixel times row b of the panel. */
ALWAYS_INLINE void conv_step(const int rows, const int vecs, const ArmcReal *const *at, int64_t i,
                             const ArmcReal *b, Vec (*acc)[CONV_VECS])
{
    Vec bv[CONV_VECS];
    UNROLL
    for (int v = 0; v < vecs; v++)
        bv[v] = vec_load(b + v * LANES);
    UNROLL
    for (int r = 0; r < rows; r++) {
        const Vec av = splat(at[r][i]);
        UNROLL
        for (int v = 0; v < vecs; v++)
            acc[r][v] = vec_fma(av, bv[v], acc[r][v]);
    }
}

ALWAYS_INLINE void conv_tile(const int rows, const int vecs, const Panel *p, const Pixels *pixels,
                             AheadOf *ahead)
{
    const int whole = vecs - 1;
    const Part last = part_make(p->cols - whole * LANES);
    const ArmcReal *b = p->packed;
    AheadOf next = *ahead;
    Vec acc[CONV_ROWS][CONV_VECS] = {{{0}}};
    if (p->go_on) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            const ArmcReal *c = pixels->c[r] + p->column;
            UNROLL
            for (int v = 0; v < whole; v++)
                acc[r][v] = vec_load(c + v * LANES);
            acc[r][whole] = part_load(c + whole * LANES, last);
        }
    }
    for (int64_t q = 0; q < p->count; q++) {
        const ArmcReal *at[CONV_ROWS];
        UNROLL
        for (int r = 0; r < rows; r++)
            at[r] = pixels->a[r] + p->runs[q].offset;
        int64_t i = 0;
        for (; i + CONV_UNROLL <= p->runs[q].length; i += CONV_UNROLL) {
            UNROLL
            for (int u = 0; u < CONV_UNROLL; u++, b += vecs * LANES) {
                conv_step(rows, vecs, at, i + u, b, acc);
                ahead_go(u % 2 ? &next.b : &next.a, u % 2);
            }
        }
        for (; i < p->runs[q].length; i++, b += vecs * LANES)
            conv_step(rows, vecs, at, i, b, acc);
    }
    if (p->bias) {
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const ArmcReal *bias = p->bias + p->column + v * LANES;
            const Vec bv = v < whole ? vec_load(bias) : part_load(bias, last);
            UNROLL
            for (int r = 0; r < rows; r++)
                acc[r][v] += bv;
        }
    }
    if (!pixels->plain) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            const ArmcReal *o = pixels->o[r] + p->column;
            UNROLL
            for (int v = 0; v < whole; v++)
                acc[r][v] += vec_load(o + v * LANES);
            acc[r][whole] += part_load(o + whole * LANES, last);
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        ArmcReal *c = pixels->c[r] + p->column;
        UNROLL
        for (int v = 0; v < whole; v++)
            vec_store(c + v * LANES, acc[r][v]);
        part_store(c + whole * LANES, last, acc[r][whole]);
    }
    *ahead = next;
}

/* --- conv_outer --- */

/* Pixels of B and of A beside it: the first of them is number x of its image row. */
typedef struct Strip {
    int64_t pixels, x, w;
    const ArmcReal *a, *b;
    int64_t a_row, a_col, b_row, b_col; /* a step down goes back by a whole row: a_row - w a_col */
} Strip;

/* C's tile from row 0, column 0: sum over the strip's pixels of A's first entries times B's. */
ALWAYS_INLINE void conv_outer_tile(const int rows, const int vecs, const Strip *s, ArmcReal *c,
                                   int64_t ldc, int64_t last_lanes, int go_on, AheadOf *ahead)
{
    AheadOf next = *ahead;
    const int whole = vecs - 1;
    const Part last = part_make(last_lanes);
    Vec acc[CONV_ROWS][CONV_VECS] = {{{0}}};
    if (go_on) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int v = 0; v < whole; v++)
                acc[r][v] = vec_load(c + r * ldc + v * LANES);
            acc[r][whole] = part_load(c + r * ldc + whole * LANES, last);
        }
    }
    const ArmcReal *a = s->a, *b = s->b;
    const int64_t a_col = s->a_col, b_col = s->b_col;
    int64_t left = s->pixels, room = s->w - s->x;
    while (left > 0) {
        const int64_t steps = left < room ? left : room;
        for (int64_t i = 0; i < steps; i++, a += a_col, b += b_col) {
            Vec bv[CONV_VECS];
            UNROLL
            for (int v = 0; v < whole; v++)
                bv[v] = vec_load(b + v * LANES);
            bv[whole] = part_load(b + whole * LANES, last);
            UNROLL
            for (int r = 0; r < rows; r++) {
                const Vec av = splat(a[r]);
                UNROLL
                for (int v = 0; v < vecs; v++)
                    acc[r][v] = vec_fma(av, bv[v], acc[r][v]);
            }
            ahead_go(&next.a, 0);
            ahead_go(&next.b, 0);
        }
        left -= steps;
        room = s->w;
        a += s->a_row;
        b += s->b_row;
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < whole; v++)
            vec_store(c + r * ldc + v * LANES, acc[r][v]);
        part_store(c + r * ldc + whole * LANES, last, acc[r][whole]);
    }
    *ahead = next;
}

/* --- tiles of each size --- */

typedef void (*ConvTile)(const Panel *panel, const Pixels *pixels, AheadOf *ahead);
typedef void (*ConvOuterTile)(const Strip *s, ArmcReal *c, int64_t ldc, int64_t last_lanes,
                              int go_on, AheadOf *ahead);

#define CONV_TILE(rows, vecs)                                                                      \
    static void conv_##rows##x##vecs(const Panel *panel, const Pixels *pixels, AheadOf *ahead)     \
    {                                                                                              \
        conv_tile(rows, vecs, panel, pixels, ahead);                                               \
    }                                                                                              \
    static void conv_outer_##rows##x##vecs(const Strip *s, ArmcReal *c, int64_t ldc,               \
                                           int64_t last_lanes, int go_on, AheadOf *ahead)          \
    {                                                                                              \
        conv_outer_tile(rows, vecs, s, c, ldc, last_lanes, go_on, ahead);                          \
    }
#define CONV_TILES_OF_ROW(rows) CONV_TILE(rows, 1) CONV_TILE(rows, 2)
#define CONV_ROW(kind, rows)                                                                       \
    {                                                                                              \
        kind##_##rows##x1, kind##_##rows##x2                                                       \
    }

#define CONV_FOUR(kind) CONV_ROW(kind, 1), CONV_ROW(kind, 2), CONV_ROW(kind, 3), CONV_ROW(kind, 4)
#define CONV_SIX(kind)  CONV_FOUR(kind), CONV_ROW(kind, 5), CONV_ROW(kind, 6)
#define CONV_TEN(kind)                                                                             \
    CONV_SIX(kind), CONV_ROW(kind, 7), CONV_ROW(kind, 8), CONV_ROW(kind, 9), CONV_ROW(kind, 10)

CONV_TILES_OF_ROW(1)
CONV_TILES_OF_ROW(2)
CONV_TILES_OF_ROW(3)
CONV_TILES_OF_ROW(4)
#if CONV_ROWS >= 6
CONV_TILES_OF_ROW(5)
CONV_TILES_OF_ROW(6)
#endif
#if CONV_ROWS == 14
CONV_TILES_OF_ROW(7)
CONV_TILES_OF_ROW(8)
CONV_TILES_OF_ROW(9)
CONV_TILES_OF_ROW(10)
CONV_TILES_OF_ROW(11)
CONV_TILES_OF_ROW(12)
CONV_TILES_OF_ROW(13)
CONV_TILES_OF_ROW(14)
#define CONV_ROWS_OF(kind)                                                                         \
    {                                                                                              \
        CONV_TEN(kind), CONV_ROW(kind, 11), CONV_ROW(kind, 12), CONV_ROW(kind, 13),                \
            CONV_ROW(kind, 14)                                                                     \
    }
#elif CONV_ROWS == 6
#define CONV_ROWS_OF(kind)                                                                         \
    {                                                                                              \
        CONV_SIX(kind)                                                                             \
    }
#else
#define CONV_ROWS_OF(kind)                                                                         \
    {                                                                                              \
        CONV_FOUR(kind)                                                                            \
    }
#endif

static const ConvTile conv_tiles[CONV_ROWS][CONV_VECS] = CONV_ROWS_OF(conv);
static const ConvOuterTile conv_outer_tiles[CONV_ROWS][CONV_VECS] = CONV_ROWS_OF(conv_outer);

/* --- the kernels --- */

static int64_t terms_of(const ArmcRun *runs, int64_t count)
{
    int64_t terms = 0;
    for (int64_t q = 0; q < count; q++)
        terms += runs[q].length;
    return terms;
}

/* The pixels of an image, row by row. */
typedef struct Image {
    int64_t w, x;
    int plain; /* without O */
    const ArmcReal *a, *o;
    ArmcReal *c;
    int64_t a_col, c_col, a_down, c_down; /* from the end of a row to the next one's begin */
} Image;

static void take_pixels(Image *image, int64_t rows, Pixels *pixels)
{
    pixels->rows = rows;
    pixels->plain = image->plain;
    for (int64_t r = 0; r < rows; r++) {
        pixels->a[r] = image->a;
        pixels->o[r] = image->o;
        pixels->c[r] = image->c;
        image->a += image->a_col;
        image->o += image->c_col;
        image->c += image->c_col;
        if (++image->x == image->w) {
            image->x = 0;
            image->a += image->a_down;
            image->o += image->c_down;
            image->c += image->c_down;
        }
    }
}

/* All columns of some tiles. */
static void conv_tiles_run(const Pixels *tiles, int count, Panel panel, int64_t n, AheadOf *ahead)
{
    const int64_t terms = terms_of(panel.runs, panel.count);
    for (; panel.column < n; panel.column += CONV_COLS, panel.packed += terms * CONV_COLS) {
        panel.cols = n - panel.column < CONV_COLS ? n - panel.column : CONV_COLS;
        for (int t = 0; t < count; t++)
            conv_tiles[tiles[t].rows - 1][(panel.cols - 1) / LANES](&panel, &tiles[t], ahead);
    }
}

static void conv_kernel(int64_t h, int64_t w, int64_t n, const ArmcRun *runs, int64_t count,
                        const ArmcReal *a, int64_t a_row, int64_t a_col, const ArmcReal *packed,
                        const ArmcReal *bias, const ArmcReal *o, ArmcReal *c, int64_t c_row,
                        int64_t c_col, int accumulate)
{
    Image image = {.w = w,
                   .plain = o == NULL,
                   .a = a,
                   .o = o ? o : c,
                   .c = c,
                   .a_col = a_col,
                   .c_col = c_col,
                   .a_down = a_row - w * a_col,
                   .c_down = c_row - w * c_col};
    const Panel panel = {
        .runs = runs, .count = count, .packed = packed, .bias = bias, .go_on = accumulate};
    const int64_t panels = (n + CONV_COLS - 1) / CONV_COLS,
                  steps = terms_of(runs, count) / 2 * panels;
    for (int64_t left = h * w; left > 0;) {
        Pixels tiles[CONV_TILES];
        int64_t before = left;
        int taken = 0;
        for (; taken < CONV_TILES && left > 0; left -= tiles[taken++].rows)
            take_pixels(&image, even_step(left, CONV_ROWS), &tiles[taken]);
        const int64_t next = before - left < left ? before - left : left;
        AheadOf ahead = {ahead_make(image.a, next * a_col, steps * taken),
                         ahead_make(image.c, next * c_col, steps * taken)};
        conv_tiles_run(tiles, taken, panel, n, &ahead);
    }
}

/* Adds (or begins with) a strip of pixels to the whole C (length,n). */
static void conv_outer_strip(const Strip *strip, int64_t length, int64_t n, ArmcReal *c,
                             int64_t ldc, int go_on, AheadOf ahead)
{
    for (int64_t j = 0; j < n; j += CONV_COLS) {
        const int64_t cols = n - j < CONV_COLS ? n - j : CONV_COLS, whole = (cols - 1) / LANES;
        for (int64_t i = 0, rows; i < length; i += rows) {
            rows = even_step(length - i, CONV_ROWS);
            Strip s = *strip;
            s.a += i;
            s.b += j;
            conv_outer_tiles[rows - 1][whole](&s, c + i * ldc + j, ldc, cols - whole * LANES, go_on,
                                              &ahead);
        }
    }
}

/* How many pixels stay in L2; neighbours share what they overlap in. */
static int outer_pixels(int64_t length, int64_t n, int64_t a_col)
{
    const int64_t pixel = n + (0 < a_col && a_col < length ? a_col : length),
                  fit = OUTER_REALS / pixel;
    return (int)(fit > OUTER_PIXELS ? fit : OUTER_PIXELS);
}

static void conv_outer_kernel(int64_t h, int64_t w, int64_t length, int64_t n, const ArmcReal *a,
                              int64_t a_row, int64_t a_col, const ArmcReal *b, int64_t b_row,
                              int64_t b_col, ArmcReal *c, int64_t ldc, int accumulate)
{
    Strip s = {0, 0, w, a, b, a_row - w * a_col, a_col, b_row - w * b_col, b_col};
    AheadOf ahead = {0};
    if (h * w == 0)
        conv_outer_strip(&s, length, n, c, ldc, accumulate, ahead);
    if (length == 0 || n == 0)
        return;
    const int most = outer_pixels(length, n, a_col);
    const int64_t tiles =
        ((length + CONV_ROWS - 1) / CONV_ROWS) * ((n + CONV_COLS - 1) / CONV_COLS);
    for (int64_t done = 0, left = h * w; left > 0; done += s.pixels) {
        const int64_t y = done / w, x = done % w;
        s.pixels = even_step(left, most);
        left -= s.pixels;
        s.x = x;
        s.a = a + y * a_row + x * a_col;
        s.b = b + y * b_row + x * b_col;
        const int64_t next = s.pixels < left ? s.pixels : left;
        ahead.a = ahead_make(s.a + s.pixels * a_col, next * a_col, s.pixels * tiles);
        ahead.b = ahead_make(s.b + s.pixels * b_col, next * b_col, s.pixels * tiles);
        conv_outer_strip(&s, length, n, c, ldc, accumulate || done > 0, ahead);
    }
}

#endif
