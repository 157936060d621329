/* Training: minibatches in an order keyed by the epoch, an optimiser, a line and a checkpoint an
 * epoch. */
#ifndef ARMC_LEARN_TRAIN_H
#define ARMC_LEARN_TRAIN_H

#include "runtime/learn/average.h"
#include "runtime/learn/gradient.h"
#include "runtime/learn/net.h"
#include "runtime/learn/optim.h"
#include "runtime/learn/schedule.h"

typedef struct ArmcTrainOptions {
    const ArmcOptimizer *optimizer;
    const ArmcSchedule *schedule;
    ArmcHyper hyper;
    int64_t epochs, batch;
    int64_t accumulate;    /* minibatches in a step */
    int64_t warmup, every; /* of the schedule: steps; epochs */
    double factor;
    double clip;      /* the most that the gradient's norm may be; 0: no limit */
    double skip;      /* a norm of so many times the mean is not stepped on; 0: all are */
    double ema;       /* decay of the mean of the weights; 0: no mean is kept */
    int64_t patience; /* epochs without a better validation likelihood before the end; 0: all */
    bool keep_best;   /* what follows uses the weights of the best epoch by validation */
    const char *to;   /* the checkpoint */
} ArmcTrainOptions;

/* Where a training stands: with weights and optimiser, all that the rest of it depends on. */
typedef struct ArmcTrainState {
    uint64_t step, epoch;    /* done so far */
    uint64_t position;       /* examples of the epoch under way that were used */
    uint64_t skipped;        /* of the steps done, those whose update was left out */
    uint64_t skipped_before; /* of these, in earlier epochs */
    uint64_t stale;          /* epochs since the best one */
    double loss_sum;         /* of the examples' nats */
    double best;             /* the least validation nats; infinite before the first */
    double norm_mean;        /* of the gradient, see ArmcNormMean */
} ArmcTrainState;

/* Where the time of steps goes, in seconds. */
typedef struct ArmcStepTimes {
    double data, program, loss, gradient, update;
} ArmcStepTimes;

typedef struct ArmcTraining {
    ArmcSession *session;
    ArmcNet *net;
    const ArmcDataset *data;
    const ArmcOrigin *origin;
    ArmcTrainOptions options;
    ArmcArena *arena;                  /* lives as long as the training */
    ArmcPrograms programs;             /* TRAIN */
    ArmcPrograms eval;                 /* none: there is nothing to evaluate on */
    ArmcProgram *program;              /* of programs the one whose step it is: by turns */
    const ArmcReal *const **gradients; /* of each of programs, of each parameter */
    ArmcGradient *gradient;
    ArmcOptim *optim;
    ArmcAverage *average; /* NULL: none is kept */
    ArmcCourse course;    /* of the whole training */
    int64_t *order;       /* of the examples in this epoch */
    ArmcTrainState state;
    ArmcMetrics *metrics;
    uint64_t first_step; /* of this process */
    double started, seconds_before,
        saved; /* clock at the start; seconds of earlier processes; clock at the last save */
    ArmcStepTimes times; /* of the steps done while `is_timed` */
    bool is_timed;
} ArmcTraining;

/* Compiles and prepares; weights are initialised or loaded (--resume). NULL after diagnostics. In
 * `arena`. */
ArmcTraining *armc_training_new(ArmcSession *session, ArmcArena *arena, ArmcNet *net,
                                const ArmcDataset *data, const ArmcTrainOptions *options,
                                const ArmcOrigin *origin);
/* Only what can be known without computing: shapes, memory. The plan goes to the net. False after
 * diagnostics. */
bool armc_training_check(ArmcSession *session, ArmcNet *net, const ArmcTrainOptions *options,
                         const ArmcOrigin *origin);
/* All epochs are done, or patience is at its end. */
bool armc_training_is_done(const ArmcTraining *training);
/* One update, from `accumulate` minibatches: losses, gradient, update. Of an ensemble with n
 * members step t is of member t mod n alone. False after the diagnostic when something is not
 * finite; nothing was updated then. `nats` is the mean over its examples. */
bool armc_training_step(ArmcTraining *training, double *nats);
/* The same on the first minibatch of the epoch again, by the first member: for measuring. */
bool armc_training_again(ArmcTraining *training, double *nats);
/* All epochs that are left. False after a diagnostic, or when interrupted (a checkpoint was
 * written). */
bool armc_training_run(ArmcTraining *training);
/* The weights of the last step and their mean, where one is kept, change places: around
 * evaluations. */
void armc_training_swap(ArmcTraining *training);
/* Is an earlier epoch than the last one the best by validation, and to be used from here on? */
bool armc_training_keeps_best(const ArmcTraining *training);
/* The checkpoint of the best epoch. */
const char *armc_training_best_path(const ArmcTraining *training);
/* At the end: the weights become those that later statements use, of the best epoch or the last
 * one. False after a diagnostic when the best epoch's checkpoint is not there or does not fit. */
bool armc_training_finish(ArmcTraining *training);
/* The order of the examples in the epoch under way. */
void armc_training_shuffle(ArmcTraining *training);

#endif
