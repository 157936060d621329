/* Ensembles: a model with `members=n` is n graphs over one set of parameters. They differ in the
 * order of the variables and in masks. p(x) is the mean of the members' p(x). */
#ifndef ARMC_GRAPH_ENSEMBLE_H
#define ARMC_GRAPH_ENSEMBLE_H

#include "runtime/graph/graph.h"

/* A masked parameter in the graph of one member. What is dead for it may be live for another, so
 * its mask is applied to the weights as they are; it is what the product then sees. */
ArmcValue *armc_ensemble_param(ArmcGraph *graph, const ArmcParam *param);

/* Makes one ensemble of finished graphs: the parameters become those of the first, each live where
 * it is for any member. False after the diagnostic when members have other parameters, or other
 * shapes of them. */
bool armc_ensemble_join(ArmcGraph **members, int count);

#endif
