/* Every model of the standard library, as it stands there and with one of its parameters changed,
 * bound to small worlds: what has to hold of every model is checked of each of them. */
#ifndef ARMC_TESTS_SUBJECTS_H
#define ARMC_TESTS_SUBJECTS_H

#include "tests/unit/unit.h"

#include "runtime/learn/session.h"

typedef struct World {
    const char *shape;
    int levels;
} World;

/* Of the labels that conditional models are bound to. */
enum { SUBJECT_CLASSES = 3 };

/* A model's call, bound to a world. */
typedef struct Subject {
    ArmcSession *session;
    ArmcNet *net;
    World world;
    const char *script; /* the text that says what `net` is */
    const char *text;   /* "nade extra=2 of 2x2x1, 3 levels" */
    int64_t worlds;     /* how many x there are, if less than a million */
} Subject;

typedef void (*SubjectCheck)(const Subject *subject);

/* Binds every variant of every model to every world (a list that ends with {NULL, 0}). */
void each_model(const World *worlds, SubjectCheck check);
/* Binds the model that a script calls `net`. */
Subject subject_bind(ArmcSession *session, const char *script, World world);
/* A normal number of this deviation into every live weight. */
void subject_weights(const Subject *subject, double deviation);
/* Compiled and ready to run, by kernels of fixed order if `exact`: a program a member. */
ArmcPrograms subject_compile(const Subject *subject, ArmcProgramKind kind, int64_t batch,
                             bool exact);

#endif
