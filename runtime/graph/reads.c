#include "runtime/graph/reads.h"

int64_t armc_group_first(const ArmcValue *value, int group)
{
    return value->groups.first ? value->groups.first[group] : 0;
}

/* What a row reads when the op doesn't say more: its site (the only one where the input has one),
 * all groups or, elementwise, its own. */
static void read_same_site(const ArmcNode *node, int64_t site, int group, ArmcRead read,
                           void *context)
{
    bool own = node->op->flags & ARMC_OP_ELEMENTWISE;
    int64_t feature = own ? armc_group_first(node->out[0], group) : 0;
    for (int i = 0; i < node->in_count; i++) {
        const ArmcValue *in = node->in[i];
        if (!in->batched)
            continue;
        int64_t at = armc_shape_sites(in->shape) == 1 ? 0 : site;
        if (own)
            read(context, i, at,
                 armc_group_of(in, armc_shape_features(in->shape) == 1 ? 0 : feature));
        for (int g = 0; !own && g < in->groups.count; g++)
            read(context, i, at, g);
    }
}

void armc_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    if (node->op->reads)
        node->op->reads(node, site, group, read, context);
    else
        read_same_site(node, site, group, read, context);
}

static bool begins_run(const ArmcValue *value, int64_t f)
{
    return f == 0 || armc_group_of(value, f) != armc_group_of(value, f - 1);
}

ArmcGroupRuns armc_group_runs(ArmcArena *arena, const ArmcValue *value)
{
    int64_t features = armc_shape_features(value->shape), runs = 0;
    ArmcGroupRuns r = {.first = ARMC_NEW_ARRAY(arena, int64_t, value->groups.count + 2)};
    for (int64_t f = 0; f < features; f++)
        if (begins_run(value, f)) {
            r.first[armc_group_of(value, f) + 2]++;
            runs++;
        }
    for (int g = 2; g < value->groups.count + 2; g++)
        r.first[g] += r.first[g - 1];
    r.run = ARMC_NEW_ARRAY(arena, ArmcRun, runs);
    for (int64_t f = 0; f < features; f++) {
        int64_t *next = &r.first[armc_group_of(value, f) + 1];
        if (begins_run(value, f))
            r.run[(*next)++] = (ArmcRun){f, f};
        r.run[*next - 1].end = f + 1;
    }
    return r;
}

ArmcMoved armc_moved_from(const ArmcNode *node, int64_t entry)
{
    int64_t from = node->map ? node->map[entry] : entry;
    int64_t first = armc_shape_size(node->in[0]->shape);
    if (from < 0)
        return (ArmcMoved){-1, 0, 0};
    ArmcMoved moved = {.input = from >= first};
    from -= moved.input ? first : 0;
    int64_t width = armc_shape_features(node->in[moved.input]->shape);
    moved.site = from / width;
    moved.feature = from % width;
    return moved;
}

bool armc_moved_next(const ArmcNode *node, const ArmcMoved *from, int64_t entry, int64_t n)
{
    if (from->input < 0)
        return node->map[entry + n] < 0;
    int64_t width = armc_shape_features(node->in[from->input]->shape);
    return from->feature + n < width &&
           (!node->map || node->map[entry + n] == node->map[entry] + n);
}
