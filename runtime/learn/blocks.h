/* All parameters of a graph, cut in blocks of fixed size: the tasks of whatever runs over them
 * entry by entry. The cut does not depend on the threads, so neither do the results. */
#ifndef ARMC_LEARN_BLOCKS_H
#define ARMC_LEARN_BLOCKS_H

#include "runtime/base/tasks.h"
#include "runtime/graph/graph.h"
#include "runtime/kernels/kernels.h"

enum { ARMC_BLOCK_SIZE = 16384 };

typedef struct ArmcBlock {
    size_t param;
    int64_t first, count;
} ArmcBlock;

typedef struct ArmcBlocks {
    const ArmcGraph *graph;
    const ArmcKernels *kernels;
    ArmcPool *pool;
    ArmcBlock *items;
    int64_t count;
    ArmcReal *scratch; /* a block for each worker */
} ArmcBlocks;

ArmcBlocks *armc_blocks_new(ArmcArena *arena, const ArmcGraph *graph, const ArmcKernels *kernels,
                            ArmcPool *pool);
ArmcReal *armc_blocks_scratch(const ArmcBlocks *blocks, int worker);

/* An array of zeros for each parameter. */
ArmcReal **armc_blocks_arrays(ArmcArena *arena, const ArmcBlocks *blocks);

/* Entries of all parameters. */
int64_t armc_blocks_entries(const ArmcGraph *graph);

#endif
