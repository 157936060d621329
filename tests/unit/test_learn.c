/* Optimisers, schedules, metrics: known answers. Training as a whole is tested by tests/cli. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "runtime/base/file.h"
#include "runtime/elaborate/command.h"
#include "runtime/learn/metrics.h"
#include "runtime/learn/optim.h"

enum { SIZE = 40000, STEPS = 20 }; /* more than two blocks */

/* A parameter with a gradient of its own, in an arena. */
typedef struct World {
    ArmcFault fault;
    jmp_buf where;
    ArmcArena *arena;
    ArmcPool *pool;
    ArmcParam param;
    ArmcParam *params[1];
    ArmcGraph graph;
    ArmcReal *g;
    const ArmcReal *gradient[1];
} World;

static World *open_world(int threads)
{
    World *world = calloc(1, sizeof *world);
    world->fault.where = &world->where;
    if (setjmp(world->where) != 0)
        fail_msg("%s", world->fault.message);
    world->arena = armc_arena_new(&world->fault);
    world->pool = armc_pool_new(&world->fault, threads);
    world->param = (ArmcParam){.path = "w", .size = SIZE, .live = SIZE, .decay = true};
    world->param.data = ARMC_NEW_ARRAY(world->arena, ArmcReal, SIZE);
    world->params[0] = &world->param;
    world->graph.params = world->params;
    world->graph.param_count = 1;
    world->g = ARMC_NEW_ARRAY(world->arena, ArmcReal, SIZE);
    world->gradient[0] = world->g;
    for (int i = 0; i < SIZE; i++)
        world->param.data[i] = (ArmcReal)(i % 7) / 8 - ARMC_R(0.25);
    return world;
}

static void close_world(World *world)
{
    armc_pool_free(world->pool);
    armc_arena_free(world->arena);
    free(world);
}

static ArmcOptim *optim_of(World *world, const char *name, const ArmcHyper *hyper)
{
    return armc_optim_new(world->arena, &world->graph, armc_optimizer_find(name), hyper,
                          armc_kernels_choose("generic"), world->pool);
}

/* The gradient of the quadratic sum over i of (w - target)²/2, target depending on i; entries 3 mod
 * 100 are dead. */
static void fill_gradient(World *world)
{
    for (int i = 0; i < SIZE; i++)
        world->g[i] = i % 100 == 3 ? 0 : world->param.data[i] - (ArmcReal)(i % 5);
}

static double tolerance(void)
{
    return ARMC_REAL_IS_DOUBLE ? 1e-12 : 2e-5;
}

static void adam_follows_the_published_formula(void **state)
{
    (void)state;
    World *world = open_world(2);
    ArmcHyper hyper = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    ArmcOptim *optim = optim_of(world, "adam", &hyper);
    double w = (double)world->param.data[SIZE - 1], m = 0, v = 0;
    for (int step = 1; step <= STEPS; step++) {
        double g = w - (SIZE - 1) % 5;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        w -= 0.1 * (m / (1 - pow(0.9, step))) / (sqrt(v / (1 - pow(0.999, step))) + 1e-8);
        fill_gradient(world);
        armc_optim_step(optim, world->gradient, hyper.lr, (uint64_t)step);
        assert_true(fabs((double)world->param.data[SIZE - 1] - w) < tolerance());
    }
    close_world(world);
}

static void sgd_follows_momentum_and_decay(void **state)
{
    (void)state;
    World *world = open_world(2);
    ArmcHyper hyper = {.lr = 0.05, .momentum = 0.9, .decay = 0.01};
    ArmcOptim *optim = optim_of(world, "sgd", &hyper);
    double w = (double)world->param.data[SIZE - 1], v = 0;
    for (int step = 1; step <= STEPS; step++) {
        v = 0.9 * v + (w - (SIZE - 1) % 5) + 0.01 * w;
        w -= 0.05 * v;
        fill_gradient(world);
        armc_optim_step(optim, world->gradient, hyper.lr, (uint64_t)step);
        assert_true(fabs((double)world->param.data[SIZE - 1] - w) < tolerance());
    }
    close_world(world);
}

static void dead_entries_stay_zero(void **state)
{
    (void)state;
    World *world = open_world(1);
    ArmcHyper hyper = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.1};
    ArmcOptim *optim = optim_of(world, "adam", &hyper);
    for (int i = 3; i < SIZE; i += 100)
        world->param.data[i] = 0;
    for (int step = 1; step <= 3; step++) {
        fill_gradient(world);
        armc_optim_step(optim, world->gradient, hyper.lr, (uint64_t)step);
    }
    for (int i = 3; i < SIZE; i += 100)
        assert_true(world->param.data[i] == 0);
    close_world(world);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    World *one = open_world(1), *five = open_world(5);
    ArmcHyper hyper = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.1};
    ArmcOptim *a = optim_of(one, "adam", &hyper), *b = optim_of(five, "adam", &hyper);
    for (int step = 1; step <= STEPS; step++) {
        fill_gradient(one);
        fill_gradient(five);
        assert_true(armc_optim_norm(a, one->gradient) == armc_optim_norm(b, five->gradient));
        armc_optim_step(a, one->gradient, 0.1, (uint64_t)step);
        armc_optim_step(b, five->gradient, 0.1, (uint64_t)step);
    }
    assert_memory_equal(one->param.data, five->param.data, SIZE * sizeof(ArmcReal));
    close_world(one);
    close_world(five);
}

static void norm_tells_large_from_infinite(void **state)
{
    (void)state;
    World *world = open_world(2);
    ArmcHyper hyper = {.lr = 1};
    ArmcOptim *optim = optim_of(world, "sgd", &hyper);
    world->g[0] = 3;
    world->g[SIZE - 1] = 4;
    assert_true(fabs(armc_optim_norm(optim, world->gradient) - 5) < 1e-6);
    world->g[0] = ARMC_R(1e30); /* its square is infinite as a float */
    assert_true(isfinite(armc_optim_norm(optim, world->gradient)));
    world->g[1] = (ArmcReal)NAN;
    assert_true(isnan(armc_optim_norm(optim, world->gradient)) != 0);
    close_world(world);
}

static void schedules_have_known_values(void **state)
{
    (void)state;
    const ArmcSchedule *cosine = armc_schedule_find("cosine"),
                       *constant = armc_schedule_find("constant");
    for (uint64_t step = 0; step < 100; step++) {
        assert_true(fabs(cosine->share(step, 100) -
                         0.5 * (1 + cos(3.14159265358979 * (double)step / 100))) < 1e-11);
        assert_true(constant->share(step, 100) == 1);
    }
}

/* A word list stands in the argument of `train`; each word must have its row, and each row its
 * word. */
static void every_word_of_train_has_a_row(void **state)
{
    (void)state;
    const ArmcCommand *const *train = armc_commands;
    while (strcmp((*train)->name, "train") != 0)
        train++;
    for (const ArmcSpec *spec = (*train)->args; spec->kind != ARMC_SPEC_END; spec++) {
        if (spec->symbols == NULL)
            continue;
        char words[100], *rest = NULL;
        snprintf(words, sizeof words, "%s", spec->symbols);
        for (char *word = strtok_r(words, "|", &rest); word != NULL;
             word = strtok_r(NULL, "|", &rest))
            assert_true(armc_optimizer_find(word) != NULL || armc_schedule_find(word) != NULL);
        if (strcmp(spec->name, "optimizer") == 0)
            for (const ArmcOptimizer *const *row = armc_optimizers; *row != NULL; row++)
                assert_non_null(strstr(spec->symbols, (*row)->name));
    }
}

static void metrics_are_continued_with_their_seconds(void **state)
{
    (void)state;
    World *world = open_world(1);
    ArmcMetrics *first = armc_metrics_new(world->arena, 10, "m.csv", "# one\n");
    armc_metrics_rewrite(world->arena, first);
    for (uint64_t step = 1; step <= 250; step++) /* more than a batch: the file grows in between */
        armc_metrics_add(first,
                         (ArmcMetric){step, 1, ARMC_TRAIN, 3.5 + (double)step, (double)step / 10});
    armc_metrics_flush(first);

    ArmcMetrics *second = armc_metrics_new(world->arena, 10, "m.csv", "# two\n");
    for (uint64_t step = 1; step <= 200; step++)
        armc_metrics_add(second, (ArmcMetric){step, 1, ARMC_TRAIN, 3.5 + (double)step, -1});
    second->flushed = second->count;
    armc_metrics_take_seconds(world->arena, second);
    assert_string_equal(second->head, "# one\n");
    assert_true(armc_metrics_seconds(second) == 20);
    armc_metrics_rewrite(world->arena, second);
    size_t length;
    const char *text = armc_file_read(world->arena, "m.csv", &length);
    assert_non_null(strstr(text, "\n200,1,train,203.500000,293.588441,29.358844,20.000\n"));
    assert_null(strstr(text, "\n201,"));
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adam_follows_the_published_formula),
        cmocka_unit_test(sgd_follows_momentum_and_decay),
        cmocka_unit_test(dead_entries_stay_zero),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(norm_tells_large_from_infinite),
        cmocka_unit_test(schedules_have_known_values),
        cmocka_unit_test(every_word_of_train_has_a_row),
        cmocka_unit_test(metrics_are_continued_with_their_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
