/* Scripts: parser, elaborator, proof and plan, as `armc check --input 2x2x1 --levels 3` has them.
 */
#include "tests/fuzz/fuzz.h"

static const char path[] = "./input.arm";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const ArmcAssumed assumed = {.shape = "2x2x1", .levels = 3};
    fuzz_write(path, bytes, length);
    const ArmcResult result = armc_check_file(fuzz_session(), path, NULL, 0, &assumed, 0);
    ARMC_ASSERT(result == ARMC_STATUS_DONE || result == ARMC_STATUS_WRONG ||
                result == ARMC_STATUS_RESOURCES);
    return 0;
}
