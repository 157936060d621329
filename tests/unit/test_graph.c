/* Graphs: what a call infers and refuses, what simplifying keeps and drops, likelihoods, initial
 * weights. */
#include "tests/unit/gradient.h"
#include "tests/unit/models.h"

#include <math.h>
#include <string.h>

static int count_ops(const ArmcGraph *graph, const char *name)
{
    int count = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        count += strcmp(graph->nodes[i]->op->name, name) == 0;
    return count;
}

static void assert_mentions(Lab *lab, const char *text)
{
    const char *messages = lab_messages(lab);
    if (!strstr(messages, text))
        fail_msg("no \"%s\" in: %s", text, messages);
    armc_diags_clear(lab->diags);
}

static ArmcValue *constant(Lab *lab, const char *shape, const double *data)
{
    return armc_graph_constant(lab->graph, lab_shape(shape), data, NULL);
}

/* --- calls --- */

static void test_arity(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcValue *x = lab_param(&lab, "x", "3x2", NULL);
    assert_null(lab_try(&lab, "add", NULL, 1, &x));
    assert_mentions(&lab, "`add` takes 2 values, found 1");
    ArmcValue *in[] = {x, x};
    assert_null(lab_try(&lab, "relu", NULL, 2, in));
    assert_mentions(&lab, "`relu` takes 1 value, found 2");
    lab_close(&lab);
}

/* One mistake is told once: what came of it is poisoned. */
static void test_poison_is_silent(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcValue *in[] = {lab_param(&lab, "x", "3x2", NULL), NULL};
    assert_null(lab_try(&lab, "add", NULL, 2, in));
    assert_int_equal(armc_diags_count(lab.diags), 0);
    lab_close(&lab);
}

static void test_levels_survive_movement_only(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcAttr by = lab_int(1);
    ArmcValue *x = lab_input(&lab, "x", "2x2x1", 5);
    ArmcValue *moved = LAB(&lab, "shift", &by, LAB(&lab, "flatten", NULL, x));
    assert_int_equal(moved->levels, 5);
    ArmcValue *scaled = LAB(&lab, "scale", NULL, moved);
    assert_int_equal(scaled->levels, 0);
    assert_null(lab_try(&lab, "scale", NULL, 1, &scaled));
    assert_mentions(&lab, "reads levels");
    ArmcValue *two[] = {x, lab_input(&lab, "y", "2x2x1", 3)};
    ArmcAttr axis = lab_int(-1);
    assert_int_equal(LAB(&lab, "concat", &axis, two[0], two[1])->levels, 0);
    lab_close(&lab);
}

/* Nothing is allocated for it: the size is known before the map is made. */
static void test_a_value_that_is_too_large(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcValue *x = armc_graph_param(
        lab.graph, &(ArmcParam){.path = "x", .shape = lab_shape("4096x4096"), .scale = 1});
    ArmcAttr attr[2] = {lab_int(INT64_C(1) << 30), lab_int(0)};
    assert_null(lab_try(&lab, "tile", attr, 1, &x));
    assert_mentions(&lab, "too large");
    ArmcValue *one = lab_param(&lab, "one", "1x1", NULL);
    ArmcAttr dims = lab_ints(&lab, "1000000000x1000000000");
    assert_null(lab_try(&lab, "expand", &dims, 1, &one));
    assert_mentions(&lab, "too large");
    lab_close(&lab);
}

/* --- structural masks --- */

static void assert_mask(const ArmcValue *value, const char *expected)
{
    assert_non_null(value->mask);
    assert_int_equal(strlen(expected), armc_shape_size(value->shape));
    for (size_t i = 0; expected[i]; i++)
        if ((value->mask[i] != 0) != (expected[i] == '1'))
            fail_msg("entry %zu of a mask is %d", i, value->mask[i]);
}

static void test_product_masks(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    const double ones_and_zeros[] = {1, 0, 2, 0, 3, 0}, column[] = {0, 1};
    ArmcValue *w = lab_param(&lab, "w", "2x3", NULL);
    assert_mask(LAB(&lab, "mul", NULL, w, constant(&lab, "2x3", ones_and_zeros)), "101010");
    assert_mask(LAB(&lab, "mul", NULL, w, constant(&lab, "3", ones_and_zeros)), "101101");
    assert_mask(LAB(&lab, "mul", NULL, constant(&lab, "2x1", column), w), "000111");
    ArmcAttr turn[2] = {lab_int(0), lab_int(1)};
    ArmcValue *masked = lab_param(&lab, "m", "2x3", "110001");
    assert_mask(LAB(&lab, "transpose", turn, masked), "101001");
    assert_int_equal(lab.graph->params[1]->live, 3);
    lab_close(&lab);
}

/* --- simplifying --- */

static const ArmcGraph *simplified(Lab *lab, ArmcValue **value, bool training)
{
    ArmcOutputs outputs = {value, 1};
    return armc_simplify(lab->arena, lab->graph, &outputs, training, lab->kernels);
}

static void test_constants_are_folded(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 2);
    const double a[] = {1, 2, 3, 4}, b[] = {10, 20};
    ArmcAttr turn[2] = {lab_int(0), lab_int(1)};
    ArmcValue *sum = LAB(&lab, "add", NULL, LAB(&lab, "transpose", turn, constant(&lab, "2x2", a)),
                         constant(&lab, "2", b));
    ArmcValue *before = LAB(&lab, "sum_before", NULL, sum);
    const ArmcGraph *graph = simplified(&lab, &before, true);
    assert_int_equal(graph->node_count, 3 + 1 + 2 - 1); /* two constants, and three folded ones */
    assert_string_equal(before->node->op->name, "constant");
    const ArmcReal *data = before->node->leaf, expected[] = {0, 0, 11, 23};
    assert_memory_equal(data, expected, sizeof expected);
    lab_close(&lab);
}

static void test_equal_nodes_are_merged(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcAttr two = lab_real(2), also_two = lab_real(2), three = lab_real(3);
    ArmcValue *x = lab_input(&lab, "x", "3x2", 0);
    ArmcValue *same =
        LAB(&lab, "add", NULL, LAB(&lab, "times", &two, x), LAB(&lab, "times", &also_two, x));
    ArmcValue *all = LAB(&lab, "mul", NULL, same, LAB(&lab, "times", &three, x));
    const ArmcGraph *graph = simplified(&lab, &all, true);
    assert_int_equal(count_ops(graph, "times"), 2);
    assert_int_equal(graph->node_count, 1 + 2 + 1 + 1);
    lab_close(&lab);
}

static void test_dead_nodes_and_identities_go(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcAttr same = lab_ints(&lab, "3x2"), drop[2] = {lab_real(0.5), {0}};
    ArmcValue *x = lab_input(&lab, "x", "3x2", 0);
    LAB(&lab, "exp", NULL, x);
    ArmcValue *y = LAB(&lab, "relu", NULL,
                       LAB(&lab, "dropout", drop, LAB(&lab, "reshape", &same, x))),
              *trained = y;
    assert_int_equal(simplified(&lab, &y, false)->node_count, 2);
    const ArmcGraph *graph = simplified(&lab, &trained, true);
    assert_int_equal(graph->node_count, 3);
    assert_int_equal(count_ops(graph, "dropout"), 1);
    lab_close(&lab);
}

static ArmcValue *convolution(Lab *lab, ArmcValue *x, const char *name, const char *weight)
{
    ArmcAttr attr[ARMC_MAX_ATTRS] = {
        lab_ints(lab, "1"), lab_ints(lab, "1"), lab_int(1), {.given = true, .text = "same"}};
    return LAB(lab, "conv2d", attr, x, lab_param(lab, name, weight, NULL));
}

/* A vector goes into the convolution before it, unless that is wanted without it, too. */
static void test_vectors_join_convolutions(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcValue *x = lab_input(&lab, "x", "4x3x2", 0), *bias = lab_param(&lab, "bias", "5", NULL);
    ArmcValue *y = LAB(&lab, "add", NULL, convolution(&lab, x, "w", "3x3x2x5"), bias);
    y = LAB(&lab, "add", NULL, bias, convolution(&lab, y, "v", "1x1x5x5"));
    ArmcValue *twice = convolution(&lab, x, "u", "1x1x2x5");
    y = LAB(&lab, "mul", NULL, LAB(&lab, "mul", NULL, y, LAB(&lab, "add", NULL, twice, bias)),
            twice);
    ArmcOutputs outputs = {&y, 1};
    const ArmcGraph *graph = simplified(&lab, &y, true);
    /* once more: what is not used any longer goes */
    graph = armc_simplify(lab.arena, graph, &outputs, true, lab.kernels);
    assert_int_equal(count_ops(graph, "conv2d_direct_bias"), 1);
    assert_int_equal(count_ops(graph, "conv2d_point_bias"), 1);
    assert_int_equal(count_ops(graph, "conv2d_point"), 1);
    assert_int_equal(count_ops(graph, "add"), 1);
    lab_close(&lab);
}

/* --- gradients of graphs --- */

static void check_paths(Lab *lab, ArmcValue *y, ArmcValue *x, const char *what)
{
    Gradient g;
    gradient_make(&g, lab, y, 1, &x);
    assert_non_null(g.of[0]);
    gradient_check(&g, what);
    lab_close(lab);
}

static void test_gradients_add_up_over_uses(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 3);
    ArmcValue *x = lab_param(&lab, "x", "2x2", NULL);
    ArmcValue *y = LAB(&lab, "mul", NULL, x, LAB(&lab, "sub", NULL, LAB(&lab, "tanh", NULL, x), x));
    check_paths(&lab, LAB(&lab, "mul", NULL, y, lab_input(&lab, "i", "2x2", 0)), x,
                "a value used four times");
}

/* Nothing but their maps tells the gradients of two shifts apart. */
static void test_gradients_of_movements_stay_apart(void **state)
{
    (void)state;
    Lab lab;
    ArmcAttr one = lab_int(1), two = lab_int(2), axis = lab_int(0);
    lab_open(&lab, 2);
    ArmcValue *x = lab_input(&lab, "x", "4x2", 0);
    check_paths(&lab,
                LAB(&lab, "add", NULL, LAB(&lab, "shift", &one, x), LAB(&lab, "shift", &two, x)), x,
                "two shifts");
    lab_open(&lab, 2);
    x = lab_input(&lab, "x", "2x2", 0);
    check_paths(&lab, LAB(&lab, "concat", &axis, x, x), x, "a value beside itself");
}

static void test_no_gradient_where_none_flows(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 2);
    ArmcValue *x = lab_input(&lab, "x", "2x2", 0), *unused = lab_param(&lab, "p", "3", NULL);
    ArmcValue *at[] = {unused, lab_param(&lab, "q", "2", NULL)};
    ArmcValue *y = LAB(&lab, "add", NULL, x, LAB(&lab, "at_least", NULL, x, at[1]));
    Gradient g;
    gradient_make(&g, &lab, y, 2, at);
    assert_null(g.of[0]);
    assert_null(g.of[1]);
    lab_close(&lab);
}

/* --- likelihoods --- */

static bool say(Lab *lab, const char *dist, const char *entries, ArmcValue *params)
{
    ArmcAttr list = lab_ints(lab, entries);
    return armc_graph_likelihood(lab->graph, armc_dist_find(dist), list.count ? list.ints : NULL,
                                 list.count, params, NULL);
}

static void test_likelihoods_that_are_refused(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    lab_input(&lab, "image", "2x2x1", 3);
    ArmcValue *logits = lab_param(&lab, "logits", "4x3", NULL),
              *few = lab_param(&lab, "few", "4x2", NULL);
    assert_false(armc_graph_finish(lab.graph, NULL));
    assert_mentions(&lab, "says nothing about `image`");
    assert_false(say(&lab, "bernoulli", "", logits));
    assert_mentions(&lab, "two levels");
    assert_false(say(&lab, "categorical", "", few));
    assert_mentions(&lab, "needs 12 parameters");
    assert_false(say(&lab, "categorical", "", NULL));
    assert_int_equal(armc_diags_count(lab.diags), 0);
    assert_true(say(&lab, "categorical", "0x3", lab_param(&lab, "two", "2x3", NULL)));
    assert_false(say(&lab, "categorical", "1x3", lab_param(&lab, "more", "6", NULL)));
    assert_mentions(&lab, "variable 3");
    assert_false(armc_graph_finish(lab.graph, NULL));
    assert_mentions(&lab, "2 of the 4 variables");
    assert_true(say(&lab, "categorical", "2x1", lab_param(&lab, "rest", "6", NULL)));
    assert_true(armc_graph_finish(lab.graph, NULL));
    lab_close(&lab);
}

static void test_a_model_needs_an_input(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    assert_false(armc_graph_finish(lab.graph, NULL));
    assert_mentions(&lab, "no `input`");
    lab_close(&lab);
}

/* --- initial weights --- */

static ArmcParam *add_param(Lab *lab, const char *path, const char *shape, ArmcInit init,
                            double scale, const uint8_t *mask)
{
    ArmcParam param = {
        .path = path, .shape = lab_shape(shape), .init = init, .scale = scale, .mask = mask};
    armc_graph_param(lab->graph, &param);
    return lab->graph->params[lab->graph->param_count - 1];
}

static double deviation(const ArmcParam *param)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < param->size; i++) {
        sum += (double)param->data[i];
        squares += (double)param->data[i] * (double)param->data[i];
    }
    assert_true(fabs(sum / (double)param->live) < 0.1);
    return sqrt(squares / (double)param->live);
}

/* A model in which every weight has 50 inputs and 30 outputs at each of 4 sites; half of the masked
 * one's are dead. */
static void test_initial_weights(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    uint8_t mask[50 * 30];
    for (int i = 0; i < 50 * 30; i++)
        mask[i] = i / 30 % 2 == 0;
    ArmcValue *x = lab_input(&lab, "x", "4x50", 2);
    ArmcParam *dense = add_param(&lab, "dense", "50x30", ARMC_INIT_LECUN, 1, NULL);
    ArmcParam *masked = add_param(&lab, "masked", "50x30", ARMC_INIT_HE, 1, mask);
    ArmcParam *site = add_param(&lab, "site", "4x30x50", ARMC_INIT_GLOROT, 1, NULL);
    ArmcParam *bias = add_param(&lab, "bias", "30", ARMC_INIT_ONE, 0.5, NULL);
    ArmcValue *y = LAB(&lab, "add", NULL, LAB(&lab, "matmul", NULL, x, dense->value), bias->value);
    y = LAB(&lab, "add", NULL, y, LAB(&lab, "matmul", NULL, x, masked->value));
    y = LAB(&lab, "add", NULL, y, LAB(&lab, "site_matmul", NULL, x, site->value));
    model_likelihood(&lab, "bernoulli",
                     LAB(&lab, "matmul", NULL, y, lab_param(&lab, "out", "30x50", NULL)));
    assert_true(armc_graph_finish(lab.graph, NULL));
    armc_params_init(lab.graph, 7);
    lab_near(deviation(dense), sqrt(1.0 / 50), 0.1, 0, "lecun", 0);
    lab_near(deviation(masked), sqrt(2.0 / 25), 0.1, 0, "he over live weights", 0);
    lab_near(deviation(site), sqrt(2.0 / 80), 0.1, 0, "glorot", 0);
    for (int i = 0; i < 50 * 30; i++)
        assert_true(mask[i] || fabs((double)masked->data[i]) <= 0);
    lab_near((double)bias->data[29], 0.5, 1e-7, 0, "one, scaled", 29);
    lab_close(&lab);
}

/* Weights are a function of seed and path: another parameter beside them changes nothing. */
static void test_initial_weights_depend_on_seed_and_path(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcParam *a = add_param(&lab, "a", "8", ARMC_INIT_NORMAL, 1, NULL);
    armc_params_init(lab.graph, 1);
    ArmcReal first[8];
    memcpy(first, a->data, sizeof first);
    ArmcParam *b = add_param(&lab, "b", "8", ARMC_INIT_NORMAL, 1, NULL);
    armc_params_init(lab.graph, 1);
    assert_memory_equal(a->data, first, sizeof first);
    assert_memory_not_equal(b->data, first, sizeof first);
    armc_params_init(lab.graph, 2);
    assert_memory_not_equal(a->data, first, sizeof first);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arity),
        cmocka_unit_test(test_poison_is_silent),
        cmocka_unit_test(test_levels_survive_movement_only),
        cmocka_unit_test(test_a_value_that_is_too_large),
        cmocka_unit_test(test_product_masks),
        cmocka_unit_test(test_constants_are_folded),
        cmocka_unit_test(test_equal_nodes_are_merged),
        cmocka_unit_test(test_vectors_join_convolutions),
        cmocka_unit_test(test_dead_nodes_and_identities_go),
        cmocka_unit_test(test_gradients_add_up_over_uses),
        cmocka_unit_test(test_gradients_of_movements_stay_apart),
        cmocka_unit_test(test_no_gradient_where_none_flows),
        cmocka_unit_test(test_likelihoods_that_are_refused),
        cmocka_unit_test(test_a_model_needs_an_input),
        cmocka_unit_test(test_initial_weights),
        cmocka_unit_test(test_initial_weights_depend_on_seed_and_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
