#include "runtime/exec/cells.h"

#include <math.h>
#include <string.h>

#include "runtime/exec/internal.h"

/* --- operands --- */

ArmcReal *armc_cells_row(const ArmcChunk *chunk, const ArmcValue *value, int64_t site)
{
    return chunk->memory + chunk->sampler->rows[value->id].at[site];
}

const ArmcReal *armc_cells_rows(const ArmcChunk *chunk, const ArmcValue *value, int64_t site,
                                int64_t *step)
{
    if (value->batched) {
        *step = chunk->sampler->rows[value->id].steps.sample;
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
static void narrow(const ArmcPart *part, ArmcFrame *frame)
{
    ArmcRows *rows = &frame->rows;
    for (int i = 0; i < rows->node->in_count; i++)
        if (rows->in_width[i] == rows->out_width) {
            rows->in[i] += part->begin * frame->in_apart[i];
            rows->in_width[i] = part->end - part->begin;
        }
    rows->out += part->begin * frame->out_apart;
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

static ArmcFrame *bind(const ArmcChunk *chunk, const ArmcCell *cell, int64_t site)
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
        rows->state = rows->next = chunk->memory + state * chunk->sampler->room;
    }
    return frame;
}

static bool is_whole(const ArmcPart *part, int64_t width)
{
    return part->begin == 0 && part->end == width;
}

/* Elementwise, a feature at a time. */
static void run_features(ArmcFrame *frame, const ArmcPart *part)
{
    ArmcRows *rows = &frame->rows;
    const ArmcOp *op = rows->node->op;
    bool spread[ARMC_MAX_INPUTS];
    for (int i = 0; i < rows->node->in_count; i++)
        spread[i] = rows->in_width[i] < rows->out_width;
    narrow(&(ArmcPart){part->begin, part->begin + 1, NULL}, frame);
    for (int64_t f = part->begin; f < part->end; f++) {
        op->rows(rows);
        rows->out += frame->out_apart;
        for (int i = 0; i < rows->node->in_count; i++)
            rows->in[i] += spread[i] ? 0 : frame->in_apart[i];
    }
}

static void run_rows(const ArmcChunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    ArmcFrame *frame = bind(chunk, cell, cell->site);
    ArmcRows *rows = &frame->rows;
    bool whole = is_whole(cell->part, rows->out_width);
    if (cell->part->live || (op->part && !whole)) {
        op->part(rows, cell->part);
        return;
    }
    if (frame->turned) {
        run_features(frame, cell->part);
        return;
    }
    if (!whole) {
        ARMC_ASSERT(op->flags & (ARMC_OP_ELEMENTWISE | ARMC_OP_BY_FEATURE));
        narrow(cell->part, frame);
    }
    op->rows(rows);
}

/* A scan takes the site before into its state, then shows what it has. */
static void run_scan(const ArmcChunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    ArmcFrame *frame = bind(chunk, cell, cell->before < 0 ? cell->site : cell->before);
    ArmcRows *rows = &frame->rows;
    narrow(cell->part, frame);
    if (cell->before < 0)
        begin_scan(rows);
    else
        op->advance(rows);
    rows->site = cell->site;
    op->rows(rows);
}

static void copy_feature(int64_t n, ArmcReal *to, int64_t to_step, const ArmcReal *from,
                         int64_t from_step)
{
    for (int64_t r = 0; r < n; r++)
        to[r * to_step] = from ? from[r * from_step] : 0;
}

static void copy_rows(int64_t n, ArmcReal *to, int64_t to_step, const ArmcReal *from,
                      int64_t from_step, int64_t width)
{
    for (int64_t r = 0; r < n; r++)
        if (from)
            memcpy(to + r * to_step, from + r * from_step, (size_t)width * sizeof *to);
        else
            memset(to + r * to_step, 0, (size_t)width * sizeof *to);
}

/* `from` NULL: of zeros. */
static void copy_features(const ArmcChunk *chunk, ArmcReal *to, ArmcSteps to_steps,
                          const ArmcReal *from, ArmcSteps steps, int64_t n)
{
    if (n > 1 && to_steps.feature == 1 && steps.feature == 1) {
        copy_rows(chunk->n, to, to_steps.sample, from, steps.sample, n);
        return;
    }
    for (int64_t f = 0; f < n; f++)
        copy_feature(chunk->n, to + f * to_steps.feature, to_steps.sample,
                     from ? from + f * steps.feature : NULL, steps.sample);
}

static const ArmcReal *rows_of(const ArmcChunk *chunk, const ArmcValue *value, int64_t site,
                               ArmcSteps *steps)
{
    steps->feature = value->batched ? chunk->sampler->rows[value->id].steps.feature : 1;
    return armc_cells_rows(chunk, value, site, &steps->sample);
}

/* Entries that come from neighbours in one row are copied in one go. */
static void run_movement(const ArmcChunk *chunk, const ArmcCell *cell)
{
    const ArmcNode *node = cell->node;
    const ArmcValue *out = node->out[0];
    int64_t features = armc_shape_features(out->shape), row = cell->site * features, run;
    const ArmcSteps *to_steps = &chunk->sampler->rows[out->id].steps;
    ArmcReal *to = armc_cells_row(chunk, out, cell->site);
    for (int64_t f = cell->part->begin; f < cell->part->end; f += run) {
        ArmcMoved moved = armc_moved_from(node, row + f);
        run = 1;
        while (f + run < cell->part->end && armc_moved_next(node, &moved, row + f, run))
            run++;
        ArmcSteps steps = {0, 1};
        const ArmcReal *from =
            moved.input < 0 ? NULL : rows_of(chunk, node->in[moved.input], moved.site, &steps);
        copy_features(chunk, to + f * to_steps->feature, *to_steps,
                      from ? from + moved.feature * steps.feature : NULL, steps, run);
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
                 .prepared = chunk->sampler->prepared[cell->node->id],
                 .out = armc_cells_row(chunk, cell->node->out[0], cell->site),
                 .out_step = chunk->sampler->rows[cell->node->out[0]->id].steps.sample,
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
    ArmcFrame *frame = bind(chunk, cell, cell->before < 0 ? cell->site : cell->before);
    ArmcWork work = {&frame->rows, op->rows};
    if (op->advance)
        work.run = begin_scan_cell(chunk, cell);
    else if (chunk->sampler->table->places[cell->node->out[0]->id].feeds)
        list_source(frame);
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
    else if (op->at)
        run_at(chunk, cell);
    else
        run_rows(chunk, cell);
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
