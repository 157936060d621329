#include "runtime/exec/timetable.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/exec/internal.h"
#include "runtime/exec/steady.h"
#include "runtime/exec/turned.h"

/* A cell before it has a place in the order. */
typedef struct Item {
    ArmcCell cell;
    int64_t time;
} Item;

typedef struct Planner {
    ArmcArena *arena;
    ArmcTimetable *table;
    const ArmcGraph *graph, *model;
    ArmcReady ready;
    uint8_t **needed; /* by value id: [site * groups + group]; NULL: nothing of it */
    Item *items;      /* topological, then in the scan's own order */
    size_t item_count, item_capacity;
    const ArmcNode *node; /* whose reads are visited */
    int64_t position;     /* of the cell at work */
    int64_t thin;         /* entries of slots for rows of one feature */
    int64_t **first_at,
        **last_at; /* by value id, of each site: when its row is begun and read last */
} Planner;

static int64_t sites_of(const ArmcValue *value)
{
    return armc_shape_sites(value->shape);
}

static const ArmcValue *read_value(const Planner *s, int input)
{
    return input < 0 ? s->node->out[0] : s->node->in[input];
}

/* Leaves and what is the same for all samples have no cells. */
static bool has_cells(const ArmcNode *node)
{
    return node->out[0]->batched && !(node->op->flags & ARMC_OP_LEAF);
}

/* --- what is needed --- */

static void mark_needed(Planner *s)
{
    s->needed = ARMC_NEW_ARRAY(s->arena, uint8_t *, s->graph->value_count);
    for (size_t l = 0; l < s->table->params.count; l++) {
        const ArmcValue *params = s->table->params.values[l];
        if (!params->batched)
            continue;
        s->needed[params->id] = armc_marks_new(s->arena, params);
        memset(s->needed[params->id], 1, (size_t)(sites_of(params) * params->groups.count));
    }
    armc_reads_back(s->arena, s->graph, s->needed);
}

/* --- cells --- */

/* Runs of one group are told apart only where the op asks what they depend on. */
static bool joins_groups(const ArmcNode *node)
{
    return node->op->live == NULL;
}

/* Parts of a node's row, one for each (begin, end) that occurs, so that sites share them. */
typedef struct Parts {
    ArmcPart **at; /* by begin: the last one made */
    const ArmcNode *node;
} Parts;

static const ArmcPart *part_of(const Planner *s, Parts *parts, int64_t begin, int64_t end)
{
    ArmcPart *part = parts->at[begin];
    if (part && part->end == end)
        return part;
    part = ARMC_NEW(s->arena, ArmcPart);
    *part = (ArmcPart){begin, end, NULL};
    if (parts->node->op->live)
        part->live = parts->node->op->live(s->arena, parts->node, part);
    return parts->at[begin] = part;
}

static int64_t entry_of(const ArmcValue *out, int64_t site, int64_t f)
{
    return site * out->groups.count + armc_group_of(out, f);
}

/* The end of the neighbours of feature f in its group. */
static int64_t group_end(const ArmcValue *value, int64_t f, int64_t features)
{
    int64_t end = f + 1;
    if (!value->groups.of)
        return features;
    while (end < features && armc_group_of(value, end) == armc_group_of(value, f))
        end++;
    return end;
}

/* The end of the part of a row that begins at f: features that are needed and ready together. */
static int64_t part_end(const Planner *s, const ArmcNode *node, int64_t site, int64_t f)
{
    const ArmcValue *out = node->out[0];
    const uint8_t *needed = s->needed[out->id];
    const int64_t *ready = s->ready.of[out->id];
    int64_t features = armc_shape_features(out->shape), at = entry_of(out, site, f);
    int64_t end = group_end(out, f, features);
    while (end < features && joins_groups(node)) {
        int64_t next = entry_of(out, site, end);
        if (!needed[next] || (ready && ready[next] != ready[at]))
            break;
        end = group_end(out, end, features);
    }
    return end;
}

static void add_item(Planner *s, ArmcCell cell, int64_t time)
{
    ARMC_PUSH(s->arena, s->items, s->item_count, s->item_capacity, ((Item){cell, time}));
}

static void add_row(Planner *s, Parts *parts, int64_t i)
{
    const ArmcNode *node = parts->node;
    const ArmcValue *out = node->out[0];
    int64_t site = armc_site_in_order(node, i), features = armc_shape_features(out->shape), end;
    const int64_t *ready = s->ready.of[out->id];
    for (int64_t f = 0; f < features; f = end) {
        int64_t entry = entry_of(out, site, f);
        end = f + 1;
        if (!s->needed[out->id][entry])
            continue;
        end = part_end(s, node, site, f);
        int64_t before = node->op->order && i > 0 ? armc_site_in_order(node, i - 1) : -1;
        add_item(s, (ArmcCell){node, (int32_t)site, (int32_t)before, part_of(s, parts, f, end)},
                 ready ? ready[entry] : -1);
    }
}

static bool has_pieces(const ArmcNode *node)
{
    return node->op->pieces && sites_of(node->out[0]) == 1;
}

/* A row of one site whose op says itself what is computed when. */
static void add_pieces(Planner *s, const ArmcNode *node)
{
    const ArmcValue *in = node->in[0], *out = node->out[0];
    int64_t read = armc_shape_features(in->shape), made = armc_shape_features(out->shape);
    int64_t *ready = ARMC_NEW_ARRAY(s->arena, int64_t, read);
    uint8_t *needed = ARMC_NEW_ARRAY(s->arena, uint8_t, made);
    for (int64_t f = 0; f < read; f++)
        ready[f] = armc_ready_at(&s->ready, in, 0, armc_group_of(in, f));
    for (int64_t f = 0; f < made; f++)
        needed[f] = s->needed[out->id][armc_group_of(out, f)];
    ArmcPieces pieces = node->op->pieces(s->arena, node, ready, needed);
    for (size_t i = 0; i < pieces.count; i++)
        add_item(s, (ArmcCell){node, 0, -1, pieces.items[i].part}, pieces.items[i].time);
}

/* --- views --- */

static bool is_variable(const Planner *s, const ArmcNode *node)
{
    return node->leaf == s->model->inputs[0];
}

/* The same numbers as features of one site and as rows of many lie in one row, and nothing is
 * copied. */
static bool is_view(const Planner *s, const ArmcNode *node)
{
    const ArmcValue *out = node->out[0];
    return (node->op->flags & ARMC_OP_VIEW) && (s->table->places[out->id].home == node->in[0] ||
                                                s->table->places[node->in[0]->id].home == out);
}

static void find_view(Planner *s, const ArmcNode *node, bool *taken)
{
    const ArmcValue *in = node->in[0], *out = node->out[0];
    bool one = sites_of(in) == 1, given = (in->node->op->flags & ARMC_OP_LEAF) != 0;
    if (one == (sites_of(out) == 1) || taken[in->id] || taken[out->id] || in->node->op->order ||
        (given && !is_variable(s, in->node)))
        return;
    taken[in->id] = taken[out->id] = true;
    s->table->places[one ? out->id : in->id].home = one ? in : out;
}

static void find_views(Planner *s)
{
    bool *taken = ARMC_NEW_ARRAY(s->arena, bool, s->graph->value_count);
    for (size_t n = 0; n < s->graph->node_count; n++) {
        const ArmcNode *node = s->graph->nodes[n];
        if ((node->op->flags & ARMC_OP_VIEW) && node->out[0]->batched &&
            s->needed[node->out[0]->id])
            find_view(s, node, taken);
    }
}

/* The row lives as long as any of the rows in it. */
static void join_lives(Planner *s, const ArmcValue *value)
{
    const ArmcValue *home = s->table->places[value->id].home;
    int64_t *first = s->first_at[home->id], *last = s->last_at[home->id];
    for (int64_t site = 0; site < sites_of(value); site++) {
        int64_t begun = s->first_at[value->id][site], read = s->last_at[value->id][site];
        *first = begun >= 0 && (*first < 0 || begun < *first) ? begun : *first;
        *last = read > *last ? read : *last;
    }
}

static int64_t *sites_with(const Planner *s, const ArmcValue *value, int64_t number)
{
    int64_t *of = ARMC_NEW_ARRAY(s->arena, int64_t, sites_of(value));
    for (int64_t i = 0; i < sites_of(value); i++)
        of[i] = number;
    return of;
}

/* Once rows have places. */
static void place_view(Planner *s, const ArmcValue *value)
{
    ArmcRowPlace *place = &s->table->places[value->id];
    const ArmcRowPlace *home = &s->table->places[place->home->id];
    place->pitch = home->pitch;
    place->offset = sites_with(s, value, home->offset[0]);
}

static void collect_cells(Planner *s)
{
    for (size_t n = 0; n < s->graph->node_count; n++) {
        const ArmcNode *node = s->graph->nodes[n];
        if (!has_cells(node) || !s->needed[node->out[0]->id] || is_view(s, node))
            continue;
        if (has_pieces(node)) {
            add_pieces(s, node);
            continue;
        }
        int64_t features = armc_shape_features(node->out[0]->shape);
        Parts parts = {ARMC_NEW_ARRAY(s->arena, ArmcPart *, features), node};
        for (int64_t i = 0; i < sites_of(node->out[0]); i++)
            add_row(s, &parts, i);
    }
}

/* The order in which cells are computed: by time, those of one time as they were collected. */
static void order_cells(Planner *s)
{
    ArmcTimetable *table = s->table;
    ArmcCell *cells = ARMC_NEW_ARRAY(s->arena, ArmcCell, s->item_count + 1);
    int64_t *first = ARMC_NEW_ARRAY(s->arena, int64_t, table->variables + 2);
    int64_t *next = ARMC_NEW_ARRAY(s->arena, int64_t, table->variables + 2);
    for (size_t i = 0; i < s->item_count; i++)
        first[s->items[i].time + 2]++;
    for (int64_t t = 1; t < table->variables + 2; t++)
        first[t] += first[t - 1];
    memcpy(next, first, (size_t)(table->variables + 2) * sizeof *next);
    for (size_t i = 0; i < s->item_count; i++) {
        const ArmcCell *cell = &s->items[i].cell;
        cells[next[s->items[i].time + 1]++] = *cell;
        if (cell->node->op->cost)
            table->multiply_adds += cell->node->op->cost(cell->node, cell->site, cell->part);
    }
    table->cells = cells;
    table->first = first;
    table->cell_count = (int64_t)s->item_count;
}

/* --- slots --- */

static void note_last(void *context, int input, int64_t site, int group, int end)
{
    Planner *s = context;
    const ArmcValue *value = read_value(s, input);
    (void)group, (void)end;
    if (value->batched)
        s->last_at[value->id][site] = s->position;
}

/* A cell reads what any of its features reads; a row lives from its first cell to its last reader.
 */
static void note_lives(Planner *s, int64_t position)
{
    const ArmcCell *cell = &s->table->cells[position];
    const ArmcValue *out = cell->node->out[0];
    s->node = cell->node;
    s->position = position;
    if (s->first_at[out->id][cell->site] < 0)
        s->first_at[out->id][cell->site] = position;
    if (s->last_at[out->id][cell->site] < position)
        s->last_at[out->id][cell->site] = position;
    if (has_pieces(cell->node)) { /* a piece may be wide; sites are all that matters here */
        note_last(s, 0, 0, 0, 0);
        return;
    }
    for (int64_t f = cell->part->begin; f < cell->part->end; f = group_end(out, f, cell->part->end))
        armc_read_runs(cell->node, cell->site, armc_group_of(out, f), note_last, s);
}

/* Parameters are read when their variable is drawn: before the cells of its time. */
static void note_draws(Planner *s)
{
    const ArmcTimetable *table = s->table;
    for (size_t l = 0; l < table->params.count; l++) {
        const ArmcLikelihood *likelihood = s->model->likelihoods[l];
        const ArmcValue *params = table->params.values[l];
        for (int64_t k = 0; params->batched && k < likelihood->count; k++) {
            int64_t entry = armc_likelihood_entry(likelihood, k);
            int64_t until = table->first[armc_input_rank(s->model->inputs[0], entry) + 1];
            if (s->last_at[params->id][k] < until)
                s->last_at[params->id][k] = until;
        }
    }
}

/* The variable's rows are begun when they are drawn. */
static void note_variable(Planner *s, const ArmcNode *node)
{
    const ArmcValue *value = node->out[0];
    int64_t channels = armc_shape_features(value->shape);
    for (int64_t e = 0; e < armc_shape_size(value->shape); e++) {
        int64_t drawn = s->table->first[armc_input_rank(s->model->inputs[0], e) + 1];
        int64_t *first = &s->first_at[value->id][e / channels];
        int64_t *last = &s->last_at[value->id][e / channels];
        *first = *first < 0 || drawn < *first ? drawn : *first;
        *last = drawn > *last ? drawn : *last;
    }
}

static void find_lives(Planner *s)
{
    const ArmcGraph *graph = s->graph;
    s->first_at = ARMC_NEW_ARRAY(s->arena, int64_t *, graph->value_count);
    s->last_at = ARMC_NEW_ARRAY(s->arena, int64_t *, graph->value_count);
    for (size_t n = 0; n < graph->node_count; n++) {
        const ArmcValue *out = graph->nodes[n]->out[0];
        if (!out->batched)
            continue;
        s->first_at[out->id] = sites_with(s, out, -1);
        s->last_at[out->id] = sites_with(s, out, -1);
    }
    for (int64_t p = 0; p < s->table->cell_count; p++)
        note_lives(s, p);
    note_draws(s);
    for (size_t n = 0; n < graph->node_count; n++)
        if (is_variable(s, graph->nodes[n]))
            note_variable(s, graph->nodes[n]);
    for (size_t n = 0; n < graph->node_count; n++)
        if (s->table->places[graph->nodes[n]->out[0]->id].home)
            join_lives(s, graph->nodes[n]->out[0]);
}

/* A row's life. */
typedef struct Life {
    int64_t first, last;
    int64_t pitch;
    int64_t *offset;
} Life;

static int by_first(const void *a, const void *b)
{
    const Life *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Slots of one pitch, each with the position at which it is free again. */
typedef struct Pool {
    int64_t pitch;
    int64_t *slot; /* offsets of free slots, a stack */
    size_t free_count, free_capacity;
} Pool;

typedef struct Pools {
    Pool *items;
    size_t count, capacity;
} Pools;

static Pool *pool_of(const Planner *s, Pools *pools, int64_t pitch)
{
    for (size_t i = 0; i < pools->count; i++)
        if (pools->items[i].pitch == pitch)
            return &pools->items[i];
    ARMC_PUSH(s->arena, pools->items, pools->count, pools->capacity, (Pool){.pitch = pitch});
    return &pools->items[pools->count - 1];
}

/* Lives that end, by their end: a binary heap. */
typedef struct Heap {
    const Life **items;
    size_t count;
} Heap;

static void heap_push(Heap *heap, const Life *life)
{
    size_t i = heap->count++;
    for (; i > 0 && heap->items[(i - 1) / 2]->last > life->last; i = (i - 1) / 2)
        heap->items[i] = heap->items[(i - 1) / 2];
    heap->items[i] = life;
}

static void heap_pop(Heap *heap)
{
    const Life *last = heap->items[--heap->count];
    size_t i = 0;
    for (size_t kid; (kid = 2 * i + 1) < heap->count; i = kid) {
        kid += kid + 1 < heap->count && heap->items[kid + 1]->last < heap->items[kid]->last;
        if (heap->items[kid]->last >= last->last)
            break;
        heap->items[i] = heap->items[kid];
    }
    heap->items[i] = last;
}

/* Rows of one feature lie side by side, so that those of all samples are one run of numbers; they
 * come behind the others, which begin at cache lines. */
static int64_t new_slot(Planner *s, int64_t pitch)
{
    int64_t *entries = pitch == 1 ? &s->thin : &s->table->entries, slot = *entries;
    *entries += pitch;
    return slot;
}

static void move_thin(Planner *s)
{
    for (size_t n = 0; n < s->graph->node_count; n++) {
        const ArmcValue *out = s->graph->nodes[n]->out[0];
        ArmcRowPlace *place = &s->table->places[out->id];
        if (!out->batched || place->home || place->pitch != 1)
            continue;
        place->state += s->table->entries;
        for (int64_t site = 0; site < sites_of(out); site++)
            place->offset[site] += place->offset[site] < 0 ? 0 : s->table->entries;
    }
    s->table->entries += s->thin;
}

/* A life takes a slot that is free when it begins, or a new one. */
static void take_slots(Planner *s, Life *lives, int64_t count)
{
    Pools pools = {0};
    Heap heap = {ARMC_NEW_ARRAY(s->arena, const Life *, count + 1), 0};
    qsort(lives, (size_t)count, sizeof *lives, by_first);
    for (int64_t i = 0; i < count; i++) {
        for (; heap.count > 0 && heap.items[0]->last < lives[i].first; heap_pop(&heap)) {
            Pool *ended = pool_of(s, &pools, heap.items[0]->pitch);
            ARMC_PUSH(s->arena, ended->slot, ended->free_count, ended->free_capacity,
                      *heap.items[0]->offset);
        }
        Pool *pool = pool_of(s, &pools, lives[i].pitch);
        if (pool->free_count > 0) {
            *lives[i].offset = pool->slot[--pool->free_count];
        } else {
            *lives[i].offset = new_slot(s, pool->pitch);
            s->table->slots++;
        }
        heap_push(&heap, &lives[i]);
    }
    s->table->rows += count;
}

/* One slot for the rows of all sites; a scan's is its state. */
static void add_steady(Planner *s, const ArmcValue *value, int64_t *offset)
{
    ArmcRowPlace *place = &s->table->places[value->id];
    int64_t slot = place->scan == value ? place->state : new_slot(s, place->pitch);
    s->table->slots += place->scan != value;
    for (int64_t site = 0; site < sites_of(value); site++)
        offset[site] = slot;
    s->table->rows += sites_of(value);
}

static void add_lives(Planner *s, const ArmcNode *node, Life *lives, int64_t *count)
{
    const ArmcValue *out = node->out[0];
    ArmcRowPlace *place = &s->table->places[out->id];
    int64_t *offset = sites_with(s, out, -1);
    bool given = (node->op->flags & ARMC_OP_LEAF) && !is_variable(s, node);
    int64_t features = armc_shape_features(out->shape);
    place->pitch = features == 1 && !node->op->state ? 1 : armc_exec_pitch(features);
    place->pitch += node->op->state ? place->pitch : 0;
    place->offset = offset;
    if (node->op->advance)
        place->state = new_slot(s, place->pitch);
    if (place->scan) {
        add_steady(s, out, offset);
        return;
    }
    for (int64_t site = 0; site < sites_of(out); site++) {
        Life life = {s->first_at[out->id][site], s->last_at[out->id][site], place->pitch,
                     &offset[site]};
        if (given) /* there from the beginning to the end */
            life.first = -1, life.last = s->table->cell_count;
        if (given || life.first >= 0)
            lives[(*count)++] = life;
    }
}

static const ArmcValue *variable_in(const Planner *s)
{
    for (size_t n = 0; n < s->graph->node_count; n++)
        if (is_variable(s, s->graph->nodes[n]))
            return s->graph->nodes[n]->out[0];
    return NULL;
}

static void place_rows(Planner *s)
{
    int64_t rows = 0, count = 0;
    for (size_t n = 0; n < s->graph->node_count; n++)
        rows += s->graph->nodes[n]->out[0]->batched ? sites_of(s->graph->nodes[n]->out[0]) : 0;
    Life *lives = ARMC_NEW_ARRAY(s->arena, Life, rows + 1);
    armc_steady_find(s->arena, s->table, variable_in(s), (ArmcRowLives){s->first_at, s->last_at});
    for (size_t n = 0; n < s->graph->node_count; n++)
        if (s->graph->nodes[n]->out[0]->batched &&
            !s->table->places[s->graph->nodes[n]->out[0]->id].home)
            add_lives(s, s->graph->nodes[n], lives, &count);
    take_slots(s, lives, count);
    move_thin(s);
    for (size_t n = 0; n < s->graph->node_count; n++)
        if (s->table->places[s->graph->nodes[n]->out[0]->id].home)
            place_view(s, s->graph->nodes[n]->out[0]);
}

/* --- all together --- */

static bool is_autoregressive(const Planner *s)
{
    ArmcLeak leak;
    for (size_t l = 0; l < s->table->params.count; l++)
        if (armc_ready_find_leak(&s->ready, s->model->inputs[0], s->model->likelihoods[l],
                                 s->table->params.values[l], &leak))
            return false;
    return true;
}

ArmcTimetable *armc_timetable_new(ArmcArena *arena, const ArmcGraph *graph,
                                  const ArmcOutputs *params, const ArmcGraph *model)
{
    ArmcTimetable *table = ARMC_NEW(arena, ArmcTimetable);
    *table = (ArmcTimetable){.graph = graph, .params = *params};
    Planner s = {.arena = arena, .table = table, .graph = graph, .model = model};
    table->variables = armc_shape_size(model->inputs[0]->shape);
    s.ready = armc_ready_times(graph);
    if (!is_autoregressive(&s))
        return NULL;
    mark_needed(&s);
    table->places = ARMC_NEW_ARRAY(arena, ArmcRowPlace, graph->value_count);
    find_views(&s);
    collect_cells(&s);
    order_cells(&s);
    find_lives(&s);
    place_rows(&s);
    armc_turned_find(table, model->inputs[0]);
    return table;
}
