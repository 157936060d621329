/* What of a masked weight the columns of a product read, and in which pieces the sampler computes
 * them. */
#ifndef ARMC_OPS_MATMUL_LIVE_H
#define ARMC_OPS_MATMUL_LIVE_H

#include "runtime/ops/family.h"

typedef struct ArmcRange {
    int64_t begin, end;
} ArmcRange;

/* Neighbouring columns of a part with the same mask, and the input features that they read. */
typedef struct ArmcLiveColumns {
    int64_t begin, end;
    const ArmcRange *rows; /* closed by an empty one */
    bool onto;             /* the terms before these are in the result already */
} ArmcLiveColumns;

/* Hooks of `matmul`. Of a part: a list of ArmcLiveColumns, closed by an empty run. */
const void *armc_matmul_live(ArmcArena *arena, const ArmcNode *node, const ArmcPart *part);
ArmcPieces armc_matmul_pieces(ArmcArena *arena, const ArmcNode *node, const int64_t *ready,
                              const uint8_t *needed);
/* Multiply-adds of the columns of such a list. */
int64_t armc_live_cost(const ArmcLiveColumns *columns);

#endif
