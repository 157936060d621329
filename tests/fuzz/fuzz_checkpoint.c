/* safetensors and checkpoints: what is read out of the file is a script, then weights for it. */
#include "tests/fuzz/fuzz.h"

static const char path[] = "input.safetensors";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char *const words[] = {"1", "to=sample.csv"};
    fuzz_write(path, bytes, length);
    const ArmcResult result = armc_command(fuzz_session(), "sample", path, words, 2);
    ARMC_ASSERT(result == ARMC_STATUS_DONE || result == ARMC_STATUS_WRONG ||
                result == ARMC_STATUS_RESOURCES);
    return 0;
}
