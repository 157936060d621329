/* Finds the row that opens what `dataset "…"` names. */
#ifndef ARMC_DATA_SOURCE_H
#define ARMC_DATA_SOURCE_H

#include "runtime/data/dataset.h"

/* By data->name: a named source, else the first format that reads NAME, data/NAME or
 * $ARMC_DATA/NAME. Fills in the source's part of `data`. The row, or NULL after a
 * diagnostic. */
const ArmcDataSource *armc_data_open_source(const ArmcDataCall *call, ArmcDataset *data);

/* The places where the file or folder NAME is looked for, ended by NULL: a path that begins at / or
 * . is only itself. */
void armc_data_list_places(ArmcArena *arena, const char *name, const char *places[4]);

#endif
