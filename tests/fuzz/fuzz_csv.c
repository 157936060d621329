/* CSV and its kin: tables of numbers as text, also packed. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    fuzz_file("input.csv", bytes, length, fuzz_open_dataset);
    return 0;
}
