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
    [SCAN_SKEW] = {.name = "skew",
                   .kind = ARMC_SPEC_INT,
                   .preset = "0",
                   .low = -1,
                   .high = 1,
                   .doc = "along the diagonals of a picture: 1 from the upper left corner, -1 from "
                          "the upper right one; cells outside of it are left out"},
    {0}};

ArmcScan armc_scan_of(const ArmcNode *node, const ArmcCellKind *kind, const ArmcValue *result,
                      const ArmcValue *x, const ArmcValue *start)
{
    ArmcShape shape = result->shape;
    const ArmcAttr *taps = &node->attr[SCAN_TAPS];
    ArmcScan scan = {.kind = kind,
                     .sites = armc_shape_sites(shape),
                     .units = armc_shape_features(shape),
                     .features = x ? armc_shape_features(x->shape) : 0,
                     .taps = taps,
                     .order = node->order,
                     .start = start,
                     .skew = (int)node->attr[SCAN_SKEW].i};
    int64_t along = shape.dims[node->attr[SCAN_AXIS].i];
    scan.across = scan.sites / along;
    scan.width = scan.skew ? along : 0;
    scan.steps = scan.skew ? scan.across + along - 1 : along;
    scan.states = taps->count * scan.units;
    scan.start_width = scan.units * (kind->state ? 2 : 1);
    return scan;
}

/* Does the scan make its gates itself, of features? Then one weight more stands where others have
 * the start. */
static bool makes_gates(const ArmcNode *node)
{
    return node->op->rows_in[3] == 'w';
}

/* The number of the weight; behind it stand the offset and, perhaps, the start. */
static int weight_of(const ArmcNode *node)
{
    return makes_gates(node) ? 2 : 1;
}

static const ArmcValue *start_of(const ArmcNode *node)
{
    int start = armc_scan_offset(node) + 1;
    return start < node->in_count ? node->in[start] : NULL;
}

int armc_scan_offset(const ArmcNode *node)
{
    return weight_of(node) + 1;
}

ArmcScan armc_scan_of_node(const ArmcNode *node, const ArmcCellKind *kind)
{
    const ArmcValue *x = makes_gates(node) ? node->in[0] : NULL;
    return armc_scan_of(node, kind, node->out[0], x, start_of(node));
}

void armc_scan_place(const ArmcScan *scan, int64_t site, int64_t *t, int64_t *p)
{
    if (scan->skew) {
        int64_t x = site % scan->width;
        *p = site / scan->width;
        *t = *p + (scan->skew > 0 ? x : scan->width - 1 - x);
        return;
    }
    int64_t rank = armc_order_rank(scan->order, site);
    *t = rank / scan->across;
    *p = rank % scan->across;
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

static int64_t sites_across(const ArmcNode *node)
{
    ArmcShape shape = node->in[0]->shape;
    return armc_shape_sites(shape) / shape.dims[node->attr[SCAN_AXIS].i];
}

/* A tap that is as far away as there are sites would never read anything. (Neighbours may be asked
 * for: a picture can be one site wide.) */
static bool taps_meet_sites(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    const ArmcAttr *taps = &node->attr[SCAN_TAPS];
    int64_t across = sites_across(node), most = across > 2 ? across : 2;
    for (int i = 0; i < taps->count; i++) {
        if (taps->ints[i] > -most && taps->ints[i] < most)
            continue;
        armc_infer_error(infer,
                         "tap %" PRId64 " of `%s` meets no site: beside the axis there %s %" PRId64,
                         taps->ints[i], node->op->name, across == 1 ? "is" : "are", across);
        return false;
    }
    return true;
}

/* Diagonals are columns of a skewed picture; from there on cells read what lies to their left and
 * above: other neighbours would be outside where these are inside. */
static bool check_skew(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    const ArmcAttr *taps = &node->attr[SCAN_TAPS];
    bool near = true;
    if (node->attr[SCAN_SKEW].i == 0)
        return true;
    for (int i = 0; i < taps->count; i++)
        near &= taps->ints[i] == 0 || taps->ints[i] == -1;
    if (node->in[0]->shape.rank != 3 || node->attr[SCAN_AXIS].i != 1)
        armc_infer_error(infer, "`%s` with skew goes along axis 1 of a picture", node->op->name);
    else if (!near)
        armc_infer_error(infer, "`%s` with skew has taps 0 and -1 only", node->op->name);
    else if (node->attr[SCAN_REVERSE].i)
        armc_infer_error(infer, "`%s` with skew can't go in reverse", node->op->name);
    else
        return true;
    return false;
}

/* The state comes from the cell's own site of the step before, so that one is always read. */
static bool check_taps(ArmcInfer *infer, ArmcShape weight)
{
    const ArmcNode *node = infer->node;
    const ArmcAttr *taps = &node->attr[SCAN_TAPS];
    int64_t weights = weight.dims[0];
    bool own = false;
    for (int i = 0; i < taps->count; i++)
        own |= taps->ints[i] == 0;
    if (!own)
        armc_infer_error(infer, "one of the taps of `%s` must be 0, the cell's own site",
                         node->op->name);
    else if (weights != taps->count)
        armc_infer_error(infer, "%d taps need as many matrices, the weight of `%s` has %" PRId64,
                         taps->count, node->op->name, weights);
    return own && weights == taps->count && taps_meet_sites(infer);
}

bool armc_scan_check_weight(ArmcInfer *infer, ArmcShape weight, int gates, int64_t features)
{
    const ArmcNode *node = infer->node;
    int64_t read = weight.dims[0] * weight.dims[1] + features;
    if (weight.dims[2] != gates * weight.dims[1]) {
        armc_infer_error(infer,
                         "`%s` has %d gates, so %" PRId64 " units need a weight with %" PRId64
                         " columns, not %" PRId64,
                         node->op->name, gates, weight.dims[1], gates * weight.dims[1],
                         weight.dims[2]);
        return false;
    }
    if (read > SCAN_SCRATCH) {
        armc_infer_error(infer, "a cell of `%s` reads at most %d numbers, here it is %" PRId64,
                         node->op->name, SCAN_SCRATCH, read);
        return false;
    }
    return true;
}

/* A row for each site across. */
static bool check_start(ArmcInfer *infer, const ArmcCellKind *kind, int64_t units)
{
    const ArmcNode *node = infer->node;
    const ArmcValue *start = start_of(node);
    if (start == NULL)
        return true;
    int64_t across = sites_across(node), width = units * (kind->state ? 2 : 1);
    if (start->shape.dims[0] != across || start->shape.dims[1] != width) {
        char text[96];
        ArmcDiag *diag =
            armc_infer_error(infer, "`start` of `%s` has shape %s, needed is %" PRId64 "x%" PRId64,
                             node->op->name, armc_shape_text(start->shape, text), across, width);
        armc_diag_help(diag, "a row for each site beside the axis; in it %" PRId64 " results%s",
                       units, kind->state ? ", then as many states c" : "");
        return false;
    }
    if (start->batched && !node->in[0]->batched) {
        armc_infer_error(infer,
                         "`start` of `%s` differs from example to example, `%s` does not: the scan "
                         "goes through examples of the latter",
                         node->op->name, makes_gates(node) ? "x" : "gates");
        return false;
    }
    return true;
}

/* Diagonal after diagonal. */
static const ArmcOrder *order_skewed(ArmcInfer *infer, const ArmcCellKind *kind)
{
    const ArmcNode *node = infer->node;
    ArmcScan scan = armc_scan_of(node, kind, node->in[0], NULL, NULL);
    int64_t *at = ARMC_NEW_ARRAY(infer->graph->arena, int64_t, scan.sites), r = 0;
    for (int64_t t = 0; t < scan.steps; t++)
        for (int64_t p = armc_scan_first(&scan, t); p < armc_scan_end(&scan, t); p++)
            at[r++] = armc_scan_site(&scan, t, p);
    return armc_order_make(infer->graph->arena, scan.sites, at);
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
bool armc_scan_shape(ArmcInfer *infer, const ArmcCellKind *kind)
{
    ArmcNode *node = infer->node;
    const ArmcShape weight = node->in[weight_of(node)]->shape;
    int64_t features = makes_gates(node) ? armc_shape_features(node->in[0]->shape) : 0;
    if (!check_axis(infer) || !check_skew(infer) || !check_taps(infer, weight) ||
        !armc_scan_check_weight(infer, weight, kind->gates, features) ||
        !check_start(infer, kind, weight.dims[1]))
        return false;
    bool single = node->in[0]->shape.rank == 2;
    if (single && !armc_infer_order(infer))
        return false;
    node->order = node->attr[SCAN_SKEW].i ? order_skewed(infer, kind)
                                          : order_along(infer, single ? node->order : NULL);
    for (int i = 0; i < node->out_count; i++) {
        ArmcValue *out = node->out[i];
        bool kept = node->op->kept && i == node->out_count - 1;
        int64_t width = weight.dims[1] * (kept ? kind->kept : 1);
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

/* Is there a feature of the group before `end`? */
static bool begins_before(const ArmcValue *value, int group, int64_t end)
{
    return armc_group_first(value, group) < end;
}

/* Units whose states begin in different groups part; all units read those of the results. */
static void split_by_start(const ArmcNode *node, ArmcGrouping *g)
{
    const ArmcValue *start = start_of(node);
    bool has_state = start && armc_shape_features(start->shape) > g->features;
    if (!has_state || !start->batched || start->groups.count == 1)
        return;
    for (int64_t f = 0; f < g->features; f++) {
        int group = armc_group_of(start, g->features + f);
        g->key[f] = begins_before(start, group, g->features) ? -1 : group;
    }
    armc_grouping_split(g);
}

static void split_by_gates(const ArmcNode *node, ArmcGrouping *g)
{
    if (makes_gates(node) || node->in[0]->groups.count == 1)
        return;
    for (int i = 0; i < MOST_GATES; i++) {
        for (int64_t f = 0; f < g->features; f++) {
            int groups[MOST_GATES + 1], count = groups_of_unit(node, f, -1, groups);
            g->key[f] = i < count ? groups[i] : -1;
        }
        armc_grouping_split(g);
    }
}

void armc_scan_groups(ArmcInfer *infer)
{
    ArmcValue *out = infer->node->out[0];
    ArmcGrouping g;
    if (!out->batched)
        return;
    armc_grouping_begin(&g, infer->graph->arena, armc_shape_features(out->shape));
    split_by_gates(infer->node, &g);
    split_by_start(infer->node, &g);
    out->groups = armc_grouping_end(&g);
}

static void read_all(const ArmcValue *value, int input, int64_t site, ArmcRead read, void *context)
{
    for (int g = 0; g < value->groups.count; g++)
        read(context, input, site, g);
}

/* Its own gates of the groups that its features have, or all features of x. */
static void read_input(const ArmcNode *node, int64_t site, int group, int unused, ArmcRead read,
                       void *context)
{
    if (!node->in[0]->batched)
        return;
    if (makes_gates(node)) {
        read_all(node->in[0], 0, site, read, context);
        return;
    }
    int groups[MOST_GATES + 1];
    int count = groups_of_unit(node, armc_group_first(node->out[0], group), unused, groups);
    for (int i = 0; i < count; i++)
        read(context, 0, site, groups[i]);
}

/* What a cell at p reads of row `from` of the start: results, of its own row its own unit's state,
 * too. */
static void read_start(const ArmcScan *scan, int64_t p, int64_t from, int64_t unit, int input,
                       ArmcRead read, void *context)
{
    const ArmcValue *start = scan->start;
    int own = scan->kind->state ? armc_group_of(start, scan->units + unit) : -1;
    for (int g = 0; g < start->groups.count; g++)
        if (begins_before(start, g, scan->units) || (from == p && g == own))
            read(context, input, from, g);
}

void armc_scan_reads(const ArmcNode *node, const ArmcCellKind *kind, int64_t site, int group,
                     ArmcRead read, void *context)
{
    ArmcScan scan = armc_scan_of_node(node, kind);
    int64_t t, p, unit = armc_group_first(node->out[0], group);
    armc_scan_place(&scan, site, &t, &p);
    ArmcScanFrom own = armc_scan_from(&scan, t, p, 0);
    bool has_state = own.site >= 0 || own.start >= 0;
    read_input(node, site, group, has_state ? -1 : kind->unused, read, context);
    for (int tap = 0; tap < scan.taps->count; tap++) {
        ArmcScanFrom from = armc_scan_from(&scan, t, p, scan.taps->ints[tap]);
        if (from.site >= 0)
            read_all(node->out[0], -1, from.site, read, context);
        else if (from.start >= 0 && scan.start->batched)
            read_start(&scan, p, from.start, unit, armc_scan_offset(node) + 1, read, context);
    }
}

int64_t armc_scan_cost(const ArmcNode *node, const ArmcCellKind *kind, int64_t site,
                       const ArmcPart *part)
{
    ArmcScan scan = armc_scan_of_node(node, kind);
    int64_t gates = kind->gates * (part->end - part->begin);
    int64_t t, p, without = scan.start ? 0 : scan.skew ? 1 : scan.across; /* of the first step */
    if (site < 0)
        return gates * (scan.features * scan.sites + scan.states * (scan.sites - without));
    armc_scan_place(&scan, site, &t, &p);
    return gates * (scan.features + (armc_scan_has_before(&scan, t) ? scan.states : 0));
}

/* --- cells at work --- */

enum { CREW_ROWS = 16 }; /* few rows leave the multipliers idle; many make few tasks */

static int64_t batch_of(const ArmcCall *call)
{
    return call->node->out[0]->batched ? call->batch : 1;
}

int64_t armc_crew_most(const ArmcScan *scan)
{
    return (CREW_ROWS + scan->across - 1) / scan->across;
}

int64_t armc_scan_tasks(const ArmcScan *scan, const ArmcCall *call)
{
    return (batch_of(call) + armc_crew_most(scan) - 1) / armc_crew_most(scan);
}

ArmcCrew armc_scan_crew(const ArmcScan *scan, const ArmcCall *call, int64_t task)
{
    int64_t batch = batch_of(call), tasks = armc_scan_tasks(scan, call);
    int64_t begin = batch * task / tasks;
    return (ArmcCrew){begin, batch * (task + 1) / tasks - begin};
}

/* The row of the start for an example's site across. */
static int64_t start_row(const ArmcScan *scan, int64_t example, int64_t p)
{
    return (scan->start->batched ? example * scan->across : 0) + p;
}

/* Which example, and where across, cell r of step t is. */
static int64_t example_of(const ArmcCrew *crew, int64_t r)
{
    return crew->first + r % crew->examples;
}

static int64_t across_of(const ArmcScan *scan, const ArmcCrew *crew, int64_t t, int64_t r)
{
    return armc_scan_first(scan, t) + r / crew->examples;
}

void armc_crew_rows(const ArmcScan *scan, const ArmcCrew *crew, int64_t t, int64_t first, int64_t m,
                    int64_t *row, int64_t *before)
{
    for (int64_t r = 0; r < m; r++) {
        int64_t p = across_of(scan, crew, t, first + r), number = example_of(crew, first + r);
        int64_t example = number * scan->sites;
        row[r] = example + armc_scan_site(scan, t, p);
        if (scan->skew)
            before[r] = r;
        else if (t > 0)
            before[r] = example + armc_scan_site(scan, t - 1, p);
        else if (scan->start)
            before[r] = start_row(scan, number, p);
    }
}

void armc_crew_states(const ArmcScan *scan, const ArmcCrew *crew, int64_t t, int64_t first,
                      int64_t m, const ArmcReal *c, const ArmcReal *start, ArmcReal *to)
{
    int64_t h = scan->units, behind = scan->kind->state ? h : 0;
    size_t bytes = (size_t)h * sizeof *to;
    for (int64_t r = 0; r < m; r++, to += h) {
        int64_t example = example_of(crew, first + r);
        ArmcScanFrom from = armc_scan_from(scan, t, across_of(scan, crew, t, first + r), 0);
        if (from.site >= 0)
            memcpy(to, c + (example * scan->sites + from.site) * h, bytes);
        else if (from.start >= 0)
            memcpy(to, start + start_row(scan, example, from.start) * scan->start_width + behind,
                   bytes);
        else
            memset(to, 0, bytes);
    }
}

/* The results that one cell of an example reads of the step before. */
static void gather_states(const ArmcScan *scan, int64_t t, int64_t example, int64_t p,
                          const ArmcScanReads *reads, ArmcReal *to)
{
    size_t bytes = (size_t)scan->units * sizeof *to;
    const ArmcReal *y = reads->y + example * scan->sites * scan->units;
    for (int tap = 0; tap < scan->taps->count; tap++, to += scan->units) {
        ArmcScanFrom from = armc_scan_from(scan, t, p, scan->taps->ints[tap]);
        if (from.site >= 0)
            memcpy(to, y + from.site * scan->units, bytes);
        else if (from.start >= 0)
            memcpy(to, reads->start + start_row(scan, example, from.start) * scan->start_width,
                   bytes);
        else
            memset(to, 0, bytes);
    }
}

void armc_crew_gather(const ArmcScan *scan, const ArmcCrew *crew, int64_t t, int64_t first,
                      int64_t m, const ArmcScanReads *from, ArmcReal *to, int64_t step)
{
    for (int64_t r = 0; r < m; r++, to += step) {
        int64_t p = across_of(scan, crew, t, first + r), example = example_of(crew, first + r);
        int64_t site = example * scan->sites + armc_scan_site(scan, t, p);
        if (scan->features)
            memcpy(to, from->x + site * scan->features, (size_t)scan->features * sizeof *to);
        if (armc_scan_has_before(scan, t))
            gather_states(scan, t, example, p, from, to + scan->features);
    }
}
