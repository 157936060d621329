/* Fusion of normalise with what follows it. */
#ifndef ARMC_OPS_AFFINE_H
#define ARMC_OPS_AFFINE_H

#include "runtime/graph/op.h"

/* normalise(x) gain + offset as one node, from its sum; NULL where the sum is something else. */
ArmcValue *armc_affine_from_add(ArmcGraph *graph, const ArmcNode *add);
/* The same with a ReLU behind it, from the ReLU. */
ArmcValue *armc_affine_from_relu(ArmcGraph *graph, const ArmcNode *relu);

#endif
