#include "runtime/data/labels.h"
#include "runtime/data/npy_part.h"

static const char *const endings[] = {".npy", NULL};

static bool claims(ArmcArena *arena, const char *path)
{
    return armc_data_begins_with(path, "\x93NUMPY", 6) ||
           (armc_data_is_file(path) && armc_data_has_ending(path, ".npy")) ||
           armc_data_split_file(arena, path, ARMC_TRAIN, endings) != NULL;
}

static bool read_part(const ArmcDataCall *call, const char *path, ArmcDataPart *part)
{
    ArmcNpy npy;
    return armc_npy_open(call, path, &npy) && armc_npy_examples(call, &npy, part);
}

/* call->labels is a file, for a single file of examples. */
static bool add_labels(const ArmcDataCall *call, bool one, ArmcDataPart *part)
{
    if (call->labels == NULL)
        return true;
    if (!one)
        return armc_labels_refuse_files(call);
    const char *path = armc_labels_find(call);
    if (path != NULL)
        return armc_labels_read(call, path, part);
    ArmcDiag *diag = armc_diag_add(call->diags, ARMC_E_missing_file, call->origin,
                                   "there is no NPY or CSV file `%s` with labels", call->labels);
    armc_diag_help(diag, "it is looked for like the data: as it is, in data/, in $ARMC_DATA/");
    return false;
}

static bool open_npy(const ArmcDataCall *call, ArmcDataset *out)
{
    ArmcDataPart parts[ARMC_SPLITS] = {0};
    bool one = armc_data_is_file(call->path);
    for (ArmcSplit split = 0; split < (one ? 1 : ARMC_SPLITS); split++) {
        const char *path =
            one ? call->path : armc_data_split_file(call->arena, call->path, split, endings);
        if (path != NULL && !read_part(call, path, &parts[split]))
            return false;
    }
    if (!add_labels(call, one, &parts[ARMC_TRAIN]))
        return false;
    return armc_data_take_parts(call, parts, out);
}

ARMC_DATA(npy) = {
    .name = "npy",
    .doc = "an array of NumPy (1.0, 2.0, 3.0), examples first, whole numbers 0..255 or bool; or "
           "train.npy, valid.npy, test.npy of a folder; uint8 and bool are mapped, not read",
    .takes_labels = true,
    .claims = claims,
    .open = open_npy,
};
