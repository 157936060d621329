/* Orders of sites: the way in which a model goes through its variables. An order of N things
 * belongs to values whose entries are N stretches of equal length in memory, a stretch a site or
 * finer or coarser than a site. Memory itself stays row-major. */
#ifndef ARMC_GRAPH_ORDER_H
#define ARMC_GRAPH_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"

/* Where an order is wanted and there is none (NULL) it is raster. */
typedef struct ArmcOrder {
    int64_t count;
    const int64_t *rank; /* of each site */
    const int64_t *at;   /* the site of each rank */
} ArmcOrder;

typedef enum ArmcOrderKind {
    ARMC_ORDER_RASTER,  /* row by row */
    ARMC_ORDER_COLUMNS, /* column by column */
    ARMC_ORDER_SNAKE,   /* rows in turns from the left and from the right */
    ARMC_ORDER_SPIRAL,  /* clockwise from the upper left corner inwards */
    ARMC_ORDER_HILBERT, /* the curve of the square around the picture; what is outside is passed
                           over */
    ARMC_ORDER_COARSE,  /* every so many-th pixel of every so many-th row, then the others */
    ARMC_ORDER_RANDOM   /* by a seed */
} ArmcOrderKind;
/* Their names in this order: "raster|columns|…". */
#define ARMC_ORDER_KINDS "raster|columns|snake|spiral|hilbert|coarse|random"

/* The order of height x width pixels. `number`: the seed of a random one, the step of a coarse one.
 */
const ArmcOrder *armc_order_pixels(ArmcArena *arena, ArmcOrderKind kind, int64_t height,
                                   int64_t width, uint64_t number);
/* The order that visits `at`, a permutation of 0..count-1, which is kept. */
const ArmcOrder *armc_order_make(ArmcArena *arena, int64_t count, const int64_t *at);

/* The same order for `count` sites. More sites than it has: each of its own is so many, one after
 * the other. Fewer: possible where those that become one follow one another. False where it does
 * not fit. */
bool armc_order_fit(ArmcArena *arena, const ArmcOrder *order, int64_t count, const ArmcOrder **out);

bool armc_order_same(const ArmcOrder *a, const ArmcOrder *b);

static inline int64_t armc_order_at(const ArmcOrder *order, int64_t rank)
{
    return order ? order->at[rank] : rank;
}

static inline int64_t armc_order_rank(const ArmcOrder *order, int64_t site)
{
    return order ? order->rank[site] : site;
}

#endif
