/* The number that tensors hold: float, or double in the build that checks gradients (make double).
 */
#ifndef ARMC_BASE_REAL_H
#define ARMC_BASE_REAL_H

#ifdef ARMC_DOUBLE
typedef double ArmcReal;
#define ARMC_REAL_IS_DOUBLE 1
#else
typedef float ArmcReal;
#define ARMC_REAL_IS_DOUBLE 0
#endif

/* A literal of ArmcReal's type: ARMC_R(0.5). */
#define ARMC_R(x) ((ArmcReal)(x))

#endif
