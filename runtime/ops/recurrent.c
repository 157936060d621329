#include "runtime/ops/recurrent.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/graph/groups.h"
#include "runtime/graph/reads.h"

const ArmcSpec armc_scan_attrs[] = {
    [SCAN_AXIS] = {.name = "axis",
                   .kind = ARMC_SPEC_INT,
                   .preset = "0",
                   .doc = "the dimension of the sites along which it goes, from 0"},
    [SCAN_REVERSE] = {.name = "reverse",
                      .kind = ARMC_SPEC_BOOL,
                      .preset = "false",
                      .doc = "from the last step to the first"},
    [SCAN_TAPS] = {.name = "taps",
                   .kind = ARMC_SPEC_INTS,
                   .preset = "[0]",
                   .doc = "which sites of the step before are read, counted from the cell's own "
                          "along the other dimension; one for each matrix of the weight"},
    {0}};

ArmcWalk armc_walk_of(const ArmcNode *node, const ArmcValue *result)
{
    ArmcShape shape = result->shape;
    const ArmcAttr *taps = &node->attr[SCAN_TAPS];
    ArmcWalk walk = {.sites = armc_shape_sites(shape),
                     .units = armc_shape_features(shape),
                     .taps = taps,
                     .order = node->order};
    walk.steps = shape.dims[node->attr[SCAN_AXIS].i];
    walk.across = walk.sites / walk.steps;
    walk.k = taps->count * walk.units;
    return walk;
}

/* --- shapes --- */

static bool check_axis(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    int axes = node->in[0]->shape.rank - 1;
    int64_t axis = node->attr[SCAN_AXIS].i;
    ArmcDiag *diag = NULL;
    if (axes < 1 || axes > 2)
        diag = armc_infer_error(infer,
                                "`%s` goes along one dimension of the sites, and beside it there "
                                "may be one other; this value has %d",
                                node->op->name, axes);
    else if (axis < 0 || axis >= axes)
        diag = armc_infer_error(infer,
                                "`%s` can't go along dimension %" PRId64
                                ": the sites have %d (they count from 0)",
                                node->op->name, axis, axes);
    if (diag)
        armc_diag_help(diag, "`flatten` makes a site of each entry, one after the other");
    return !diag;
}

/* The state comes from the cell's own site of the step before, so that one is always read. */
static bool check_taps(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    const ArmcAttr *taps = &node->attr[SCAN_TAPS];
    int64_t weights = node->in[1]->shape.dims[0];
    bool own = false;
    for (int i = 0; i < taps->count; i++)
        own |= taps->ints[i] == 0;
    if (!own)
        armc_infer_error(infer, "one of the taps of `%s` must be 0, the cell's own site",
                         node->op->name);
    else if (weights != taps->count)
        armc_infer_error(infer, "%d taps need as many matrices, the weight of `%s` has %" PRId64,
                         taps->count, node->op->name, weights);
    return own && weights == taps->count;
}

static bool check_weight(ArmcInfer *infer, int gates)
{
    const ArmcNode *node = infer->node;
    const ArmcShape weight = node->in[1]->shape;
    if (weight.dims[2] != gates * weight.dims[1]) {
        armc_infer_error(infer,
                         "`%s` has %d gates, so %" PRId64 " units need a weight with %" PRId64
                         " columns, not %" PRId64,
                         node->op->name, gates, weight.dims[1], gates * weight.dims[1],
                         weight.dims[2]);
        return false;
    }
    if (weight.dims[2] > SCAN_SCRATCH || weight.dims[0] * weight.dims[1] > SCAN_SCRATCH) {
        armc_infer_error(infer, "`%s` takes at most %d numbers of gates or states into one cell",
                         node->op->name, SCAN_SCRATCH);
        return false;
    }
    return true;
}

/* Sites in the order of the walk: steps along the axis, within each the sites across. */
static const ArmcOrder *order_along(ArmcInfer *infer, const ArmcOrder *sites)
{
    const ArmcNode *node = infer->node;
    ArmcShape shape = node->in[0]->shape;
    int64_t count = armc_shape_sites(shape), steps = shape.dims[node->attr[SCAN_AXIS].i];
    int64_t across = count / steps;
    int64_t *at = ARMC_NEW_ARRAY(infer->graph->arena, int64_t, count);
    for (int64_t r = 0; r < count; r++) {
        int64_t t = r / across, p = r % across;
        t = node->attr[SCAN_REVERSE].i ? steps - 1 - t : t;
        at[r] = node->attr[SCAN_AXIS].i ? p * steps + t : t * across + p;
        at[r] = armc_order_at(sites, at[r]);
    }
    return armc_order_make(infer->graph->arena, count, at);
}

/* Where there is one dimension of sites the walk follows the order of the variables; along one of
 * two it follows that. */
bool armc_scan_shape(ArmcInfer *infer, int gates, int kept)
{
    ArmcNode *node = infer->node;
    if (!check_axis(infer) || !check_taps(infer) || !check_weight(infer, gates))
        return false;
    bool single = node->in[0]->shape.rank == 2;
    if (single && !armc_infer_order(infer))
        return false;
    node->order = order_along(infer, single ? node->order : NULL);
    for (int i = 0; i < node->out_count; i++) {
        ArmcValue *out = node->out[i];
        int64_t width = node->in[1]->shape.dims[1] * (i == 2 ? kept : 1);
        out->shape = node->in[0]->shape;
        out->shape.dims[out->shape.rank - 1] = width;
        out->batched = node->in[0]->batched;
        out->groups = (ArmcGroups){.count = 1, .features = width};
    }
    return true;
}

/* --- what an entry reads --- */

/* The groups of the gates of a unit, in ascending order, each once; how many. `unused` is left
 * out. */
static int groups_of_unit(const ArmcNode *node, int64_t unit, int unused, int *groups)
{
    int64_t units = armc_shape_features(node->out[0]->shape);
    int gates = (int)(armc_shape_features(node->in[0]->shape) / units), count = 0;
    for (int g = 0; g < gates; g++) {
        int group = armc_group_of(node->in[0], g * units + unit), i = count;
        if (g == unused)
            continue;
        while (i > 0 && groups[i - 1] > group)
            i--;
        if (i > 0 && groups[i - 1] == group)
            continue;
        memmove(groups + i + 1, groups + i, (size_t)(count - i) * sizeof *groups);
        groups[i] = group;
        count++;
    }
    return count;
}

enum { MOST_GATES = 4 };

void armc_scan_groups(ArmcInfer *infer)
{
    ArmcValue *out = infer->node->out[0];
    ArmcGrouping g;
    if (!out->batched || infer->node->in[0]->groups.count == 1)
        return;
    armc_grouping_begin(&g, infer->graph->arena, armc_shape_features(out->shape));
    for (int i = 0; i < MOST_GATES; i++) {
        for (int64_t f = 0; f < g.features; f++) {
            int groups[MOST_GATES + 1], count = groups_of_unit(infer->node, f, -1, groups);
            g.key[f] = i < count ? groups[i] : -1;
        }
        armc_grouping_split(&g);
    }
    out->groups = armc_grouping_end(&g);
}

static void read_results(const ArmcNode *node, int64_t site, ArmcRead read, void *context)
{
    for (int g = 0; g < node->out[0]->groups.count; g++)
        read(context, -1, site, g);
}

void armc_scan_reads(const ArmcNode *node, int64_t site, int group, int unused, ArmcRead read,
                     void *context)
{
    ArmcWalk walk = armc_walk_of(node, node->out[0]);
    int64_t rank = armc_order_rank(walk.order, site);
    int64_t t = rank / walk.across, p = rank % walk.across;
    int groups[MOST_GATES + 1], count = groups_of_unit(
        node, armc_group_first(node->out[0], group), t == 0 ? unused : -1, groups);
    for (int i = 0; i < count; i++)
        read(context, 0, site, groups[i]);
    for (int tap = 0; t > 0 && tap < walk.taps->count; tap++)
        if (armc_walk_reaches(&walk, p, tap))
            read_results(node, armc_walk_site(&walk, t - 1, p + walk.taps->ints[tap]), read,
                         context);
}

int64_t armc_scan_cost(const ArmcNode *node, int64_t site, const ArmcPart *part)
{
    ArmcWalk walk = armc_walk_of(node, node->out[0]);
    int64_t gates = armc_shape_features(node->in[0]->shape) / walk.units;
    int64_t each = walk.k * gates * (part->end - part->begin);
    if (site < 0)
        return each * (walk.sites - walk.across);
    return armc_order_rank(walk.order, site) < walk.across ? 0 : each;
}

/* --- cells at work --- */

/* Few rows leave the multipliers idle; many make few tasks. */
enum { CREW_ROWS = 16, MOST_ROWS = 64 };

int64_t armc_scan_tasks(const ArmcCall *call)
{
    ArmcWalk walk = armc_walk_of(call->node, call->node->out[0]);
    int64_t batch = call->node->out[0]->batched ? call->batch : 1;
    int64_t each = (CREW_ROWS + walk.across - 1) / walk.across;
    return (batch + each - 1) / each;
}

ArmcCrew armc_scan_crew(const ArmcCall *call, int64_t task)
{
    int64_t batch = call->node->out[0]->batched ? call->batch : 1, tasks = armc_scan_tasks(call);
    int64_t begin = batch * task / tasks;
    return (ArmcCrew){begin, batch * (task + 1) / tasks - begin};
}

int64_t armc_scan_rows(const ArmcWalk *walk, int64_t width)
{
    int64_t rows = SCAN_SCRATCH / (width > walk->k ? width : walk->k);
    return rows < 1 ? 1 : rows > MOST_ROWS ? MOST_ROWS : rows;
}

void armc_crew_rows(const ArmcWalk *walk, const ArmcCrew *crew, int64_t t, int64_t first, int64_t m,
                    int64_t *row, int64_t *before)
{
    for (int64_t r = 0; r < m; r++) {
        int64_t p = (first + r) / crew->examples;
        int64_t example = (crew->first + (first + r) % crew->examples) * walk->sites;
        row[r] = example + armc_walk_site(walk, t, p);
        if (t > 0)
            before[r] = example + armc_walk_site(walk, t - 1, p);
    }
}

void armc_crew_gather(const ArmcWalk *walk, const ArmcCrew *crew, int64_t t, int64_t first,
                      int64_t m, const ArmcReal *y, ArmcReal *to)
{
    size_t bytes = (size_t)walk->units * sizeof *to;
    for (int64_t r = 0; r < m; r++) {
        int64_t p = (first + r) / crew->examples;
        int64_t example = (crew->first + (first + r) % crew->examples) * walk->sites;
        for (int tap = 0; tap < walk->taps->count; tap++, to += walk->units) {
            if (!armc_walk_reaches(walk, p, tap)) {
                memset(to, 0, bytes);
                continue;
            }
            int64_t from = armc_walk_site(walk, t - 1, p + walk->taps->ints[tap]);
            memcpy(to, y + (example + from) * walk->units, bytes);
        }
    }
}
