#include <string.h>

#include "runtime/learn/optim.h"

/* cos(pi x) for 0 <= x <= 1 by its Taylor series, since libm's last bits differ between machines;
 * the error stays below 1e-12. */
static double cos_pi(double x)
{
    const double pi = 3.14159265358979323846;
    double y = pi * x * pi * x, sum = 1;
    for (int k = 24; k >= 2; k -= 2) /* 1 - y/(1*2) (1 - y/(3*4) (1 - ... )) */
        sum = 1 - y / (double)(k * (k - 1)) * sum;
    return sum;
}

static double constant(uint64_t step, uint64_t steps)
{
    (void)step;
    (void)steps;
    return 1;
}

static double cosine(uint64_t step, uint64_t steps)
{
    return 0.5 * (1 + cos_pi((double)step / (double)steps));
}

static const ArmcSchedule schedules[] = {
    {"constant", "lr at every step", constant},
    {"cosine", "from lr down to zero along half a cosine, over all steps", cosine},
};

const ArmcSchedule *armc_schedule_find(const char *name)
{
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        if (strcmp(schedules[i].name, name) == 0)
            return &schedules[i];
    return NULL;
}
