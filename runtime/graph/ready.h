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

/* Rank of entry i of the variable. */
static inline int64_t armc_input_rank(const ArmcInput *input, int64_t entry)
{
    return input->rank ? input->rank[entry] : entry;
}

/* The i-th site in the order in which a node computes its own entries: scans have one, for other
 * nodes any will do. */
int64_t armc_site_in_order(const ArmcNode *node, int64_t i);

#endif
