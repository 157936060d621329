#include "runtime/graph/reads.h"

#include <string.h>

int64_t armc_group_first(const ArmcValue *value, int group)
{
    return value->groups.first ? value->groups.first[group] : 0;
}

/* What a row reads when the op doesn't say more: its site (the only one where the input has one),
 * all groups or, elementwise, its own. */
static void read_same_site(const ArmcNode *node, int64_t site, int group, ArmcReadRun read,
                           void *context)
{
    bool own = node->op->flags & ARMC_OP_ELEMENTWISE;
    int64_t feature = own ? armc_group_first(node->out[0], group) : 0;
    for (int i = 0; i < node->in_count; i++) {
        const ArmcValue *in = node->in[i];
        if (!in->batched)
            continue;
        int64_t at = armc_shape_sites(in->shape) == 1 ? 0 : site;
        int g = armc_group_of(in, armc_shape_features(in->shape) == 1 ? 0 : feature);
        read(context, i, at, own ? g : 0, own ? g + 1 : in->groups.count);
    }
}

/* Who is told group by group, and who in runs. */
typedef struct Reader {
    ArmcRead read;
    ArmcReadRun read_run;
    void *context;
} Reader;

static void tell_groups(void *context, int input, int64_t site, int group, int end)
{
    const Reader *reader = context;
    for (int g = group; g < end; g++)
        reader->read(reader->context, input, site, g);
}

static void tell_run(void *context, int input, int64_t site, int group)
{
    const Reader *reader = context;
    reader->read_run(reader->context, input, site, group, group + 1);
}

void armc_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    if (node->op->reads)
        node->op->reads(node, site, group, read, context);
    else
        armc_read_runs(node, site, group, tell_groups, &(Reader){read, NULL, context});
}

void armc_read_runs(const ArmcNode *node, int64_t site, int group, ArmcReadRun read, void *context)
{
    if (node->op->read_runs)
        node->op->read_runs(node, site, group, read, context);
    else if (node->op->reads)
        node->op->reads(node, site, group, tell_run, &(Reader){NULL, read, context});
    else
        read_same_site(node, site, group, read, context);
}

int64_t armc_site_in_order(const ArmcNode *node, int64_t i)
{
    int64_t rank = node->op->order < 0 ? armc_shape_sites(node->out[0]->shape) - 1 - i : i;
    return armc_order_at(node->order, rank);
}

typedef struct Back {
    ArmcArena *arena;
    const ArmcNode *node; /* whose reads are visited */
    uint8_t **of;
} Back;

uint8_t *armc_marks_new(ArmcArena *arena, const ArmcValue *value)
{
    return ARMC_NEW_ARRAY(arena, uint8_t, armc_shape_sites(value->shape) * value->groups.count);
}

static void mark(void *context, int input, int64_t site, int group, int end)
{
    Back *b = context;
    const ArmcValue *value = input < 0 ? b->node->out[0] : b->node->in[input];
    if (!value->batched)
        return;
    if (!b->of[value->id])
        b->of[value->id] = armc_marks_new(b->arena, value);
    memset(b->of[value->id] + site * value->groups.count + group, 1, (size_t)(end - group));
}

/* A scan reads its own earlier entries, so these come after those that read them. */
static void mark_reads(Back *b, const ArmcNode *node)
{
    const ArmcValue *out = node->out[0];
    const uint8_t *marked = b->of[out->id];
    b->node = node;
    for (int64_t i = armc_shape_sites(out->shape); marked && i-- > 0;) {
        int64_t site = armc_site_in_order(node, i);
        for (int g = 0; g < out->groups.count; g++)
            if (marked[site * out->groups.count + g])
                armc_read_runs(node, site, g, mark, b);
    }
}

void armc_reads_back(ArmcArena *arena, const ArmcGraph *graph, uint8_t **of)
{
    Back back = {.arena = arena, .of = of};
    for (size_t i = graph->node_count; i-- > 0;)
        if (!(graph->nodes[i]->op->flags & ARMC_OP_LEAF))
            mark_reads(&back, graph->nodes[i]);
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
