/* The sampler's timetable, derived from a graph by its reads alone: which part of which row is
 * computed when, and where rows lie meanwhile.
 *
 * A cell is a part of one value's row at one site. Its time is the rank of the last variable that
 * it depends on (-1: none): as soon as that one is drawn it can be computed, and it is computed
 * once. Cells that no distribution depends on are left out. A row that is read no more gives its
 * memory, a slot, to a later one. */
#ifndef ARMC_EXEC_TIMETABLE_H
#define ARMC_EXEC_TIMETABLE_H

#include "runtime/graph/build.h"
#include "runtime/graph/ready.h"

typedef struct ArmcCell {
    const ArmcNode *node;
    int32_t site;
    int32_t
        before; /* scans: the site whose input comes into the state first; -1: the scan begins */
    const ArmcPart *part;
} ArmcCell;

/* Where a value's rows lie, in entries for each sample of a chunk. */
typedef struct ArmcRowPlace {
    int64_t *offset; /* by site; -1: never computed; NULL: the same for all samples (`fixed`) */
    int64_t pitch;   /* from one sample's row to the next; behind a row lies its `state` */
    int64_t state;   /* scans: the state's place */
    const ArmcValue *home; /* the value whose only row holds all rows of this one, site by site,
                              in `offset`; NULL: rows of its own */
    /* See steady.h. The scan that the value follows, or is: its rows lie in one place, and are
     * computed for the samples whose state has changed. The scan that its rows are added to, where
     * those that are zero need not be computed. NULL: none. */
    const ArmcValue *scan, *feeds;
    bool turns; /* may be kept turned: see turned.h */
} ArmcRowPlace;

typedef struct ArmcTimetable {
    const ArmcGraph *graph;
    ArmcOutputs params; /* of each likelihood */
    int64_t variables;
    const ArmcCell *cells;
    const int64_t *first; /* of time t: cells[first[t + 1]] up to cells[first[t + 2]] */
    int64_t cell_count;
    ArmcRowPlace *places;  /* by value id */
    int64_t entries;       /* of memory, for each sample */
    int64_t rows, slots;   /* rows that are computed; the most of them alive at a time */
    int64_t multiply_adds; /* for one sample */
} ArmcTimetable;

/* `graph` computes the distributions' parameters; `input` is its variable. NULL where a parameter
 * of a variable depends on that variable or on a later one. */
ArmcTimetable *armc_timetable_new(ArmcArena *arena, const ArmcGraph *graph,
                                  const ArmcOutputs *params, const ArmcGraph *model);

#endif
