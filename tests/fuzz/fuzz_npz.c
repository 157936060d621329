/* NPZ: an archive with its arrays. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    fuzz_file("input.npz", bytes, length, fuzz_open_dataset);
    return 0;
}
