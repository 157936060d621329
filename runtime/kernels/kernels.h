/* The arithmetic under the ops. Each kernel is compiled for several instruction sets from one
 * source; the table is chosen when the program runs (ARMC_CPU=generic|avx2|avx512|neon forces one).
 *
 * Fixed order: every result here is the same bit for bit in each instruction set, for any blocking,
 * batch or number of threads. A matrix product is one chain of fused multiply-adds over k, in
 * order, for each output element; vector lanes run along outputs. A reduction over a contiguous
 * axis uses ARMC_VIRTUAL_LANES partial results (element i goes to lane i mod 16), added in a fixed
 * tree. exp, log, tanh, sigmoid are our own polynomials, no libm. These files are built with
 * -ffp-contract=off; fused multiply-adds are written out. */
#ifndef ARMC_KERNELS_KERNELS_H
#define ARMC_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/real.h"

enum { ARMC_VIRTUAL_LANES = 16 };

/* `length` neighbouring entries from `offset` on, counted from where a pixel of A lies */
typedef struct ArmcRun {
    int64_t offset, length;
} ArmcRun;

/* Rows of n features to be brought to mean 0 and variance 1, then scaled: y = (x - mean) /
 * sqrt(variance + eps) gain + offset, without what is negative where `relu`. Gradients: dy of y. */
typedef struct ArmcNormRows {
    int64_t rows, n;
    ArmcReal eps;
    bool relu;
    const ArmcReal *stats; /* of each row its mean and 1 / sqrt(variance + eps); NULL: not known */
    int64_t stats_step;
    const ArmcReal *x, *gain, *offset; /* gain, offset: NULL for none */
    const ArmcReal *y, *dy;            /* gradients only; y where `relu` */
    const ArmcReal *onto; /* dx only: rows that are added to it, lying as dx; NULL: none */
    int64_t x_step, y_step, dy_step; /* from one row to the next */
} ArmcNormRows;

/* Entries of A times rows of weights: steps of k, and the gates of a step, lie so far apart; or
 * they are packed (pack_cells). */
typedef struct ArmcCellProduct {
    int64_t k;
    const ArmcReal *w;
    int64_t step, gate;
    bool packed;
} ArmcCellProduct;

/* A step of m cells with h units each, units `begin` up to `end` of them. The gates of a cell lie
 * one after the other, h entries each: i, f, g, o in an LSTM. */
typedef struct ArmcCells {
    int64_t m, h, begin, end;
    const int64_t *row;    /* of each cell: which row of x, next, y and gates */
    const int64_t *before; /* which row of c; NULL: the scan begins, c is 0 */
    const ArmcReal *a;     /* (m, all k): what the cell reads, product by product */
    int64_t lda;
    ArmcCellProduct product[2]; /* with the inputs, with the states before */
    const ArmcReal *bias;       /* (gates * h) */
    const ArmcReal *x;          /* rows of gates * h to begin with; NULL: zeros */
    const ArmcReal *c;          /* rows of h */
    ArmcReal *next, *y;         /* rows of h: the new c, the result */
    ArmcReal *gates;            /* rows of gates * h, what the functions gave; NULL: not wanted */
    int64_t ldx, ldc, ldn, ldy; /* from one row to the next; gates: gates * h */
} ArmcCells;

/* The way back through m cells: rows of what was kept as in ArmcCells; dy, dc and d one after the
 * other. */
typedef struct ArmcCellsBack {
    int64_t m, h;
    const int64_t *row, *before;
    const ArmcReal *c, *gates;
    const ArmcReal *from; /* what the cells before handed on: their c, or y where there is none */
    int64_t ldf;
    const ArmcReal *dy; /* (m,h) */
    ArmcReal *dc;       /* (m,h): becomes that of the cell before */
    ArmcReal *d;        /* (m, gates * h): the gradient of the sums */
} ArmcCellsBack;

typedef struct ArmcKernels {
    const char *name; /* "generic", "avx2", "avx512", "neon" */
    int conv_by_blas; /* convolutions are gathered and go to BLAS, where its order may be had */

    /* --- elementwise over n contiguous entries; y may be x --- */
    void (*exp)(int64_t n, const ArmcReal *x, ArmcReal *y);
    void (*log)(int64_t n, const ArmcReal *x, ArmcReal *y);
    void (*tanh)(int64_t n, const ArmcReal *x, ArmcReal *y);
    void (*sigmoid)(int64_t n, const ArmcReal *x, ArmcReal *y);
    void (*softplus)(int64_t n, const ArmcReal *x, ArmcReal *y); /* log(1 + e^x), no overflow */
    void (*relu)(int64_t n, const ArmcReal *x, ArmcReal *y);
    void (*sqrt)(int64_t n, const ArmcReal *x, ArmcReal *y);
    /* y = a + b, a - b, a * b, a / b, max(a, b), min(a, b) */
    void (*add)(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y);
    void (*sub)(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y);
    void (*mul)(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y);
    void (*div)(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y);
    void (*max)(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y);
    void (*min)(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y);
    void (*fill)(int64_t n, ArmcReal a, ArmcReal *y);                     /* y = a */
    void (*scale)(int64_t n, ArmcReal a, const ArmcReal *x, ArmcReal *y); /* y = a x */
    void (*axpy)(int64_t n, ArmcReal a, const ArmcReal *x, ArmcReal *y);  /* y = fma(a, x, y) */
    void (*masked)(int64_t n, const uint8_t *mask, const ArmcReal *x,
                   ArmcReal *y); /* y = x where the mask is not 0, else 0 */
    /* Gradients from the result: dx = dy y (1 - y); dy (1 - y²); dy where y > 0; dy sigmoid(x)
     * given x */
    void (*sigmoid_grad)(int64_t n, const ArmcReal *y, const ArmcReal *dy, ArmcReal *dx);
    void (*tanh_grad)(int64_t n, const ArmcReal *y, const ArmcReal *dy, ArmcReal *dx);
    void (*relu_grad)(int64_t n, const ArmcReal *y, const ArmcReal *dy, ArmcReal *dx);
    void (*softplus_grad)(int64_t n, const ArmcReal *x, const ArmcReal *dy, ArmcReal *dx);

    /* --- reductions over n contiguous entries --- */
    ArmcReal (*sum)(int64_t n, const ArmcReal *x);
    ArmcReal (*max_of)(int64_t n, const ArmcReal *x); /* n >= 1 */
    ArmcReal (*dot)(int64_t n, const ArmcReal *a, const ArmcReal *b);

    /* --- products; leading dimensions in entries --- */
    /* C (m,n) = A (m,k) B (k,n), or C += with accumulate: one chain over k for each entry, lanes
     * along n. */
    void (*gemm)(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda, const ArmcReal *b,
                 int64_t ldb, ArmcReal *c, int64_t ldc, int accumulate);
    /* C (m,n) = A (m,k) B^T, B (n,k): both contiguous along k; each entry a `dot`. For short n or
     * long k. */
    void (*gemm_dot)(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                     const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc, int accumulate);
    /* C (m,n) = A^T B, A (k,m), B (k,n), or C +=: the weight gradient. One chain over k, lanes
     * along n. */
    void (*gemm_outer)(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                       const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc, int accumulate);

    /* --- convolutions: A(y,x) = a + y a_row + x a_col, likewise B(y,x) and C(y,x), 0 <= y < h,
     * 0 <= x < w; what is read for neighbouring pixels may overlap --- */
    /* Entries that a packed B (k,n) takes; every table packs in its own way. */
    int64_t (*packed_size)(int64_t k, int64_t n);
    /* Rows first..first+rows-1 of the packed B (k,n): row first+i, column j is b[i b_row + j
     * b_col]. One call for each block of rows, in any order; b_row 1 and b_col ldb pack a
     * transposed matrix. */
    void (*pack)(int64_t k, int64_t n, int64_t first, int64_t rows, const ArmcReal *b,
                 int64_t b_row, int64_t b_col, ArmcReal *packed);
    /* C(y,x)[0..n) = sum over runs r and i < length_r of A(y,x)[offset_r + i] B[row], rows of B
     * numbered through all runs; or C += with accumulate; then bias[0..n) is added, then O(y,x),
     * which lies as C(y,x) does; NULL: nothing. The bits of `gemm` of the gathered entries, and of
     * `add` behind it: one chain for each entry of C, in the order of B's rows. */
    void (*conv)(int64_t h, int64_t w, int64_t n, const ArmcRun *runs, int64_t count,
                 const ArmcReal *a, int64_t a_row, int64_t a_col, const ArmcReal *packed,
                 const ArmcReal *bias, const ArmcReal *o, ArmcReal *c, int64_t c_row, int64_t c_col,
                 int accumulate);
    /* C (length,n) = sum over pixels of A(y,x)[i] B(y,x)[j], or C +=: the weight gradient of a
     * run. One chain over the pixels, row by row. */
    void (*conv_outer)(int64_t h, int64_t w, int64_t length, int64_t n, const ArmcReal *a,
                       int64_t a_row, int64_t a_col, const ArmcReal *b, int64_t b_row,
                       int64_t b_col, ArmcReal *c, int64_t ldc, int accumulate);

    /* --- products with something else in the same pass; the bits are those of the kernels one
     * after the other --- */
    /* C (m,n) = O + a w, a (m,1), w (1,n); O lies as C does and may be C: `gemm` with accumulate,
     * beside O. */
    void (*outer_onto)(int64_t m, int64_t n, const ArmcReal *a, int64_t lda, const ArmcReal *w,
                       const ArmcReal *o, ArmcReal *c, int64_t ldc);
    /* C (m,n) = O + (A B) y (1 - y), A (m,k), B (k,n): `sigmoid_grad` of a product. O lies as C
     * does, may be C, and NULL stands for nothing to add. For small k. */
    void (*gemm_sigmoid_grad)(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                              const ArmcReal *b, int64_t ldb, const ArmcReal *y, int64_t ldy,
                              const ArmcReal *o, ArmcReal *c, int64_t ldc);

    /* --- layer normalisation --- */
    void (*norm_stats)(const ArmcNormRows *rows, ArmcReal *stats, int64_t stats_step);
    void (*norm)(const ArmcNormRows *rows, ArmcReal *y, int64_t y_step);
    void (*norm_dx)(const ArmcNormRows *rows, ArmcReal *dx, int64_t dx_step);
    /* dgain += sum over rows of dy (x - mean) / deviation, doffset += sum of dy */
    void (*norm_dw)(const ArmcNormRows *rows, ArmcReal *dgain, ArmcReal *doffset);

    /* --- recurrent cells --- */
    /* Lays the weights of h units out as the steps below read them: k gates * (h rounded up to
     * ARMC_VIRTUAL_LANES) entries at most. */
    ArmcCellProduct (*pack_cells)(const ArmcCellProduct *product, int64_t h, int gates,
                                  ArmcReal *to);
    /* i, f, o = sigmoid, g = tanh of x + bias + a W (one chain, in this order); c' = f c + i g;
     * y = o tanh(c'). */
    void (*lstm)(const ArmcCells *cells);
    void (*lstm_back)(const ArmcCellsBack *cells);
    /* Gates r, z, n; c is the y of the cell before, `next` is not used. q is the product with the
     * states with the bias of n; r, z = sigmoid of the other sums, n = tanh(its sum + r q); y = n +
     * z (c - n). Kept, and with gradients: r, z, n, q. */
    void (*gru)(const ArmcCells *cells);
    void (*gru_back)(const ArmcCellsBack *cells);

    /* --- optimisers over n contiguous entries --- */
    /* Adam (Kingma and Ba, 2015), with bias correction folded into `rate` and `epsilon` by the
     * caller: m = b1 m + (1-b1) g; v = b2 v + (1-b2) g²; w -= rate m / (sqrt(v) + epsilon). */
    void (*adam)(int64_t n, ArmcReal rate, ArmcReal b1, ArmcReal b2, ArmcReal epsilon,
                 const ArmcReal *g, ArmcReal *m, ArmcReal *v, ArmcReal *w);

    /* --- random numbers --- */
    /* `armc_rng_uniform` of (a, b), (a + 1, b), … (a + n - 1, b), given `armc_rng_key`. */
    void (*uniforms)(uint64_t key, uint64_t a, uint64_t b, int64_t n, double *u);
} ArmcKernels;

/* The best table for this CPU, or the one ARMC_CPU names; NULL if that one is unknown or can't run
 * here. */
const ArmcKernels *armc_kernels_choose(const char *forced);

/* blas.c, the only file that includes cblas.h. One thread; C (m,n) = alpha op(A) op(B) + beta C,
 * row-major. */
void armc_blas_init(void);
const char *armc_blas_name(void); /* OpenBLAS's version, core and build, for reports */
void armc_blas_gemm(int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, ArmcReal alpha,
                    const ArmcReal *a, int64_t lda, const ArmcReal *b, int64_t ldb, ArmcReal beta,
                    ArmcReal *c, int64_t ldc);

#endif
