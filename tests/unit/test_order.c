/* Orders: which sites they visit, how they become finer and coarser, what values carry, and a model
 * in another order as the same model of permuted data. */
#include "tests/unit/models.h"

#include <string.h>

#include "runtime/exec/program.h"

/* --- pixels --- */

static void assert_visits(Lab *lab, ArmcOrderKind kind, int height, int width, const char *expected)
{
    const ArmcOrder *order = armc_order_pixels(lab->arena, kind, height, width, 0);
    ArmcAttr list = lab_ints(lab, expected);
    assert_int_equal(list.count, height * width);
    for (int r = 0; r < list.count; r++) {
        assert_int_equal(armc_order_at(order, r), list.ints[r]);
        assert_int_equal(armc_order_rank(order, list.ints[r]), r);
    }
}

static void test_known_orders(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    assert_visits(&lab, ARMC_ORDER_RASTER, 2, 3, "0,1,2,3,4,5");
    assert_visits(&lab, ARMC_ORDER_COLUMNS, 2, 3, "0,3,1,4,2,5");
    assert_visits(&lab, ARMC_ORDER_SNAKE, 3, 3, "0,1,2,5,4,3,6,7,8");
    assert_visits(&lab, ARMC_ORDER_SPIRAL, 3, 4, "0,1,2,3,7,11,10,9,8,4,5,6");
    assert_visits(&lab, ARMC_ORDER_SPIRAL, 4, 1, "0,1,2,3");
    assert_visits(&lab, ARMC_ORDER_HILBERT, 4, 4, "0,1,5,4,8,12,13,9,10,14,15,11,7,6,2,3");
    assert_visits(&lab, ARMC_ORDER_HILBERT, 2, 3, "0,1,4,3,5,2");
    const ArmcOrder *coarse = armc_order_pixels(lab.arena, ARMC_ORDER_COARSE, 3, 4, 2);
    const int64_t visits[] = {0, 2, 8, 10, 1, 3, 4, 5, 6, 7, 9, 11};
    assert_memory_equal(coarse->at, visits, sizeof visits);
    lab_close(&lab);
}

static void test_orders_are_permutations(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    for (int kind = ARMC_ORDER_RASTER; kind <= ARMC_ORDER_RANDOM; kind++)
        for (int height = 1; height <= 9; height++)
            for (int width = 1; width <= 9; width++) {
                const ArmcOrder *order =
                    armc_order_pixels(lab.arena, (ArmcOrderKind)kind, height, width, 3);
                bool met[81] = {false};
                for (int r = 0; r < height * width; r++) {
                    int64_t at = armc_order_at(order, r);
                    assert_true(at >= 0 && at < height * width && !met[at]);
                    met[at] = true;
                }
            }
    lab_close(&lab);
}

/* From pixel to pixel Hilbert's curve and the spiral go a step up, down or sideways. */
static void test_curves_go_step_by_step(void **state)
{
    (void)state;
    const ArmcOrderKind kinds[] = {ARMC_ORDER_HILBERT, ARMC_ORDER_SPIRAL, ARMC_ORDER_SNAKE};
    Lab lab;
    lab_open(&lab, 1);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int side = 2; side <= 32; side *= 2) {
            const ArmcOrder *order = armc_order_pixels(lab.arena, kinds[k], side, side, 0);
            for (int r = 1; r < side * side; r++) {
                int64_t a = order->at[r - 1], b = order->at[r];
                int64_t dy = a / side - b / side, dx = a % side - b % side;
                assert_int_equal(dx * dx + dy * dy, 1);
            }
        }
    lab_close(&lab);
}

/* --- finer and coarser --- */

static void test_fits(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    const ArmcOrder *order = armc_order_pixels(lab.arena, ARMC_ORDER_COLUMNS, 2, 2, 0), *fine,
                    *back;
    assert_true(armc_order_fit(lab.arena, order, 12, &fine));
    const int64_t expected[] = {0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11};
    assert_memory_equal(fine->at, expected, sizeof expected);
    assert_true(armc_order_fit(lab.arena, fine, 4, &back));
    assert_true(armc_order_same(order, back));
    assert_false(armc_order_same(order, fine));
    assert_false(armc_order_fit(lab.arena, order, 2, &back)); /* a row's pixels lie apart */
    assert_false(armc_order_fit(lab.arena, order, 6, &back));
    assert_true(armc_order_fit(lab.arena, NULL, 6, &back) && !back);
    lab_close(&lab);
}

/* --- what values carry --- */

static void test_values_carry_their_order(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcAttr axis = lab_int(0), one = lab_int(1), last = lab_int(-1);
    const ArmcOrder *order = armc_order_pixels(lab.arena, ARMC_ORDER_SPIRAL, 3, 2, 0), *fine;
    assert_true(armc_order_fit(lab.arena, order, 12, &fine));
    ArmcValue *image = lab_ordered_input(&lab, "image", "3x2x2", 3, order);
    assert_true(armc_order_same(lab.graph->inputs[0]->entry_order, fine));
    ArmcValue *x = LAB(&lab, "scale", NULL, image);
    ArmcValue *flat = LAB(&lab, "flatten", NULL, x);
    ArmcValue *sum = LAB(&lab, "sum_before", NULL, flat);
    assert_true(armc_order_same(sum->node->order, fine));
    ArmcValue *mixed = LAB(&lab, "matmul", NULL, x, lab_param(&lab, "mix", "2x5", NULL));
    assert_true(armc_order_same(mixed->order, order));
    assert_true(armc_order_same(LAB(&lab, "shift", &one, mixed)->order, order));
    assert_true(armc_order_same(LAB(&lab, "concat", &last, mixed, x)->order, order));
    ArmcValue *again = LAB(&lab, "add", NULL, lab_param(&lab, "p", "3x2x2", NULL), x);
    assert_true(armc_order_same(again->order, order));
    assert_null(LAB(&lab, "flip", &axis, x)->order);
    assert_null(LAB(&lab, "sum_sites", NULL, x)->order);
    lab_close(&lab);
}

/* An order that goes from channel to channel is none of pixels. */
static void test_channels_apart(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    int64_t at[] = {0, 3, 1, 2};
    ArmcValue *image =
        lab_ordered_input(&lab, "image", "2x1x2", 2, armc_order_make(lab.arena, 4, at));
    ArmcValue *x = LAB(&lab, "scale", NULL, image);
    assert_null(lab_try(&lab, "sum_before", NULL, 1, &x));
    assert_non_null(strstr(lab_messages(&lab), "E0711"));
    ArmcValue *sum = LAB(&lab, "sum_before", NULL, LAB(&lab, "flatten", NULL, x));
    assert_memory_equal(sum->node->order->at, at, sizeof at);
    lab_close(&lab);
}

/* --- a model in another order is the same model of permuted data --- */

enum { SITES = 30, HIDDEN = 66, LEVELS = 3, BATCH = 37 };
static const double CLOSE = ARMC_REAL_IS_DOUBLE ? 1e-10 : 1e-4;

static void build(Lab *lab, const ArmcOrder *order)
{
    lab_open(lab, BATCH);
    ArmcValue *x =
        LAB(lab, "flatten", NULL, lab_ordered_input(lab, "image", "5x6x1", LEVELS, order));
    ArmcValue *read = LAB(lab, "site_embed", NULL, x, lab_param(lab, "table", "30x3x66", NULL));
    ArmcValue *sum = LAB(lab, "add", NULL, LAB(lab, "sum_before", NULL, read),
                         lab_param(lab, "bias", "66", NULL));
    model_likelihood(lab, "categorical",
                     LAB(lab, "site_matmul", NULL, LAB(lab, "sigmoid", NULL, sum),
                         lab_param(lab, "out", "30x3x66", NULL)));
    assert_true(armc_graph_finish(lab->graph, NULL));
    lab_fill(lab, lab->graph->inputs[0]->value, 1);
}

/* to[r] = from[at[r]] for stretches of `each` numbers. */
static void permute(const ArmcOrder *order, int64_t each, const ArmcReal *from, ArmcReal *to)
{
    for (int64_t r = 0; r < SITES; r++)
        memcpy(to + r * each, from + order->at[r] * each, (size_t)each * sizeof *to);
}

static ArmcProgram *run(Lab *lab, ArmcPool *pool, bool unfused)
{
    ArmcProgramOptions options = {.batch = BATCH, .unfused = unfused, .kernels = lab->kernels};
    ArmcProgram *program = armc_program_new(lab->arena, lab->graph, ARMC_PROGRAM_TRAIN, &options);
    armc_program_prepare(program, pool);
    memcpy(armc_program_input(program, 0), lab->input_of[0], BATCH * SITES * sizeof(ArmcReal));
    armc_program_run(program, &(ArmcStepInfo){.training = true}, BATCH);
    return program;
}

static void permute_all(Lab *from, Lab *to, const ArmcOrder *order)
{
    for (int64_t b = 0; b < BATCH; b++)
        permute(order, 1, from->input_of[0] + b * SITES, to->input_of[0] + b * SITES);
    for (size_t p = 0; p < from->graph->param_count; p++) {
        const ArmcParam *a = from->graph->params[p], *b = to->graph->params[p];
        if (a->shape.rank == 3)
            permute(order, a->size / SITES, a->data, b->data);
        else
            memcpy(b->data, a->data, (size_t)a->size * sizeof *a->data);
    }
}

static void assert_same_but_permuted(Lab *lab, const ArmcProgram *a, const ArmcProgram *b,
                                     const ArmcOrder *order)
{
    ArmcReal moved[SITES * LEVELS * HIDDEN];
    for (int64_t e = 0; e < BATCH; e++) {
        permute(order, 1, armc_program_nll(a) + e * SITES, moved);
        assert_memory_equal(moved, armc_program_nll(b) + e * SITES, SITES * sizeof *moved);
    }
    for (size_t p = 0; p < lab->graph->param_count; p++) {
        const ArmcParam *param = lab->graph->params[p];
        const ArmcReal *d = armc_program_gradient(a, p), *e = armc_program_gradient(b, p);
        if (param->shape.rank < 3) { /* summed over sites, by another order */
            for (int64_t i = 0; i < param->size; i++)
                lab_near((double)d[i], (double)e[i], CLOSE, 1e-2, param->path, i);
            continue;
        }
        permute(order, param->size / SITES, d, moved);
        assert_memory_equal(moved, e, (size_t)param->size * sizeof *d);
    }
}

static void test_permuted_data(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++)
        for (int unfused = 0; unfused < 2; unfused++) {
            Lab own, raster;
            build(&raster, NULL);
            const ArmcOrder *order = armc_order_pixels(raster.arena, ARMC_ORDER_RANDOM, 5, 6, 8);
            build(&own, order);
            ArmcPool *pool = armc_pool_new(&own.fault, threads);
            permute_all(&own, &raster, order);
            assert_same_but_permuted(&own, run(&own, pool, unfused), run(&raster, pool, unfused),
                                     order);
            armc_pool_free(pool);
            lab_close(&own);
            lab_close(&raster);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_orders),
        cmocka_unit_test(test_orders_are_permutations),
        cmocka_unit_test(test_curves_go_step_by_step),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_values_carry_their_order),
        cmocka_unit_test(test_channels_apart),
        cmocka_unit_test(test_permuted_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
