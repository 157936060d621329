#include "runtime/data/npy_part.h"
#include "runtime/data/pickle.h"

static bool claims(ArmcArena *arena, const char *path)
{
    (void)arena;
    return (armc_data_has_ending(path, ".pkl") || armc_data_has_ending(path, ".pickle")) &&
           armc_data_is_file(path);
}

/* The largest value + 1: the file says nothing but uint8, and few pickled sets use all of it. */
static int count_levels(const ArmcNpy *npy)
{
    int largest = 1;
    for (int64_t i = 0; i < npy->count; i++)
        if (npy->data[i] > largest)
            largest = npy->data[i];
    return largest + 1;
}

static bool open_pickle(const ArmcDataCall *call, ArmcDataset *out)
{
    ArmcNpy arrays[ARMC_SPLITS] = {0};
    ArmcDataPart parts[ARMC_SPLITS] = {0};
    if (!armc_pickle_read(call, call->path, &arrays[ARMC_TRAIN], &arrays[ARMC_TEST]))
        return false;
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++) {
        if (split == ARMC_VALID)
            continue;
        if (!armc_npy_examples(call, &arrays[split], &parts[split]))
            return false;
        parts[split].levels = count_levels(&arrays[split]);
    }
    return armc_data_take_parts(call, parts, out);
}

ARMC_DATA(pickle) = {
    .name = "pickle",
    .doc = "a pickle of {'train': x, 'test': y}, two uint8 arrays of NumPy (.pkl, .pickle; "
           "protocols 2 to 5); nothing in it is run, and anything else in it is an error",
    .claims = claims,
    .open = open_pickle,
};
