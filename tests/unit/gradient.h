/* Gradients of any small graph against central differences. */
#ifndef ARMC_TESTS_GRADIENT_H
#define ARMC_TESTS_GRADIENT_H

#include "tests/unit/lab.h"

enum { GRADIENT_MOST = 8 };

/* The sum of y dy, dy a leaf with random numbers, and its gradients with respect to leaves. */
typedef struct Gradient {
    Lab *lab;
    const ArmcValue *dy;
    int count;
    ArmcValue *at[GRADIENT_MOST],
        *of[GRADIENT_MOST]; /* leaves of the lab's graph; gradients in `run`, NULL: none flows */
    LabRun run;             /* y and the gradients */
    ArmcValue *y;           /* in `run` */
    LabRun forward;         /* y alone */
    ArmcValue *forward_y;
} Gradient;

/* Differentiates and runs once. */
void gradient_make(Gradient *g, Lab *lab, ArmcValue *y, int count, ArmcValue *const *at);
/* In the double build: relative error below 1e-6. In the float build: finite. */
void gradient_check(const Gradient *g, const char *what);

#endif
