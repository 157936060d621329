#include <string.h>

#include "runtime/data/idx.h"
#include "runtime/data/reader.h"

/* Packed files can't be told by their first bytes, so the name counts, too. */
static bool claims(ArmcArena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    bool named = strstr(name, "idx") != NULL && strstr(name, "-ubyte") != NULL;
    return (named && armc_data_is_file(path)) || armc_data_begins_with(path, "\0\0\x08", 3) ||
           (armc_data_is_folder(path) && armc_idx_is_folder(arena, path));
}

static bool open_idx(const ArmcDataCall *call, ArmcDataset *out)
{
    return armc_data_is_file(call->path) ? armc_idx_open_file(call, call->path, out)
                                         : armc_idx_open_folder(call, call->path, NULL, out);
}

ARMC_DATA(idx) = {
    .name = "idx",
    .doc = "a file of bytes in MNIST's format, or a folder with its four files "
           "(train-images-idx3-ubyte, ..., also .gz)",
    .claims = claims,
    .open = open_idx,
};
