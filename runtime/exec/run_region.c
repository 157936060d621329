/* Executes regions: pieces of a batch through all members, sums in lanes that are merged in a fixed
 * tree. */
#include <string.h>

#include "runtime/exec/internal.h"

enum { MERGE_ENTRIES = 16384 };

/* --- binding --- */

static Operand bind_row(const ArmcProgram *program, const ArmcValue *value, int64_t sites,
                        char kind)
{
    const Place *place = &program->places[armc_exec_base(value)->id];
    ArmcAddress address = armc_row_address(value, sites);
    Operand operand = {.store = place->store,
                       .kind = kind,
                       .offset = place->offset,
                       .example_step = address.example_step,
                       .site_step = address.site_step,
                       .width = address.width,
                       .pitch = armc_exec_pitch(address.width)};
    union {
        const ArmcReal *in;
        ArmcReal *out;
    } data = {
        .in = place->data}; /* only results are written through base, and they are never fixed */
    operand.base = place->store == STORE_FIXED ? data.out : program->memory + place->offset;
    if (kind == 's' || kind == 'S')
        operand.site_step = armc_shape_size(value->shape) / sites;
    return operand;
}

void armc_exec_bind(ArmcProgram *program)
{
    for (size_t s = 0; s < program->step_count; s++) {
        Step *step = &program->steps[s];
        for (size_t m = 0; step->kind != STEP_NODE && m < step->count; m++) {
            Member *member = &step->members[m];
            const ArmcOp *op = member->node->op;
            const ArmcNode *node = member->node, *result = member->sum ? member->sum->node : node;
            for (int i = 0; i < node->in_count; i++)
                member->in[i] = bind_row(program, node->in[i], step->sites, op->rows_in[i]);
            if (member->sum)
                member->onto = bind_row(program, result->in[member->addend], step->sites, 'r');
            member->out = bind_row(program, result->out[0], step->sites, op->rows_out);
        }
    }
}

/* --- one piece --- */

/* A piece of work of one worker: a block of examples (SITES) or a tile of rows (ROWS). */
typedef struct Piece {
    const ArmcProgram *program;
    const Step *step;
    const ArmcStepInfo *info;
    ArmcReal *scratch;
    int64_t lane;
    int64_t first, n; /* examples, or rows */
    bool fresh;       /* the lane's first piece: sums begin at zero */
    Live *live;       /* one a member */
    double *times;    /* seconds by node id, while members are profiled; else NULL */
} Piece;

/* Where the rows of an operand would begin for site 0 (kept ones: rank 0), and how far sites lie
 * apart. */
static ArmcReal *locate(const Piece *piece, const Operand *operand, int64_t segment_begin,
                        int64_t *stride)
{
    *stride = 0;
    if (operand->store == STORE_LOCAL || operand->store == STORE_STATE)
        return piece->scratch + operand->offset;
    if (operand->store == STORE_KEPT) {
        *stride = piece->step->block * operand->pitch;
        return piece->scratch + operand->offset - segment_begin * *stride;
    }
    if (piece->step->kind == STEP_ROWS)
        return operand->base +
               (operand->kind == 'r' && operand->example_step ? piece->first * operand->width : 0);
    *stride = operand->kind == 'w' ? 0 : operand->site_step;
    return operand->base + (operand->kind == 'r' ? piece->first * operand->example_step : 0);
}

static int64_t step_between_rows(const Piece *piece, const Operand *operand)
{
    if (operand->store == STORE_LOCAL || operand->store == STORE_STATE ||
        operand->store == STORE_KEPT)
        return operand->pitch;
    if (piece->step->kind == STEP_ROWS)
        return operand->example_step ? operand->width : 0;
    return operand->example_step;
}

/* The sum's place in this piece's lane; lane 0 is the result itself. */
static ArmcReal *sum_in_lane(const Piece *piece, const Member *member)
{
    if (piece->lane == 0)
        return member->out.base;
    return piece->program->memory + piece->step->lane_base +
           (piece->lane - 1) * piece->step->lane_size + member->lane_offset;
}

static void zero_sum(ArmcReal *sum, int64_t entries)
{
    memset(sum, 0, (size_t)entries * sizeof *sum);
}

/* Readies every member for a segment of sites: after this a site only moves pointers. */
static void enter_segment(const Piece *piece, int64_t segment_begin)
{
    for (size_t m = 0; m < piece->step->count; m++) {
        const Member *member = &piece->step->members[m];
        Live *live = &piece->live[m];
        int64_t stride;
        live->rows = (ArmcRows){.node = member->node,
                                .k = piece->program->options.kernels,
                                .info = piece->info,
                                .n = piece->n,
                                .sites = piece->step->sites,
                                .first = piece->first,
                                .out_width = member->out.width};
        for (int i = 0; i < member->node->in_count; i++) {
            live->in[i] = locate(piece, &member->in[i], segment_begin, &live->in_stride[i]);
            live->rows.in_step[i] = step_between_rows(piece, &member->in[i]);
            live->rows.in_width[i] = member->in[i].width;
        }
        if (member->sum)
            live->rows.onto = locate(piece, &member->onto, segment_begin, &stride);
        if (member->out.kind == 'r') {
            live->out = locate(piece, &member->out, segment_begin, &live->out_stride);
            live->rows.out_step = step_between_rows(piece, &member->out);
        } else {
            live->out = sum_in_lane(piece, member);
            live->out_stride = member->out.kind == 'S' && piece->step->kind == STEP_SITES
                                   ? member->out.site_step
                                   : 0;
        }
        if (member->node->op->order)
            live->rows.state = live->rows.next = piece->scratch + member->state_offset;
        live->rows.state_step = member->out.pitch;
    }
}

/* The site of a rank, or what is kept of it. */
static int64_t find_site(const Piece *piece, const Operand *operand, int64_t rank)
{
    return operand->store == STORE_KEPT ? rank : armc_order_at(piece->step->order, rank);
}

static ArmcRows *at_site(const Piece *piece, const Member *member, int64_t rank)
{
    Live *live = &piece->live[member - piece->step->members];
    live->rows.site =
        piece->step->kind == STEP_SITES ? armc_order_at(piece->step->order, rank) : -1;
    for (int i = 0; i < member->node->in_count; i++)
        live->rows.in[i] =
            live->in[i] + find_site(piece, &member->in[i], rank) * live->in_stride[i];
    live->rows.out = live->out + find_site(piece, &member->out, rank) * live->out_stride;
    return &live->rows;
}

static void run_timed(const Piece *piece, const Member *member, void (*run)(const ArmcRows *rows),
                      const ArmcRows *rows)
{
    double started = armc_exec_now();
    run(rows);
    piece->times[member->node->id] += armc_exec_now() - started;
}

/* What a member does with rows: its op's `rows` or `advance`. */
static void run_rows(const Piece *piece, const Member *member, void (*run)(const ArmcRows *rows),
                     const ArmcRows *rows)
{
    if (piece->times)
        run_timed(piece, member, run, rows);
    else
        run(rows);
}

static void run_member(const Piece *piece, const Member *member, int64_t rank)
{
    ArmcRows *rows = at_site(piece, member, rank);
    if (piece->fresh && member->out.kind == 'S' && piece->step->kind == STEP_SITES)
        zero_sum(rows->out, member->out.site_step);
    run_rows(piece, member, member->node->op->rows, rows);
}

/* One sweep over some sites, which are counted in the region's order from here on. */
typedef struct Sweep {
    bool up;
    bool keep;   /* what crosses into the descending sweep is wanted */
    int64_t end; /* ascending: the site after the last one */
} Sweep;

/* Does a scan's state move through the places where its results are kept, from one site's to the
 * next? */
static bool state_is_kept(const Sweep *sweep, const Member *scan)
{
    return sweep->keep && scan->node->op->shows_state && scan->out.store == STORE_KEPT;
}

/* Takes this site's input into a scan's state. */
static void advance(const Piece *piece, const Sweep *sweep, const Member *scan, int64_t rank)
{
    ArmcRows *rows = at_site(piece, scan, rank);
    rows->state = rows->next = piece->scratch + scan->state_offset;
    if (state_is_kept(sweep, scan)) {
        if (rank + 1 == sweep->end)
            return;
        rows->state = rows->out;
        rows->next = rows->out + piece->live[scan - piece->step->members].out_stride;
    }
    if (!scan->source) {
        run_rows(piece, scan, scan->node->op->advance, rows);
        return;
    }
    ArmcRows *source = at_site(piece, scan->source, rank);
    source->onto = rows->state;
    source->out = rows->next;
    source->out_step = scan->out.pitch;
    run_rows(piece, scan->source, scan->source->node->op->rows, source);
}

/* Runs at each site: not what others do, nor what is not wanted on the way to a later segment. */
static bool runs(const Sweep *sweep, const Member *member)
{
    if (member->up != sweep->up || member->absorbed || member->joined || member->total ||
        member->out.store == STORE_STATE)
        return false;
    bool kept_scan = member->node->op->advance && member->out.store == STORE_KEPT;
    return !kept_scan || (sweep->keep ? !state_is_kept(sweep, member) : member->read_up);
}

/* Everything of one sweep at one site. */
static void run_members(const Piece *piece, const Sweep *sweep, int64_t rank)
{
    const Step *step = piece->step;
    for (size_t m = 0; m < step->count; m++)
        if (runs(sweep, &step->members[m]))
            run_member(piece, &step->members[m], rank);
    for (size_t m = 0; m < step->count; m++)
        if (step->members[m].up == sweep->up && step->members[m].node->op->advance)
            advance(piece, sweep, &step->members[m], rank);
}

/* Sums that take a scan's last state. */
static void run_totals(const Piece *piece)
{
    for (size_t m = 0; m < piece->step->count; m++) {
        const Member *member = &piece->step->members[m];
        if (!member->total)
            continue;
        ArmcRows *rows = at_site(piece, member, 0);
        rows->in[0] = piece->scratch + member->total->state_offset;
        rows->in_step[0] = member->total->out.pitch;
        run_rows(piece, member, member->node->op->rows, rows);
    }
}

/* --- sweeps over sites --- */

typedef enum StateMove { STATE_ZERO, STATE_SAVE, STATE_RESTORE } StateMove;

static void move_states(const Piece *piece, StateMove move, bool up, int64_t segment)
{
    for (size_t m = 0; m < piece->step->count; m++) {
        const Member *member = &piece->step->members[m];
        if (!member->node->op->order || member->up != up)
            continue;
        int64_t entries = piece->n * member->out.pitch;
        size_t bytes = (size_t)entries * sizeof(ArmcReal);
        ArmcReal *state = piece->scratch + member->state_offset;
        if (move == STATE_RESTORE && member->node->op->shows_state &&
            member->out.store == STORE_KEPT)
            state = piece->scratch + member->out.offset; /* see state_is_kept */
        ArmcReal *saved = piece->scratch + member->saved_offset +
                          segment * piece->step->block * member->out.pitch;
        if (move == STATE_ZERO && member->node->op->begin) {
            member->node->op->begin(at_site(piece, member, 0));
        } else if (move == STATE_ZERO) {
            memset(state, 0, bytes);
        } else {
            memcpy(move == STATE_SAVE ? saved : state, move == STATE_SAVE ? state : saved, bytes);
        }
    }
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* States at the beginning of each segment; the last segment itself is run on the way down. */
static void sweep_up(const Piece *piece)
{
    const Step *step = piece->step;
    int64_t last = (step->sites - 1) / step->segment;
    enter_segment(piece, 0);
    move_states(piece, STATE_ZERO, true, 0);
    for (int64_t segment = 0; segment <= last; segment++) {
        int64_t begin = segment * step->segment;
        enter_segment(piece, begin);
        move_states(piece, STATE_SAVE, true, segment);
        const Sweep sweep = {.up = true, .end = begin + step->segment};
        for (int64_t s = begin; segment < last && s < sweep.end; s++)
            run_members(piece, &sweep, s);
    }
}

static void sweep_down(const Piece *piece)
{
    const Step *step = piece->step;
    enter_segment(piece, 0);
    move_states(piece, STATE_ZERO, false, 0);
    for (int64_t segment = (step->sites - 1) / step->segment; segment >= 0; segment--) {
        int64_t begin = segment * step->segment;
        const Sweep up = {
            .up = true, .keep = true, .end = smaller(begin + step->segment, step->sites)};
        const Sweep down = {.up = false, .keep = true};
        enter_segment(piece, begin);
        move_states(piece, STATE_RESTORE, true, segment);
        for (int64_t s = begin; s < up.end; s++)
            run_members(piece, &up, s);
        for (int64_t s = up.end; s-- > begin;)
            run_members(piece, &down, s);
    }
    run_totals(piece);
}

static void run_block(const Piece *piece)
{
    const Sweep all = {.up = true, .keep = true, .end = piece->step->sites};
    if (piece->step->kind == STEP_ROWS) {
        enter_segment(piece, 0);
        run_members(piece, &all, 0);
    } else if (piece->step->two_sweeps) {
        sweep_up(piece);
        sweep_down(piece);
    } else {
        enter_segment(piece, 0);
        move_states(piece, STATE_ZERO, true, 0);
        for (int64_t s = 0; s < all.end; s++)
            run_members(piece, &all, s);
        run_totals(piece);
    }
}

/* --- tasks --- */

typedef struct Region {
    ArmcProgram *program;
    const Step *step;
    const ArmcStepInfo *info;
    int64_t n;     /* examples, or rows */
    int64_t tasks; /* lanes, or pieces of the batch */
} Region;

/* Sums that no piece will zero site by site. */
static void zero_sums(const Piece *piece, bool all)
{
    for (size_t m = 0; m < piece->step->count; m++) {
        const Member *member = &piece->step->members[m];
        bool by_site = member->out.kind == 'S' && piece->step->kind == STEP_SITES && !all;
        if (member->out.kind != 'r' && !by_site)
            zero_sum(sum_in_lane(piece, member), armc_shape_size(member->node->out[0]->shape));
    }
}

static double *member_times(const ArmcProgram *program, int worker)
{
    const Profile *profile = program->profile;
    return profile && profile->mode == ARMC_PROFILE_MEMBERS ? profile->nodes[worker] : NULL;
}

/* Task t has a contiguous part of the batch, a block at a time. */
static void run_task(void *context, int64_t task, int worker)
{
    const Region *region = context;
    int64_t unit = region->step->kind == STEP_ROWS && region->step->lanes ? region->step->sites : 1;
    int64_t part = (region->n / unit + region->tasks - 1) / region->tasks * unit;
    int64_t begin = smaller(task * part, region->n), end = smaller(begin + part, region->n);
    Piece piece = {.program = region->program,
                   .step = region->step,
                   .info = region->info,
                   .scratch = region->program->scratch[worker],
                   .live = region->program->live[worker],
                   .times = member_times(region->program, worker),
                   .lane = task,
                   .fresh = true};
    int64_t blocks = (end - begin + region->step->block - 1) / region->step->block;
    int64_t block = blocks ? (end - begin + blocks - 1) / blocks : 0; /* of about equal size */
    zero_sums(&piece, begin >= end);
    for (piece.first = begin; piece.first < end; piece.first += block) {
        piece.n = smaller(block, end - piece.first);
        run_block(&piece);
        piece.fresh = false;
    }
}

static int64_t merge_tasks(const Member *member)
{
    return (armc_shape_size(member->node->out[0]->shape) + MERGE_ENTRIES - 1) / MERGE_ENTRIES;
}

/* Adds a stretch of all lanes into lane 0, as a binary tree: lane i takes lane i + 1, then i + 2, i
 * + 4. */
static void run_merge(void *context, int64_t task, int worker)
{
    const Region *region = context;
    const Step *step = region->step;
    (void)worker;
    const Member *member = step->members;
    while (member->out.kind == 'r' || task >= merge_tasks(member)) {
        task -= member->out.kind == 'r' ? 0 : merge_tasks(member);
        member++;
    }
    int64_t begin = task * MERGE_ENTRIES;
    int64_t n = smaller(MERGE_ENTRIES, armc_shape_size(member->node->out[0]->shape) - begin);
    Piece piece = {.program = region->program, .step = step};
    for (int64_t gap = 1; gap < step->lanes; gap *= 2)
        for (int64_t lane = 0; lane + gap < step->lanes; lane += 2 * gap) {
            piece.lane = lane + gap;
            const ArmcReal *from = sum_in_lane(&piece, member) + begin;
            piece.lane = lane;
            ArmcReal *to = sum_in_lane(&piece, member) + begin;
            region->program->options.kernels->add(n, to, from, to);
        }
}

/* Parts of the batch when nothing is summed: enough to keep threads busy, not so many that they
 * cost. */
static int64_t pieces_of(const Step *step, int64_t n)
{
    enum { MOST_PIECES = 64 };
    int64_t pieces = (n + step->block - 1) / step->block;
    return pieces < 1 ? 1 : smaller(pieces, MOST_PIECES);
}

void armc_exec_run_region(ArmcProgram *program, const Step *step, const ArmcStepInfo *info,
                          int64_t n)
{
    Region region = {.program = program,
                     .step = step,
                     .info = info,
                     .n = step->kind == STEP_ROWS ? n * step->sites : n};
    region.tasks = step->lanes ? step->lanes : pieces_of(step, region.n);
    armc_exec_tasks(program, region.tasks, run_task, &region);
    int64_t merges = 0;
    for (size_t m = 0; step->lanes > 1 && m < step->count; m++)
        merges += step->members[m].out.kind == 'r' ? 0 : merge_tasks(&step->members[m]);
    if (merges)
        armc_exec_tasks(program, merges, run_merge, &region);
}
