#include "runtime/data/idx.h"

static bool open_fashion(const ArmcDataCall *call, ArmcDataset *out)
{
    static const ArmcIdxName fashion = {
        .name = "fashion",
        .packaged = "/usr/share/datasets/fashion-mnist",
        .help = "`apt-get install dataset-fashion-mnist` puts it where it is found; a folder of "
                "your own with the four IDX files is found through ARMC_DATA, or by its path",
    };
    return armc_idx_open(call, &fashion, out);
}

ARMC_DATA(fashion) = {
    .name = "fashion",
    .doc = "pictures of clothes, 28x28, 256 levels, 60,000 + 10,000 (Xiao, Rasul, Vollgraf 2017); "
           "in data/fashion, $ARMC_DATA/fashion or /usr/share/datasets/fashion-mnist",
    .colour = ARMC_COLOUR_TINT,
    .open = open_fashion,
};
