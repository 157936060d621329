/* Pickles of Python that hold two arrays: {'train': uint8 array, 'test': uint8 array}, in protocols
 * 2 to 5, as NumPy's arrays are pickled. A pickle is a program that builds objects by calling
 * functions by name. Here nothing is called and no name is looked up: the few instructions and
 * names that such a dict needs are known (pickle_objects.c), anything else is refused at its byte.
 */
#ifndef ARMC_DATA_PICKLE_H
#define ARMC_DATA_PICKLE_H

#include "runtime/data/npy.h"

/* Reads a file; the arrays' data are the file's own bytes but for protocol 2 of Python 3, which
 * writes bytes as UTF-8. Takes memory for a few thousand instructions, and those bytes. False after
 * a diagnostic. */
bool armc_pickle_read(const ArmcDataCall *call, const char *path, ArmcNpy *train, ArmcNpy *test);

#endif
