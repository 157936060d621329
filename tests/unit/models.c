#include "tests/unit/models.h"

void model_likelihood(Lab *lab, const char *dist, ArmcValue *params)
{
    if (!armc_graph_likelihood(lab->graph, armc_dist_find(dist), NULL, 0, params, NULL))
        fail_msg("%s was refused: %s", dist, lab_messages(lab));
}

static void likelihood_of(Lab *lab, const char *dist, const char *entries, ArmcValue *params)
{
    ArmcAttr list = lab_ints(lab, entries);
    assert_true(armc_graph_likelihood(lab->graph, armc_dist_find(dist), list.ints, list.count,
                                      params, NULL));
}

void model_open(Lab *lab, const Model *model, int64_t batch)
{
    lab_open(lab, batch);
    model->build(lab);
    if (!armc_graph_finish(lab->graph, NULL))
        fail_msg("%s: %s", model->name, lab_messages(lab));
    for (size_t i = 0; i < lab->graph->input_count; i++)
        lab_fill(lab, lab->graph->inputs[i]->value, i + 1);
}

/* --- estimators with running sums --- */

static ArmcValue *hidden_sum(Lab *lab, ArmcValue *read, const char *width)
{
    ArmcValue *sum = LAB(lab, "sum_before", NULL, read);
    return LAB(lab, "sigmoid", NULL,
               LAB(lab, "add", NULL, sum, lab_param(lab, "hidden.bias", width, NULL)));
}

static void nade_categorical(Lab *lab)
{
    ArmcValue *x = LAB(lab, "flatten", NULL, lab_input(lab, "image", "2x3x1", 3));
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "6x3x5", NULL));
    ArmcValue *logits = LAB(lab, "site_matmul", NULL, hidden_sum(lab, read, "5"),
                            lab_param(lab, "out", "6x3x5", NULL));
    model_likelihood(lab, "categorical",
                     LAB(lab, "add", NULL, logits, lab_param(lab, "out.bias", "6x3", NULL)));
}

static void nade_bernoulli(Lab *lab)
{
    ArmcValue *x =
        LAB(lab, "flatten", NULL, LAB(lab, "scale", NULL, lab_input(lab, "image", "3x3x1", 2)));
    ArmcValue *read = LAB(lab, "site_matmul", NULL, x, lab_param(lab, "read", "9x18x1", NULL));
    ArmcValue *extra = LAB(lab, "site_matmul", NULL, hidden_sum(lab, read, "18"),
                           lab_param(lab, "extra", "9x4x18", NULL));
    model_likelihood(lab, "bernoulli",
                     LAB(lab, "site_matmul", NULL, extra, lab_param(lab, "out", "9x1x4", NULL)));
}

/* A label of one site beside the running sum of all. */
static void nade_given(Lab *lab)
{
    ArmcValue *x = LAB(lab, "flatten", NULL, lab_input(lab, "image", "2x3x1", 3));
    ArmcValue *label = lab_input(lab, "label", "1x1", 4);
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "6x3x5", NULL));
    ArmcValue *seen = LAB(lab, "embed", NULL, label, lab_param(lab, "label.table", "4x5", NULL));
    ArmcValue *hidden =
        LAB(lab, "sigmoid", NULL, LAB(lab, "add", NULL, LAB(lab, "sum_before", NULL, read), seen));
    model_likelihood(lab, "categorical",
                     LAB(lab, "site_matmul", NULL, hidden, lab_param(lab, "out", "6x3x5", NULL)));
}

/* Wide enough, and with enough sites, for several blocks, segments and pieces of lanes that are
 * merged. */
static void nade_wide(Lab *lab)
{
    ArmcValue *x = lab_input(lab, "image", "19x1", 3);
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "19x3x300", NULL));
    ArmcAttr small = lab_real(0.05);
    ArmcValue *hidden = LAB(lab, "times", &small, hidden_sum(lab, read, "300"));
    model_likelihood(
        lab, "categorical",
        LAB(lab, "site_matmul", NULL, hidden, lab_param(lab, "out", "19x3x300", NULL)));
}

/* A running sum of something that is not linear in another one. */
static void sums_in_a_row(Lab *lab)
{
    ArmcValue *x = lab_input(lab, "image", "7x1", 2);
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "7x2x4", NULL));
    ArmcValue *inner = LAB(lab, "tanh", NULL, LAB(lab, "sum_before", NULL, read));
    ArmcValue *outer = LAB(lab, "add", NULL, LAB(lab, "sum_before", NULL, inner), read);
    ArmcValue *hidden = LAB(lab, "site_matmul", NULL, outer, lab_param(lab, "mix", "7x4x4", NULL));
    hidden = LAB(lab, "tanh", NULL, LAB(lab, "sum_before", NULL, hidden));
    model_likelihood(lab, "bernoulli",
                     LAB(lab, "site_matmul", NULL, hidden, lab_param(lab, "out", "7x1x4", NULL)));
}

/* Sums whose input and result have other readers too: sites before and after, the sum of a sum, the
 * start of one, whole arrays outside any loop over sites. */
static void sums_with_other_readers(Lab *lab)
{
    ArmcValue *x = lab_input(lab, "image", "6x1", 2), *start = lab_param(lab, "start", "3", NULL);
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "6x2x3", NULL));
    ArmcValue *before = LAB(lab, "sum_before", NULL, read),
              *after = LAB(lab, "sum_after", NULL, read);
    ArmcValue *from = LAB(lab, "add", NULL, start, before);
    ArmcValue *again = LAB(lab, "sum_before", NULL, LAB(lab, "sum_before", NULL, from));
    ArmcValue *all =
        LAB(lab, "mul", NULL, LAB(lab, "tanh", NULL, again), LAB(lab, "add", NULL, read, before));
    ArmcAttr axis = lab_int(0);
    all = LAB(lab, "add", NULL, all, LAB(lab, "flip", &axis, LAB(lab, "add", NULL, from, start)));
    all =
        LAB(lab, "sub", NULL, LAB(lab, "sigmoid", NULL, all), LAB(lab, "mul", NULL, after, after));
    model_likelihood(lab, "bernoulli", LAB(lab, "sum_features", NULL, all));
}

/* Nothing but the sum itself: its input is the data, its result the logits. */
static void bare_sum(Lab *lab)
{
    ArmcValue *x = LAB(lab, "scale", NULL, lab_input(lab, "image", "8x1", 2));
    ArmcValue *read = LAB(lab, "site_matmul", NULL, x, lab_param(lab, "read", "8x1x1", NULL));
    ArmcValue *sum =
        LAB(lab, "add", NULL, LAB(lab, "sum_before", NULL, read), LAB(lab, "sum_before", NULL, x));
    model_likelihood(
        lab, "bernoulli",
        LAB(lab, "sum_before", NULL, LAB(lab, "add", NULL, sum, lab_param(lab, "b", "1", NULL))));
}

/* Down, then up again: no single pair of sweeps can do both. */
static void descending_then_ascending(Lab *lab)
{
    ArmcValue *x = lab_input(lab, "image", "5x1", 3);
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "5x3x4", NULL));
    ArmcValue *after = LAB(lab, "sigmoid", NULL, LAB(lab, "sum_after", NULL, read));
    ArmcValue *before =
        LAB(lab, "tanh", NULL, LAB(lab, "sum_before", NULL, LAB(lab, "mul", NULL, after, read)));
    ArmcValue *both = LAB(lab, "add", NULL, before, after);
    model_likelihood(lab, "categorical",
                     LAB(lab, "site_matmul", NULL, both, lab_param(lab, "out", "5x3x4", NULL)));
}

/* --- dense ones --- */

static ArmcValue *layer_norm(Lab *lab, const char *name, const char *n, ArmcValue *x)
{
    ArmcValue *gain = lab_param(lab, armc_arena_printf(lab->arena, "%s.gain", name), n, NULL);
    ArmcValue *offset = lab_param(lab, armc_arena_printf(lab->arena, "%s.offset", name), n, NULL);
    ArmcAttr attr[2] = {{0}, lab_real(1e-5)}; /* sets, eps */
    ArmcValue *scaled = LAB(lab, "mul", NULL, LAB(lab, "normalise", attr, x), gain);
    return LAB(lab, "add", NULL, scaled, offset);
}

/* Layer normalisation with and without a ReLU behind it, of rows that fill no whole vectors. */
static void normalised(Lab *lab)
{
    ArmcValue *x = LAB(lab, "scale", NULL, lab_input(lab, "image", "5x7x1", 3));
    ArmcValue *wide = LAB(lab, "matmul", NULL, x, lab_param(lab, "in", "1x37", NULL));
    ArmcValue *first = LAB(lab, "relu", NULL, layer_norm(lab, "first", "37", wide));
    ArmcValue *narrow = LAB(lab, "matmul", NULL, first, lab_param(lab, "between", "37x5", NULL));
    ArmcValue *second = layer_norm(lab, "second", "5", narrow);
    model_likelihood(lab, "categorical",
                     LAB(lab, "matmul", NULL, second, lab_param(lab, "out", "5x3", NULL)));
}

static void dense_masked(Lab *lab)
{
    ArmcValue *x =
        LAB(lab, "as_features", NULL, LAB(lab, "scale", NULL, lab_input(lab, "image", "2x2x1", 4)));
    ArmcValue *hidden =
        LAB(lab, "matmul", NULL, x, lab_param(lab, "read", "4x6", "110101101011011101001010"));
    hidden =
        LAB(lab, "relu", NULL, LAB(lab, "add", NULL, hidden, lab_param(lab, "bias", "6", NULL)));
    hidden = LAB(lab, "softplus", NULL,
                 LAB(lab, "matmul", NULL, hidden, lab_param(lab, "mix", "6x7", NULL)));
    model_likelihood(lab, "categorical",
                     LAB(lab, "matmul", NULL, hidden, lab_param(lab, "out", "7x16", NULL)));
}

/* The same weights at every pixel; tables that all sites share. */
static void by_pixel(Lab *lab)
{
    ArmcValue *x = lab_input(lab, "image", "3x4x1", 3);
    ArmcValue *read = LAB(lab, "embed", NULL, x, lab_param(lab, "table", "3x5", NULL));
    ArmcValue *hidden = LAB(lab, "matmul", NULL, read, lab_param(lab, "mix", "5x70", NULL));
    hidden = LAB(lab, "log_softmax", NULL, LAB(lab, "mul", NULL, hidden, hidden));
    ArmcValue *gate = LAB(lab, "sum_features", NULL, LAB(lab, "softmax", NULL, read));
    hidden = LAB(lab, "mul", NULL, hidden, gate);
    model_likelihood(lab, "categorical",
                     LAB(lab, "matmul", NULL, hidden, lab_param(lab, "out", "70x3", NULL)));
}

static void channels(Lab *lab)
{
    ArmcValue *x = LAB(lab, "one_hot", NULL, lab_input(lab, "image", "2x2x3", 4));
    ArmcValue *hidden =
        LAB(lab, "tanh", NULL, LAB(lab, "matmul", NULL, x, lab_param(lab, "mix", "12x5", NULL)));
    ArmcValue *whole = LAB(lab, "sum_sites", NULL, hidden);
    hidden = LAB(lab, "sub", NULL, LAB(lab, "max", NULL, hidden, whole),
                 lab_param(lab, "site", "2x2x5", NULL));
    model_likelihood(lab, "categorical",
                     LAB(lab, "matmul", NULL, hidden, lab_param(lab, "out", "5x12", NULL)));
}

/* --- convolutions --- */

/* The first `live` entries of a weight. */
static ArmcValue *live_first(Lab *lab, const char *name, const char *shape, int64_t live)
{
    int64_t size = armc_shape_size(lab_shape(shape));
    char *mask = ARMC_NEW_ARRAY(lab->arena, char, size + 1);
    for (int64_t i = 0; i < size; i++)
        mask[i] = i < live ? '1' : '0';
    return lab_param(lab, name, shape, mask);
}

static ArmcValue *conv(Lab *lab, const char *op, const char *stride, const char *size, ArmcValue *x,
                       ArmcValue *weight)
{
    ArmcAttr attr[ARMC_MAX_ATTRS] = {lab_ints(lab, stride),
                                     lab_ints(lab, "1"),
                                     lab_int(1),
                                     {.given = true, .text = "same"},
                                     lab_ints(lab, size)};
    return LAB(lab, op, attr, x, weight);
}

static ArmcValue *biased(Lab *lab, const char *name, ArmcValue *x)
{
    const char *width = armc_arena_printf(lab->arena, "%d", (int)armc_shape_features(x->shape));
    return LAB(lab, "add", NULL, x, lab_param(lab, name, width, NULL));
}

/* Mask A, then mask B around a residual connection; vectors added to both, and to a convolution
 * that is read without it as well. */
static void masked_convolutions(Lab *lab)
{
    ArmcValue *x = LAB(lab, "scale", NULL, lab_input(lab, "image", "9x4x2", 3));
    ArmcValue *h = conv(lab, "conv2d", "1", "", x, live_first(lab, "a", "3x3x2x6", 4 * 2 * 6));
    h = biased(lab, "a.bias", h);
    ArmcValue *b = conv(lab, "conv2d", "1", "", LAB(lab, "relu", NULL, h),
                        live_first(lab, "b", "3x3x6x6", 5 * 6 * 6));
    h = LAB(lab, "add", NULL, h, biased(lab, "b.bias", b));
    h = conv(lab, "conv2d", "1", "", h, lab_param(lab, "mix", "1x1x6x6", NULL));
    h = LAB(lab, "mul", NULL, LAB(lab, "tanh", NULL, biased(lab, "mix.bias", h)), h);
    h = conv(lab, "conv2d", "1", "", h, lab_param(lab, "out", "1x1x6x6", NULL));
    model_likelihood(lab, "categorical", biased(lab, "out.bias", h));
}

/* h + what a convolution of single pixels makes of h normalised. */
static ArmcValue *residual(Lab *lab, const char *name, ArmcValue *h)
{
    const char *width = armc_arena_printf(lab->arena, "%d", (int)armc_shape_features(h->shape)),
               *square = armc_arena_printf(lab->arena, "1x1x%sx%s", width, width);
    ArmcValue *inside = LAB(lab, "relu", NULL, layer_norm(lab, name, width, h));
    ArmcValue *weight = lab_param(lab, armc_arena_printf(lab->arena, "%s.w", name), square, NULL);
    inside = conv(lab, "conv2d", "1", "", inside, weight);
    return LAB(lab, "add", NULL, h,
               biased(lab, armc_arena_printf(lab->arena, "%s.bias", name), inside));
}

/* Sums of two that their maker does, in rows of whole vectors and of 70 features, which lie 80
 * apart within a region only; and one that reads its maker twice. */
static void residual_blocks(Lab *lab)
{
    ArmcValue *x = LAB(lab, "scale", NULL, lab_input(lab, "image", "6x5x1", 3));
    ArmcValue *h = conv(lab, "conv2d", "1", "", x, lab_param(lab, "in", "3x3x1x16", NULL));
    h = residual(lab, "b", residual(lab, "a", h));
    h = conv(lab, "conv2d", "1", "", h, lab_param(lab, "wider", "1x1x16x70", NULL));
    h = residual(lab, "c", h);
    h = biased(lab, "mix.bias",
               conv(lab, "conv2d", "1", "", h, lab_param(lab, "mix", "1x1x70x9", NULL)));
    h = LAB(lab, "add", NULL, h, h);
    model_likelihood(lab, "categorical",
                     conv(lab, "conv2d", "1", "", layer_norm(lab, "last", "9", h),
                          lab_param(lab, "out", "1x1x9x3", NULL)));
}

static void down_and_up(Lab *lab)
{
    ArmcValue *x = LAB(lab, "scale", NULL, lab_input(lab, "image", "5x6x1", 3));
    ArmcValue *h = conv(lab, "conv2d", "2", "", x, lab_param(lab, "down", "3x2x1x4", NULL));
    h = conv(lab, "conv2d_transposed", "2", "5x6", LAB(lab, "tanh", NULL, h),
             lab_param(lab, "up", "3x3x4x3", NULL));
    model_likelihood(lab, "categorical", h);
}

/* --- orders other than raster --- */

static ArmcValue *ordered(Lab *lab, ArmcOrderKind kind, int64_t height, int64_t width,
                          int64_t channels, int levels)
{
    const char *shape =
        armc_arena_printf(lab->arena, "%dx%dx%d", (int)height, (int)width, (int)channels);
    return lab_ordered_input(lab, "image", shape, levels,
                             armc_order_pixels(lab->arena, kind, height, width, 4));
}

static void nade_random(Lab *lab)
{
    ArmcValue *x = LAB(lab, "flatten", NULL, ordered(lab, ARMC_ORDER_RANDOM, 4, 7, 1, 3));
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "28x3x70", NULL));
    model_likelihood(lab, "categorical",
                     LAB(lab, "site_matmul", NULL, hidden_sum(lab, read, "70"),
                         lab_param(lab, "out", "28x3x70", NULL)));
}

/* Scans by pixel, by variable, and of a value that knows no order, which can't share a loop. */
static void orders_side_by_side(Lab *lab)
{
    ArmcAttr two = lab_int(2);
    ArmcValue *image = LAB(lab, "scale", NULL, ordered(lab, ARMC_ORDER_SPIRAL, 2, 3, 2, 2));
    ArmcValue *by_pixel = LAB(lab, "sum_before", NULL,
                              LAB(lab, "matmul", NULL, image, lab_param(lab, "mix", "2x2", NULL)));
    ArmcValue *x = LAB(lab, "flatten", NULL, image);
    ArmcValue *shifted = LAB(lab, "shift", &two, LAB(lab, "sum_after", NULL, x));
    ArmcValue *sum = LAB(lab, "sum_before", NULL,
                         LAB(lab, "site_matmul", NULL, x, lab_param(lab, "read", "12x3x1", NULL)));
    ArmcValue *other = LAB(lab, "sum_before", NULL, lab_param(lab, "free", "12x3", NULL));
    other = LAB(lab, "sum_before", NULL, LAB(lab, "mul", NULL, other, other));
    ArmcAttr axis = lab_int(0);
    ArmcValue *back = LAB(lab, "sum_before", NULL, LAB(lab, "flip", &axis, sum));
    sum = LAB(lab, "tanh", NULL, LAB(lab, "add", NULL, LAB(lab, "mul", NULL, sum, other), back));
    sum = LAB(lab, "add", NULL, LAB(lab, "sum_features", NULL, sum), shifted);
    model_likelihood(lab, "bernoulli",
                     LAB(lab, "add", NULL, sum, LAB(lab, "flatten", NULL, by_pixel)));
}

/* --- movement in between --- */

static void moved(Lab *lab)
{
    ArmcAttr axis = lab_int(-1), along = lab_int(0), to = lab_ints(lab, "3x4"), by = lab_int(1),
             back = lab_ints(lab, "6x2");
    ArmcAttr cut[3] = {lab_ints(lab, "1x0"), lab_ints(lab, "7x2"), lab_ints(lab, "1x1")};
    ArmcValue *x = lab_input(lab, "image", "6x1", 3);
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "6x3x2", NULL));
    ArmcValue *sum = LAB(lab, "sum_before", NULL, LAB(lab, "shift", &by, read));
    ArmcValue *other = LAB(lab, "tanh", NULL, LAB(lab, "reshape", &to, sum));
    ArmcValue *flipped = LAB(lab, "flip", &along, LAB(lab, "reshape", &back, other));
    ArmcValue *joined = LAB(lab, "concat", &axis, LAB(lab, "concat", &axis, sum, sum), flipped);
    ArmcValue *longer = LAB(lab, "concat", &along, joined, lab_param(lab, "row", "1x6", NULL));
    ArmcValue *part = LAB(lab, "sigmoid", NULL, LAB(lab, "slice", cut, longer));
    model_likelihood(lab, "categorical",
                     LAB(lab, "site_matmul", NULL, part, lab_param(lab, "out", "6x3x2", NULL)));
}

/* Two shifts of one value: gradients that differ in nothing but where their entries go. */
static void shifted_twice(Lab *lab)
{
    ArmcAttr one = lab_int(1), two = lab_int(2);
    ArmcValue *x = lab_input(lab, "image", "5x1", 2);
    ArmcValue *read = LAB(lab, "embed", NULL, x, lab_param(lab, "table", "2x3", NULL));
    read = LAB(lab, "mul", NULL, read, lab_param(lab, "site", "5x3", NULL));
    ArmcValue *sum =
        LAB(lab, "add", NULL, LAB(lab, "shift", &one, read), LAB(lab, "shift", &two, read));
    model_likelihood(lab, "bernoulli",
                     LAB(lab, "matmul", NULL, sum, lab_param(lab, "out", "3x1", NULL)));
}

/* --- what examples share --- */

static void independent(Lab *lab)
{
    lab_input(lab, "image", "2x2x1", 3);
    model_likelihood(lab, "categorical", lab_param(lab, "logits", "4x3", NULL));
}

/* Arithmetic on parameters alone, scans included: done once, whatever the batch. */
static void shared_arithmetic(Lab *lab)
{
    ArmcValue *x = lab_input(lab, "image", "4x1", 2);
    ArmcValue *made = LAB(lab, "matmul", NULL, lab_param(lab, "a", "4x3", NULL),
                          lab_param(lab, "b", "3x90", NULL));
    made = LAB(lab, "sum_before", NULL, LAB(lab, "tanh", NULL, made));
    made = LAB(lab, "site_matmul", NULL, made, lab_param(lab, "c", "4x2x90", NULL));
    ArmcValue *read = LAB(lab, "embed", NULL, x, lab_param(lab, "table", "2x2", NULL));
    ArmcValue *sum = LAB(lab, "sum_features", NULL, LAB(lab, "mul", NULL, read, made));
    model_likelihood(lab, "bernoulli", sum);
}

/* A value that is the same at every site of an example, and parameters that stretch in either
 * direction. */
static void stretched(Lab *lab)
{
    ArmcValue *x = LAB(lab, "scale", NULL, lab_input(lab, "image", "3x2x1", 3));
    ArmcValue *label = lab_input(lab, "label", "1x1x4", 0);
    ArmcValue *both = LAB(lab, "mul", NULL, x, LAB(lab, "tanh", NULL, label));
    both = LAB(lab, "mul", NULL, both, lab_param(lab, "column", "3x2x1", NULL));
    both = LAB(lab, "add", NULL, both, lab_param(lab, "row", "2x1", NULL));
    ArmcValue *sum =
        LAB(lab, "sum_before", NULL, LAB(lab, "div", NULL, both, LAB(lab, "exp", NULL, label)));
    model_likelihood(lab, "categorical",
                     LAB(lab, "matmul", NULL, sum, lab_param(lab, "out", "4x3", NULL)));
}

/* --- likelihoods --- */

static void in_parts(Lab *lab)
{
    ArmcValue *x = lab_input(lab, "image", "5x1", 2);
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "5x2x3", NULL));
    ArmcValue *hidden = LAB(lab, "tanh", NULL, LAB(lab, "sum_before", NULL, read));
    ArmcValue *all = LAB(lab, "as_features", NULL, hidden);
    likelihood_of(lab, "bernoulli", "3x1",
                  LAB(lab, "matmul", NULL, all, lab_param(lab, "odd", "15x2", NULL)));
    likelihood_of(lab, "categorical", "0x4x2",
                  LAB(lab, "matmul", NULL, all, lab_param(lab, "even", "15x6", NULL)));
}

static void with_dropout(Lab *lab)
{
    ArmcAttr attr[2] = {lab_real(0.4), {0}};
    ArmcValue *x = lab_input(lab, "image", "9x1", 2);
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "9x2x6", NULL));
    ArmcValue *hidden =
        LAB(lab, "dropout", attr, LAB(lab, "sigmoid", NULL, LAB(lab, "sum_before", NULL, read)));
    ArmcValue *all = LAB(lab, "dropout", attr, LAB(lab, "as_features", NULL, hidden));
    model_likelihood(lab, "bernoulli",
                     LAB(lab, "matmul", NULL, all, lab_param(lab, "out", "54x9", NULL)));
}

/* --- recurrent nets --- */

/* Two layers along the pixels: gates made in the scan, and gates that are given. */
static void lstm_pixels(Lab *lab)
{
    ArmcValue *x =
        LAB(lab, "flatten", NULL, LAB(lab, "scale", NULL, lab_input(lab, "image", "3x3x1", 3)));
    ArmcAttr one = lab_int(1), along[ARMC_MAX_ATTRS] = {lab_int(0), lab_int(0), lab_ints(lab, "0")};
    ArmcValue *first =
        LAB(lab, "lstm_layer", along, LAB(lab, "shift", &one, x),
            lab_param(lab, "reading", "1x20", NULL), lab_param(lab, "weight", "1x5x20", NULL),
            lab_param(lab, "offset", "20", NULL));
    ArmcValue *gates = LAB(lab, "matmul", NULL, first, lab_param(lab, "gates", "5x12", NULL));
    ArmcValue *second =
        LAB(lab, "lstm_scan", along, gates, lab_param(lab, "weight2", "1x3x12", NULL),
            lab_param(lab, "offset2", "12", NULL));
    model_likelihood(lab, "categorical",
                     LAB(lab, "matmul", NULL, second, lab_param(lab, "out", "3x3", NULL)));
}

/* A row of cells after the other, each reading three of the row before. */
static void lstm_rows(Lab *lab)
{
    ArmcValue *x = LAB(lab, "scale", NULL, lab_input(lab, "image", "4x3x1", 2));
    ArmcAttr shift = lab_int(3);
    ArmcAttr rows[ARMC_MAX_ATTRS] = {lab_int(0), lab_int(0), lab_ints(lab, "0")};
    int64_t *taps = ARMC_NEW_ARRAY(lab->arena, int64_t, 3);
    taps[0] = -1;
    taps[2] = 1;
    rows[2] = (ArmcAttr){.given = true, .count = 3, .ints = taps};
    ArmcValue *y =
        LAB(lab, "lstm_layer", rows, LAB(lab, "shift", &shift, x),
            lab_param(lab, "reading", "1x16", NULL), lab_param(lab, "weight", "3x4x16", NULL),
            lab_param(lab, "offset", "16", NULL));
    model_likelihood(lab, "bernoulli",
                     LAB(lab, "matmul", NULL, y, lab_param(lab, "out", "4x1", NULL)));
}

/* Two pixels first; of these the state is made from which cells go along the others. The second
 * layer begins with a state of its own. */
static void lstm_start(Lab *lab)
{
    ArmcValue *x = lab_input(lab, "image", "6x1", 2);
    ArmcAttr one = lab_int(1), along[ARMC_MAX_ATTRS] = {lab_int(0), lab_int(0), lab_ints(lab, "0")};
    ArmcAttr behind[ARMC_MAX_ATTRS] = {lab_ints(lab, "2x0"), lab_ints(lab, "6x1")};
    ArmcValue *read =
        LAB(lab, "slice", behind, LAB(lab, "shift", &one, LAB(lab, "scale", NULL, x)));
    ArmcValue *of_two = lab_param(lab, "of_two", "6x6", "111111111111000000000000000000000000");
    ArmcValue *start = LAB(lab, "matmul", NULL, LAB(lab, "as_features", NULL, x), of_two);
    ArmcValue *first =
        LAB(lab, "lstm_layer", along, read, lab_param(lab, "reading", "1x12", NULL),
            lab_param(lab, "weight", "1x3x12", NULL), lab_param(lab, "offset", "12", NULL), start);
    ArmcValue *second =
        LAB(lab, "gru_layer", along, first, lab_param(lab, "reading2", "3x6", NULL),
            lab_param(lab, "weight2", "1x2x6", NULL), lab_param(lab, "offset2", "6", NULL),
            lab_param(lab, "own", "1x2", NULL));
    likelihood_of(lab, "bernoulli", "0x1", lab_param(lab, "two", "2x1", NULL));
    likelihood_of(lab, "bernoulli", "2x3x4x5",
                  LAB(lab, "matmul", NULL, second, lab_param(lab, "out", "2x1", NULL)));
}

const Model models[] = {
    {"nade_categorical", nade_categorical, false},
    {"nade_bernoulli", nade_bernoulli, false},
    {"nade_wide", nade_wide, false},
    {"nade_given", nade_given, false},
    {"sums_in_a_row", sums_in_a_row, false},
    {"sums_with_other_readers", sums_with_other_readers, false},
    {"bare_sum", bare_sum, false},
    {"descending_then_ascending", descending_then_ascending, false},
    {"dense_masked", dense_masked, false},
    {"normalised", normalised, false},
    {"residual_blocks", residual_blocks, false},
    {"by_pixel", by_pixel, false},
    {"channels", channels, false},
    {"masked_convolutions", masked_convolutions, false},
    {"down_and_up", down_and_up, false},
    {"nade_random", nade_random, false},
    {"orders_side_by_side", orders_side_by_side, false},
    {"moved", moved, false},
    {"shifted_twice", shifted_twice, false},
    {"independent", independent, false},
    {"shared_arithmetic", shared_arithmetic, false},
    {"stretched", stretched, false},
    {"in_parts", in_parts, false},
    {"with_dropout", with_dropout, true},
    {"lstm_pixels", lstm_pixels, false},
    {"lstm_rows", lstm_rows, false},
    {"lstm_start", lstm_start, false},
    {0},
};
