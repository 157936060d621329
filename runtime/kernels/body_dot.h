/* dot, and C (m,n) = A (m,k) B^T with each entry a dot: the same 16 partial results and the same
 * tree for every entry, whichever block it is computed in. */
#ifndef ARMC_KERNELS_BODY_DOT_H
#define ARMC_KERNELS_BODY_DOT_H

/* A block's entries, filled up to whole vectors so that their lanes can be added LANES entries at a
 * time. */
enum { DOT_BLOCK = (DOT_ROWS * DOT_COLS + LANES - 1) / LANES * LANES };

/* The 16 partial results of each entry: lanes[row * cols + col]. Entries share the loads of A and
 * B. */
ALWAYS_INLINE void dot_lanes(const int rows, const int cols, int64_t k, const ArmcReal *a,
                             int64_t lda, const ArmcReal *b, int64_t ldb, Vec (*lanes)[GROUPS])
{
    Vec acc[DOT_ROWS][DOT_COLS][GROUPS] = {{{{0}}}};
    int64_t i = 0;
    for (; i + ARMC_VIRTUAL_LANES <= k; i += ARMC_VIRTUAL_LANES) {
        UNROLL
        for (int g = 0; g < GROUPS; g++) {
            Vec bv[DOT_COLS];
            UNROLL
            for (int c = 0; c < cols; c++)
                bv[c] = vec_load(b + c * ldb + i + g * LANES);
            UNROLL
            for (int r = 0; r < rows; r++) {
                const Vec av = vec_load(a + r * lda + i + g * LANES);
                UNROLL
                for (int c = 0; c < cols; c++)
                    acc[r][c][g] = vec_fma(av, bv[c], acc[r][c][g]);
            }
        }
    }
    if (i < k) {
        UNROLL
        for (int g = 0; g < GROUPS; g++) {
            const Part part = group_part(k - i, g);
            Vec bv[DOT_COLS];
            UNROLL
            for (int c = 0; c < cols; c++)
                bv[c] = part_load(b + c * ldb + i + g * LANES, part);
            UNROLL
            for (int r = 0; r < rows; r++) {
                const Vec av = part_load(a + r * lda + i + g * LANES, part);
                UNROLL
                for (int c = 0; c < cols; c++)
                    acc[r][c][g] = vec_fma(av, bv[c], acc[r][c][g]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int c = 0; c < cols; c++)
            for (int g = 0; g < GROUPS; g++)
                lanes[r * cols + c][g] = acc[r][c][g];
    }
}

/* Entries of a block of C, row by row. */
ALWAYS_INLINE void dot_block(const int rows, const int cols, int64_t k, const ArmcReal *a,
                             int64_t lda, const ArmcReal *b, int64_t ldb, ArmcReal *entries)
{
    Vec lanes[DOT_ROWS * DOT_COLS][GROUPS];
    dot_lanes(rows, cols, k, a, lda, b, ldb, lanes);
    UNROLL
    for (int begin = 0; begin < rows * cols; begin += LANES) {
        Vec group[LANES];
        UNROLL
        for (int i = 0; i < LANES; i++)
            group[i] = begin + i < rows * cols ? add_groups(lanes[begin + i]) : splat(0);
        vec_store(entries + begin, add_lanes_of_each(group));
    }
}

typedef void (*DotBlock)(int64_t k, const ArmcReal *a, int64_t lda, const ArmcReal *b, int64_t ldb,
                         ArmcReal *entries);

#define DOT(rows, cols)                                                                            \
    static void dot_##rows##x##cols(int64_t k, const ArmcReal *a, int64_t lda, const ArmcReal *b,  \
                                    int64_t ldb, ArmcReal *entries)                                \
    {                                                                                              \
        dot_block(rows, cols, k, a, lda, b, ldb, entries);                                         \
    }

DOT(1, 1)
DOT(1, 2)
DOT(2, 1)
DOT(2, 2)
#if DOT_ROWS == 4 && DOT_COLS == 4
DOT(1, 3)
DOT(1, 4)
DOT(2, 3)
DOT(2, 4)
DOT(3, 1)
DOT(3, 2)
DOT(3, 3)
DOT(3, 4)
DOT(4, 1)
DOT(4, 2)
DOT(4, 3)
DOT(4, 4)
static const DotBlock dot_blocks[DOT_ROWS][DOT_COLS] = {
    {dot_1x1, dot_1x2, dot_1x3, dot_1x4},
    {dot_2x1, dot_2x2, dot_2x3, dot_2x4},
    {dot_3x1, dot_3x2, dot_3x3, dot_3x4},
    {dot_4x1, dot_4x2, dot_4x3, dot_4x4},
};
#else
static const DotBlock dot_blocks[DOT_ROWS][DOT_COLS] = {{dot_1x1, dot_1x2}, {dot_2x1, dot_2x2}};
#endif

static ArmcReal dot_kernel(int64_t n, const ArmcReal *a, const ArmcReal *b)
{
    ArmcReal entries[DOT_BLOCK];
    dot_1x1(n, a, 0, b, 0, entries);
    return entries[0];
}

/* How many of `left` to take next in steps of at most `most`, so that the steps come out even. */
ALWAYS_INLINE int even_step(int64_t left, int most)
{
    const int64_t steps = (left + most - 1) / most;
    return (int)((left + steps - 1) / steps);
}

static void gemm_dot_kernel(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                            const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc,
                            int accumulate)
{
    for (int64_t j = 0, cols; j < n; j += cols) {
        cols = even_step(n - j, DOT_COLS);
        for (int64_t i = 0, rows; i < m; i += rows) {
            rows = even_step(m - i, DOT_ROWS);
            ArmcReal entries[DOT_BLOCK];
            dot_blocks[rows - 1][cols - 1](k, a + i * lda, lda, b + j * ldb, ldb, entries);
            for (int64_t r = 0; r < rows; r++)
                for (int64_t q = 0; q < cols; q++) {
                    ArmcReal *to = &c[(i + r) * ldc + j + q];
                    *to = accumulate ? *to + entries[r * cols + q] : entries[r * cols + q];
                }
        }
    }
}

#endif
