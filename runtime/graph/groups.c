#include "runtime/graph/groups.h"

#include <string.h>

/* A slot of the table: features of `group` with `key` are in group `next` from this step on. */
typedef struct Split {
    int64_t step; /* in which it was entered: others' slots are empty */
    int64_t key;
    int32_t group, next;
} Split;

void armc_grouping_begin(ArmcGrouping *g, ArmcArena *arena, int64_t features)
{
    *g = (ArmcGrouping){.arena = arena, .features = features, .count = 1};
    g->of = ARMC_NEW_ARRAY(arena, int32_t, features);
    g->key = ARMC_NEW_ARRAY(arena, int64_t, features);
    g->key_of = ARMC_NEW_ARRAY(arena, int64_t, features);
}

/* Does every group have one key? The first feature of group n stands behind those of the groups
 * before n. */
static bool keys_agree(const ArmcGrouping *g)
{
    int seen = 0;
    for (int64_t f = 0; f < g->features; f++) {
        if (g->of[f] == seen)
            g->key_of[seen++] = g->key[f];
        else if (g->key_of[g->of[f]] != g->key[f])
            return false;
    }
    return true;
}

static void make_table(ArmcGrouping *g)
{
    g->split_size = 4;
    while (g->split_size < 2 * (size_t)g->features)
        g->split_size *= 2;
    g->split = ARMC_NEW_ARRAY(g->arena, Split, g->split_size);
}

/* The slot of (group, key), or the empty one where it belongs. */
static Split *find(const ArmcGrouping *g, int32_t group, int64_t key)
{
    uint64_t hash = ((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15)) ^ (uint64_t)group;
    hash *= UINT64_C(0xD6E8FEB86659FD93);
    size_t slot = (size_t)(hash >> 32) & (g->split_size - 1);
    while (g->split[slot].step == g->step &&
           (g->split[slot].group != group || g->split[slot].key != key))
        slot = (slot + 1) & (g->split_size - 1);
    return &g->split[slot];
}

void armc_grouping_split(ArmcGrouping *g)
{
    if (armc_grouping_is_done(g) || keys_agree(g))
        return;
    if (!g->split)
        make_table(g);
    g->step++;
    g->count = 0;
    for (int64_t f = 0; f < g->features; f++) {
        Split *split = find(g, g->of[f], g->key[f]);
        if (split->step != g->step)
            *split = (Split){g->step, g->key[f], g->of[f], (int32_t)g->count++};
        g->of[f] = split->next;
    }
}

bool armc_grouping_is_done(const ArmcGrouping *g)
{
    return g->count == g->features;
}

ArmcGroups armc_grouping_end(const ArmcGrouping *g)
{
    if (g->count == 1)
        return (ArmcGroups){.count = 1, .features = g->features};
    int64_t *first = ARMC_NEW_ARRAY(g->arena, int64_t, g->count);
    int seen = 0;
    for (int64_t f = 0; f < g->features; f++)
        if (g->of[f] == seen)
            first[seen++] = f;
    return (ArmcGroups){g->count, g->features, g->of, first};
}
