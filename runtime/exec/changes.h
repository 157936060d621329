/* Which samples of a chunk have something new at a site: runs of neighbouring rows. */
#ifndef ARMC_EXEC_CHANGES_H
#define ARMC_EXEC_CHANGES_H

#include "runtime/exec/sampler.h"

typedef struct ArmcStretch {
    int begin, n;
} ArmcStretch;

typedef struct ArmcChanges {
    int count;
    ArmcStretch runs[(ARMC_MOST_CHUNK + 1) / 2];
} ArmcChanges;

/* All n rows. */
void armc_changes_all(ArmcChanges *changes, int64_t n);
/* Those whose first input is not zero. */
void armc_changes_nonzero(ArmcChanges *changes, const ArmcRows *rows);
void armc_changes_copy(ArmcChanges *to, const ArmcChanges *from);

/* What a cell does: an op's `rows` or `advance`, with its operands for the whole chunk. */
typedef struct ArmcWork {
    ArmcRows *rows;
    void (*run)(const ArmcRows *rows);
} ArmcWork;

/* Does these pieces of work, one after the other, for the rows of each run, at most `rows` of them
 * at a time: what one has written the next one reads from near. The operands are used up. */
void armc_changes_run(const ArmcChanges *changes, const ArmcWork *works, int count, int rows);

#endif
