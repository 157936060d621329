/* PNG: a folder with one picture, which is decoded; too few for a data set, which is said. */
#include "tests/fuzz/fuzz.h"

#include <sys/stat.h>

static void open_folder(const ArmcDataCall *call)
{
    ArmcDataCall folder = *call;
    folder.path = "pictures";
    fuzz_open_dataset(&folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    mkdir("pictures", 0777); /* is there from the second input on */
    fuzz_file("pictures/1.png", bytes, length, open_folder);
    return 0;
}
