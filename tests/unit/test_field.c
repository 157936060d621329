/* Receptive fields: of every model of the standard library, and of graphs whose fields are known.
 */
#include "runtime/exec/field_gradient.h"
#include "runtime/graph/field.h"
#include "runtime/graph/ready.h"
#include "tests/unit/models.h"
#include "tests/unit/subjects.h"

#include <string.h>

static const World worlds[] = {{"2x3x1", 3}, {"3x3x1", 2}, {"2x2x2", 2}, {NULL, 0}};

/* --- the gradient lies within the field --- */

enum { DRAWS = 2 };

static void check_numbers(const ArmcGraph *graph, const ArmcField *field)
{
    int64_t count[ARMC_FIELD_MARKS] = {0};
    for (int64_t e = 0; e < armc_shape_size(field->input->shape); e++)
        count[field->mark[e]]++;
    assert_int_equal(count[ARMC_FIELD_SELF], 1);
    assert_int_equal(field->mark[field->variable], ARMC_FIELD_SELF);
    assert_int_equal(count[ARMC_FIELD_SEEN], field->seen);
    assert_int_equal(count[ARMC_FIELD_BLIND], field->blind);
    assert_int_equal(field->legal, field->seen + field->blind);
    assert_int_equal(field->leaks, 0); /* they are proved */
    assert_int_equal(field->legal, armc_input_rank(graph->inputs[0], field->variable));
}

static void check_gradient(const ArmcField *field, const double *gradient, const char *what)
{
    for (int64_t e = 0; e < armc_shape_size(field->input->shape); e++)
        if (!(gradient[e] <= 0) && !field->sees[e])
            fail_msg("%s: log p of variable %lld has a gradient of %g at %lld, out of its field",
                     what, (long long)field->variable, gradient[e], (long long)e);
}

static void check_subject(const Subject *subject)
{
    for (int64_t v = 0; v < subject->net->variables; v++) {
        ArmcArena *arena = armc_scratch_begin(subject->session);
        ArmcField field = armc_field_find(arena, subject->net->graph, v);
        double *gradient = ARMC_NEW_ARRAY(arena, double, subject->net->variables);
        for (uint64_t n = 0; n < DRAWS; n++) {
            ArmcFieldDraw draw = {v, 5, n, subject->session->kernels};
            armc_field_gradient(arena, subject->net->graph, &draw, gradient);
        }
        check_numbers(subject->net->graph, &field);
        check_gradient(&field, gradient, subject->text);
        armc_scratch_end(subject->session);
    }
}

static void test_gradients_lie_within_the_fields_of_all_models(void **state)
{
    (void)state;
    each_model(worlds, check_subject);
}

/* --- fields that are known --- */

/* `expected` has a character for each variable: # seen, . blind, blank later, ! later and seen,
 * @ itself. */
static void expect_field(Lab *lab, int64_t variable, const char *expected)
{
    static const char character[] = {[ARMC_FIELD_LATER] = ' ',
                                     [ARMC_FIELD_BLIND] = '.',
                                     [ARMC_FIELD_SEEN] = '#',
                                     [ARMC_FIELD_LEAK] = '!',
                                     [ARMC_FIELD_SELF] = '@'};
    char found[32] = "";
    ArmcField field = armc_field_find(lab->arena, lab->graph, variable);
    for (size_t e = 0; e < strlen(expected); e++)
        found[e] = character[field.mark[e]];
    assert_string_equal(found, expected);
    double gradient[32] = {0};
    ArmcFieldDraw draw = {.variable = variable, .seed = 1, .kernels = lab->kernels};
    armc_field_gradient(lab->arena, lab->graph, &draw, gradient);
    for (size_t e = 0; e < strlen(expected); e++)
        assert_true((gradient[e] > 0) == (field.sees[e] == 1));
}

static void test_two_before(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcAttr two = lab_int(2);
    ArmcValue *x = LAB(&lab, "scale", NULL, lab_input(&lab, "x", "6x1", 2));
    model_likelihood(&lab, "bernoulli", LAB(&lab, "shift", &two, x));
    assert_true(armc_graph_finish(lab.graph, NULL));
    expect_field(&lab, 0, "@     ");
    expect_field(&lab, 1, ".@    ");
    expect_field(&lab, 4, "..#.@ ");
    lab_close(&lab);
}

/* By the order of the variables, not by memory. */
static void test_sum_in_another_order(void **state)
{
    (void)state;
    static const int64_t at[] = {3, 1, 0, 2};
    Lab lab;
    lab_open(&lab, 1);
    ArmcValue *x = lab_ordered_input(&lab, "x", "4x1", 3, armc_order_make(lab.arena, 4, at));
    ArmcValue *read = LAB(&lab, "embed", NULL, x, lab_param(&lab, "table", "3x3", NULL));
    model_likelihood(&lab, "categorical", LAB(&lab, "sum_before", NULL, read));
    assert_true(armc_graph_finish(lab.graph, NULL));
    expect_field(&lab, 3, "   @");
    expect_field(&lab, 1, " @ #");
    expect_field(&lab, 2, "##@#");
    lab_close(&lab);
}

/* Nothing is seen where the distribution is the same for all examples. */
static void test_no_field(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    lab_input(&lab, "x", "3x1", 2);
    model_likelihood(&lab, "bernoulli", lab_param(&lab, "logits", "3x1", NULL));
    assert_true(armc_graph_finish(lab.graph, NULL));
    expect_field(&lab, 2, "..@");
    lab_close(&lab);
}

/* What a model without a proof sees and should not. */
static void test_leaks(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcAttr axis = lab_int(0);
    ArmcValue *x = LAB(&lab, "scale", NULL, lab_input(&lab, "x", "5x1", 2));
    model_likelihood(&lab, "bernoulli", LAB(&lab, "flip", &axis, x));
    assert_true(armc_graph_finish(lab.graph, NULL));
    expect_field(&lab, 1, ".@ ! ");
    expect_field(&lab, 2, "..@  ");
    assert_int_equal(armc_field_find(lab.arena, lab.graph, 1).leaks, 1);
    assert_int_equal(armc_field_find(lab.arena, lab.graph, 2).leaks, 1); /* itself */
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients_lie_within_the_fields_of_all_models),
        cmocka_unit_test(test_two_before),
        cmocka_unit_test(test_sum_in_another_order),
        cmocka_unit_test(test_no_field),
        cmocka_unit_test(test_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
