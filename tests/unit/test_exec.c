/* Programs: fused and unfused runs agree, gradients are those of the likelihood, and bits don't
 * depend on threads. */
#include "tests/unit/probe.h"
#include "tests/unit/programs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/rng.h"

enum { BATCH = 300 };

static const int64_t sizes[] = {1, 3, 17, 40, BATCH};

/* --- fused and unfused --- */

static void compare_ways(const Model *model, int64_t n, int64_t batch, ArmcPool *pool)
{
    Lab lab;
    model_open(&lab, model, BATCH);
    Outcome slow = train(&lab, (Way){.batch = n, .unfused = true}, n, pool);
    Outcome fast = train(&lab, (Way){.batch = batch}, n, pool);
    Outcome exact = train(&lab, (Way){.batch = batch, .exact = true}, n, pool);
    const char *what =
        armc_arena_printf(lab.arena, "%s, %d of %d", model->name, (int)n, (int)batch);
    assert_outcomes_close(&lab, &fast, &slow, what);
    assert_outcomes_close(&lab, &exact, &slow, armc_arena_printf(lab.arena, "exact %s", what));
    for (int64_t each = 1; each <= 5; each += 4) {
        Outcome deep = train(&lab, (Way){.batch = batch, .each = each}, n, pool);
        assert_outcomes_close(&lab, &deep, &slow, armc_arena_printf(lab.arena, "deep %s", what));
    }
    lab_close(&lab);
}

static void test_fused_as_unfused(void **state)
{
    ArmcPool *pool = *state;
    for (const Model *model = models; model->name; model++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            compare_ways(model, sizes[i], sizes[i], pool);
            compare_ways(model, sizes[i], sizes[i] + 7, pool);
        }
}

/* --- against the graph as it was built, one node at a time --- */

static void check_plain(Lab *lab, const char *name, ArmcPool *pool)
{
    const ArmcValue *nll[2];
    ArmcProgram *eval = start(lab, (Way){.kind = ARMC_PROGRAM_EVAL, .batch = BATCH}, pool);
    step(lab, eval, BATCH);
    for (size_t l = 0; l < lab->graph->likelihood_count; l++) {
        const ArmcLikelihood *part = lab->graph->likelihoods[l];
        nll[l] = armc_graph_append(lab->graph, part->dist->nll, 2,
                                   (ArmcValue *[]){part->params, part->target}, NULL, NULL);
    }
    LabRun plain = lab_prepare_plain(lab);
    lab_run(&plain);
    int64_t variables = armc_shape_size(lab->graph->inputs[0]->shape);
    for (size_t l = 0; l < lab->graph->likelihood_count; l++) {
        const ArmcLikelihood *part = lab->graph->likelihoods[l];
        for (int64_t i = 0; i < BATCH * part->count; i++) {
            int64_t variable = part->entries ? part->entries[i % part->count] : i % part->count;
            int64_t at = i / part->count * variables + variable;
            lab_near((double)armc_program_nll(eval)[at], (double)plain.of[nll[l]->id][i], CLOSE, 1,
                     name, at);
        }
    }
}

static void test_programs_compute_what_the_graph_says(void **state)
{
    for (const Model *model = models; model->name; model++) {
        Lab lab;
        if (model->draws)
            continue;
        model_open(&lab, model, BATCH);
        check_plain(&lab, model->name, *state);
        lab_close(&lab);
    }
}

/* --- gradients --- */

static double mean_nll(Lab *lab, ArmcProgram *eval, int64_t n)
{
    step(lab, eval, n);
    const ArmcReal *nll = armc_program_nll(eval);
    double sum = 0;
    for (int64_t i = 0; i < n * armc_shape_size(lab->graph->inputs[0]->shape); i++)
        sum += (double)nll[i];
    return sum / (double)n;
}

static double difference(Lab *lab, ArmcProgram *eval, ArmcReal *entry, int64_t n)
{
    const ArmcReal kept = *entry, h = ARMC_R(1e-5);
    *entry = kept + h;
    double above = mean_nll(lab, eval, n);
    *entry = kept - h;
    double below = mean_nll(lab, eval, n);
    *entry = kept;
    return (above - below) / (2 * (double)h);
}

/* A few dozen entries of each parameter; dead ones have no gradient. */
static void check_gradients(Lab *lab, const char *name, int64_t n, ArmcPool *pool)
{
    enum { SOME = 24 };
    Outcome o = train(lab, (Way){.batch = n + 2}, n, pool);
    ArmcProgram *eval = start(lab, (Way){.kind = ARMC_PROGRAM_EVAL, .batch = n}, pool);
    for (size_t p = 0; p < o.params; p++) {
        const ArmcParam *param = lab->graph->params[p];
        const char *what = armc_arena_printf(lab->arena, "%s, d%s", name, param->path);
        int64_t stride = param->size / SOME + 1;
        for (int64_t e = 0; e < param->size; e += stride) {
            double found = o.gradient[p] ? (double)o.gradient[p][e] : 0;
            bool live = !param->mask || param->mask[e];
            lab_near(found, live ? difference(lab, eval, &param->data[e], n) : 0, 1e-6, 1e-2, what,
                     e);
        }
    }
}

static void test_gradients_of_the_likelihood(void **state)
{
    if (!ARMC_REAL_IS_DOUBLE)
        return;
    for (const Model *model = models; model->name; model++) {
        Lab lab;
        if (model->draws)
            continue;
        model_open(&lab, model, BATCH);
        check_gradients(&lab, model->name, 3, *state);
        lab_close(&lab);
    }
}

/* --- every op inside a program --- */

/* What a batched input becomes: the input with a parameter in it, so that gradients flow through
 * the op to somewhere. */
static ArmcValue *with_parameter(Lab *lab, const ProbeInput *from, ArmcValue *input)
{
    ArmcValue *param =
        lab_param(lab, armc_arena_printf(lab->arena, "p.%s", from->name), from->shape, NULL);
    if (from->positive)
        param = LAB(lab, "square", NULL, param);
    return LAB(lab, "add", NULL, input, param);
}

static ArmcValue *call_probe(Lab *lab, const Probe *probe)
{
    ArmcValue *in[ARMC_MAX_INPUTS];
    probe_leaves(lab, probe, false, in);
    for (int i = 0; i < probe->in_count; i++)
        if (in[i]->batched && !in[i]->levels)
            in[i] = with_parameter(lab, &probe->in[i], in[i]);
    return lab_call(lab, probe->op->name, probe->attr, probe->in_count, in);
}

/* A model with the op in its middle: its result, made small, are the logits of as many bits as it
 * has entries. */
static void check_op(Lab *sketch, const Probe *probe)
{
    int64_t variables = armc_shape_size(call_probe(sketch, probe)->shape);
    ArmcFault fault = {0};
    ArmcPool *pool = armc_pool_new(&fault, 2);
    Lab lab;
    lab_open(&lab, BATCH);
    lab_fill(&lab,
             lab_input(&lab, "image", armc_arena_printf(sketch->arena, "%dx1", (int)variables), 2),
             77);
    model_likelihood(&lab, "bernoulli", LAB(&lab, "tanh", NULL, call_probe(&lab, probe)));
    assert_true(armc_graph_finish(lab.graph, NULL));
    const char *what = armc_arena_printf(lab.arena, "%s, %s", probe->op->name, probe->text);
    Outcome slow = train(&lab, (Way){.batch = 17, .unfused = true}, 17, pool);
    Outcome fast = train(&lab, (Way){.batch = 20}, 17, pool);
    Outcome deep = train(&lab, (Way){.batch = 20, .each = 3}, 17, pool);
    assert_outcomes_close(&lab, &fast, &slow, what);
    assert_outcomes_close(&lab, &deep, &slow, armc_arena_printf(lab.arena, "deep %s", what));
    if (ARMC_REAL_IS_DOUBLE && !(probe->op->flags & ARMC_OP_TRAIN_ONLY))
        check_gradients(&lab, what, 3, pool);
    lab_close(&lab);
    armc_pool_free(pool);
}

static void test_every_op_in_a_program(void **state)
{
    (void)state;
    probe_each(1, check_op);
}

/* --- bits --- */

static void check_threads(const Model *model, Way way, int64_t n, ArmcPool *const pools[3])
{
    Lab lab;
    model_open(&lab, model, BATCH);
    Outcome one = train(&lab, way, n, pools[0]);
    for (int i = 1; i < 3; i++) {
        Outcome more = train(&lab, way, n, pools[i]);
        assert_outcomes_equal(&lab, &more, &one,
                              armc_arena_printf(lab.arena, "%s, %d threads", model->name,
                                                armc_pool_threads(pools[i])));
    }
    lab_close(&lab);
}

static bool everybody_worked(const ArmcPool *pool)
{
    for (int worker = 0; worker < armc_pool_threads(pool); worker++)
        if (armc_pool_tasks_run(pool, worker) == 0)
            return false;
    return true;
}

/* On a busy machine a thread may sleep through a few steps: more of them are run until each has had
 * a task. */
static void wake_everybody(ArmcPool *pool)
{
    enum { PATIENCE = 20000 };
    Lab lab;
    model_open(&lab, &models[0], BATCH);
    ArmcProgram *program = start(&lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = BATCH}, pool);
    for (int i = 0; i < PATIENCE && !everybody_worked(pool); i++)
        step(&lab, program, BATCH);
    lab_close(&lab);
    if (!everybody_worked(pool))
        fail_msg("one of %d threads never ran a task", armc_pool_threads(pool));
}

static void test_bits_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    ArmcFault fault = {0};
    ArmcPool *pools[3] = {armc_pool_new(&fault, 1), armc_pool_new(&fault, 2),
                          armc_pool_new(&fault, 5)};
    for (const Model *model = models; model->name; model++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            check_threads(model, (Way){.batch = BATCH}, sizes[i], pools);
            check_threads(model, (Way){.batch = BATCH, .each = 3}, sizes[i], pools);
        }
    for (int i = 0; i < 3; i++) {
        wake_everybody(pools[i]);
        armc_pool_free(pools[i]);
    }
}

/* A step leaves nothing behind: after a full batch a short one gives what it gives at first. */
static void test_steps_leave_nothing_behind(void **state)
{
    for (const Model *model = models; model->name; model++) {
        Lab lab;
        model_open(&lab, model, BATCH);
        ArmcProgram *program =
            start(&lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = BATCH}, *state);
        step(&lab, program, 3);
        Outcome first = outcome_of(&lab, program, 3);
        step(&lab, program, BATCH);
        step(&lab, program, 3);
        Outcome again = outcome_of(&lab, program, 3);
        assert_outcomes_equal(&lab, &again, &first, model->name);
        lab_close(&lab);
    }
}

/* With fixed-order kernels the bits are the same on any machine: generic code stands for all of
 * them. */
static void test_exact_bits_are_the_same_for_any_kernels(void **state)
{
    for (const Model *model = models; model->name; model++) {
        Lab lab;
        model_open(&lab, model, BATCH);
        Outcome best = train(&lab, (Way){.batch = 40, .exact = true}, 40, *state);
        lab.kernels = armc_kernels_choose("generic");
        Outcome generic = train(&lab, (Way){.batch = 40, .exact = true}, 40, *state);
        assert_outcomes_equal(&lab, &generic, &best, model->name);
        lab_close(&lab);
    }
}

/* What is dropped depends on which example of the data it is, not on its row in the batch. */
static void test_dropout_follows_the_example(void **state)
{
    enum { N = 4 };
    const int64_t examples[N] = {7, 9, 7, 1000000};
    ArmcStepInfo info = {.seed = 5, .epoch = 2, .example = examples, .training = true};
    const Model *model = models;
    while (!model->draws)
        model++;
    Lab lab;
    model_open(&lab, model, BATCH);
    ArmcProgram *program = start(&lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = N}, *state);
    armc_program_run(program, &info, N); /* four times the same x: zeros */
    const size_t row = 9;
    const ArmcReal *nll = armc_program_nll(program);
    assert_memory_equal(nll, nll + 2 * row, row * sizeof *nll);
    assert_memory_not_equal(nll, nll + row, row * sizeof *nll);
    assert_memory_not_equal(nll, nll + 3 * row, row * sizeof *nll);
    lab_close(&lab);
}

/* --- the distributions' parameters --- */

/* -log p of level x under one variable's parameters. */
static double nll_of(const ArmcReal *params, int64_t width, int x)
{
    double total = 0;
    if (width == 1) /* one logit: that of level 1 */
        return log1p(exp(x ? -(double)params[0] : (double)params[0]));
    for (int64_t i = 0; i < width; i++)
        total += exp((double)params[i] - (double)params[x]);
    return log(total);
}

static void check_params(Lab *lab, const char *name, int64_t each, ArmcPool *pool)
{
    int64_t n = 17, variables = armc_shape_size(lab->graph->inputs[0]->shape);
    ArmcProgram *eval =
        start(lab, (Way){.kind = ARMC_PROGRAM_EVAL, .batch = 20, .each = each}, pool);
    ArmcProgram *params =
        start(lab, (Way){.kind = ARMC_PROGRAM_PARAMS, .batch = 20, .each = each}, pool);
    step(lab, eval, n);
    step(lab, params, n);
    for (size_t l = 0; l < lab->graph->likelihood_count; l++) {
        const ArmcLikelihood *part = lab->graph->likelihoods[l];
        int64_t width = part->dist->width(lab->graph->inputs[0]->levels);
        const ArmcReal *of = armc_program_params(params, l);
        for (int64_t i = 0; i < n * part->count; i++) {
            int64_t variable = part->entries ? part->entries[i % part->count] : i % part->count;
            int64_t at = i / part->count * variables + variable;
            lab_near((double)armc_program_nll(eval)[at],
                     nll_of(of + i * width, width, (int)lab->input_of[0][at]), CLOSE, 1, name, at);
        }
    }
}

static void test_parameters_give_the_likelihood(void **state)
{
    for (const Model *model = models; model->name; model++) {
        Lab lab;
        model_open(&lab, model, BATCH);
        check_params(&lab, model->name, 0, *state);
        check_params(&lab, model->name, 3, *state);
        lab_close(&lab);
    }
}

/* --- blame --- */

static const ArmcNode *blame(Lab *lab, int64_t each, ArmcPool *pool)
{
    ArmcStepInfo info = {.seed = 5, .epoch = 2, .training = true};
    ArmcProgram *program =
        start(lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = BATCH, .each = each}, pool);
    step(lab, program, 17);
    return armc_program_blame(lab->arena, program, &info, 17);
}

static void test_blame_finds_a_parameter(void **state)
{
    Lab lab;
    model_open(&lab, &models[0], BATCH);
    assert_null(blame(&lab, 0, *state));
    assert_null(blame(&lab, 3, *state));
    lab.graph->params[2]->data[7] = ARMC_R(NAN);
    for (int64_t each = 0; each <= 3; each += 3) {
        const ArmcNode *node = blame(&lab, each, *state);
        assert_non_null(node);
        assert_string_equal(node->op->name, "parameter");
        assert_ptr_equal(node->leaf, lab.graph->params[2]);
    }
    lab_close(&lab);
}

/* exp overflows long after everything else is fine. */
static void test_blame_finds_an_overflow(void **state)
{
    Lab lab;
    lab_open(&lab, BATCH);
    ArmcAttr factor = lab_real(1e4);
    ArmcValue *x = LAB(&lab, "scale", NULL, lab_input(&lab, "image", "4x1", 2));
    ArmcValue *large =
        LAB(&lab, "times", &factor, LAB(&lab, "add", NULL, x, lab_param(&lab, "p", "4x1", NULL)));
    model_likelihood(&lab, "bernoulli", LAB(&lab, "neg", NULL, LAB(&lab, "exp", NULL, large)));
    lab.graph->params[0]->data[2] = 5;
    for (int64_t each = 0; each <= 3; each += 3) {
        const ArmcNode *node = blame(&lab, each, *state);
        assert_non_null(node);
        assert_string_equal(node->op->name, "exp");
    }
    lab_close(&lab);
}

/* --- memory, and the plan --- */

/* The result of the layer normalisation isn't kept, as its input is: the same bits, as
 * compare_ways finds. */
static void test_what_is_cheap_is_computed_again(void **state)
{
    const Model *model = models;
    while (strcmp(model->name, "normalised") != 0)
        model++;
    Lab lab;
    model_open(&lab, model, BATCH);
    for (int64_t each = 0; each <= 3; each += 3) {
        Way way = {.kind = ARMC_PROGRAM_TRAIN, .batch = BATCH, .each = each};
        const ArmcPlan *plan = armc_program_plan(start(&lab, way, *state));
        assert_int_equal(plan->again_bytes > 0, each > 0);
    }
    lab_close(&lab);
}

/* True when compiling and preparing ran through; false when the allocation-th allocation was made
 * to fail. */
static bool survives(const Model *model, long allocation, ArmcPool *pool)
{
    Lab lab;
    jmp_buf where;
    model_open(&lab, model, 1);
    lab.fault.where = &where;
    lab.fault.allocations_left = allocation;
    volatile bool done = false;
    if (setjmp(where) == 0) {
        start(&lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = BATCH}, pool);
        done = true;
    } else {
        assert_int_equal(lab.fault.status, ARMC_RESOURCE);
    }
    lab_close(&lab);
    return done;
}

static void test_any_allocation_may_fail(void **state)
{
    long failures = 0;
    for (const Model *model = models; model->name; model++)
        for (long allocation = 1; !survives(model, allocation, *state); allocation++)
            failures++;
    assert_true(failures > 10);
}

static void test_the_plan_counts(void **state)
{
    Lab lab;
    const Model *model = models;
    while (strcmp(model->name, "dense_masked") != 0)
        model++;
    model_open(&lab, model, BATCH);
    ArmcProgram *program = start(&lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = BATCH}, *state);
    const ArmcPlan *plan = armc_program_plan(program);
    int64_t live = lab.graph->params[0]->live;
    assert_int_equal(plan->parameters, live + 6 + 6 * 7 + 7 * 16);
    assert_int_equal(plan->multiply_adds, live + 6 * 7 + 7 * 16);
    assert_int_equal(plan->parameter_bytes, (24 + 6 + 42 + 112) * (int64_t)sizeof(ArmcReal));
    assert_true(plan->activation_bytes > 0);
    lab_close(&lab);
}

/* A scan over parameters runs alone, in scratch that no region asked for. */
static void test_a_scan_that_runs_alone_has_scratch(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    lab_input(&lab, "image", "2x1", 2);
    ArmcValue *sum = LAB(&lab, "sum_before", NULL, lab_param(&lab, "p", "2x500", NULL));
    model_likelihood(&lab, "bernoulli", LAB(&lab, "sum_features", NULL, sum));
    ArmcProgram *program = start(&lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = 1}, *state);
    assert_true(armc_program_plan(program)->scratch_bytes >= 500 * (int64_t)sizeof(ArmcReal));
    lab_close(&lab);
}

/* Forward and backward of NADE are one pass over the sites: this is what makes it fast. */
static void test_nade_is_one_region(void **state)
{
    for (int i = 0; i < 3; i++) {
        Lab lab;
        ArmcBuf text;
        model_open(&lab, &models[i], BATCH);
        armc_buf_init(&text, &lab.fault);
        armc_program_describe(
            start(&lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = BATCH}, *state), &text);
        assert_non_null(strstr(text.data, "sites"));
        assert_ptr_equal(strchr(text.data, '\n'), text.data + text.length - 1);
        armc_buf_clear(&text);
        lab_close(&lab);
    }
}

static size_t times_in(const char *text, const char *word)
{
    size_t times = 0;
    while ((text = strstr(text, word)) != NULL) {
        times++;
        text += strlen(word);
    }
    return times;
}

/* What a residual connection adds is added by who makes the other part: forward by the convolution,
 * backward by the normalisation. Not where rows of one lie in the region and of the other outside,
 * 80 and 70 entries apart, nor twice the same. */
static void test_residual_sums_are_joined(void **state)
{
    Lab lab;
    ArmcBuf text;
    const Model *model = models;
    while (strcmp(model->name, "residual_blocks") != 0)
        model++;
    model_open(&lab, model, BATCH);
    armc_buf_init(&text, &lab.fault);
    armc_program_describe(
        start(&lab, (Way){.kind = ARMC_PROGRAM_TRAIN, .batch = BATCH, .exact = true}, *state),
        &text);
    assert_int_equal(times_in(text.data, "conv2d_point_bias+add"), 2);
    assert_int_equal(times_in(text.data, "normalise_affine_dx+add"), 3);
    armc_buf_clear(&text);
    lab_close(&lab);
}

static int make_pool(void **state)
{
    static ArmcFault fault;
    *state = armc_pool_new(&fault, 2);
    return 0;
}

static int free_pool(void **state)
{
    armc_pool_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fused_as_unfused),
        cmocka_unit_test(test_programs_compute_what_the_graph_says),
        cmocka_unit_test(test_gradients_of_the_likelihood),
        cmocka_unit_test(test_every_op_in_a_program),
        cmocka_unit_test(test_bits_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(test_exact_bits_are_the_same_for_any_kernels),
        cmocka_unit_test(test_dropout_follows_the_example),
        cmocka_unit_test(test_steps_leave_nothing_behind),
        cmocka_unit_test(test_parameters_give_the_likelihood),
        cmocka_unit_test(test_blame_finds_a_parameter),
        cmocka_unit_test(test_blame_finds_an_overflow),
        cmocka_unit_test(test_any_allocation_may_fail),
        cmocka_unit_test(test_the_plan_counts),
        cmocka_unit_test(test_what_is_cheap_is_computed_again),
        cmocka_unit_test(test_a_scan_that_runs_alone_has_scratch),
        cmocka_unit_test(test_nade_is_one_region),
        cmocka_unit_test(test_residual_sums_are_joined),
    };
    return cmocka_run_group_tests(tests, make_pool, free_pool);
}
