/* What a checkpoint's metadata says, in one list for writing and for comparing. Internal to the
 * checkpoint files. */
#ifndef ARMC_LEARN_CHECKPOINT_KEYS_H
#define ARMC_LEARN_CHECKPOINT_KEYS_H

#include "runtime/learn/train.h"

typedef struct ArmcKey {
    const char *key, *text;
    bool must_fit;      /* a resumed training must have the same */
    const char *preset; /* what a file without the key means; NULL: it has it */
} ArmcKey;

typedef struct ArmcKeys {
    ArmcArena *arena;
    ArmcKey *items;
    size_t count, capacity;
} ArmcKeys;

/* In a fixed order, so that equal trainings write equal files. */
ArmcKeys armc_checkpoint_keys(ArmcArena *arena, const ArmcTraining *training);

/* Tensors that are state of the training itself; n entries of type dtype at `at`. */
typedef struct ArmcStateTensor {
    const char *name, *dtype;
    void *at;
} ArmcStateTensor;
enum { ARMC_STATE_TENSORS = 9 };
void armc_checkpoint_state(ArmcTrainState *state, ArmcStateTensor tensors[ARMC_STATE_TENSORS]);

/* "adam.m/PATH" */
const char *armc_checkpoint_slot_name(ArmcArena *arena, const ArmcOptimizer *optimizer, int slot,
                                      const char *path);
/* "raw/PATH": beside a mean of the weights, which stands under PATH, those that training goes on
 * from. */
const char *armc_checkpoint_raw_name(ArmcArena *arena, const char *path);
const char *armc_checkpoint_dtype(void); /* of ArmcReal */

#endif
