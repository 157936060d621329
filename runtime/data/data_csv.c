#include "runtime/data/csv.h"
#include "runtime/data/labels.h"
#include "runtime/data/reader.h"

static bool claims(ArmcArena *arena, const char *path)
{
    return armc_csv_is_table(path) ||
           armc_data_split_file(arena, path, ARMC_TRAIN, armc_csv_endings) != NULL;
}

/* The files of a set in several; where labels are wanted, each has them in a column. */
static bool read_files(const ArmcDataCall *call, ArmcDataPart parts[ARMC_SPLITS])
{
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++) {
        const char *path = armc_data_split_file(call->arena, call->path, split, armc_csv_endings);
        if (path != NULL && !armc_csv_read_labelled(call, path, call->labels, &parts[split]))
            return false;
    }
    return true;
}

static bool open_csv(const ArmcDataCall *call, ArmcDataset *out)
{
    ArmcDataPart parts[ARMC_SPLITS] = {0}, *whole = &parts[ARMC_TRAIN];
    const char *file = call->labels != NULL ? armc_labels_find(call) : NULL;
    bool one = armc_data_is_file(call->path), good;
    if (file != NULL && !one)
        good = armc_labels_refuse_files(call);
    else if (file != NULL)
        good = armc_csv_read(call, call->path, whole) && armc_labels_read(call, file, whole);
    else if (one)
        good = armc_csv_read_labelled(call, call->path, call->labels, whole);
    else
        good = read_files(call, parts);
    return good && armc_data_take_parts(call, parts, out);
}

ARMC_DATA(csv) = {
    .name = "csv",
    .doc = "a table of whole numbers, a row an example (.csv, .tsv, .txt, .data, also .gz); or "
           "NAME.train.csv, NAME.valid.csv, NAME.test.csv by the NAME before them",
    .takes_labels = true,
    .claims = claims,
    .open = open_csv,
};
