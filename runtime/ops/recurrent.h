/* What recurrent scans share: how they walk over the sites, what an entry reads, its groups.
 *
 * A scan goes along one axis of the sites, T steps; P sites lie across at each step (1 where there
 * is no other axis). A cell at (t, p) reads its own gates, the state at (t - 1, p), and the results
 * at (t - 1, p + tap) for each tap, which makes the product with the states a convolution. */
#ifndef ARMC_OPS_RECURRENT_H
#define ARMC_OPS_RECURRENT_H

#include "runtime/ops/family.h"

enum { SCAN_AXIS, SCAN_REVERSE, SCAN_TAPS, SCAN_SCRATCH = 16384 };
extern const ArmcSpec armc_scan_attrs[];

typedef struct ArmcWalk {
    int64_t steps, across, sites;
    int64_t units;          /* of a cell: h */
    int64_t k;              /* what a product with the states sums over: taps * h */
    const ArmcAttr *taps;   /* offsets across */
    const ArmcOrder *order; /* site of (t, p): the one of rank t * across + p */
} ArmcWalk;

/* `units` of the value whose features are the units: the result. */
ArmcWalk armc_walk_of(const ArmcNode *node, const ArmcValue *result);

static inline int64_t armc_walk_site(const ArmcWalk *walk, int64_t t, int64_t p)
{
    return armc_order_at(walk->order, t * walk->across + p);
}

/* Is there a site across where a tap of p reads? */
static inline bool armc_walk_reaches(const ArmcWalk *walk, int64_t p, int tap)
{
    int64_t from = p + walk->taps->ints[tap];
    return from >= 0 && from < walk->across;
}

/* Shapes and the order of a scan with so many gates; `kept` ones for each unit are kept for the
 * gradient. False after a diagnostic. */
bool armc_scan_shape(ArmcInfer *infer, int gates, int kept);
/* A unit's group is that of its gates, together. */
void armc_scan_groups(ArmcInfer *infer);
/* `unused`: a gate that makes no difference at the first step; -1: there is none. */
void armc_scan_reads(const ArmcNode *node, int64_t site, int group, int unused, ArmcRead read,
                     void *context);
/* Multiply-adds of the products with the states. */
int64_t armc_scan_cost(const ArmcNode *node, int64_t site, const ArmcPart *part);

/* Cells (a part of a batch) at work together: rows are (example, site) pairs, all examples' first
 * site, then all examples' second one. */
typedef struct ArmcCrew {
    int64_t first, examples; /* of the batch */
} ArmcCrew;
int64_t armc_scan_tasks(const ArmcCall *call);
ArmcCrew armc_scan_crew(const ArmcCall *call, int64_t task);
/* How many rows of `width` numbers, and of k, fit into scratch on the stack. */
int64_t armc_scan_rows(const ArmcWalk *walk, int64_t width);

/* Cells first up to first + m of a step (cell r is example r % examples at p = r / examples): rows
 * of the result, and at t > 0 rows of the cell before. */
void armc_crew_rows(const ArmcWalk *walk, const ArmcCrew *crew, int64_t t, int64_t first, int64_t m,
                    int64_t *row, int64_t *before);
/* The results (rows of h) that those cells read, side by side: (m,k), zeros where there are none.
 */
void armc_crew_gather(const ArmcWalk *walk, const ArmcCrew *crew, int64_t t, int64_t first,
                      int64_t m, const ArmcReal *y, ArmcReal *to);

#endif
