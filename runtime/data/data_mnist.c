#include "runtime/data/idx.h"

static bool open_mnist(const ArmcDataCall *call, ArmcDataset *out)
{
    static const ArmcIdxName mnist = {
        .name = "mnist",
        .help = "`tools/get-mnist` fetches it into data/mnist; a folder of your own with the four "
                "IDX files is found through ARMC_DATA, or by its path",
    };
    return armc_idx_open(call, &mnist, out);
}

ARMC_DATA(mnist) = {
    .name = "mnist",
    .doc = "handwritten digits, 28x28, 256 levels, 60,000 + 10,000 (LeCun, Cortes, Burges); in "
           "data/mnist or $ARMC_DATA/mnist",
    .colour = ARMC_COLOUR_BACKGROUND,
    .ink = 1,
    .open = open_mnist,
};
