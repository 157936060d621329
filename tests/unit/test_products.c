/* Matrix products: every table gives the bits of the definition in kernels.h, for any shape and
 * stride; and BLAS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel_tables.h"

typedef enum Kind { PLAIN, DOT, OUTER } Kind;

typedef struct Product {
    Kind kind;
    int64_t m, n, k, lda, ldb, ldc;
    int accumulate;
} Product;

static void multiply(const ArmcKernels *kernels, const Product *p, const ArmcReal *a,
                     const ArmcReal *b, ArmcReal *c)
{
    void (*const kinds[])(int64_t, int64_t, int64_t, const ArmcReal *, int64_t, const ArmcReal *,
                          int64_t, ArmcReal *, int64_t,
                          int) = {kernels->gemm, kernels->gemm_dot, kernels->gemm_outer};
    kinds[p->kind](p->m, p->n, p->k, a, p->lda, b, p->ldb, c, p->ldc, p->accumulate);
}

/* Entry (i,j) by its definition. */
static ArmcReal entry(const Product *p, const ArmcReal *a, const ArmcReal *b, int64_t i, int64_t j,
                      ArmcReal before)
{
    if (p->kind == DOT) {
        const ArmcReal dot = plain_dot(p->k, a + i * p->lda, b + j * p->ldb);
        return p->accumulate ? before + dot : dot;
    }
    ArmcReal sum = p->accumulate ? before : 0;
    for (int64_t s = 0; s < p->k; s++) {
        const ArmcReal x = p->kind == PLAIN ? a[i * p->lda + s] : a[s * p->lda + i];
#if ARMC_REAL_IS_DOUBLE
        sum = fma(x, b[s * p->ldb + j], sum);
#else
        sum = fmaf(x, b[s * p->ldb + j], sum);
#endif
    }
    return sum;
}

/* The first table against the definition where that is quick (`exhaustive`), all tables against the
 * first. */
static void check_product(const Product *p, int exhaustive)
{
    const Tables tables = tables_here();
    const int64_t rows_a = p->kind == OUTER ? p->k : p->m, rows_b = p->kind == DOT ? p->n : p->k;
    ArmcReal *a = room(rows_a * p->lda), *b = room(rows_b * p->ldb), *c = room(p->m * p->ldc);
    uint32_t seed = 5;
    draw(&seed, rows_a * p->lda, -1, 1, a);
    draw(&seed, rows_b * p->ldb, -1, 1, b);
    draw(&seed, p->m * p->ldc, -1, 1, c);
    ArmcReal *first = NULL;
    for (int t = tables.count - 1; t >= 0; t--) {
        ArmcReal *y = room(p->m * p->ldc);
        memcpy(y, c, (size_t)(p->m * p->ldc) * sizeof *y);
        multiply(tables.item[t], p, a, b, y);
        assert_guarded(y, p->m * p->ldc);
        if (first == NULL) {
            first = y;
            for (int64_t i = 0; exhaustive && i < p->m; i++)
                for (int64_t j = 0; j < p->ldc; j++) {
                    const ArmcReal before = c[i * p->ldc + j];
                    assert_true(y[i * p->ldc + j] ==
                                (j < p->n ? entry(p, a, b, i, j, before) : before));
                }
        } else {
            assert_same(tables.item[t]->name, p->m * p->ldc, first, y);
            free(y);
        }
    }
    free(first);
    free(a);
    free(b);
    free(c);
}

static void small_products_follow_their_definition(void **state)
{
    (void)state;
    const int64_t rows[] = {0, 1, 2, 3, 5, 7, 8, 9, 13, 17}, cols[] = {0, 1, 3, 10, 16, 33, 49, 50},
                  steps[] = {0, 1, 4, 15, 16, 17, 70};
    for (int kind = PLAIN; kind <= OUTER; kind++)
        for (size_t m = 0; m < 10; m++)
            for (size_t n = 0; n < 8; n++)
                for (size_t k = 0; k < 7; k++) {
                    Product p = {.kind = (Kind)kind, .m = rows[m], .n = cols[n], .k = steps[k]};
                    p.lda = (kind == OUTER ? p.m : p.k) + 3;
                    p.ldb = (kind == DOT ? p.k : p.n) + 1;
                    p.ldc = p.n + 2;
                    p.accumulate = (int)(m + n + k) & 1;
                    check_product(&p, 1);
                }
}

static void large_products_agree(void **state)
{
    (void)state;
    const Product products[] = {
        {PLAIN, 8, 500, 500, 500, 500, 500, 0},  {PLAIN, 32, 70, 600, 600, 70, 70, 1},
        {PLAIN, 37, 130, 401, 410, 131, 140, 0}, {PLAIN, 530, 60, 200, 200, 60, 60, 1},
        {PLAIN, 100, 1, 500, 500, 1, 1, 0},      {DOT, 9, 21, 500, 500, 503, 21, 0},
        {OUTER, 500, 10, 8, 500, 10, 10, 1},     {OUTER, 10, 500, 32, 10, 500, 500, 1},
        {OUTER, 60, 100, 300, 61, 100, 100, 0},  {OUTER, 1, 500, 8, 1, 500, 500, 1},
    };
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        check_product(&products[i], products[i].m * products[i].n * products[i].k < 3000000);
}

/* Rows of a product don't depend on how many rows there are: the same bits for any batch. */
static void rows_do_not_depend_on_the_batch(void **state)
{
    (void)state;
    enum { M = 40, N = 70, K = 300 };
    const ArmcKernels *kernels = armc_kernels_choose(NULL);
    ArmcReal *a = room(M * K), *b = room(K * N), *all = room(M * N), *one = room(N);
    uint32_t seed = 6;
    draw(&seed, M * K, -1, 1, a);
    draw(&seed, K * N, -1, 1, b);
    kernels->gemm(M, N, K, a, K, b, N, all, N, 0);
    for (int64_t i = 0; i < M; i++) {
        kernels->gemm(1, N, K, a + i * K, K, b, N, one, N, 0);
        assert_same("row", N, all + i * N, one);
    }
    free(a);
    free(b);
    free(all);
    free(one);
}

static void blas_gives_the_product(void **state)
{
    (void)state;
    enum { M = 5, N = 7, K = 9 };
    ArmcReal a[M * K], b[K * N], c[M * N];
    uint32_t seed = 8;
    draw(&seed, M * K, -1, 1, a);
    draw(&seed, K * N, -1, 1, b);
    for (int ta = 0; ta < 2; ta++)
        for (int tb = 0; tb < 2; tb++) {
            draw(&seed, M * N, 1, 1, c);
            armc_blas_gemm(ta, tb, M, N, K, 2, a, ta ? M : K, b, tb ? K : N, 3, c, N);
            for (int i = 0; i < M; i++)
                for (int j = 0; j < N; j++) {
                    double sum = 0;
                    for (int k = 0; k < K; k++)
                        sum += (double)a[ta ? k * M + i : i * K + k] *
                               (double)b[tb ? j * K + k : k * N + j];
                    assert_true(fabs((double)c[i * N + j] - (2 * sum + 3)) < 100 * (double)EPSILON);
                }
        }
}

static void blas_takes_empty_products(void **state)
{
    (void)state;
    ArmcReal a[4] = {1, 1, 1, 1}, c[4] = {5, 5, 5, 5};
    armc_blas_gemm(0, 0, 0, 2, 2, 1, a, 2, a, 2, 0, c, 2);
    armc_blas_gemm(0, 0, 2, 0, 2, 1, a, 2, a, 0, 0, c, 0);
    assert_true(c[0] == 5 && c[3] == 5);
    armc_blas_gemm(0, 0, 2, 2, 0, 1, a, 0, a, 2, 0, c, 2);
    assert_true(c[0] == 0 && c[3] == 0);
    assert_non_null(strstr(armc_blas_name(), "OpenBLAS"));
}

int main(void)
{
    armc_blas_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_products_follow_their_definition),
        cmocka_unit_test(large_products_agree),
        cmocka_unit_test(rows_do_not_depend_on_the_batch),
        cmocka_unit_test(blas_gives_the_product),
        cmocka_unit_test(blas_takes_empty_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
