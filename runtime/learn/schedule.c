#include "runtime/learn/schedule.h"

#include <math.h>
#include <string.h>

#include "runtime/learn/power.h"

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

static double constant(const ArmcCourse *course, uint64_t step, uint64_t steps)
{
    (void)course;
    (void)step;
    (void)steps;
    return 1;
}

static double cosine(const ArmcCourse *course, uint64_t step, uint64_t steps)
{
    (void)course;
    return 0.5 * (1 + cos_pi((double)step / (double)steps));
}

static double stairs(const ArmcCourse *course, uint64_t step, uint64_t steps)
{
    (void)steps;
    return armc_power_whole(course->factor, (uint64_t)((double)step / course->period));
}

static double exponential(const ArmcCourse *course, uint64_t step, uint64_t steps)
{
    double periods = (double)step / course->period;
    return stairs(course, step, steps) *
           armc_power_fraction(course->factor, periods - floor(periods));
}

static const ArmcSchedule schedules[] = {
    {"constant", "lr at every step", "", constant},
    {"cosine", "from lr down to zero along half a cosine, over all steps", "", cosine},
    {"step", "lr, multiplied by `factor` after every `every` epochs", "every factor", stairs},
    {"exponential", "the same fall at an even pace: lr factor^(epochs / every)", "every factor",
     exponential},
};

const ArmcSchedule *armc_schedule_find(const char *name)
{
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        if (strcmp(schedules[i].name, name) == 0)
            return &schedules[i];
    return NULL;
}

double armc_schedule_share(const ArmcSchedule *schedule, const ArmcCourse *course, uint64_t step)
{
    if (step < course->warmup)
        return (double)(step + 1) / (double)course->warmup;
    return schedule->share(course, step - course->warmup, course->steps - course->warmup);
}
