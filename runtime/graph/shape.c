#include "runtime/graph/shape.h"

#include <inttypes.h>
#include <stdio.h>

#include "runtime/base/fault.h"

ArmcShape armc_shape_make(int rank, const int64_t *dims)
{
    ARMC_ASSERT(rank <= ARMC_MAX_RANK);
    ArmcShape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dims[i] = dims[i];
    return shape;
}

int64_t armc_shape_size(ArmcShape shape)
{
    int64_t size = 1;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dims[i] > 0 && size > (INT64_C(1) << 53) / shape.dims[i])
            return -1;
        size *= shape.dims[i];
    }
    return size;
}

int64_t armc_shape_features(ArmcShape shape)
{
    return shape.rank > 0 ? shape.dims[shape.rank - 1] : 1;
}

int64_t armc_shape_sites(ArmcShape shape)
{
    int64_t sites = 1;
    for (int i = 0; i + 1 < shape.rank; i++)
        sites *= shape.dims[i];
    return sites;
}

bool armc_shape_equal(ArmcShape a, ArmcShape b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dims[i] != b.dims[i])
            return false;
    return true;
}

bool armc_shape_broadcast(ArmcShape a, ArmcShape b, ArmcShape *out)
{
    int rank = a.rank > b.rank ? a.rank : b.rank;
    *out = (ArmcShape){.rank = rank};
    for (int i = 1; i <= rank; i++) {
        int64_t x = i <= a.rank ? a.dims[a.rank - i] : 1, y = i <= b.rank ? b.dims[b.rank - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        out->dims[rank - i] = x == 1 ? y : x;
    }
    return true;
}

const char *armc_shape_text(ArmcShape shape, char text[static 96])
{
    if (shape.rank == 0)
        snprintf(text, 96, "scalar");
    size_t used = 0;
    for (int i = 0; i < shape.rank && used < 80; i++)
        used += (size_t)snprintf(text + used, 96 - used, "%s%" PRId64, i ? "x" : "", shape.dims[i]);
    return text;
}
