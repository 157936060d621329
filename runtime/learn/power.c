#include "runtime/learn/power.h"

#include <math.h>

double armc_power_whole(double x, uint64_t n)
{
    double result = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1)
            result *= x;
    return result;
}

/* f = sum of b_k 2^-k, so x^f is the product of x^(2^-k) where b_k is 1. */
double armc_power_fraction(double x, double f)
{
    double result = 1;
    while (f > 0) {
        x = sqrt(x);
        f *= 2;
        if (f >= 1) {
            result *= x;
            f -= 1;
        }
    }
    return result;
}
