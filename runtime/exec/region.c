/* Plans a region: sweeps, sizes of blocks and segments, lanes, and where values lie in a worker's
 * scratch. */
#include "runtime/exec/internal.h"

enum {
    /* Of the widest value: 32 KB of floats. Smaller blocks stay in L1, but fetch each site's
     * weights from afar more often. */
    BLOCK_ENTRIES = 8192,
    LEAST_BLOCK = 4,
    MOST_BLOCK = 32,
    MOST_ROWS = 256,
    PRODUCT_ENTRIES = 32768, /* beside a product, whose weights are fetched for each block */
    MOST_LANES = 8,
    LANES_ENTRIES = 4 << 20, /* lanes together, unless two need more */
};

/* Largest number of features that flows inside. */
static int64_t widest(const Step *step)
{
    int64_t width = 1;
    for (size_t m = 0; m < step->count; m++) {
        const ArmcNode *node = step->members[m].node;
        if (node->op->rows_out == 'r' && armc_shape_features(node->out[0]->shape) > width)
            width = armc_shape_features(node->out[0]->shape);
    }
    return width;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

static bool has_product(const Step *step)
{
    for (size_t m = 0; m < step->count; m++)
        if (step->members[m].node->op->flags & ARMC_OP_JOINS)
            return true;
    return false;
}

static void size_blocks(const ArmcProgram *program, Step *step)
{
    int64_t fits = BLOCK_ENTRIES / widest(step), batch = program->options.batch;
    if (step->kind == STEP_ROWS) {
        if (has_product(step))
            fits = PRODUCT_ENTRIES / widest(step);
        step->block = clamp(fits, 1, MOST_ROWS);
        return;
    }
    step->block = clamp(clamp(fits, LEAST_BLOCK, MOST_BLOCK), 1, batch);
    step->segment = 1;
    while (step->segment * step->segment < step->sites)
        step->segment++;
}

/* --- sweeps --- */

static Member *member_of(Step *step, const ArmcNode *node)
{
    for (size_t m = 0; m < step->count; m++)
        if (step->members[m].node == node)
            return &step->members[m];
    return NULL;
}

/* With a descending sum in the region, what ascending sums need goes up first; everything else
 * waits for the way down. */
static void assign_sweeps(Step *step)
{
    for (size_t m = 0; m < step->count; m++)
        step->two_sweeps |= step->members[m].node->op->order < 0;
    for (size_t m = step->count; m-- > 0;) {
        Member *member = &step->members[m];
        member->up |= !step->two_sweeps || member->node->op->order > 0;
        for (int i = 0; member->up && i < member->node->in_count; i++) {
            Member *from = member_of(step, armc_exec_base(member->node->in[i])->node);
            if (from)
                from->up = true;
        }
    }
}

static void mark_read_up(Step *step)
{
    for (size_t m = 0; m < step->count; m++)
        for (int i = 0; step->members[m].up && i < step->members[m].node->in_count; i++) {
            Member *from = member_of(step, armc_exec_base(step->members[m].node->in[i])->node);
            if (from)
                from->read_up = true;
        }
}

/* Values that cross from the ascending sweep into the descending one are kept for a segment of
 * sites. */
static void mark_kept(ArmcProgram *program, Step *step)
{
    for (size_t m = 0; m < step->count; m++) {
        const Member *member = &step->members[m];
        for (int i = 0; !member->up && i < member->node->in_count; i++) {
            const ArmcValue *base = armc_exec_base(member->node->in[i]);
            const Member *from = member_of(step, base->node);
            if (from && from->up && program->places[base->id].store == STORE_LOCAL)
                program->places[base->id].store = STORE_KEPT;
        }
    }
}

/* --- scans --- */

/* Members that read a value site by site. */
static size_t count_readers(const Step *step, const ArmcValue *value)
{
    size_t readers = 0;
    for (size_t m = 0; m < step->count; m++)
        for (int i = 0; !step->members[m].total && i < step->members[m].node->in_count; i++)
            readers += armc_exec_base(step->members[m].node->in[i]) == value;
    return readers;
}

static bool feeds_a_scan(const Step *step, const ArmcValue *value)
{
    for (size_t m = 0; m < step->count; m++)
        for (int i = 0; step->members[m].node->op->order && i < step->members[m].node->in_count;
             i++)
            if (armc_exec_base(step->members[m].node->in[i]) == value)
                return true;
    return false;
}

static bool reads_a_scan(const ArmcNode *node)
{
    for (int i = 0; i < node->in_count; i++)
        if (armc_exec_base(node->in[i])->node->op->advance)
            return true;
    return false;
}

/* A scan from zero that adds up its input, to the end of its sweep. */
static bool adds_all_up(const Step *step, const Member *scan)
{
    const ArmcOp *op = scan->node->op;
    return op->order && op->adds_to_state && !op->begin && !(step->two_sweeps && scan->up);
}

/* A sum over sites of what a scan adds up anyway: it needs nothing but the scan's last state. */
static void shorten_sums(Step *step)
{
    for (size_t s = 0; s < step->count; s++)
        for (size_t m = 0; m < step->count && adds_all_up(step, &step->members[s]); m++) {
            Member *scan = &step->members[s], *sum = &step->members[m];
            if ((sum->node->op->flags & ARMC_OP_ADDITIVE) && sum->up == scan->up &&
                armc_exec_base(sum->node->in[0]) == armc_exec_base(scan->node->in[0]))
                sum->total = scan;
        }
}

/* The scan's input is made inside, in the same sweep, by an op that accumulates, and nobody else
 * reads it. A fused multiply-add onto the state rounds once where a product and a sum round twice,
 * so exact programs, whose bits are those of the nodes one after the other, don't. */
static bool made_for(const ArmcProgram *program, const Step *step, const Member *scan,
                     const Member *source)
{
    const ArmcValue *in = source->node->out[0];
    return !program->options.exact && scan->node->op->adds_to_state && source->up == scan->up &&
           (source->node->op->flags & ARMC_OP_ACCUMULATES) &&
           program->places[in->id].store == STORE_LOCAL && count_readers(step, in) == 1 &&
           !reads_a_scan(source->node);
}

/* States advance at a site's end, one after the other, so nothing that runs then may read another
 * scan's state. A scan's result that is its state is read in place; an input made for the scan
 * alone is added to the state by who makes it. */
static void shorten_scans(ArmcProgram *program, Step *step)
{
    for (size_t m = 0; m < step->count; m++) {
        Member *scan = &step->members[m];
        Place *place = &program->places[scan->node->out[0]->id];
        if (!scan->node->op->order)
            continue;
        if (scan->node->op->shows_state && place->store == STORE_LOCAL &&
            !feeds_a_scan(step, scan->node->out[0]))
            place->store = STORE_STATE;
        Member *source = member_of(step, armc_exec_base(scan->node->in[0])->node);
        if (!source || !made_for(program, step, scan, source))
            continue;
        scan->source = source;
        source->absorbed = true;
    }
}

/* --- sums of two --- */

/* The only member that reads what this one makes, and adds it to something; NULL: there is none. */
static Member *sum_behind(const ArmcProgram *program, Step *step, const Member *maker)
{
    const ArmcValue *made = maker->node->out[0];
    if (!(maker->node->op->flags & ARMC_OP_ADDS) ||
        program->places[made->id].store != STORE_LOCAL || count_readers(step, made) != 1)
        return NULL;
    for (size_t m = 0; m < step->count; m++)
        for (int i = 0; i < step->members[m].node->in_count; i++)
            if (armc_exec_base(step->members[m].node->in[i]) == made)
                return step->members[m].node->op == armc_op_get("add") ? &step->members[m] : NULL;
    return NULL;
}

/* Entries from one row of a value to the next. */
static int64_t row_step(const ArmcProgram *program, const Step *step, const ArmcValue *value)
{
    const ArmcAddress address = armc_row_address(value, step->sites);
    if (program->places[armc_exec_base(value)->id].store == STORE_LOCAL)
        return armc_exec_pitch(address.width);
    return address.example_step ? address.width : 0;
}

/* Do rows of both lie the same? */
static bool lie_alike(const ArmcProgram *program, const Step *step, const ArmcValue *a,
                      const ArmcValue *b)
{
    return armc_shape_features(a->shape) == armc_shape_features(b->shape) &&
           row_step(program, step, a) == row_step(program, step, b);
}

/* Who makes rows for a sum adds them to the other ones itself, if these are there by then. */
static void join_sums(ArmcProgram *program, Step *step)
{
    for (size_t m = 0; m < step->count; m++) {
        Member *maker = &step->members[m], *sum = sum_behind(program, step, maker);
        if (!sum)
            continue;
        const ArmcValue *made = maker->node->out[0], *total = sum->node->out[0];
        const int addend = armc_exec_base(sum->node->in[0]) == made;
        const ArmcValue *other = sum->node->in[addend];
        const Member *from = member_of(step, armc_exec_base(other)->node);
        if ((from && from >= maker) || !lie_alike(program, step, other, total) ||
            armc_shape_features(made->shape) != armc_shape_features(total->shape))
            continue;
        maker->sum = sum;
        maker->addend = addend;
        sum->joined = true;
    }
}

/* --- scratch --- */

static int64_t round_up(int64_t size)
{
    return (size + 15) / 16 * 16;
}

/* Wide rows begin at a cache line each: a vector that straddles two costs twice as much. */
int64_t armc_exec_pitch(int64_t width)
{
    enum { WIDE = 64 };
    return width < WIDE ? width : round_up(width);
}

/* The last member of the same sweep that reads a local value; scans read at the site's end. */
static size_t last_reader(const Step *step, const ArmcValue *value, size_t made)
{
    size_t last = made;
    for (size_t m = made + 1; m < step->count; m++) {
        for (int i = 0; i < step->members[m].node->in_count; i++)
            if (armc_exec_base(step->members[m].node->in[i]) == value)
                last = step->members[m].node->op->advance || step->members[m].absorbed ? step->count
                                                                                       : m;
        if (last == step->count)
            break;
    }
    return last;
}

/* A stretch of scratch that locals take in turns. */
typedef struct Hole {
    int64_t offset, size;
    size_t free_after; /* member after which it may be taken again */
    bool up;
} Hole;

static int64_t take_hole(Hole *holes, size_t *count, const Step *step, size_t m, int64_t size,
                         size_t last, int64_t *end)
{
    for (size_t h = 0; h < *count; h++)
        if (holes[h].size == size && holes[h].free_after < m &&
            holes[h].up == step->members[m].up) {
            holes[h].free_after = last;
            return holes[h].offset;
        }
    holes[*count] = (Hole){*end, size, last, step->members[m].up};
    *end += round_up(size);
    return holes[(*count)++].offset;
}

static void place_locals(ArmcProgram *program, Step *step)
{
    Hole *holes = ARMC_NEW_ARRAY(program->arena, Hole, step->count);
    size_t hole_count = 0;
    for (size_t m = 0; m < step->count; m++) {
        Member *member = &step->members[m];
        const ArmcValue *out = (member->sum ? member->sum : member)->node->out[0];
        Place *place = &program->places[out->id];
        int64_t size = step->block * armc_exec_pitch(armc_shape_features(out->shape));
        if (member->absorbed || member->joined)
            continue;
        if (place->store == STORE_LOCAL)
            place->offset = take_hole(holes, &hole_count, step, m, size, last_reader(step, out, m),
                                      &step->scratch);
        if (place->store == STORE_KEPT) {
            place->offset = step->scratch;
            step->scratch += round_up(size * step->segment);
        }
        if (member->node->op->order) {
            member->state_offset = step->scratch;
            step->scratch += round_up(size);
        }
        if (place->store == STORE_STATE)
            place->offset = member->state_offset;
        if (member->up && step->two_sweeps && member->node->op->order) {
            member->saved_offset = step->scratch;
            step->scratch += round_up(size * ((step->sites + step->segment - 1) / step->segment));
        }
    }
}

/* --- lanes --- */

static void place_sums(ArmcProgram *program, Step *step)
{
    for (size_t m = 0; m < step->count; m++) {
        Member *member = &step->members[m];
        if (member->node->op->rows_out == 'r')
            continue;
        int64_t size = armc_shape_size(member->node->out[0]->shape);
        member->lane_offset = step->lane_size;
        step->lane_size += round_up(size);
    }
    if (!step->lane_size)
        return;
    int64_t batch = program->whole ? 1 : program->options.batch; /* a body is one lane's */
    step->lanes = MOST_LANES;
    while (step->lanes > 1 && (step->lanes > batch ||
                               (step->lanes > 2 && step->lanes * step->lane_size > LANES_ENTRIES)))
        step->lanes /= 2;
}

void armc_exec_region(ArmcProgram *program, Step *step)
{
    size_blocks(program, step);
    if (step->kind == STEP_SITES)
        assign_sweeps(step);
    else
        for (size_t m = 0; m < step->count; m++)
            step->members[m].up = true;
    mark_read_up(step);
    mark_kept(program, step);
    shorten_sums(step);
    shorten_scans(program, step);
    if (step->kind == STEP_ROWS)
        join_sums(program, step);
    place_locals(program, step);
    place_sums(program, step);
}
