/* What the sampler need not compute again from one site to the next.
 *
 * A scan that shows its state and adds its input to it changes a sample's state only where the
 * input's row is not zero. Such a scan, and the values that follow it site by site and read nothing
 * else that differs from site to site, are steady: their rows lie in one place at all sites, and a
 * cell is computed for the samples whose state has changed. That holds where each row is read no
 * more when the next site's is computed, and is found out from the order of the cells. */
#ifndef ARMC_EXEC_STEADY_H
#define ARMC_EXEC_STEADY_H

#include "runtime/exec/timetable.h"

/* When rows are begun and read last, positions among the cells: by value id, by site; of values
 * that are not batched NULL. */
typedef struct ArmcRowLives {
    int64_t *const *first, *const *last;
} ArmcRowLives;

/* Fills in `scan` and `feeds` of the table's places. Cells are in order. */
void armc_steady_find(ArmcArena *arena, const ArmcTimetable *table, const ArmcValue *variable,
                      ArmcRowLives lives);

#endif
