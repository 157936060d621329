/* Schedules: the rate at which an optimiser steps, over the steps of a training. */
#ifndef ARMC_LEARN_SCHEDULE_H
#define ARMC_LEARN_SCHEDULE_H

#include <stdint.h>

/* A course of `steps` steps. Its last part, after `warmup` steps, follows the schedule. */
typedef struct ArmcCourse {
    uint64_t steps, warmup;
    double period; /* steps in which the rate falls to `factor`, under step and exponential */
    double factor;
} ArmcCourse;

typedef struct ArmcSchedule {
    const char *name, *doc;
    const char *takes; /* its own arguments of `train` */
    /* The share of `lr` at step 0 <= step < steps, both counted from the end of the warm-up. */
    double (*share)(const ArmcCourse *course, uint64_t step, uint64_t steps);
} ArmcSchedule;
const ArmcSchedule *armc_schedule_find(const char *name);

/* The share of `lr` at a step of the course: in the warm-up it rises in equal parts, to 1 in its
 * last step. */
double armc_schedule_share(const ArmcSchedule *schedule, const ArmcCourse *course, uint64_t step);

#endif
