#include "runtime/exec/steady.h"

typedef struct Finder {
    const ArmcTimetable *table;
    const ArmcValue *variable; /* NULL: nothing reads it */
    ArmcRowLives lives;
    int64_t *cells;     /* by value id: how many there are; -1: one of them is no whole row */
    int64_t *last_cell; /* by value id: its position */
    int64_t *readers;   /* by value id: inputs that it is, and distributions' parameters */
} Finder;

static int64_t sites_of(const ArmcValue *value)
{
    return armc_shape_sites(value->shape);
}

/* --- what the cells say --- */

static void count_cells(Finder *f)
{
    for (int64_t p = 0; p < f->table->cell_count; p++) {
        const ArmcCell *cell = &f->table->cells[p];
        const ArmcValue *out = cell->node->out[0];
        bool whole = cell->part->begin == 0 && cell->part->end == armc_shape_features(out->shape) &&
                     !cell->part->live;
        f->last_cell[out->id] = p;
        if (whole && f->cells[out->id] >= 0)
            f->cells[out->id]++;
        else
            f->cells[out->id] = -1;
    }
}

static void count_readers(Finder *f)
{
    for (size_t n = 0; n < f->table->graph->node_count; n++) {
        const ArmcNode *node = f->table->graph->nodes[n];
        for (int i = 0; i < node->in_count; i++)
            f->readers[node->in[i]->id]++;
    }
    for (size_t l = 0; l < f->table->params.count; l++)
        f->readers[f->table->params.values[l]->id]++;
}

/* The position of a value's cell at the i-th site of a scan's order. */
static int64_t cell_at(const Finder *f, const ArmcNode *scan, const ArmcValue *value, int64_t i)
{
    return f->lives.first[value->id][armc_site_in_order(scan, i)];
}

/* Has the value a cell at each of the first `count` sites of the scan's order, between the scan's
 * own there and at the next site? And is its row read no more then (but by that cell itself)? */
static bool keeps_step(const Finder *f, const ArmcNode *scan, const ArmcValue *value, int64_t count)
{
    int64_t sites = sites_of(scan->out[0]);
    if (f->cells[value->id] != count || sites_of(value) != sites)
        return false;
    for (int64_t i = 0; i < count; i++) {
        int64_t at = cell_at(f, scan, value, i);
        bool last = i + 1 == sites;
        int64_t next = last ? f->table->cell_count : cell_at(f, scan, scan->out[0], i + 1);
        int64_t begin = cell_at(f, scan, scan->out[0], i);
        if (at < begin || at >= next)
            return false;
        next = last ? next : i + 1 < count ? cell_at(f, scan, value, i + 1) : next;
        if (f->lives.last[value->id][armc_site_in_order(scan, i)] > next)
            return false;
    }
    return true;
}

/* --- scans --- */

static bool is_steady_scan(const Finder *f, const ArmcNode *node)
{
    int64_t sites = sites_of(node->out[0]);
    return node->op->advance && node->op->shows_state && node->op->adds_to_state && sites > 1 &&
           keeps_step(f, node, node->out[0], sites);
}

/* Is a scan's input made for it alone, of zeros where the row it is made of is zero? The last
 * site's is never added. */
static bool is_source(const Finder *f, const ArmcNode *scan, const ArmcValue *value)
{
    const ArmcNode *node = value->node;
    if (!(node->op->flags & ARMC_OP_KEEPS_ZERO) || !node->op->rows || node->op->order ||
        f->readers[value->id] != 1 || !node->in[0]->batched)
        return false;
    for (int i = 1; i < node->in_count; i++)
        if (node->in[i]->batched)
            return false;
    return keeps_step(f, scan, value, sites_of(value) - 1);
}

/* --- followers --- */

/* Is what an input gives the same at all sites, and there before the first? */
static bool is_constant(const Finder *f, const ArmcNode *node, int input, int64_t begin)
{
    const ArmcValue *in = node->in[input];
    if (node->op->rows_in[input] == 'w')
        return true;
    if (node->op->rows_in[input] != 'r' || sites_of(in) != 1 || in == f->variable)
        return false;
    bool given = (in->node->op->flags & ARMC_OP_LEAF) != 0;
    return !in->batched || given || (f->cells[in->id] != 0 && f->last_cell[in->id] < begin);
}

/* The scan that all of a node's inputs follow, or NULL. */
static const ArmcValue *followed(const Finder *f, const ArmcNode *node)
{
    const ArmcValue *scan = NULL;
    for (int i = 0; i < node->in_count; i++) {
        const ArmcValue *of = f->table->places[node->in[i]->id].scan;
        if (of && scan && of != scan)
            return NULL;
        scan = of ? of : scan;
    }
    for (int i = 0; scan && i < node->in_count; i++)
        if (f->table->places[node->in[i]->id].scan != scan &&
            !is_constant(f, node, i, cell_at(f, scan->node, scan, 0)))
            return NULL;
    return scan;
}

static bool can_follow(const ArmcNode *node)
{
    enum { NEVER = ARMC_OP_LEAF | ARMC_OP_MOVEMENT | ARMC_OP_TRAIN_ONLY };
    return node->op->rows && !node->op->at && !node->op->order && !(node->op->flags & NEVER);
}

static void visit(const Finder *f, const ArmcNode *node)
{
    const ArmcValue *out = node->out[0];
    ArmcRowPlace *places = f->table->places;
    if (is_steady_scan(f, node)) {
        places[out->id].scan = out;
        if (is_source(f, node, node->in[0]))
            places[node->in[0]->id].feeds = out;
        return;
    }
    const ArmcValue *scan = can_follow(node) ? followed(f, node) : NULL;
    if (scan && keeps_step(f, scan->node, out, sites_of(scan)))
        places[out->id].scan = scan;
}

void armc_steady_find(ArmcArena *arena, const ArmcTimetable *table, const ArmcValue *variable,
                      ArmcRowLives lives)
{
    int values = table->graph->value_count;
    Finder f = {.table = table,
                .variable = variable,
                .lives = lives,
                .cells = ARMC_NEW_ARRAY(arena, int64_t, values),
                .last_cell = ARMC_NEW_ARRAY(arena, int64_t, values),
                .readers = ARMC_NEW_ARRAY(arena, int64_t, values)};
    for (int v = 0; v < values; v++)
        f.last_cell[v] = -1;
    count_cells(&f);
    count_readers(&f);
    for (size_t n = 0; n < table->graph->node_count; n++)
        if (table->graph->nodes[n]->out[0]->batched)
            visit(&f, table->graph->nodes[n]);
}
