/* The incremental sampler: runs a table for a batch of samples together, drawing variable after
 * variable and computing each cell once, by kernels of fixed order: the bits are those of a full
 * forward pass for each variable.
 *
 * Samples are independent, so a batch is cut in chunks: a chunk is a task, with memory of its own.
 */
#ifndef ARMC_EXEC_SAMPLER_H
#define ARMC_EXEC_SAMPLER_H

#include "runtime/base/tasks.h"
#include "runtime/exec/timetable.h"

typedef struct ArmcSampler ArmcSampler;

typedef struct ArmcSamplerPlan {
    int64_t multiply_adds;         /* for one sample */
    int64_t forward_multiply_adds; /* of one forward pass of the same graph */
    int64_t rows, slots;           /* rows of activations, and the most that live at a time */
    int64_t bytes;                 /* of memory, for one sample */
} ArmcSamplerPlan;

/* So many samples at a time. */
enum { ARMC_MOST_CHUNK = 128 };

/* Says which levels a variable gets in some samples, `first` and those after it, given the
 * parameters of its distribution. Called from any thread, for each sample once a variable. */
typedef void (*ArmcDrawLevels)(void *context, int64_t first, int64_t variable, size_t likelihood,
                               const ArmcParamRows *params, int *levels);

/* Schedules the sampling of a model. NULL where the model is not autoregressive. */
ArmcSampler *armc_sampler_new(ArmcArena *arena, ArmcGraph *model, const ArmcKernels *kernels);
ArmcSamplerPlan armc_sampler_plan(const ArmcSampler *sampler);

/* Allocates memory for at most `samples` at a time, from the arena, and computes what is the same
 * for all of them. Parameters must have their data. */
void armc_sampler_prepare(ArmcSampler *sampler, ArmcPool *pool, int64_t samples);
/* Begins with n samples. given[i - 1]: (n, size) of the model's input i; NULL: there are none. */
void armc_sampler_begin(ArmcSampler *sampler, int64_t n, const ArmcReal *const *given);
/* Draws the variables of rank `from` up to `to`; `from` is where the last call ended, at first 0.
 */
void armc_sampler_draw(ArmcSampler *sampler, int64_t from, int64_t to, ArmcDrawLevels draw,
                       void *context);

#endif
