/* OpenBLAS, behind one function: the only file that includes cblas.h. */
#include <cblas.h>
#include <limits.h>

#include "runtime/base/fault.h"
#include "runtime/kernels/kernels.h"

/* BLAS counts in int. */
static int narrow(int64_t n)
{
    ARMC_ASSERT(n >= 0 && n <= INT_MAX);
    return (int)n;
}

/* BLAS wants at least 1, also where nothing is read. */
static int narrow_stride(int64_t stride)
{
    return narrow(stride > 1 ? stride : 1);
}

void armc_blas_init(void)
{
    openblas_set_num_threads(
        1); /* the threads are ours; two systems that spin lose most of the time */
}

const char *armc_blas_name(void)
{
    return openblas_get_config();
}

void armc_blas_gemm(int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, ArmcReal alpha,
                    const ArmcReal *a, int64_t lda, const ArmcReal *b, int64_t ldb, ArmcReal beta,
                    ArmcReal *c, int64_t ldc)
{
    if (m == 0 || n == 0)
        return;
    const enum CBLAS_TRANSPOSE ta = trans_a ? CblasTrans : CblasNoTrans;
    const enum CBLAS_TRANSPOSE tb = trans_b ? CblasTrans : CblasNoTrans;
#if ARMC_REAL_IS_DOUBLE
    cblas_dgemm(CblasRowMajor, ta, tb, narrow(m), narrow(n), narrow(k), alpha, a,
                narrow_stride(lda), b, narrow_stride(ldb), beta, c, narrow_stride(ldc));
#else
    cblas_sgemm(CblasRowMajor, ta, tb, narrow(m), narrow(n), narrow(k), alpha, a,
                narrow_stride(lda), b, narrow_stride(ldb), beta, c, narrow_stride(ldc));
#endif
}
