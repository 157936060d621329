/* What the readers of files share: complaints, mapped bytes, the files of a set in several files.
 */
#ifndef ARMC_DATA_READER_H
#define ARMC_DATA_READER_H

#include "runtime/data/dataset.h"

/* Adds a diagnostic at the call's origin; always false, for `return armc_data_complain(...)`. */
bool armc_data_complain(const ArmcDataCall *call, ArmcDiagCode code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A file's bytes, mapped or unpacked (armc_file_map); a diagnostic and NULL where that fails. */
const uint8_t *armc_data_map(const ArmcDataCall *call, const char *path, size_t *length);

bool armc_data_is_folder(const char *path);
bool armc_data_is_file(const char *path);
/* Whether the name ends so, but does not consist of the ending alone. */
bool armc_data_has_ending(const char *path, const char *ending);
/* Whether there is a file that begins with these bytes. */
bool armc_data_begins_with(const char *path, const void *bytes, size_t n);

/* The file PATH.SPLIT.ENDING or PATH/SPLIT.ENDING of a set with a file a split, for the first of
 * the endings (ended by NULL; each begins with its dot) that is there; NULL: none. */
const char *armc_data_split_file(ArmcArena *arena, const char *path, ArmcSplit split,
                                 const char *const *endings);

#endif
