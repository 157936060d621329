/* Tables of whole numbers as text: a row an example. */
#ifndef ARMC_DATA_CSV_H
#define ARMC_DATA_CSV_H

#include "runtime/data/parts.h"

/* Reads a file, raw or .gz. Numbers are apart by , or ; or tab or blanks, whatever the first row
 * has; a first row that is not all numbers is a header; empty lines and lines with # at the
 * beginning don't count. False after a diagnostic with the line and the column. */
bool armc_csv_read(const ArmcDataCall *call, const char *path, ArmcDataPart *out);
/* The same, with labels from one of the columns, which is then no variable: its name in the header,
 * or its number from 1 on. */
bool armc_csv_read_labelled(const ArmcDataCall *call, const char *path, const char *column,
                            ArmcDataPart *out);

/* How names of tables end; ended by NULL. */
extern const char *const armc_csv_endings[];
/* Whether there is a file whose name ends so. */
bool armc_csv_is_table(const char *path);

#endif
