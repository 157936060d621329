/* What the tests of data readers share: an arena and diagnostics for each test, files made on the
 * spot, refusals with the words they must have. */
#ifndef ARMC_TESTS_DATA_LAB_H
#define ARMC_TESTS_DATA_LAB_H

#include "tests/unit/unit.h"

#include "runtime/data/dataset.h"

typedef struct DataLab {
    ArmcFault fault; /* leads nowhere: a fault ends the program */
    ArmcArena *arena;
    ArmcDiags *diags;
} DataLab;

/* Setup and teardown: the test's state is a DataLab. */
int data_lab_open(void **state);
int data_lab_close(void **state);
#define DATA_TEST(f) cmocka_unit_test_setup_teardown(f, data_lab_open, data_lab_close)

void data_lab_write(const char *path, const void *bytes, size_t n);
void data_lab_write_text(const char *path, const char *text);

#define OPTIONS(...) ((ArmcDataOptions){__VA_ARGS__})
/* Opens a data set; fails the test with the diagnostics where that fails. */
ArmcDataset *data_lab_dataset(DataLab *lab, ArmcDataOptions options);

/* There is one diagnostic, with all of `parts` (ended by NULL) in it. */
void data_lab_refused(DataLab *lab, ArmcDataOptions options, const char *const *parts);
#define REFUSED(lab, options, ...)                                                                 \
    data_lab_refused((lab), (options), (const char *const[]){__VA_ARGS__, NULL})

/* Opens `path` again and again, each time with some bytes changed or the end cut off: whatever
 * happens, it happens without a crash. The file has to be right at first. */
void data_lab_shake(DataLab *lab, const char *path, const char *name, int rounds);

/* Opens a data set with the first allocation failing, then the second, and so on until none does:
 * each time there is a fault, and nothing stays behind. */
void data_lab_starve(const char *name);

#endif
