/* Checkpoints: one safetensors file holds all that a training depends on, and the script, so that
 * the file alone is enough to sample. No clock goes into it: a resumed training ends in the same
 * bytes as one that was never stopped.
 *
 * Tensors: each parameter under its path, and where a mean of the weights is kept that one under
 * PATH, and the weights of the last step as "raw/PATH"; the optimiser's PATH as "adam.m/PATH"; the
 * stand as "train/step", … (U64), "train/loss_sum", … (F64); the metrics so far as "metrics/step",
 * … Metadata: see docs/commands.md. */
#ifndef ARMC_LEARN_CHECKPOINT_H
#define ARMC_LEARN_CHECKPOINT_H

#include "runtime/data/safetensors.h"
#include "runtime/learn/train.h"

/* Faults when the disk is full or the folder can't be written; the old file stands. */
void armc_checkpoint_write(const ArmcTraining *training, const char *path);

/* Loads all of a training from its file. False after diagnostics that name what does not fit;
 * nothing was loaded. */
bool armc_checkpoint_resume(ArmcTraining *training);

/* Loads the weights to evaluate with from another checkpoint of the same training. False after
 * diagnostics; nothing was loaded. */
bool armc_checkpoint_take_weights(ArmcTraining *training, const char *path);

/* Loads the weights alone, and the metrics. */
bool armc_checkpoint_load(ArmcSession *session, ArmcNet *net, const ArmcSafetensors *file,
                          const char *path);

/* The text of a metadata key; NULL after a diagnostic that says the file is no checkpoint of armc.
 */
const char *armc_checkpoint_text(ArmcSession *session, const ArmcSafetensors *file,
                                 const char *path, const char *key);

/* The parameters, and as `batch` the first minibatch of the epoch: for comparing with other
 * systems. */
void armc_checkpoint_export(const ArmcTraining *training, const char *path);

#endif
