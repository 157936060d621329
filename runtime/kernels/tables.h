/* The tables of kernels, one for each instruction set that this build holds. */
#ifndef ARMC_KERNELS_TABLES_H
#define ARMC_KERNELS_TABLES_H

#include "runtime/kernels/kernels.h"

extern const ArmcKernels armc_kernels_generic;
#if defined(__x86_64__)
extern const ArmcKernels armc_kernels_avx2;
extern const ArmcKernels armc_kernels_avx512;
#endif
#if defined(__aarch64__)
extern const ArmcKernels armc_kernels_neon;
#endif

#endif
