/* Features of a row in sets, as normalise has them. */
#ifndef ARMC_OPS_SETS_H
#define ARMC_OPS_SETS_H

#include "runtime/graph/build.h"

/* Features begin..end of a row; unless `whole` only those among them whose `of` is that of the
 * first one. */
typedef struct ArmcSet {
    const int64_t *of;
    int64_t begin, end, count;
    bool whole;
} ArmcSet;

/* The sets that a node's first attribute names; NULL: all features are one. */
const int64_t *armc_sets_of(const ArmcNode *node);
/* The set of feature f in a row of n, none of which is before f. */
ArmcSet armc_set_from(const int64_t *of, int64_t f, int64_t n);
/* The next set of a row of n features, by its first feature (0 to begin with); false behind the
 * last one. */
bool armc_set_next(const ArmcNode *node, int64_t n, ArmcSet *set, int64_t *f);
/* The next run of neighbours in a set; begins with begin = end = 0. */
bool armc_set_next_run(const ArmcSet *set, int64_t *begin, int64_t *end);

#endif
