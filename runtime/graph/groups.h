/* Finding groups: features stay together as long as they read the same. */
#ifndef ARMC_GRAPH_GROUPS_H
#define ARMC_GRAPH_GROUPS_H

#include "runtime/graph/graph.h"

/* A partition of the features of a value that is split step by step. Each step gives every feature
 * a key, what it reads at one place; features with different keys part. */
typedef struct ArmcGrouping {
    ArmcArena *arena;
    int64_t features;
    int count;           /* groups so far, numbered in the order of their first features */
    int32_t *of;         /* feature -> group */
    int64_t *key;        /* (features): for the caller to fill */
    int64_t *key_of;     /* by group, within a step: the key of its first feature */
    struct Split *split; /* hash table (group, key) -> group of the next step; NULL: none yet */
    size_t split_size;   /* a power of two */
    int64_t step;
} ArmcGrouping;

/* All features together. */
void armc_grouping_begin(ArmcGrouping *g, ArmcArena *arena, int64_t features);
/* Parts features of the same group whose g->key differ. */
void armc_grouping_split(ArmcGrouping *g);
/* Is each feature alone? Then no step can change anything. */
bool armc_grouping_is_done(const ArmcGrouping *g);
ArmcGroups armc_grouping_end(const ArmcGrouping *g);

#endif
