/* Ready times: of each entry (site, group) of a value the largest rank of a variable that it
 * depends on, -1 for none. When the variables are drawn in the order of their ranks, an entry can
 * be computed as soon as the variable of its ready time is known. */
#ifndef ARMC_GRAPH_READY_H
#define ARMC_GRAPH_READY_H

#include "runtime/graph/reads.h"

typedef struct ArmcReady {
    int64_t **of; /* by value id: [site * groups + group]; NULL: depends on no variable */
} ArmcReady;

/* In the graph's arena. */
ArmcReady armc_ready_times(const ArmcGraph *graph);

static inline int64_t armc_ready_at(const ArmcReady *ready, const ArmcValue *value, int64_t site,
                                    int group)
{
    const int64_t *of = ready->of[value->id];
    return of ? of[site * value->groups.count + group] : -1;
}

/* A parameter that is ready too late: group `group` of the parameters of a likelihood's k-th
 * variable. */
typedef struct ArmcLeak {
    const ArmcLikelihood *likelihood;
    int64_t k;
    int group;
} ArmcLeak;

/* The first such parameter of a likelihood; `params` are its parameters in the graph that the ready
 * times are of. False where there is none. */
bool armc_ready_find_leak(const ArmcReady *ready, const ArmcInput *variable,
                          const ArmcLikelihood *likelihood, const ArmcValue *params,
                          ArmcLeak *leak);

#endif
