/* Telling where a model leaks: the variable, the way that it takes, and the line that lets it
 * through. */
#ifndef ARMC_GRAPH_LEAK_H
#define ARMC_GRAPH_LEAK_H

#include "runtime/graph/ready.h"

/* Adds the diagnostic. `model` is its place where no stage of the script is to blame. */
ArmcDiag *armc_leak_tell(const ArmcGraph *graph, const ArmcReady *ready, const ArmcLeak *leak,
                         ArmcDiags *diags, const ArmcOrigin *model);

#endif
