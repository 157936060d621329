/* Products with something else in the same pass, for results that are read once: no array in
 * between. Lanes run along a row, and each entry is computed as the separate kernels would. */
#ifndef ARMC_KERNELS_BODY_FUSED_H
#define ARMC_KERNELS_BODY_FUSED_H

enum { FUSED_VECS = 4 }; /* chains that hide the latency of a product */

/* A vector, or only its part. */
ALWAYS_INLINE Vec load_some(const ArmcReal *x, const int whole, Part part)
{
    return whole ? vec_load(x) : part_load(x, part);
}

ALWAYS_INLINE void store_some(ArmcReal *y, const int whole, Part part, Vec v)
{
    if (whole)
        vec_store(y, v);
    else
        part_store(y, part, v);
}

/* Some vectors of all rows: w stays in registers. */
ALWAYS_INLINE void onto_block(const int vecs, const int whole, Part part, int64_t m,
                              const ArmcReal *a, int64_t lda, const ArmcReal *w, const ArmcReal *o,
                              ArmcReal *c, int64_t ldc)
{
    Vec wv[FUSED_VECS];
    UNROLL
    for (int v = 0; v < vecs; v++)
        wv[v] = load_some(w + v * LANES, whole, part);
    for (int64_t r = 0; r < m; r++, o += ldc, c += ldc) {
        const Vec ar = splat(a[r * lda]);
        UNROLL
        for (int v = 0; v < vecs; v++)
            store_some(c + v * LANES, whole, part,
                       vec_fma(ar, wv[v], load_some(o + v * LANES, whole, part)));
    }
}

static void outer_onto_kernel(int64_t m, int64_t n, const ArmcReal *a, int64_t lda,
                              const ArmcReal *w, const ArmcReal *o, ArmcReal *c, int64_t ldc)
{
    const Part none = part_make(0);
    int64_t j = 0;
    for (; j + FUSED_VECS * LANES <= n; j += FUSED_VECS * LANES)
        onto_block(FUSED_VECS, 1, none, m, a, lda, w + j, o + j, c + j, ldc);
    for (; j + LANES <= n; j += LANES)
        onto_block(1, 1, none, m, a, lda, w + j, o + j, c + j, ldc);
    if (j < n)
        onto_block(1, 0, part_make(n - j), m, a, lda, w + j, o + j, c + j, ldc);
}

/* Some vectors of all rows, whole or each a part. One row of B stays in registers. */
ALWAYS_INLINE void slope_block(const int vecs, const int whole, Part part, int64_t m, int64_t k,
                               const ArmcReal *a, int64_t lda, const ArmcReal *b, int64_t ldb,
                               const ArmcReal *y, int64_t ldy, const ArmcReal *o, ArmcReal *c,
                               int64_t ldc)
{
    Vec first[FUSED_VECS];
    UNROLL
    for (int v = 0; v < vecs; v++)
        first[v] = load_some(b + v * LANES, whole, part);
    for (int64_t r = 0; r < m; r++, a += lda, y += ldy, c += ldc) {
        Vec acc[FUSED_VECS];
        UNROLL
        for (int v = 0; v < vecs; v++)
            acc[v] = vec_fma(splat(a[0]), first[v], splat(0));
        for (int64_t i = 1; i < k; i++) {
            UNROLL
            for (int v = 0; v < vecs; v++)
                acc[v] =
                    vec_fma(splat(a[i]), load_some(b + i * ldb + v * LANES, whole, part), acc[v]);
        }
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const Vec slope = sigmoid_grad_vec(load_some(y + v * LANES, whole, part), acc[v]);
            store_some(c + v * LANES, whole, part,
                       o ? load_some(o + v * LANES, whole, part) + slope : slope);
        }
        o = o ? o + ldc : o;
    }
}

static void gemm_sigmoid_grad_kernel(int64_t m, int64_t n, int64_t k, const ArmcReal *a,
                                     int64_t lda, const ArmcReal *b, int64_t ldb, const ArmcReal *y,
                                     int64_t ldy, const ArmcReal *o, ArmcReal *c, int64_t ldc)
{
    const Part none = part_make(0);
    int64_t j = 0;
    for (; j + FUSED_VECS * LANES <= n; j += FUSED_VECS * LANES)
        slope_block(FUSED_VECS, 1, none, m, k, a, lda, b + j, ldb, y + j, ldy, o ? o + j : o, c + j,
                    ldc);
    for (; j + LANES <= n; j += LANES)
        slope_block(1, 1, none, m, k, a, lda, b + j, ldb, y + j, ldy, o ? o + j : o, c + j, ldc);
    if (j < n)
        slope_block(1, 0, part_make(n - j), m, k, a, lda, b + j, ldb, y + j, ldy, o ? o + j : o,
                    c + j, ldc);
}

#endif
