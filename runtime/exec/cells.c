#include "runtime/exec/cells.h"

#include <math.h>
#include <string.h>

#include "runtime/exec/internal.h"

/* --- operands --- */

ArmcReal *armc_cells_row(const ArmcChunk *chunk, const ArmcValue *value, int64_t site)
{
    const ArmcRowPlace *place = &chunk->sampler->table->places[value->id];
    int64_t offset = place->offset[site];
    int64_t within = place->home ? site * armc_shape_features(value->shape) : 0;
    return chunk->memory + (offset < 0 ? 0 : offset) * chunk->sampler->chunk + within;
}

const ArmcReal *armc_cells_rows(const ArmcChunk *chunk, const ArmcValue *value, int64_t site,
                                int64_t *step)
{
    if (value->batched) {
        *step = chunk->sampler->table->places[value->id].pitch;
        return armc_cells_row(chunk, value, site);
    }
    *step = 0;
    return chunk->sampler->fixed[value->id] + site * armc_shape_features(value->shape);
}

static const ArmcReal *input_row(const void *context, int input, int64_t site, int64_t *step)
{
    const ArmcChunk *chunk = context;
    return armc_cells_rows(chunk, input < 0 ? chunk->node->out[0] : chunk->node->in[input], site,
                           step);
}

/* Features of an op that works on each by itself: pointers go to the part's first. */
static void narrow(const ArmcPart *part, int in_count, ArmcRows *rows)
{
    for (int i = 0; i < in_count; i++)
        if (rows->in_width[i] == rows->out_width) {
            rows->in[i] += part->begin;
            rows->in_width[i] = part->end - part->begin;
        }
    rows->out += part->begin;
    rows->state += rows->state ? part->begin : 0;
    rows->next = rows->state;
    rows->out_width = part->end - part->begin;
}

static void begin_scan(const ArmcRows *rows)
{
    if (rows->node->op->begin)
        rows->node->op->begin(rows);
    for (int64_t r = 0; !rows->node->op->begin && r < rows->n; r++)
        memset(rows->state + r * rows->state_step, 0, (size_t)rows->out_width * sizeof(ArmcReal));
}

static ArmcRows *bind(const ArmcChunk *chunk, const ArmcCell *cell, int64_t site)
{
    const ArmcNode *node = cell->node;
    ArmcFrame *frame = &chunk->frames[node->out[0]->id];
    ArmcRows *rows = &frame->rows;
    rows->n = chunk->n;
    rows->site = site;
    rows->first = chunk->first;
    rows->out = armc_cells_row(chunk, node->out[0], cell->site);
    rows->out_width = frame->out_width;
    for (int i = 0; i < node->in_count; i++) {
        int64_t step = frame->site_step[i];
        rows->in[i] = frame->fixed[i] ? frame->fixed[i] + site * step
                                      : armc_cells_row(chunk, node->in[i], step ? site : 0);
        rows->in_width[i] = frame->in_width[i];
    }
    if (node->op->advance) {
        int64_t state = chunk->sampler->table->places[node->out[0]->id].state;
        rows->state = rows->next = chunk->memory + state * chunk->sampler->chunk;
    }
    return rows;
}

static bool is_whole(const ArmcPart *part, int64_t width)
{
    return part->begin == 0 && part->end == width;
}

static void run_rows(const ArmcChunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    ArmcRows *rows = bind(chunk, cell, cell->site);
    bool whole = is_whole(cell->part, rows->out_width);
    if (cell->part->live || (op->part && !whole)) {
        op->part(rows, cell->part);
        return;
    }
    if (!whole) {
        ARMC_ASSERT(op->flags & (ARMC_OP_ELEMENTWISE | ARMC_OP_BY_FEATURE));
        narrow(cell->part, cell->node->in_count, rows);
    }
    op->rows(rows);
}

/* A scan takes the site before into its state, then shows what it has. */
static void run_scan(const ArmcChunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    ArmcRows *rows = bind(chunk, cell, cell->before < 0 ? cell->site : cell->before);
    narrow(cell->part, cell->node->in_count, rows);
    if (cell->before < 0)
        begin_scan(rows);
    else
        op->advance(rows);
    rows->site = cell->site;
    op->rows(rows);
}

static void copy_features(const ArmcChunk *chunk, ArmcReal *to, int64_t to_step,
                          const ArmcReal *from, int64_t from_step, int64_t n)
{
    for (int64_t r = 0; n == 1 && r < chunk->n; r++)
        to[r * to_step] = from ? from[r * from_step] : 0;
    for (int64_t r = 0; n > 1 && r < chunk->n; r++)
        if (from)
            memcpy(to + r * to_step, from + r * from_step, (size_t)n * sizeof *to);
        else
            memset(to + r * to_step, 0, (size_t)n * sizeof *to);
}

/* Entries that come from neighbours in one row are copied in one go. */
static void run_movement(const ArmcChunk *chunk, const ArmcCell *cell)
{
    const ArmcNode *node = cell->node;
    const ArmcValue *out = node->out[0];
    int64_t features = armc_shape_features(out->shape), row = cell->site * features, run;
    int64_t to_step = chunk->sampler->table->places[out->id].pitch;
    ArmcReal *to = armc_cells_row(chunk, out, cell->site);
    for (int64_t f = cell->part->begin; f < cell->part->end; f += run) {
        ArmcMoved moved = armc_moved_from(node, row + f);
        run = 1;
        while (f + run < cell->part->end && armc_moved_next(node, &moved, row + f, run))
            run++;
        int64_t step = 0;
        const ArmcReal *from =
            moved.input < 0 ? NULL
                            : armc_cells_rows(chunk, node->in[moved.input], moved.site, &step);
        copy_features(chunk, to + f, to_step, from ? from + moved.feature : NULL, step, run);
    }
}

static void run_at(ArmcChunk *chunk, const ArmcCell *cell)
{
    chunk->node = cell->node;
    ArmcAt at = {.node = cell->node,
                 .k = chunk->sampler->k,
                 .n = chunk->n,
                 .site = cell->site,
                 .part = cell->part,
                 .row = input_row,
                 .context = chunk,
                 .out = armc_cells_row(chunk, cell->node->out[0], cell->site),
                 .out_step = chunk->sampler->table->places[cell->node->out[0]->id].pitch,
                 .state_at = armc_exec_pitch(armc_shape_features(cell->node->out[0]->shape))};
    cell->node->op->at(&at);
}

/* --- steady cells --- */

static bool has_negative_zero(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++)
        for (int64_t f = 0; f < rows->out_width; f++) {
            ArmcReal x = rows->state[r * rows->state_step + f];
            if (x >= 0 && x <= 0 && signbit(x))
                return true;
        }
    return false;
}

/* Adding +0 leaves any number as it is but -0, which sums become only where they begin with it. */
static void begin_steady(const ArmcChunk *chunk, const ArmcRows *rows)
{
    const ArmcNode *node = rows->node;
    ArmcFrame *frame = &chunk->frames[node->out[0]->id];
    armc_changes_all(frame->changes, rows->n);
    if (frame->source)
        chunk->frames[node->in[0]->id].lists =
            chunk->sampler->lists[node->in[0]->id] && !has_negative_zero(rows);
}

/* What is new at this site: what a source has that is not zero. */
static void list_source(const ArmcFrame *frame)
{
    if (frame->lists)
        armc_changes_nonzero(frame->changes, &frame->rows);
    else
        armc_changes_all(frame->changes, frame->rows.n);
}

/* A steady scan shows its state where it is. What is there to do for each run of rows. */
static void (*begin_scan_cell(const ArmcChunk *chunk, const ArmcCell *cell))(const ArmcRows *rows)
{
    ArmcFrame *frame = &chunk->frames[cell->node->out[0]->id];
    if (cell->before < 0) {
        begin_scan(&frame->rows);
        begin_steady(chunk, &frame->rows);
        return NULL;
    }
    if (frame->source)
        armc_changes_copy(frame->changes, frame->source);
    else
        armc_changes_all(frame->changes, frame->rows.n);
    return cell->node->op->advance;
}

static ArmcWork steady_work(const ArmcChunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    ArmcWork work = {bind(chunk, cell, cell->before < 0 ? cell->site : cell->before), op->rows};
    if (op->advance)
        work.run = begin_scan_cell(chunk, cell);
    else if (chunk->sampler->table->places[cell->node->out[0]->id].feeds)
        list_source(&chunk->frames[cell->node->out[0]->id]);
    return work;
}

/* May a cell's rows be computed together with those of the steady cell right before it, a few at a
 * time? A scan's with its source's, then what works on each entry by itself. */
static bool goes_with(const ArmcChunk *chunk, const ArmcCell *cell, const ArmcCell *before)
{
    const ArmcRowPlace *places = chunk->sampler->table->places;
    const ArmcValue *out = cell->node->out[0], *last = before->node->out[0];
    if (places[last->id].feeds)
        return places[last->id].feeds == out && cell->before == before->site;
    return places[out->id].scan == places[last->id].scan &&
           (cell->node->op->flags & ARMC_OP_ELEMENTWISE);
}

/* Some steady cells, of `left` at most; how many. */
static int64_t run_steady(const ArmcChunk *chunk, const ArmcCell *cells, int64_t left)
{
    enum { MOST = 8, ROWS_AT_A_TIME = 4 };
    ArmcWork works[MOST];
    int count = 0;
    int64_t run = 0;
    do {
        works[count] = steady_work(chunk, &cells[run++]);
        count += works[count].run != NULL;
    } while (count < MOST && run < left && goes_with(chunk, &cells[run], &cells[run - 1]));
    const ArmcChanges *changes = chunk->frames[cells[run - 1].node->out[0]->id].changes;
    armc_changes_run(changes, works, count, count > 1 ? ROWS_AT_A_TIME : ARMC_MOST_CHUNK);
    return run;
}

static bool is_steady(const ArmcChunk *chunk, const ArmcCell *cell)
{
    return chunk->frames[cell->node->out[0]->id].changes != NULL;
}

/* --- cells --- */

static void run_cell(ArmcChunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    if (op->flags & ARMC_OP_MOVEMENT)
        run_movement(chunk, cell);
    else if (op->advance)
        run_scan(chunk, cell);
    else if (op->rows)
        run_rows(chunk, cell);
    else
        run_at(chunk, cell);
}

void armc_cells_run(ArmcChunk *chunk, int64_t time)
{
    const ArmcTimetable *table = chunk->sampler->table;
    int64_t end = table->first[time + 2];
    for (int64_t c = table->first[time + 1]; c < end;)
        if (is_steady(chunk, &table->cells[c]))
            c += run_steady(chunk, &table->cells[c], end - c);
        else
            run_cell(chunk, &table->cells[c++]);
}
