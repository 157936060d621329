/* Which rows the sampler may keep turned: feature by feature, the numbers of all samples of a chunk
 * side by side.
 *
 * Where a variable makes few features of a row ready, lanes that run along the features are empty;
 * along the samples they are full. Products of one site are computed either way by the same chain
 * of terms, and what is elementwise goes over features one at a time. */
#ifndef ARMC_EXEC_TURNED_H
#define ARMC_EXEC_TURNED_H

#include "runtime/exec/timetable.h"

/* Fills in `turns` of the table's places, whose views are known. */
void armc_turned_find(const ArmcTimetable *table, const ArmcInput *variable);

#endif
