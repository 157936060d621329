/* Movement ops: each is one map, result entry -> input entry (of the inputs laid end to end) or -1
 * for zero. Arithmetic, gradient, reads, groups and structural masks follow from the map. */
#include "runtime/ops/family.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/graph/groups.h"
#include "runtime/graph/reads.h"

int64_t *armc_move_map(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    int64_t *map =
        ARMC_NEW_ARRAY(infer->graph->arena, int64_t, armc_shape_size(node->out[0]->shape));
    node->map = map;
    return map;
}

/* --- what follows from a map --- */

int64_t armc_move_tasks(const ArmcCall *call)
{
    return call->node->out[0]->batched ? call->batch : 1;
}

/* Where example `task` of input i begins. */
static const ArmcReal *example_of(const ArmcCall *call, int i, int64_t task)
{
    const ArmcValue *value = call->node->in[i];
    return call->in[i] + (value->batched ? task * armc_shape_size(value->shape) : 0);
}

static void move_runs(const ArmcCall *call, int64_t task, ArmcReal *y)
{
    const ArmcNode *node = call->node;
    int64_t first = node->in_count == 2 ? armc_shape_size(node->in[0]->shape) : INT64_MAX;
    const ArmcReal *a = example_of(call, 0, task),
                   *b = node->in_count == 2 ? example_of(call, 1, task) : NULL;
    for (const ArmcMapRun *run = node->runs; run->length > 0; run++) {
        if (run->from < 0)
            memset(y + run->to, 0, (size_t)run->length * sizeof *y);
        else
            memcpy(y + run->to, run->from < first ? a + run->from : b + (run->from - first),
                   (size_t)run->length * sizeof *y);
    }
}

static void move_from_two(const ArmcCall *call, int64_t task, int64_t size, ArmcReal *y)
{
    int64_t first = armc_shape_size(call->node->in[0]->shape);
    const ArmcReal *a = example_of(call, 0, task), *b = example_of(call, 1, task);
    for (int64_t o = 0; o < size; o++) {
        int64_t from = call->node->map[o];
        y[o] = from < 0 ? 0 : from < first ? a[from] : b[from - first];
    }
}

void armc_move_forward(const ArmcCall *call, int64_t task)
{
    const int64_t *map = call->node->map;
    int64_t size = armc_shape_size(call->node->out[0]->shape);
    ArmcReal *y = call->out[0] + task * size;
    const ArmcReal *x = example_of(call, 0, task);
    if (call->node->runs) {
        move_runs(call, task, y);
    } else if (call->node->in_count == 2) {
        move_from_two(call, task, size, y);
    } else if (!map) {
        memcpy(y, x, (size_t)size * sizeof *y);
    } else {
        for (int64_t o = 0; o < size; o++)
            y[o] = map[o] < 0 ? 0 : x[map[o]];
    }
}

static void split_entry(const ArmcNode *node, int64_t from, int *input, int64_t *entry)
{
    int64_t first = armc_shape_size(node->in[0]->shape);
    *input = from >= first;
    *entry = from >= first ? from - first : from;
}

/* The features of a group come from the same entry: the first one's stands for all. */
void armc_move_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    const ArmcValue *out = node->out[0];
    ArmcMoved from = armc_moved_from(node, site * armc_shape_features(out->shape) +
                                               armc_group_first(out, group));
    if (from.input >= 0 && node->in[from.input]->batched)
        read(context, from.input, from.site, armc_group_of(node->in[from.input], from.feature));
}

/* What result entries read, one after the other, as a number for each (input, site, group); -1 for
 * nothing. Mostly the next entry comes from the next feature, so that nothing is divided. */
typedef struct Walk {
    const ArmcNode *node;
    int64_t from, width;  /* the entry that was last read, all inputs laid end to end */
    int64_t feature, row; /* its feature; the number of group 0 at its site */
    const ArmcValue *in;
    int64_t second; /* where the numbers of input 1 begin */
} Walk;

static void walk_to(Walk *w, int64_t from)
{
    int64_t entry;
    int input;
    if (from == w->from + 1 && w->feature + 1 < w->width) {
        w->feature++;
    } else {
        split_entry(w->node, from, &input, &entry);
        w->in = w->node->in[input];
        w->width = armc_shape_features(w->in->shape);
        w->feature = entry % w->width;
        w->row = (input ? w->second : 0) + entry / w->width * w->in->groups.count;
    }
    w->from = from;
}

static int64_t number_of_read(Walk *w, int64_t from)
{
    if (from < 0)
        return -1;
    walk_to(w, from);
    return w->in->batched ? w->row + armc_group_of(w->in, w->feature) : -1;
}

/* Features that come from the same entries, site by site, are a group. */
void armc_move_groups(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    ArmcValue *out = node->out[0];
    int64_t features = armc_shape_features(out->shape), size = armc_shape_size(out->shape);
    ArmcGrouping g;
    Walk walk = {.node = node, .from = -2};
    if (!out->batched)
        return;
    walk.second = armc_shape_sites(node->in[0]->shape) * node->in[0]->groups.count;
    armc_grouping_begin(&g, infer->graph->arena, features);
    for (int64_t row = 0; row < size && !armc_grouping_is_done(&g); row += features) {
        for (int64_t f = 0; f < features; f++)
            g.key[f] = number_of_read(&walk, node->map ? node->map[row + f] : row + f);
        armc_grouping_split(&g);
    }
    out->groups = armc_grouping_end(&g);
}

void armc_move_mask(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    int64_t size = armc_shape_size(node->out[0]->shape);
    if (!node->in[0]->mask && (node->in_count < 2 || !node->in[1]->mask))
        return;
    uint8_t *mask = ARMC_NEW_ARRAY(infer->graph->arena, uint8_t, size);
    for (int64_t o = 0; o < size; o++) {
        int64_t from = node->map ? node->map[o] : o, entry;
        int input;
        split_entry(node, from < 0 ? 0 : from, &input, &entry);
        mask[o] = from >= 0 && (!node->in[input]->mask || node->in[input]->mask[entry]);
    }
    node->out[0]->mask = mask;
}

/* The part of the map that reads input i, with that input's own entries. */
static const int64_t *map_of_input(ArmcArena *arena, const ArmcNode *node, int i)
{
    int64_t size = armc_shape_size(node->out[0]->shape);
    int64_t *map = ARMC_NEW_ARRAY(arena, int64_t, size);
    for (int64_t o = 0; o < size; o++) {
        int64_t from = node->map ? node->map[o] : o, entry = -1;
        int input = -1;
        if (from >= 0)
            split_entry(node, from, &input, &entry);
        map[o] = input == i ? entry : -1;
    }
    return map;
}

void armc_move_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    for (int i = 0; i < node->in_count; i++) {
        if (!armc_grad_wants(grad, node->in[i]))
            continue;
        ArmcValue *d;
        if (node->op->flags & ARMC_OP_VIEW) {
            ArmcAttr attr = {
                .given = true, .count = node->in[0]->shape.rank, .ints = node->in[0]->shape.dims};
            d = ARMC_GRAD(grad, node, "reshape", &attr, dy);
        } else {
            d = ARMC_GRAD(grad, node, "unmove", NULL, dy, node->in[i]);
            ArmcArena *arena = armc_grad_graph(grad)->arena;
            int64_t size = armc_shape_size(node->out[0]->shape);
            d->node->map = map_of_input(arena, node, i);
            d->node->runs = armc_map_runs(arena, d->node->map, size, size);
        }
        armc_grad_add(grad, node->in[i], d);
    }
}

/* --- the gradient: x's entry gets the sum of dy over the entries that were read from it --- */

static void unmove_forward(const ArmcCall *call, int64_t task)
{
    int64_t size = armc_shape_size(call->node->out[0]->shape),
            moved = armc_shape_size(call->node->in[0]->shape);
    const ArmcReal *dy = example_of(call, 0, task);
    ArmcReal *dx = call->out[0] + task * size;
    memset(dx, 0, (size_t)size * sizeof *dx);
    const ArmcMapRun *run = call->node->runs;
    for (; run && run->length > 0; run++)
        if (run->from >= 0)
            call->k->add(run->length, dx + run->from, dy + run->to, dx + run->from);
    for (int64_t o = 0; !run && o < moved; o++)
        if (call->node->map[o] >= 0)
            dx[call->node->map[o]] += dy[o];
}

/* The result has x's shape, and is batched as dy is. */
static bool unmove_shape(ArmcInfer *infer)
{
    infer->node->out[0]->shape = infer->node->in[1]->shape;
    infer->node->out[0]->batched = infer->node->in[0]->batched;
    return true;
}

ARMC_OP(unmove) = {
    .name = "unmove",
    .doc = "Gradient of a movement op.",
    .sig = "dy x -> ?",
    .flags = ARMC_OP_INTERNAL,
    .shape = unmove_shape,
    .tasks = armc_move_tasks,
    .forward = unmove_forward,
};

/* --- views --- */

/* The shape that an attribute writes out. */
static bool read_dims(ArmcInfer *infer, const ArmcAttr *dims, ArmcShape *shape)
{
    if (dims->count <= ARMC_MAX_RANK) {
        *shape = armc_shape_make(dims->count, dims->ints);
        return true;
    }
    armc_infer_error(infer, "a value has at most %d dimensions, `%s` is asked for %d",
                     ARMC_MAX_RANK, infer->node->op->name, dims->count);
    return false;
}

static bool reshape_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    char text[96];
    if (!read_dims(infer, &node->attr[0], &node->out[0]->shape))
        return false;
    if (armc_shape_size(node->out[0]->shape) == armc_shape_size(node->in[0]->shape))
        return true;
    armc_infer_error(infer, "reshape to %s needs %" PRId64 " entries, the value has %" PRId64,
                     armc_shape_text(node->out[0]->shape, text),
                     armc_shape_size(node->out[0]->shape), armc_shape_size(node->in[0]->shape));
    return false;
}
static const ArmcSpec reshape_attrs[] = {
    {.name = "dims", .kind = ARMC_SPEC_INTS, .low = 1, .high = 1e15, .doc = "the new shape"}, {0}};
ARMC_OP(reshape) = {ARMC_MOVE_FIELDS(reshape, ARMC_OP_VIEW), .sig = "x -> ?",
                    .attrs = reshape_attrs, .probe = "x=3x4 | dims=2x6; x=2x3x2 | dims=12",
                    .doc = "The same entries in row-major order with another shape."};

static bool flatten_shape(ArmcInfer *infer)
{
    infer->node->out[0]->shape =
        armc_shape_make(2, (int64_t[]){armc_shape_size(infer->node->in[0]->shape), 1});
    return true;
}
ARMC_OP(flatten) = {ARMC_MOVE_FIELDS(flatten, ARMC_OP_VIEW), .sig = "x -> ?",
                    .probe = "x=3x4; x=2x3x2",
                    .doc = "Every entry a site of its own, in row-major order: D x 1."};

static bool as_features_shape(ArmcInfer *infer)
{
    infer->node->out[0]->shape =
        armc_shape_make(2, (int64_t[]){1, armc_shape_size(infer->node->in[0]->shape)});
    return true;
}
ARMC_OP(as_features) = {
    ARMC_MOVE_FIELDS(as_features, ARMC_OP_VIEW), .sig = "x -> ?", .probe = "x=3x4; x=2x3x2",
    .doc = "All entries as features of a single site, in row-major order: 1 x D."};

/* --- one input --- */

static bool expand_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape from = node->in[0]->shape, to, both;
    char a[96], b[96];
    if (!read_dims(infer, &node->attr[0], &to))
        return false;
    if (!armc_shape_broadcast(from, to, &both) || !armc_shape_equal(both, to)) {
        armc_infer_error(infer, "%s can't stretch to %s", armc_shape_text(from, a),
                         armc_shape_text(to, b));
        return false;
    }
    node->out[0]->shape = to;
    if (armc_shape_size(to) < 0)
        return true; /* reported as too large */
    int64_t *map = armc_move_map(infer), size = armc_shape_size(to);
    for (int64_t o = 0; o < size; o++) {
        int64_t rest = o, stride = 1, entry = 0;
        for (int i = 1; i <= to.rank; i++) {
            int64_t at = rest % to.dims[to.rank - i];
            rest /= to.dims[to.rank - i];
            if (i <= from.rank) {
                entry += from.dims[from.rank - i] > 1 ? at * stride : 0;
                stride *= from.dims[from.rank - i];
            }
        }
        map[o] = entry;
    }
    return true;
}
static const ArmcSpec expand_attrs[] = {{.name = "dims",
                                         .kind = ARMC_SPEC_INTS,
                                         .low = 1,
                                         .high = 1e15,
                                         .doc = "the shape to stretch to"},
                                        {0}};
ARMC_OP(expand) = {ARMC_MOVE_FIELDS(expand, 0), .sig = "x -> ?", .attrs = expand_attrs,
                   .probe = "x=3x1 | dims=3x4; x=2x1x3 | dims=2x2x3; x=3 | dims=2x3",
                   .doc = "Dimensions of size 1 stretched to a shape."};

static bool pick_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    const ArmcAttr *entries = &node->attr[0];
    int64_t size = armc_shape_size(node->in[0]->shape);
    node->out[0]->shape = armc_shape_make(2, (int64_t[]){entries->count, 1});
    int64_t *map = armc_move_map(infer);
    for (int i = 0; i < entries->count; i++) {
        if (entries->ints[i] < 0 || entries->ints[i] >= size) {
            armc_infer_error(infer, "entry %" PRId64 " of a value with %" PRId64 " entries",
                             entries->ints[i], size);
            return false;
        }
        map[i] = entries->ints[i];
    }
    return true;
}
static const ArmcSpec pick_attrs[] = {
    {.name = "entries", .kind = ARMC_SPEC_INTS, .doc = "row-major indices"}, {0}};
ARMC_OP(pick) = {ARMC_MOVE_FIELDS(pick, 0), .sig = "x -> ?", .attrs = pick_attrs,
                 .probe = "x=3x4 | entries=5x0x7x7",
                 .doc = "Chosen entries, by row-major index: n x 1."};

static bool shift_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape shape = node->out[0]->shape = node->in[0]->shape;
    if (!armc_infer_order(infer))
        return false;
    node->out[0]->order = node->order;
    int64_t width = armc_shape_features(shape), sites = armc_shape_sites(shape),
            *map = armc_move_map(infer);
    for (int64_t s = 0; s < sites; s++) {
        int64_t rank = armc_order_rank(node->order, s) - node->attr[0].i;
        bool inside = rank >= 0 && rank < sites;
        int64_t from = inside ? armc_order_at(node->order, rank) : -1;
        for (int64_t f = 0; f < width; f++)
            map[s * width + f] = inside ? from * width + f : -1;
    }
    return true;
}
static const ArmcSpec shift_attrs[] = {
    {.name = "sites",
     .kind = ARMC_SPEC_INT,
     .preset = "1",
     .doc =
         "how far: site i of the order gets the features of site i - n; negative: from later ones"},
    {0}};
ARMC_OP(shift) = {
    ARMC_MOVE_FIELDS(shift, 0), .sig = "x -> ?", .attrs = shift_attrs,
    .probe = "x=4x2 | sites=1; x=4x2 | sites=-2; x=3x1 | sites=5",
    .doc =
        "Each site gets the features of an earlier one, in the variables' order; zeros come in."};

static int64_t clamp_index(int64_t i, int64_t length)
{
    i = i < 0 ? i + length : i;
    return i < 0 ? 0 : i > length ? length : i;
}

/* Bounds of dimension d: [begin, end) by step; an empty list means the whole dimension. */
static bool slice_bounds(ArmcInfer *infer, int d, int64_t *begin, int64_t *step, int64_t *count)
{
    const ArmcAttr *attr = infer->node->attr;
    int64_t length = infer->node->in[0]->shape.dims[d];
    *begin = d < attr[0].count ? clamp_index(attr[0].ints[d], length) : 0;
    int64_t end = d < attr[1].count ? clamp_index(attr[1].ints[d], length) : length;
    *step = d < attr[2].count ? attr[2].ints[d] : 1;
    *count = *step > 0 && end > *begin ? (end - *begin + *step - 1) / *step : 0;
    if (*count > 0)
        return true;
    char text[96];
    armc_infer_error(infer, "the slice of dimension %d is empty (the shape is %s)", d + 1,
                     armc_shape_text(infer->node->in[0]->shape, text));
    return false;
}

static bool slice_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape from = node->in[0]->shape, to = from;
    int64_t begin[ARMC_MAX_RANK] = {0}, step[ARMC_MAX_RANK] = {0};
    if (node->attr[0].count > from.rank) {
        armc_infer_error(infer, "a slice of %d dimensions of a value with %d", node->attr[0].count,
                         from.rank);
        return false;
    }
    for (int d = 0; d < from.rank; d++)
        if (!slice_bounds(infer, d, &begin[d], &step[d], &to.dims[d]))
            return false;
    node->out[0]->shape = to;
    int64_t *map = armc_move_map(infer), size = armc_shape_size(to);
    for (int64_t o = 0; o < size; o++) {
        int64_t rest = o, stride = 1, entry = 0;
        for (int d = to.rank - 1; d >= 0; d--) {
            entry += (begin[d] + rest % to.dims[d] * step[d]) * stride;
            rest /= to.dims[d];
            stride *= from.dims[d];
        }
        map[o] = entry;
    }
    return true;
}
static const ArmcSpec slice_attrs[] = {
    {.name = "begin",
     .kind = ARMC_SPEC_INTS,
     .preset = "[]",
     .doc = "first index of each dimension; negative: from the end"},
    {.name = "end", .kind = ARMC_SPEC_INTS, .preset = "[]", .doc = "index after the last one"},
    {.name = "step",
     .kind = ARMC_SPEC_INTS,
     .preset = "[]",
     .low = 1,
     .high = 1e9,
     .doc = "distance between indices"},
    {0}};
ARMC_OP(slice) = {ARMC_MOVE_FIELDS(slice, 0), .sig = "x -> ?", .attrs = slice_attrs,
                  .probe = "x=4x3 | begin=1x0 end=4x2 step=2x1; x=2x3x2 | begin=0x1",
                  .doc = "A part of each dimension; x[1:, ::2] is written for it."};

/* --- dimensions --- */

static bool axis_of(ArmcInfer *infer, int64_t axis, int *out)
{
    int rank = infer->node->in[0]->shape.rank;
    *out = (int)(axis < 0 ? axis + rank : axis);
    if (axis >= -rank && axis < rank)
        return true;
    armc_infer_error(infer,
                     "there is no dimension %" PRId64
                     " in a value with %d (they count from 0; -1 is the features)",
                     axis, rank);
    return false;
}

static bool flip_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape shape = node->out[0]->shape = node->in[0]->shape;
    int axis;
    if (!axis_of(infer, node->attr[0].i, &axis))
        return false;
    int64_t *map = armc_move_map(infer), size = armc_shape_size(shape), stride = 1;
    for (int d = axis + 1; d < shape.rank; d++)
        stride *= shape.dims[d];
    for (int64_t o = 0; o < size; o++) {
        int64_t at = o / stride % shape.dims[axis];
        map[o] = o + (shape.dims[axis] - 1 - 2 * at) * stride;
    }
    return true;
}
static const ArmcSpec flip_attrs[] = {
    {.name = "axis", .kind = ARMC_SPEC_INT, .doc = "the dimension to reverse, from 0"}, {0}};
ARMC_OP(flip) = {ARMC_MOVE_FIELDS(flip, 0), .sig = "x -> ?", .attrs = flip_attrs,
                 .probe = "x=3x2 | axis=0; x=2x3x2 | axis=1", .doc = "One dimension reversed."};

static bool transpose_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape from = node->in[0]->shape, to = from;
    int a, b;
    if (!axis_of(infer, node->attr[0].i, &a) || !axis_of(infer, node->attr[1].i, &b))
        return false;
    int64_t stride[ARMC_MAX_RANK] = {0}, s = 1;
    for (int d = from.rank - 1; d >= 0; d--) {
        stride[d] = s;
        s *= from.dims[d];
    }
    int64_t t = stride[a];
    stride[a] = stride[b];
    stride[b] = t;
    to.dims[a] = from.dims[b];
    to.dims[b] = from.dims[a];
    node->out[0]->shape = to;
    int64_t *map = armc_move_map(infer), size = armc_shape_size(to);
    for (int64_t o = 0; o < size; o++) {
        int64_t rest = o, entry = 0;
        for (int d = to.rank - 1; d >= 0; d--) {
            entry += rest % to.dims[d] * stride[d];
            rest /= to.dims[d];
        }
        map[o] = entry;
    }
    return true;
}
static const ArmcSpec transpose_attrs[] = {
    {.name = "first", .kind = ARMC_SPEC_INT, .preset = "0", .doc = "a dimension, from 0"},
    {.name = "second",
     .kind = ARMC_SPEC_INT,
     .preset = "1",
     .doc = "the dimension to exchange it with"},
    {0}};
ARMC_OP(transpose) = {ARMC_MOVE_FIELDS(transpose, 0), .sig = "x -> ?", .attrs = transpose_attrs,
                      .probe = "x=3x2 | first=0 second=1; x=2x3x4 | first=0 second=2",
                      .doc = "Two dimensions exchanged."};

static bool tile_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    int axis;
    if (!axis_of(infer, node->attr[1].i, &axis))
        return false;
    ArmcShape from = node->in[0]->shape, to = from;
    to.dims[axis] *= node->attr[0].i;
    node->out[0]->shape = to;
    if (armc_shape_size(to) < 0)
        return true; /* reported as too large */
    int64_t inner = 1, *map = armc_move_map(infer), size = armc_shape_size(to);
    for (int d = axis + 1; d < from.rank; d++)
        inner *= from.dims[d];
    for (int64_t o = 0; o < size; o++) {
        int64_t outer = o / inner / to.dims[axis], at = o / inner % to.dims[axis] % from.dims[axis];
        map[o] = (outer * from.dims[axis] + at) * inner + o % inner;
    }
    return true;
}
static const ArmcSpec tile_attrs[] = {
    {.name = "count", .kind = ARMC_SPEC_INT, .low = 1, .high = 1e9, .doc = "how many times"},
    {.name = "axis",
     .kind = ARMC_SPEC_INT,
     .preset = "-1",
     .doc = "along which dimension, from 0; -1: features"},
    {0}};
ARMC_OP(tile) = {ARMC_MOVE_FIELDS(tile, 0), .sig = "x -> ?", .attrs = tile_attrs,
                 .probe = "x=3x2 | count=2 axis=0; x=2x1x2 | count=3 axis=-1",
                 .doc = "A dimension repeated: the whole of it again and again."};

/* --- two inputs --- */

static bool concat_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape a = node->in[0]->shape, b = node->in[1]->shape, to = a;
    char at[96], bt[96];
    int axis;
    if (!axis_of(infer, node->attr[0].i, &axis))
        return false;
    bool fits = a.rank == b.rank;
    for (int d = 0; fits && d < a.rank; d++)
        fits = d == axis || a.dims[d] == b.dims[d];
    if (!fits) {
        armc_infer_error(infer, "%s and %s can't be joined along dimension %d",
                         armc_shape_text(a, at), armc_shape_text(b, bt), axis);
        return false;
    }
    if (a.dims[axis] + b.dims[axis] > 0)
        to.dims[axis] = a.dims[axis] + b.dims[axis];
    node->out[0]->shape = to;
    if (node->in[0]->levels != node->in[1]->levels)
        node->out[0]->levels = 0;
    int64_t inner = 1, *map = armc_move_map(infer), size = armc_shape_size(to),
            first = armc_shape_size(a);
    for (int d = axis + 1; d < a.rank; d++)
        inner *= a.dims[d];
    for (int64_t o = 0; o < size; o++) {
        int64_t outer = o / inner / to.dims[axis], i = o / inner % to.dims[axis];
        map[o] = i < a.dims[axis]
                     ? (outer * a.dims[axis] + i) * inner + o % inner
                     : first + (outer * b.dims[axis] + i - a.dims[axis]) * inner + o % inner;
    }
    return true;
}
static const ArmcSpec concat_attrs[] = {{.name = "axis",
                                         .kind = ARMC_SPEC_INT,
                                         .preset = "-1",
                                         .doc = "along which dimension, from 0; -1: features"},
                                        {0}};
ARMC_OP(concat) = {ARMC_MOVE_FIELDS(concat, 0), .sig = "a b -> ?", .attrs = concat_attrs,
                   .probe = "a=3x2 b=3x1 | axis=-1; a=1x2 b=3x2 | axis=0; a=2x2 b*=1x2 | axis=0",
                   .doc = "Two values joined along a dimension."};
