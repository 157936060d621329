/* CIFAR-10: a folder whose first file is the input; the others hold a record each. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/stat.h>

enum { RECORD = 3073, OTHERS = 5 };

static void open_folder(const ArmcDataCall *call)
{
    ArmcDataCall folder = *call;
    folder.path = "./cifar";
    fuzz_open_dataset(&folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char *const names[OTHERS] = {"data_batch_2", "data_batch_3", "data_batch_4",
                                              "data_batch_5", "test_batch"};
    static const uint8_t record[RECORD];
    if (mkdir("cifar", 0777) == 0) /* is there from the second input on */
        for (int i = 0; i < OTHERS; i++) {
            char path[32];
            snprintf(path, sizeof path, "cifar/%s.bin", names[i]);
            fuzz_write(path, record, sizeof record);
        }
    fuzz_file("cifar/data_batch_1.bin", bytes, length, open_folder);
    return 0;
}
