/* Archives of NumPy arrays. Which array is what is known by its name. */
#include <string.h>

#include "runtime/data/npy_part.h"
#include "runtime/data/zip.h"

/* The names of examples and labels of a split. */
static const struct {
    ArmcSplit split;
    const char *examples, *labels;
} spellings[] = {
    {ARMC_TRAIN, "x_train", "y_train"},
    {ARMC_TRAIN, "train", "train_labels"},
    {ARMC_TRAIN, "x", "y"},
    {ARMC_VALID, "x_valid", "y_valid"},
    {ARMC_VALID, "valid", "valid_labels"},
    {ARMC_TEST, "x_test", "y_test"},
    {ARMC_TEST, "test", "test_labels"},
};

static bool claims(ArmcArena *arena, const char *path)
{
    (void)arena;
    return armc_data_has_ending(path, ".npz") && armc_data_is_file(path);
}

static const ArmcZipMember *find(ArmcArena *arena, const ArmcZip *zip, const char *name)
{
    const char *file = armc_arena_printf(arena, "%s.npy", name);
    for (size_t i = 0; i < zip->count; i++)
        if (strcmp(zip->members[i].name, file) == 0)
            return &zip->members[i];
    return NULL;
}

static bool read_array(const ArmcDataCall *call, const ArmcZip *zip, const ArmcZipMember *member,
                       ArmcNpy *npy)
{
    size_t length;
    const uint8_t *bytes = armc_zip_read(call, zip, member, &length);
    const char *name = armc_arena_printf(call->arena, "%s/%s", zip->path, member->name);
    return bytes != NULL && armc_npy_parse(call, name, bytes, length, npy);
}

static bool read_part(const ArmcDataCall *call, const ArmcZip *zip, const ArmcZipMember *examples,
                      const ArmcZipMember *labels, ArmcDataPart *out)
{
    ArmcNpy npy;
    if (!read_array(call, zip, examples, &npy) || !armc_npy_examples(call, &npy, out))
        return false;
    return labels == NULL ||
           (read_array(call, zip, labels, &npy) && armc_npy_labels(call, &npy, out));
}

static bool unknown_arrays(const ArmcDataCall *call, const ArmcZip *zip)
{
    enum { SHOWN = 8 };
    const char *list = "";
    for (size_t i = 0; i < zip->count && i < SHOWN; i++)
        list = armc_arena_printf(call->arena, "%s%s%s", list, i == 0 ? "" : ", ",
                                 zip->members[i].name);
    ArmcDiag *diag =
        armc_diag_add(call->diags, ARMC_E_bad_file, call->origin,
                      "`%s` holds no training examples by a known name; it holds: %s%s", zip->path,
                      zip->count > 0 ? list : "nothing", zip->count > SHOWN ? ", ..." : "");
    armc_diag_help(diag, "numpy.savez(file, train=..., valid=..., test=...) or x_train, y_train, "
                         "x_valid, y_valid, x_test, y_test; a lone array may have any name");
    return false;
}

static bool open_npz(const ArmcDataCall *call, ArmcDataset *out)
{
    ArmcZip zip;
    ArmcDataPart parts[ARMC_SPLITS] = {0};
    if (!armc_zip_open(call, call->path, &zip))
        return false;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        ArmcDataPart *part = &parts[spellings[i].split];
        const ArmcZipMember *examples = find(call->arena, &zip, spellings[i].examples);
        const ArmcZipMember *labels = find(call->arena, &zip, spellings[i].labels);
        if (part->name == NULL && examples != NULL &&
            !read_part(call, &zip, examples, labels, part))
            return false;
    }
    if (zip.count == 1 && parts[ARMC_TRAIN].name == NULL &&
        !read_part(call, &zip, &zip.members[0], NULL, &parts[ARMC_TRAIN]))
        return false;
    if (parts[ARMC_TRAIN].name == NULL)
        return unknown_arrays(call, &zip);
    return armc_data_take_parts(call, parts, out);
}

ARMC_DATA(npz) = {
    .name = "npz",
    .doc = "an archive of NumPy arrays: train, valid, test or x_train, y_train, ..., or x, y, or "
           "one array of any name; stored uint8 arrays are mapped, not read",
    .claims = claims,
    .open = open_npz,
};
