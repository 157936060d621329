/* The proof that a model is autoregressive: the parameters of variable i's distribution depend on
 * variables of smaller rank only. */
#ifndef ARMC_GRAPH_PROVE_H
#define ARMC_GRAPH_PROVE_H

#include "runtime/graph/op.h"

/* True when proved. False after a diagnostic that shows the variable, the path and the line that
 * let it through; where the script states `unproved` that is a warning, kept as graph->leak, and
 * the result is true. */
bool armc_prove(ArmcGraph *graph, const ArmcOrigin *model);

#endif
