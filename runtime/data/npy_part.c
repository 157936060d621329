#include "runtime/data/npy_part.h"

#include <inttypes.h>

/* Sizes without examples are an error of their own, whatever the type: so the shape comes first. */
static bool read_shape(const ArmcDataCall *call, const ArmcNpy *npy, ArmcDataPart *out)
{
    const int rank = npy->rank - 1;
    if (rank < 0 || rank > ARMC_DATA_MAX_RANK)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` has the shape %s; data are N, NxD, NxHxW or NxHxWxC, N "
                                  "examples",
                                  npy->name, armc_npy_shape_text(call->arena, npy));
    *out = (ArmcDataPart){.name = npy->name, .count = npy->dims[0], .rank = rank};
    for (int i = 0; i < rank; i++)
        out->dims[i] = npy->dims[i + 1];
    if (rank == 0 || rank == 2) /* a lone number; a picture of one channel */
        out->dims[out->rank++] = 1;
    return true;
}

bool armc_npy_examples(const ArmcDataCall *call, const ArmcNpy *npy, ArmcDataPart *out)
{
    if (!read_shape(call, npy, out))
        return false;
    out->values = armc_npy_bytes(call, npy, &out->levels);
    return out->values != NULL;
}

bool armc_npy_labels(const ArmcDataCall *call, const ArmcNpy *npy, ArmcDataPart *part)
{
    bool flat = npy->rank == 1 || (npy->rank == 2 && npy->dims[1] == 1);
    int levels;
    if (!flat)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` has the shape %s; labels are one number an example",
                                  npy->name, armc_npy_shape_text(call->arena, npy));
    if (npy->dims[0] != part->count)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` holds %" PRId64 " labels, but `%s` %" PRId64 " examples",
                                  npy->name, npy->dims[0], part->name, part->count);
    part->labels = armc_npy_bytes(call, npy, &levels);
    return part->labels != NULL;
}
