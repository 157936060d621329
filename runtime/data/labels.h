/* Labels in a file of their own, beside a single file of examples. */
#ifndef ARMC_DATA_LABELS_H
#define ARMC_DATA_LABELS_H

#include "runtime/data/parts.h"

/* The file that call->labels names, looked for like a data set; NULL: there is none, or of another
 * format than NPY and CSV. */
const char *armc_labels_find(const ArmcDataCall *call);
/* Reads one label an example from such a file. False after a diagnostic. */
bool armc_labels_read(const ArmcDataCall *call, const char *path, ArmcDataPart *part);
/* A diagnostic: labels= can't go with a set in several files. Always false. */
bool armc_labels_refuse_files(const ArmcDataCall *call);

#endif
