/* The way back through a recurrent scan. A block of steps at a time leaves the gradients of its
 * sums and what they were products with side by side, near enough for the gradient of the weights
 * to be one product of them: none of it is stored for all steps. */
#include <string.h>

#include "runtime/ops/recurrent.h"

enum { DY, RESULT, STATE, KEPT, TURNED, FEATURES };

/* Where gates are given, the start stands in the place of the features. */
static int start_place(bool made)
{
    return made ? FEATURES + 1 : FEATURES;
}

static ArmcScan scan_of(const ArmcNode *node, const ArmcCellKind *kind, bool made)
{
    int start = start_place(made);
    return armc_scan_of(node, kind, node->in[RESULT], made ? node->in[FEATURES] : NULL,
                        start < node->in_count ? node->in[start] : NULL);
}

/* Steps whose rows make one product for the gradient of the weights: enough to hide that its
 * result is read and written, few enough to stay in L2. */
enum { BLOCK_ROWS = 128 };

/* Room for a crew. Rows of `d` and `read` stand in the order of the cells, the block's last step
 * first. Those of dy and dc have a place for each site across. */
typedef struct Room {
    int64_t rows, d_width, read_width; /* of a step that has all cells */
    int64_t features, back_width;      /* columns of `back`: of features (or none), and all */
    ArmcReal *d;                       /* gradients of the sums */
    ArmcReal *read;                    /* 1, features, states: what the sums are products of */
    ArmcReal *dy, *dc;                 /* of the step at work */
    ArmcReal *back;                    /* d times the weights: for features, states */
} Room;

static int64_t block_steps(const ArmcScan *scan)
{
    int64_t rows = armc_crew_most(scan) * scan->across;
    return rows < BLOCK_ROWS ? BLOCK_ROWS / rows : 1;
}

static int64_t read_width(const ArmcScan *scan)
{
    return 1 + scan->features + scan->states;
}

static int64_t sums_of(const ArmcScan *scan)
{
    return scan->kind->kept * scan->units;
}

/* Entries of room for each cell of a step. */
static int64_t room_for_cell(const ArmcScan *scan)
{
    return block_steps(scan) * (sums_of(scan) + read_width(scan)) + 2 * scan->units +
           scan->features + scan->states;
}

static Room room_of(const ArmcCall *call, const ArmcScan *scan, const ArmcCrew *crew)
{
    int64_t rows = crew->examples * scan->across, steps = block_steps(scan);
    Room room = {.rows = rows, .d_width = sums_of(scan), .read_width = read_width(scan)};
    room.d = call->out[1] + crew->first * scan->across * room_for_cell(scan);
    room.read = room.d + steps * rows * room.d_width;
    room.dy = room.read + steps * rows * room.read_width;
    room.dc = room.dy + rows * scan->units;
    room.back = room.dc + rows * scan->units;
    room.back_width = armc_shape_features(call->node->in[TURNED]->shape);
    room.features = room.back_width - scan->states;
    return room;
}

/* Of each site: the gradient of its gates, or of its features. */
static int64_t result_width(const ArmcScan *scan)
{
    return scan->features ? scan->features : scan->kind->gates * scan->units;
}

/* Is there a start of each example? The gradient of one that all share is a sum, below that of the
 * weights. */
static bool has_own_start(const ArmcScan *scan)
{
    return scan->start && scan->start->batched;
}

static bool has_shared_start(const ArmcScan *scan)
{
    return scan->start && !scan->start->batched;
}

/* Of an example: that, then the gradient of its start. */
static int64_t result_size(const ArmcScan *scan)
{
    return scan->sites * result_width(scan) +
           (has_own_start(scan) ? scan->across * scan->start_width : 0);
}

/* Rows of the sums: of the weights, then of a start that is shared. */
static int64_t summed_rows(const ArmcScan *scan)
{
    return read_width(scan) + (has_shared_start(scan) ? scan->across : 0);
}

bool armc_scan_back_shape(ArmcInfer *infer, const ArmcCellKind *kind, bool made)
{
    ArmcNode *node = infer->node;
    ArmcScan scan = scan_of(node, kind, made);
    ArmcShape shape = node->in[RESULT]->shape;
    shape.dims[shape.rank - 1] = result_width(&scan);
    if (has_own_start(&scan))
        shape = armc_shape_make(2, (int64_t[]){1, result_size(&scan)});
    node->out[0]->shape = shape;
    node->out[1]->shape = armc_shape_make(2, (int64_t[]){scan.across, room_for_cell(&scan)});
    node->out[1]->batched = node->out[0]->batched;
    node->out[2]->shape = armc_shape_make(2, (int64_t[]){summed_rows(&scan), sums_of(&scan)});
    for (int i = 1; i < node->out_count; i++)
        node->out[i]->groups =
            (ArmcGroups){1, armc_shape_features(node->out[i]->shape), NULL, NULL};
    return true;
}

/* A step at work: `cells` cells, whose rows of d and read begin at `at`. */
typedef struct Step {
    const ArmcCall *call;
    const ArmcScan *scan;
    ArmcScanReads from;
    const ArmcCrew *crew;
    const Room *room;
    int64_t t, at, cells;
} Step;

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Where the rows of the step's cells begin in dy and dc. */
static int64_t own_rows(const Step *s, int64_t t)
{
    return armc_scan_first(s->scan, t) * s->crew->examples * s->scan->units;
}

static ArmcReal *own_d(const Step *s)
{
    return s->room->d + s->at * s->room->d_width;
}

/* Where the cells find the states before them; with skew in copies. */
static void set_states(const Step *s, const ArmcReal *copies, ArmcCellsBack *cells)
{
    cells->from = s->scan->skew ? copies : s->call->in[STATE];
    cells->ldf = s->scan->units;
    if (s->t == 0 && s->scan->start && !s->scan->skew) {
        cells->from = s->from.start + (s->scan->kind->state ? s->scan->units : 0);
        cells->ldf = s->scan->start_width;
    }
}

/* Through the cells: from dy and dc to the gradients of the sums, and dc of the step before. */
static void back_through_cells(const Step *s)
{
    const Room *room = s->room;
    ArmcReal states[SCAN_SCRATCH];
    int64_t row[SCAN_MOST_CELLS], before[SCAN_MOST_CELLS], h = s->scan->units;
    int64_t most = smaller(SCAN_SCRATCH / h, SCAN_MOST_CELLS);
    ArmcCellsBack cells = {.h = h,
                           .row = row,
                           .before = armc_scan_has_before(s->scan, s->t) ? before : NULL,
                           .c = s->call->in[STATE],
                           .gates = s->call->in[KEPT]};
    set_states(s, states, &cells);
    for (int64_t first = 0; first < s->cells; first += cells.m) {
        cells.m = smaller(s->cells - first, most);
        cells.dy = room->dy + own_rows(s, s->t) + first * h;
        cells.dc = room->dc + own_rows(s, s->t) + first * h;
        cells.d = own_d(s) + first * room->d_width;
        armc_crew_rows(s->scan, s->crew, s->t, first, cells.m, row, before);
        if (s->scan->skew && cells.before)
            armc_crew_states(s->scan, s->crew, s->t, first, cells.m, cells.c, s->from.start,
                             states);
        s->scan->kind->back(s->call->k, &cells);
    }
}

/* What the sums were products of. */
static void gather_read(const Step *s)
{
    const Room *room = s->room;
    ArmcReal *to = room->read + s->at * room->read_width;
    for (int64_t r = 0; r < s->cells; r++) {
        to[r * room->read_width] = 1;
        if (!armc_scan_has_before(s->scan, s->t))
            memset(to + r * room->read_width + 1 + s->scan->features, 0,
                   (size_t)s->scan->states * sizeof *to);
    }
    armc_crew_gather(s->scan, s->crew, s->t, 0, s->cells, &s->from, to + 1, room->read_width);
}

/* Where cell r of step t is across, and where it lies in arrays of all sites. */
static int64_t across_of(const Step *s, int64_t t, int64_t r)
{
    return armc_scan_first(s->scan, t) + r / s->crew->examples;
}

static int64_t place_of(const Step *s, int64_t t, int64_t r)
{
    int64_t example = s->crew->first + r % s->crew->examples;
    return example * s->scan->sites + armc_scan_site(s->scan, t, across_of(s, t, r));
}

/* dy of step t from outside. */
static void begin_dy(const Step *s, int64_t t)
{
    int64_t h = s->scan->units, cells = armc_crew_cells(s->scan, s->crew, t);
    ArmcReal *dy = s->room->dy + own_rows(s, t);
    for (int64_t r = 0; r < cells; r++)
        memcpy(dy + r * h, s->call->in[DY] + place_of(s, t, r) * h, (size_t)h * sizeof(ArmcReal));
}

/* Adds what the cells hand back to the results that they have read, or that the start has. */
static void scatter(const Step *s)
{
    const ArmcScan *scan = s->scan;
    int64_t h = scan->units;
    for (int64_t r = 0; r < s->cells; r++) {
        int64_t p = across_of(s, s->t, r), example = r % s->crew->examples;
        const ArmcReal *d = s->room->back + r * s->room->back_width + s->room->features;
        for (int tap = 0; tap < scan->taps->count; tap++, d += h) {
            int64_t offset = scan->taps->ints[tap];
            ArmcScanFrom from = armc_scan_from(scan, s->t, p, offset);
            if (from.site < 0 && from.start < 0)
                continue;
            ArmcReal *to = s->room->dy + ((p + offset) * s->crew->examples + example) * h;
            s->call->k->add(h, to, d, to);
        }
    }
}

/* The gradient of what the step was given: its gates, or the features that made them. */
static void put_result(const Step *s)
{
    const Room *room = s->room;
    int64_t x = s->scan->features, width = result_width(s->scan);
    int64_t step = x ? room->back_width : room->d_width;
    const ArmcReal *from = x ? room->back : own_d(s);
    for (int64_t r = 0; r < s->cells; r++) {
        int64_t example = s->crew->first + r % s->crew->examples;
        ArmcReal *to = s->call->out[0] + example * result_size(s->scan) +
                       armc_scan_site(s->scan, s->t, across_of(s, s->t, r)) * width;
        if (x && !room->features)
            memset(to, 0, (size_t)width * sizeof *to);
        else
            memcpy(to, from + r * step, (size_t)width * sizeof *to);
    }
}

/* Adds the gradient of a row of the start: what the first cell there hands back to results, and to
 * states. */
static void add_start(const Step *s, const ArmcReal *dy, const ArmcReal *dc, ArmcReal *to)
{
    int64_t h = s->scan->units;
    ArmcReal *state = s->scan->kind->state ? to + h : to; /* else it is the result */
    s->call->k->add(h, to, dy, to);
    s->call->k->add(h, state, dc, state);
}

static void put_start(const Step *s, int64_t p)
{
    const Room *room = s->room;
    const ArmcScan *scan = s->scan;
    int64_t h = scan->units, width = scan->start_width;
    for (int64_t i = 0; i < s->crew->examples; i++) {
        int64_t example = s->crew->first + i, r = p * s->crew->examples + i;
        ArmcReal *own = s->call->out[0] + example * result_size(scan) +
                        scan->sites * result_width(scan) + p * width,
                 *sums = s->call->out[2];
        if (has_own_start(scan))
            memset(own, 0, (size_t)width * sizeof *own);
        else if (sums)
            own = sums + (room->read_width + p) * room->d_width;
        else
            continue;
        add_start(s, room->dy + r * h, room->dc + r * h, own);
    }
}

/* Sites across at which the step reads the start: from `first` up to the step's end. */
static int64_t first_of_start(const Step *s)
{
    int64_t end = armc_scan_end(s->scan, s->t);
    if (s->t == 0)
        return 0;
    return s->scan->skew && s->t < s->scan->across ? s->t : end;
}

/* (features, states) = d W^T, and on to the step before. */
static void back_through_products(const Step *s)
{
    const Room *room = s->room;
    int64_t width = room->back_width, h = s->scan->units, row = s->crew->examples * h;
    int64_t start = first_of_start(s), end = armc_scan_end(s->scan, s->t);
    s->call->k->gemm(s->cells, width, room->d_width, own_d(s), room->d_width, s->call->in[TURNED],
                     width, room->back, width, 0);
    put_result(s);
    if (!armc_scan_has_before(s->scan, s->t))
        return;
    if (s->t > 0)
        begin_dy(s, s->t - 1);
    memset(room->dy + start * row, 0, (size_t)((end - start) * row) * sizeof *room->dy);
    scatter(s);
    for (int64_t p = start; s->scan->start && p < end; p++)
        put_start(s, p);
}

/* dW += read^T d over so many rows. */
static void add_to_weights(const Step *s, int64_t rows)
{
    const Room *room = s->room;
    ArmcReal *dw = s->call->out[2];
    if (dw && s->call->exact)
        s->call->k->gemm_outer(room->read_width, room->d_width, rows, room->read, room->read_width,
                               room->d, room->d_width, dw, room->d_width, 1);
    else if (dw)
        armc_blas_gemm(1, 0, room->read_width, room->d_width, rows, 1, room->read, room->read_width,
                       room->d, room->d_width, 1, dw, room->d_width);
}

/* Steps from the last one back, in blocks of as many as there is room for. */
static void run_crew(const ArmcCall *call, const ArmcScan *scan, const ArmcCrew *crew,
                     const ArmcScanReads *from)
{
    Room room = room_of(call, scan, crew);
    Step s = {.call = call, .scan = scan, .from = *from, .crew = crew, .room = &room};
    int64_t most = block_steps(scan) * room.rows;
    memset(room.dc, 0, (size_t)(room.rows * scan->units) * sizeof *room.dc);
    begin_dy(&s, scan->steps - 1);
    for (s.t = scan->steps - 1; s.t >= 0; s.t--) {
        s.cells = armc_crew_cells(scan, crew, s.t);
        if (s.at + s.cells > most) {
            add_to_weights(&s, s.at);
            s.at = 0;
        }
        back_through_cells(&s);
        gather_read(&s);
        back_through_products(&s);
        s.at += s.cells;
    }
    add_to_weights(&s, s.at);
}

/* The weights' gradient is a sum over all crews, one after the other. */
void armc_scan_back(const ArmcCall *call, const ArmcCellKind *kind, bool made)
{
    const ArmcNode *node = call->node;
    ArmcScan scan = scan_of(node, kind, made);
    ArmcScanReads from = {made ? call->in[FEATURES] : NULL, call->in[RESULT],
                          scan.start ? call->in[start_place(made)] : NULL};
    if (call->out[2])
        memset(call->out[2], 0,
               (size_t)(summed_rows(&scan) * sums_of(&scan)) * sizeof *call->out[2]);
    for (int64_t task = 0; task < armc_scan_tasks(&scan, call); task++) {
        ArmcCrew crew = armc_scan_crew(&scan, call, task);
        run_crew(call, &scan, &crew, &from);
    }
}
