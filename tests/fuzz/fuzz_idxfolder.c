/* IDX: a folder with its four files. The input is cut in four: its first three bytes say where. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/stat.h>

enum { CUTS = 3 };

static void open_folder(const ArmcDataCall *call)
{
    ArmcDataCall folder = *call;
    folder.path = "./idx";
    fuzz_open_dataset(&folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char *const names[CUTS] = {
        "idx/train-labels-idx1-ubyte", "idx/t10k-images-idx3-ubyte", "idx/t10k-labels-idx1-ubyte"};
    size_t at = CUTS;
    if (length < CUTS)
        return 0;
    mkdir("idx", 0777); /* is there from the second input on */
    for (int i = 0; i < CUTS; i++) {
        size_t n = bytes[i] < length - at ? bytes[i] : length - at;
        fuzz_write(names[i], bytes + at, n);
        at += n;
    }
    fuzz_file("idx/train-images-idx3-ubyte", bytes + at, length - at, open_folder);
    return 0;
}
