#include "runtime/ops/weight_reads.h"

#include "runtime/graph/groups.h"
#include "runtime/graph/reads.h"

enum { WORD = 64 };

/* The group of x that row i belongs to; the levels of a table all belong to its one feature. */
static int group_of_row(const ArmcValue *x, int64_t i)
{
    return armc_shape_features(x->shape) > 1 ? armc_group_of(x, i) : 0;
}

/* The keys of one site: which of 64 groups of x, from `begin` on, each feature reads. */
static void mark_reads(ArmcGrouping *g, const ArmcNode *node, ArmcWeightLayout p, int64_t site,
                       int begin)
{
    for (int64_t f = 0; f < g->features; f++)
        g->key[f] = 0;
    for (int64_t i = 0; i < p.rows; i++) {
        int bit = group_of_row(node->in[0], i) - begin;
        const uint8_t *mask = node->in[1]->mask + site * p.site_step + i * p.in_step;
        if (bit < 0 || bit >= WORD)
            continue;
        for (int64_t f = 0; f < g->features; f++)
            g->key[f] |= (int64_t)((uint64_t)(mask[f * p.out_step] != 0) << bit);
    }
}

/* The bits of every (site, group of the result), from the first feature of the group. */
static const ArmcGroupReads *group_reads(ArmcArena *arena, const ArmcNode *node, ArmcWeightLayout p)
{
    const ArmcValue *x = node->in[0], *out = node->out[0];
    ArmcGroupReads *live = ARMC_NEW(arena, ArmcGroupReads);
    int64_t words = (x->groups.count + WORD - 1) / WORD, count = out->groups.count;
    uint64_t *bits = ARMC_NEW_ARRAY(arena, uint64_t, p.sites * count * words);
    *live = (ArmcGroupReads){p.sites, (int)words, bits};
    for (int64_t site = 0; site < p.sites; site++)
        for (int64_t i = 0; i < p.rows; i++) {
            const uint8_t *mask = node->in[1]->mask + site * p.site_step + i * p.in_step;
            int from = group_of_row(x, i);
            for (int g = 0; g < count; g++)
                if (mask[armc_group_first(out, g) * p.out_step])
                    bits[(site * count + g) * words + from / WORD] |= UINT64_C(1) << from % WORD;
        }
    return live;
}

void armc_weight_groups(ArmcInfer *infer, ArmcWeightLayout pattern)
{
    ArmcNode *node = infer->node;
    ArmcValue *out = node->out[0];
    ArmcGrouping g;
    if (!out->batched || !armc_has_dead_entries(node->in[1]))
        return;
    armc_grouping_begin(&g, infer->graph->arena, armc_shape_features(out->shape));
    for (int64_t site = 0; site < pattern.sites; site++)
        for (int begin = 0; begin < node->in[0]->groups.count; begin += WORD) {
            mark_reads(&g, node, pattern, site, begin);
            armc_grouping_split(&g);
        }
    out->groups = armc_grouping_end(&g);
    node->group_reads = group_reads(infer->graph->arena, node, pattern);
}

/* The first group from `g` on that is read or, `flip` being all ones, is not; `count`: none is. */
static int next_group(const uint64_t *bits, int g, int count, uint64_t flip)
{
    while (g < count) {
        uint64_t rest = (bits[g / WORD] ^ flip) >> g % WORD;
        if (rest) {
            g += __builtin_ctzll(rest);
            break;
        }
        g = (g / WORD + 1) * WORD;
    }
    return g < count ? g : count;
}

void armc_weight_reads(const ArmcNode *node, int64_t site, int group, ArmcReadRun read,
                       void *context)
{
    const ArmcGroupReads *live = node->group_reads;
    const ArmcValue *x = node->in[0];
    if (!x->batched)
        return;
    int count = x->groups.count;
    if (!live) {
        read(context, 0, site, 0, count);
        return;
    }
    int64_t row = (live->sites > 1 ? site : 0) * node->out[0]->groups.count + group;
    const uint64_t *bits = live->bits + row * live->words;
    for (int end, g = next_group(bits, 0, count, 0); g < count;
         g = next_group(bits, end, count, 0)) {
        end = next_group(bits, g, count, UINT64_MAX);
        read(context, 0, site, g, end);
    }
}
