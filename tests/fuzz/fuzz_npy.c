/* NPY: as a data set, and as an array of numbers. */
#include "tests/fuzz/fuzz.h"

#include "runtime/data/npy.h"

static void read_both_ways(const ArmcDataCall *call)
{
    ArmcNpy npy;
    if (armc_npy_open(call, call->path, &npy)) {
        armc_npy_doubles(&npy, ARMC_NEW_ARRAY(call->arena, double, npy.count));
        fuzz_open_dataset(call);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    fuzz_file("input.npy", bytes, length, read_both_ways);
    return 0;
}
