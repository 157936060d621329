#include "runtime/data/csv.h"
#include "runtime/data/reader.h"

static const char *const endings[] = {".csv",    ".csv.gz", ".tsv",     ".tsv.gz", ".txt",
                                      ".txt.gz", ".data",   ".data.gz", NULL};

static bool claims(ArmcArena *arena, const char *path)
{
    for (size_t i = 0; endings[i] != NULL; i++)
        if (armc_data_has_ending(path, endings[i]) && armc_data_is_file(path))
            return true;
    return armc_data_split_file(arena, path, ARMC_TRAIN, endings) != NULL;
}

static bool open_csv(const ArmcDataCall *call, ArmcDataset *out)
{
    ArmcDataPart parts[ARMC_SPLITS] = {0};
    bool one = armc_data_is_file(call->path);
    for (ArmcSplit split = 0; split < (one ? 1 : ARMC_SPLITS); split++) {
        const char *path =
            one ? call->path : armc_data_split_file(call->arena, call->path, split, endings);
        if (path != NULL && !armc_csv_read(call, path, &parts[split]))
            return false;
    }
    return armc_data_take_parts(call, parts, out);
}

ARMC_DATA(csv) = {
    .name = "csv",
    .doc = "a table of whole numbers, a row an example (.csv, .tsv, .txt, .data, also .gz); or "
           "NAME.train.csv, NAME.valid.csv, NAME.test.csv by the NAME before them",
    .claims = claims,
    .open = open_csv,
};
