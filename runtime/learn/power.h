/* Powers by multiplication and square roots alone, so that they have the same bits on every
 * machine, unlike libm's pow. */
#ifndef ARMC_LEARN_POWER_H
#define ARMC_LEARN_POWER_H

#include <stdint.h>

/* x^n */
double armc_power_whole(double x, uint64_t n);
/* x^f for x > 0 and 0 <= f < 1 */
double armc_power_fraction(double x, double f);

#endif
