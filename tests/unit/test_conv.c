/* Convolutions against a naive sum over all taps, for odd shapes and masks of every form; the same
 * bits by gathering, directly and a part of a row at a time, by every table of kernels. */
#include "tests/unit/lab.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/graph/reads.h"

enum { BATCH = 3 };

typedef bool (*IsLive)(const int64_t *dims, int64_t tap, int64_t row, int64_t column);

/* In raster order before the centre. */
static bool mask_a(const int64_t *dims, int64_t tap, int64_t row, int64_t column)
{
    (void)row;
    (void)column;
    return tap < dims[0] * dims[1] / 2;
}

static bool mask_b(const int64_t *dims, int64_t tap, int64_t row, int64_t column)
{
    (void)row;
    (void)column;
    return tap <= dims[0] * dims[1] / 2;
}

/* Three colours: at the centre those up to a filter's own. */
static bool colours(const int64_t *dims, int64_t tap, int64_t row, int64_t column)
{
    int64_t centre = dims[0] * dims[1] / 2;
    return tap < centre || (tap == centre && row * 3 / dims[2] <= column * 3 / dims[3]);
}

static bool scattered(const int64_t *dims, int64_t tap, int64_t row, int64_t column)
{
    return lab_level(5, (uint64_t)((tap * dims[2] + row) * dims[3] + column), 2) == 1;
}

/* A third of the filters reads nothing, and a tap is dead for all. */
static bool holes(const int64_t *dims, int64_t tap, int64_t row, int64_t column)
{
    (void)row;
    return column * 3 / dims[3] != 1 && tap != dims[0] * dims[1] - 1;
}

/* Sequences have one column. */
typedef struct Case {
    const char *op, *x, *weight;
    const char *stride, *dilation, *pad;
    int groups;
    const char *size;
    IsLive is_live;
} Case;

static const Case cases[] = {
    {"conv2d", "5x6x3", "1x1x3x5", "1", "1", "same", 1, "", NULL},
    {"conv2d", "3x7x6", "1x1x3x20", "1", "1", "same", 2, "", NULL},
    {"conv2d", "4x5x9", "1x1x9x12", "1", "1", "same", 1, "", colours},
    {"conv1d", "13x5", "1x5x7", "1", "1", "same", 1, "", scattered},
    {"conv2d", "5x6x3", "3x3x3x20", "1", "1", "same", 1, "", NULL},
    {"conv2d", "9x4x2", "2x2x2x3", "1", "1", "same", 1, "", NULL},
    {"conv2d", "4x7x2", "5x3x2x17", "1", "1", "same", 1, "", NULL},
    {"conv2d", "7x7x3", "7x7x3x4", "1", "1", "same", 1, "", mask_a},
    {"conv2d", "2x3x2", "7x5x2x3", "1", "1", "same", 1, "", NULL},
    {"conv2d", "9x8x16", "3x3x16x33", "1", "1", "same", 1, "", mask_b},
    {"conv2d", "17x5x6", "3x3x6x9", "1", "1", "same", 1, "", colours},
    {"conv2d", "5x5x7", "3x3x7x40", "1", "1", "same", 1, "", scattered},
    {"conv2d", "5x5x4", "3x2x4x6", "1", "1", "same", 1, "", holes},
    {"conv2d", "6x7x4", "3x3x4x6", "2", "1", "same", 1, "", NULL},
    {"conv2d", "9x10x2", "3x2x2x3", "[2,3]", "[1,2]", "valid", 1, "", mask_b},
    {"conv2d", "8x5x6", "3x3x2x6", "1", "2", "[2,1,0,3]", 3, "", NULL},
    {"conv2d", "5x6x6", "3x3x3x8", "2", "1", "same", 2, "", colours},
    {"conv2d", "4x4x3", "1x1x3x2", "3", "1", "same", 1, "", NULL},
    {"conv2d", "3x3x2", "3x3x2x2", "1", "1", "[5,4,0,6]", 1, "", NULL},
    {"conv2d", "6x6x40", "3x3x40x8", "1", "1", "same", 1, "", mask_b},
    {"conv1d", "9x4", "3x4x5", "1", "1", "same", 1, "", NULL},
    {"conv1d", "33x2", "2x2x6", "1", "4", "[4,0]", 1, "", NULL},
    {"conv1d", "11x6", "4x3x4", "3", "2", "[1,4]", 2, "", scattered},
    {"conv2d_transposed", "3x4x3", "3x3x3x5", "1", "1", "same", 1, "", NULL},
    {"conv2d_transposed", "3x4x2", "3x3x2x5", "2", "1", "same", 1, "", NULL},
    {"conv2d_transposed", "3x4x2", "3x2x2x5", "[2,3]", "1", "same", 1, "[5,11]", NULL},
    {"conv2d_transposed", "3x2x4", "2x3x2x6", "[3,1]", "[1,2]", "[1,0,2,1]", 2, "", NULL},
    {"conv2d_transposed", "3x3x3", "1x2x3x4", "3", "1", "same", 1, "", NULL},
    {"conv2d_transposed", "4x3x6", "3x3x6x6", "2", "1", "[1,1,1,1]", 1, "[8,6]", colours},
    {"conv1d_transposed", "5x3", "4x3x2", "2", "3", "valid", 1, "19", scattered},
};

static bool is_transposed(const Case *c)
{
    return strstr(c->op, "transposed") != NULL;
}

/* --- the naive sums --- */

/* Axes of a picture; a sequence is one of a single column. */
typedef struct Axis {
    int64_t in, out, kernel, stride, dilation, before;
} Axis;

typedef struct World {
    const Case *c;
    ArmcValue *x, *weight, *dy, *values[3]; /* y, dx, dw */
    ArmcValue *bias;                        /* NULL: none */
    Axis y_axis, x_axis;
    int64_t channels, filters;
    int64_t weight_dims[4];
} World;

/* y, dx and dw; every product of an entry of x and one of the weight is a part of one entry of y.
 */
typedef struct Sums {
    const ArmcReal *x, *weight, *dy;
    double *of[3];
} Sums;

static void add_product(const Sums *s, int64_t x, int64_t w, int64_t y)
{
    s->of[0][y] += (double)s->x[x] * (double)s->weight[w];
    s->of[1][x] += (double)s->dy[y] * (double)s->weight[w];
    s->of[2][w] += (double)s->x[x] * (double)s->dy[y];
}

/* Of one tap, from a site of x to a site of y. */
static void add_channels(const World *w, const Sums *s, int64_t from, int64_t tap, int64_t to)
{
    int64_t rows = w->channels / w->c->groups, columns = w->filters / w->c->groups;
    for (int64_t f = 0; f < w->filters; f++)
        for (int64_t i = 0; i < rows; i++)
            add_product(s, from * w->channels + f / columns * rows + i,
                        (tap * rows + i) * w->filters + f, to * w->filters + f);
}

/* The place in the widened picture: of the input for a transpose, else of the result. */
static int64_t place(const Axis *axis, int64_t small, int64_t tap)
{
    return small * axis->stride + tap * axis->dilation - axis->before;
}

static void add_example(const World *w, const Sums *s)
{
    const Axis *ya = &w->y_axis, *xa = &w->x_axis;
    bool back = is_transposed(w->c);
    int64_t rows = back ? ya->in : ya->out, columns = back ? xa->in : xa->out,
            height = back ? ya->out : ya->in, width = back ? xa->out : xa->in;
    for (int64_t at = 0; at < rows * columns; at++)
        for (int64_t tap = 0; tap < ya->kernel * xa->kernel; tap++) {
            int64_t y = place(ya, at / columns, tap / xa->kernel),
                    x = place(xa, at % columns, tap % xa->kernel);
            if (y >= 0 && y < height && x >= 0 && x < width)
                add_channels(w, s, back ? at : y * width + x, tap, back ? y * width + x : at);
        }
}

/* --- building --- */

static ArmcAttr pad_attr(Lab *lab, const char *text)
{
    return *text == '[' ? lab_ints(lab, text) : (ArmcAttr){.given = true, .text = text};
}

static const char *mask_text(Lab *lab, const World *w)
{
    const int64_t *dims = w->weight_dims;
    int64_t size = dims[0] * dims[1] * dims[2] * dims[3];
    char *text = ARMC_NEW_ARRAY(lab->arena, char, size + 1);
    for (int64_t i = 0; w->c->is_live && i < size; i++)
        text[i] = w->c->is_live(dims, i / dims[3] / dims[2], i / dims[3] % dims[2], i % dims[3])
                      ? '1'
                      : '0';
    return w->c->is_live ? text : NULL;
}

/* SAME as the documents say it, on its own. */
static int64_t same_before(const Axis *axis, bool back)
{
    int64_t small = back ? axis->in : axis->out, large = back ? axis->out : axis->in;
    int64_t total = (small - 1) * axis->stride + (axis->kernel - 1) * axis->dilation + 1 - large;
    return total > 0 ? total / 2 : 0;
}

static void set_axis(Lab *lab, World *w, Axis *axis, int number, int axes)
{
    const Case *c = w->c;
    ArmcAttr stride = lab_ints(lab, c->stride), dilation = lab_ints(lab, c->dilation);
    axis->stride = stride.ints[stride.count == 1 ? 0 : number];
    axis->dilation = dilation.ints[dilation.count == 1 ? 0 : number];
    bool listed = *c->pad == '[';
    axis->before = listed                        ? lab_ints(lab, c->pad).ints[2 * number]
                   : strcmp(c->pad, "same") == 0 ? same_before(axis, is_transposed(c))
                                                 : 0;
    assert_true(number < axes);
}

static void find_axes(Lab *lab, World *w)
{
    ArmcShape in = w->x->shape, out = w->values[0]->shape, weight = w->weight->shape;
    int axes = in.rank - 1;
    w->x_axis = (Axis){1, 1, 1, 1, 1, 0};
    w->y_axis = (Axis){.in = in.dims[0], .out = out.dims[0], .kernel = weight.dims[0]};
    set_axis(lab, w, &w->y_axis, 0, axes);
    if (axes == 2) {
        w->x_axis = (Axis){.in = in.dims[1], .out = out.dims[1], .kernel = weight.dims[1]};
        set_axis(lab, w, &w->x_axis, 1, axes);
    }
    w->channels = armc_shape_features(in);
    w->filters = armc_shape_features(out);
}

static void open_world(Lab *lab, World *w, const Case *c, bool biased)
{
    char shape[96];
    *w = (World){.c = c};
    ArmcShape weight = lab_shape(c->weight);
    w->weight_dims[1] = 1;
    for (int d = 0; d < weight.rank; d++)
        w->weight_dims[d > 0 ? 4 - weight.rank + d : 0] = weight.dims[d];
    w->x = lab_input(lab, "x", c->x, 0);
    w->weight = lab_param(lab, "weight", c->weight, mask_text(lab, w));
    ArmcAttr attr[ARMC_MAX_ATTRS] = {
        lab_ints(lab, c->stride), lab_ints(lab, c->dilation), lab_int(c->groups),
        pad_attr(lab, c->pad),    lab_ints(lab, c->size),
    };
    ArmcValue *y = LAB(lab, c->op, attr, w->x, w->weight);
    if (biased) {
        const char *filters =
            armc_arena_printf(lab->arena, "%d", (int)armc_shape_features(y->shape));
        w->bias = lab_param(lab, "bias", filters, NULL);
        y = LAB(lab, "add", NULL, y, w->bias);
    }
    w->values[0] = y;
    w->dy = lab_input(lab, "dy", armc_shape_text(y->shape, shape), 0);
    lab_fill(lab, w->x, 1);
    lab_fill(lab, w->dy, 2);
    find_axes(lab, w);
    armc_differentiate(lab->graph, 1, &y, &w->dy, 2, (ArmcValue *[]){w->x, w->weight},
                       w->values + 1);
}

/* --- running --- */

typedef enum Way { GATHERED, DIRECT, BY_ROWS, BLAS } Way;

/* The node as it is in a region, where its op works row by row as well. */
static void apply(ArmcCall *call, Way way)
{
    ArmcNode node = *call->node;
    ArmcOp op = *node.op;
    node.op = &op;
    if (way == BY_ROWS && op.rows) {
        op.forward = NULL;
        call->node = &node;
    }
    armc_apply(call);
}

static void run(const LabRun *lab_run, const ArmcKernels *kernels, Way way, int64_t batch)
{
    ArmcKernels table = *kernels;
    table.conv_by_blas = way == BLAS;
    ArmcStepInfo info = {0};
    for (size_t i = 0; i < lab_run->graph->node_count; i++) {
        const ArmcNode *node = lab_run->graph->nodes[i];
        ArmcCall call = {.node = node, .k = &table, .info = &info, .batch = batch};
        call.exact = way != BLAS;
        if (node->op->flags & ARMC_OP_LEAF)
            continue;
        int64_t size = node->op->scratch ? node->op->scratch(node) : 0;
        for (int k = 0; k < node->in_count; k++)
            call.in[k] = lab_run->of[node->in[k]->id];
        call.out[0] = lab_run->of[node->out[0]->id];
        call.scratch = size && way != GATHERED ? malloc((size_t)size * sizeof(ArmcReal)) : NULL;
        apply(&call, way);
        free(call.scratch);
    }
}

static const char *name_of(Lab *lab, const Case *c, int value, const char *way)
{
    static const char *const names[] = {"y", "dx", "dw"};
    return armc_arena_printf(lab->arena, "%s of %s by %s, pad %s: %s, %s", c->op, c->x, c->weight,
                             c->pad, names[value], way);
}

/* Sums may cancel, so errors count by what is summed up: numbers of about 1. */
static void expect_near(Lab *lab, const World *w, const LabRun *lab_run, const ArmcOutputs *found,
                        double *const *expected, const char *way)
{
    for (int v = 0; v < 3; v++)
        for (int64_t i = 0; i < lab_entries(lab_run, found->values[v]); i++) {
            double e = v == 2 && w->weight->mask && !w->weight->mask[i] ? 0 : expected[v][i];
            lab_near((double)lab_run->of[found->values[v]->id][i], e,
                     ARMC_REAL_IS_DOUBLE ? 1e-12 : 1e-5, 10, name_of(lab, w->c, v, way), i);
        }
}

typedef struct Bits {
    const ArmcReal *of[3];
} Bits;

static Bits bits_of(Lab *lab, const LabRun *lab_run, const ArmcOutputs *found)
{
    Bits bits;
    for (int v = 0; v < 3; v++) {
        int64_t entries = lab_entries(lab_run, found->values[v]);
        ArmcReal *copy = ARMC_NEW_ARRAY(lab->arena, ArmcReal, entries);
        bits.of[v] =
            memcpy(copy, lab_run->of[found->values[v]->id], (size_t)entries * sizeof *copy);
    }
    return bits;
}

static void expect_bits(Lab *lab, const World *w, const LabRun *lab_run, const ArmcOutputs *found,
                        const Bits *bits, const char *way)
{
    for (int v = 0; v < 3; v++)
        if (memcmp(bits->of[v], lab_run->of[found->values[v]->id],
                   (size_t)lab_entries(lab_run, found->values[v]) * sizeof(ArmcReal)) != 0)
            fail_msg("%s: other bits", name_of(lab, w->c, v, way));
}

/* Does the result come from packed weights, bias included, and dx as well? */
static bool is_packed(const World *w, const ArmcOutputs *found)
{
    for (int v = 0; v < 2; v++) {
        const ArmcNode *node = found->values[v]->node;
        int inputs = v == 0 && w->bias ? 4 : 3;
        if (node->in_count != inputs || strcmp(node->in[2]->node->op->name, "conv2d_packed") != 0)
            return false;
    }
    return true;
}

static void naive(Lab *lab, const World *w, double **of)
{
    int64_t x_size, w_size, dy_size;
    Sums s = {lab_data(lab, w->x, &x_size),
              lab_data(lab, w->weight, &w_size),
              lab_data(lab, w->dy, &dy_size),
              {0}};
    of[0] = ARMC_NEW_ARRAY(lab->arena, double, dy_size);
    of[1] = ARMC_NEW_ARRAY(lab->arena, double, x_size);
    of[2] = ARMC_NEW_ARRAY(lab->arena, double, w_size);
    for (int64_t e = 0; e < BATCH; e++) {
        const int64_t x_at = x_size / BATCH * e, y_at = dy_size / BATCH * e;
        const Sums one = {s.x + x_at, s.weight, s.dy + y_at, {of[0] + y_at, of[1] + x_at, of[2]}};
        add_example(w, &one);
    }
    const ArmcReal *bias = w->bias ? lab_data(lab, w->bias, &w_size) : NULL;
    for (int64_t i = 0; bias && i < dy_size; i++)
        of[0][i] += (double)bias[i % w->filters];
}

static void check_case(const Case *c, bool biased)
{
    static const char *const tables[] = {"generic", "avx2", "avx512", "neon"};
    Lab lab;
    World w;
    double *expected[3];
    lab_open(&lab, BATCH);
    open_world(&lab, &w, c, biased);
    ArmcOutputs found = {w.values, 3};
    LabRun lab_run = lab_prepare(&lab, &found);
    assert_true(is_packed(&w, &found));
    naive(&lab, &w, expected);
    run(&lab_run, lab.kernels, GATHERED, BATCH);
    expect_near(&lab, &w, &lab_run, &found, expected, "gathered");
    Bits bits = bits_of(&lab, &lab_run, &found);
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        const ArmcKernels *kernels = armc_kernels_choose(tables[t]);
        if (!kernels)
            continue;
        for (Way way = GATHERED; way <= BY_ROWS; way++) {
            run(&lab_run, kernels, way, BATCH);
            expect_bits(&lab, &w, &lab_run, &found, &bits, tables[t]);
        }
    }
    run(&lab_run, lab.kernels, BLAS, BATCH);
    expect_near(&lab, &w, &lab_run, &found, expected, "by BLAS");
    lab_close(&lab);
}

static void test_against_naive_sums(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_case(&cases[i], false);
        check_case(&cases[i], true);
    }
}

/* --- parts of rows --- */

typedef struct Rows {
    const ArmcValue *const *in;
    const ArmcReal *data[2];
} Rows;

static const ArmcReal *row_at(const void *context, int input, int64_t site, int64_t *step)
{
    const Rows *rows = context;
    const ArmcValue *in = rows->in[input];
    *step = in->batched ? armc_shape_size(in->shape) : 0;
    return rows->data[input] + site * armc_shape_features(in->shape);
}

/* Each run of a group alone. */
static int64_t compute_parts(Lab *lab, const ArmcNode *node, int64_t site, const Rows *rows,
                             ArmcReal *out)
{
    const ArmcValue *y = node->out[0];
    int64_t width = armc_shape_features(y->shape), cost = 0;
    for (ArmcPart part = {0, 0, NULL}; part.end < width; part.begin = part.end) {
        for (part.end++;
             part.end < width && armc_group_of(y, part.end) == armc_group_of(y, part.begin);)
            part.end++;
        part.live = node->op->live(lab->arena, node, &part);
        ArmcAt at = {.node = node, .k = lab->kernels, .n = BATCH, .site = site, .part = &part};
        at.row = row_at;
        at.context = rows;
        at.out = out + site * width;
        at.out_step = armc_shape_size(y->shape);
        node->op->at(&at);
        cost += node->op->cost(node, site, &part);
    }
    return cost;
}

/* They make the bits of the whole, and cost as much together. */
static void check_parts(const Case *c)
{
    Lab lab;
    World w;
    lab_open(&lab, BATCH);
    open_world(&lab, &w, c, false);
    ArmcOutputs found = {w.values, 3};
    const ArmcNode *node = w.values[0]->node;
    int64_t count, cost = 0;
    ArmcReal *parts =
        ARMC_NEW_ARRAY(lab.arena, ArmcReal, armc_shape_size(node->out[0]->shape) * BATCH);
    Rows rows = {(const ArmcValue *const[]){w.x, w.weight},
                 {lab_data(&lab, w.x, &count), lab_data(&lab, w.weight, &count)}};
    for (int64_t site = 0; site < armc_shape_sites(node->out[0]->shape); site++)
        cost += compute_parts(&lab, node, site, &rows, parts);
    assert_int_equal(cost, armc_node_cost(node));
    LabRun lab_run = lab_prepare(&lab, &found);
    run(&lab_run, lab.kernels, DIRECT, BATCH);
    if (memcmp(parts, lab_run.of[found.values[0]->id],
               (size_t)lab_entries(&lab_run, found.values[0]) * sizeof *parts) != 0)
        fail_msg("%s: other bits", name_of(&lab, c, 0, "in parts"));
    lab_close(&lab);
}

static void test_parts_make_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_parts(&cases[i]);
}

/* --- batches --- */

/* y and dx of an example are the same in any batch. */
static void test_examples_are_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Lab lab;
        World w;
        lab_open(&lab, BATCH);
        open_world(&lab, &w, &cases[i], false);
        ArmcOutputs found = {w.values, 3};
        LabRun lab_run = lab_prepare(&lab, &found);
        run(&lab_run, lab.kernels, DIRECT, BATCH);
        Bits bits = bits_of(&lab, &lab_run, &found);
        run(&lab_run, lab.kernels, DIRECT, 1);
        for (int v = 0; v < 2; v++)
            assert_memory_equal(bits.of[v], lab_run.of[found.values[v]->id],
                                (size_t)armc_shape_size(found.values[v]->shape) * sizeof(ArmcReal));
        lab_close(&lab);
    }
}

/* The multiply-adds of mask B in a picture: what padding or the mask leaves out isn't counted. */
static void test_cost_counts_what_is_live(void **state)
{
    (void)state;
    Lab lab;
    World w;
    const Case c = {"conv2d", "4x5x2", "3x3x2x3", "1", "1", "same", 1, "", mask_b};
    lab_open(&lab, BATCH);
    open_world(&lab, &w, &c, false);
    assert_int_equal(armc_node_cost(w.values[0]->node),
                     2 * 3 * (4 * 5 + 4 * 4 + 3 * 5 + 2 * 3 * 4));
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_naive_sums),
        cmocka_unit_test(test_parts_make_the_whole),
        cmocka_unit_test(test_examples_are_alone),
        cmocka_unit_test(test_cost_counts_what_is_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
