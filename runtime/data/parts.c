#include "runtime/data/parts.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/data/reader.h"

static const char *shape_text(ArmcArena *arena, const ArmcDataPart *part)
{
    const char *text = "";
    for (int i = 0; i < part->rank; i++)
        text = armc_arena_printf(arena, "%s%s%" PRId64, text, i == 0 ? "" : "x", part->dims[i]);
    return text;
}

static bool check_part(const ArmcDataCall *call, const ArmcDataPart *part)
{
    if (part->count == 0)
        return armc_data_complain(call, ARMC_E_empty_data, "`%s` holds no examples", part->name);
    for (int i = 0; i < part->rank; i++)
        if (part->dims[i] == 0)
            return armc_data_complain(call, ARMC_E_bad_file,
                                      "the examples of `%s` have no values: %s", part->name,
                                      shape_text(call->arena, part));
    return true;
}

static bool check_same(const ArmcDataCall *call, const ArmcDataPart *part,
                       const ArmcDataPart *train)
{
    if (part->rank == train->rank &&
        memcmp(part->dims, train->dims, (size_t)part->rank * sizeof *part->dims) == 0)
        return true;
    return armc_data_complain(
        call, ARMC_E_bad_file, "the examples of `%s` are %s, those of `%s` %s", train->name,
        shape_text(call->arena, train), part->name, shape_text(call->arena, part));
}

static void take_part(ArmcDataset *out, ArmcSplit split, const ArmcDataPart *part)
{
    out->count[split] = part->count;
    out->values[split] = part->values;
    out->labels[split] = part->labels;
    if (part->levels > out->source_levels)
        out->source_levels = part->levels;
    for (int64_t i = 0; part->labels != NULL && i < part->count; i++)
        if (part->labels[i] >= out->classes)
            out->classes = part->labels[i] + 1;
}

bool armc_data_take_parts(const ArmcDataCall *call, const ArmcDataPart parts[ARMC_SPLITS],
                          ArmcDataset *out)
{
    const ArmcDataPart *train = &parts[ARMC_TRAIN];
    out->rank = train->rank;
    memcpy(out->dims, train->dims, sizeof out->dims);
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++) {
        const ArmcDataPart *part = &parts[split];
        if (part->name == NULL)
            continue;
        if (!check_part(call, part) || !check_same(call, part, train))
            return false;
        take_part(out, split, part);
    }
    return true;
}
