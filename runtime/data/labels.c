#include "runtime/data/labels.h"

#include <inttypes.h>

#include "runtime/data/csv.h"
#include "runtime/data/npy_part.h"
#include "runtime/data/source.h"

static bool is_array(const char *path)
{
    return armc_data_has_ending(path, ".npy") && armc_data_is_file(path);
}

const char *armc_labels_find(const ArmcDataCall *call)
{
    const char *places[4];
    armc_data_list_places(call->arena, call->labels, places);
    for (size_t i = 0; places[i] != NULL; i++)
        if (is_array(places[i]) || armc_csv_is_table(places[i]))
            return places[i];
    return NULL;
}

static bool read_table(const ArmcDataCall *call, const char *path, ArmcDataPart *part)
{
    ArmcDataPart table;
    if (!armc_csv_read(call, path, &table))
        return false;
    if (table.count > 0 && table.dims[0] != 1)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` has %" PRId64
                                  " numbers in a row; labels are one number an example",
                                  path, table.dims[0]);
    if (table.count != part->count)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` holds %" PRId64 " labels, but `%s` %" PRId64 " examples",
                                  path, table.count, part->name, part->count);
    part->labels = table.values;
    return true;
}

bool armc_labels_read(const ArmcDataCall *call, const char *path, ArmcDataPart *part)
{
    ArmcNpy npy;
    if (armc_csv_is_table(path))
        return read_table(call, path, part);
    return armc_npy_open(call, path, &npy) && armc_npy_labels(call, &npy, part);
}

bool armc_labels_refuse_files(const ArmcDataCall *call)
{
    ArmcDiag *diag =
        armc_diag_add(call->diags, ARMC_E_bad_value, call->origin,
                      "`%s` is in several files, but `%s` holds the labels of a single one",
                      call->path, call->labels);
    armc_diag_help(diag,
                   "tables have labels in a column; an NPZ file holds arrays and their labels");
    return false;
}
