/* Optimisers and what stands around them: each update beside its published formula, in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "runtime/learn/average.h"
#include "runtime/learn/gradient.h"
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
    ArmcBlocks *blocks;
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
    world->blocks =
        armc_blocks_new(world->arena, &world->graph, armc_kernels_choose("generic"), world->pool);
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
    return armc_optim_new(world->arena, world->blocks, armc_optimizer_find(name), hyper);
}

static double target(int i)
{
    return (double)(i % 5) / 4 - 0.5;
}

/* The gradient of the quadratic sum over i of (w - target)²/2; entries 3 mod 100 are dead. */
static void fill_gradient(World *world)
{
    for (int i = 0; i < SIZE; i++)
        world->g[i] = i % 100 == 3 ? 0 : world->param.data[i] - (ArmcReal)target(i);
}

static void take_step(World *world, ArmcOptim *optim, double rate, double scale, int step)
{
    fill_gradient(world);
    armc_optim_step(optim, &(ArmcOptimStep){world->gradient, scale, rate, (uint64_t)step});
}

/* --- the published formulas: one step of one weight, from its gradient --- */

typedef struct Paper {
    double w, g, m, v; /* m and v begin at zero */
    const ArmcHyper *h;
    double decay;
    int step;
} Paper;
typedef void Formula(Paper *p);

/* D. Kingma, J. Ba: Adam, a method for stochastic optimization (2015), algorithm 1, on the gradient
 * of the loss with its penalty. */
static void adam(Paper *p)
{
    const ArmcHyper *h = p->h;
    double g = p->g + p->decay * p->w;
    p->m = h->beta1 * p->m + (1 - h->beta1) * g;
    p->v = h->beta2 * p->v + (1 - h->beta2) * g * g;
    double m = p->m / (1 - pow(h->beta1, p->step)), v = p->v / (1 - pow(h->beta2, p->step));
    p->w -= h->lr * m / (sqrt(v) + h->epsilon);
}

/* I. Loshchilov, F. Hutter: Decoupled weight decay regularization (2019), algorithm 2, where its
 * lambda is lr times our decay. */
static void adamw(Paper *p)
{
    const ArmcHyper *h = p->h;
    double lambda = h->lr * p->decay;
    p->m = h->beta1 * p->m + (1 - h->beta1) * p->g;
    p->v = h->beta2 * p->v + (1 - h->beta2) * p->g * p->g;
    double m = p->m / (1 - pow(h->beta1, p->step)), v = p->v / (1 - pow(h->beta2, p->step));
    p->w -= h->lr * m / (sqrt(v) + h->epsilon) + lambda * p->w;
}

/* T. Tieleman, G. Hinton: Lecture 6.5, rmsprop (2012). */
static void rmsprop(Paper *p)
{
    const ArmcHyper *h = p->h;
    double g = p->g + p->decay * p->w;
    p->v = h->rho * p->v + (1 - h->rho) * g * g;
    p->w -= h->lr * g / (sqrt(p->v) + h->epsilon);
}

/* Heavy ball: B. Polyak (1964), as I. Sutskever et al. (2013) write it in equations 1 and 2:
 * v = mu v - lr g; theta += v. */
static void sgd(Paper *p)
{
    p->v = p->h->momentum * p->v - p->h->lr * (p->g + p->decay * p->w);
    p->w += p->v;
}

/* I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and momentum
 * (2013), equations 3 and 4, the gradient being taken at w = theta + mu v:
 * v' = mu v - lr g(theta + mu v); theta' = theta + v'. */
static void nesterov(Paper *p)
{
    double mu = p->h->momentum, theta = p->w - mu * p->v;
    p->v = mu * p->v - p->h->lr * (p->g + p->decay * p->w);
    theta += p->v;
    p->w = theta + mu * p->v;
}

static double tolerance(void)
{
    return ARMC_REAL_IS_DOUBLE ? 1e-12 : 1e-6;
}

static void follow(const char *name, Formula *formula, double decay, bool decays)
{
    static const int watched[] = {0, 1, 4, 16384, 20001, SIZE - 1};
    enum { WATCHED = sizeof watched / sizeof *watched };
    ArmcHyper hyper = {.lr = 0.01,
                       .momentum = 0.9,
                       .beta1 = 0.9,
                       .beta2 = 0.99,
                       .rho = 0.9,
                       .epsilon = 1e-8,
                       .decay = decay};
    World *world = open_world(2);
    world->param.decay = decays;
    ArmcOptim *optim = optim_of(world, name, &hyper);
    Paper papers[WATCHED];
    for (int i = 0; i < WATCHED; i++)
        papers[i] = (Paper){
            .w = (double)world->param.data[watched[i]], .h = &hyper, .decay = decays ? decay : 0};
    for (int step = 1; step <= STEPS; step++) {
        take_step(world, optim, hyper.lr, 1, step);
        for (int i = 0; i < WATCHED; i++) {
            papers[i].g = papers[i].w - target(watched[i]);
            papers[i].step = step;
            formula(&papers[i]);
            double differs = fabs((double)world->param.data[watched[i]] - papers[i].w);
            if (differs > tolerance())
                fail_msg("%s, step %d, entry %d: %g", name, step, watched[i], differs);
        }
    }
    close_world(world);
}

static void updates_follow_the_published_formulas(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        Formula *formula;
    } cases[] = {{"adam", adam},
                 {"adamw", adamw},
                 {"rmsprop", rmsprop},
                 {"sgd", sgd},
                 {"nesterov", nesterov}};
    size_t rows = 0;
    while (armc_optimizers[rows] != NULL)
        rows++;
    assert_int_equal(rows, sizeof cases / sizeof *cases); /* none is left out */
    for (size_t i = 0; i < rows; i++) {
        follow(cases[i].name, cases[i].formula, 0, true);
        follow(cases[i].name, cases[i].formula, 0.3, true);
        follow(cases[i].name, cases[i].formula, 0.3, false);
    }
}

static void dead_entries_stay_zero(void **state)
{
    (void)state;
    ArmcHyper hyper = {.lr = 0.1,
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .rho = 0.9,
                       .momentum = 0.9,
                       .epsilon = 1e-8,
                       .decay = 0.1};
    for (int row = 0; armc_optimizers[row] != NULL; row++) {
        World *world = open_world(1);
        ArmcOptim *optim = optim_of(world, armc_optimizers[row]->name, &hyper);
        for (int i = 3; i < SIZE; i += 100)
            world->param.data[i] = 0;
        for (int step = 1; step <= 3; step++)
            take_step(world, optim, hyper.lr, 0.5, step);
        for (int i = 3; i < SIZE; i += 100)
            assert_true(world->param.data[i] == 0);
        close_world(world);
    }
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    World *one = open_world(1), *five = open_world(5);
    ArmcHyper hyper = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.1};
    ArmcOptim *a = optim_of(one, "adamw", &hyper), *b = optim_of(five, "adamw", &hyper);
    ArmcGradient *of_one = armc_gradient_new(one->arena, one->blocks, one->gradient, false);
    ArmcGradient *of_five = armc_gradient_new(five->arena, five->blocks, five->gradient, false);
    for (int step = 1; step <= STEPS; step++) {
        take_step(one, a, 0.1, 0.7, step);
        take_step(five, b, 0.1, 0.7, step);
        assert_true(armc_gradient_norm(of_one) == armc_gradient_norm(of_five));
    }
    assert_memory_equal(one->param.data, five->param.data, SIZE * sizeof(ArmcReal));
    close_world(one);
    close_world(five);
}

static void norm_tells_large_from_infinite(void **state)
{
    (void)state;
    World *world = open_world(2);
    ArmcGradient *gradient = armc_gradient_new(world->arena, world->blocks, world->gradient, false);
    world->g[0] = 3;
    world->g[SIZE - 1] = 4;
    assert_true(fabs(armc_gradient_norm(gradient) - 5) < 1e-6);
    world->g[0] = ARMC_R(1e30); /* its square is infinite as a float */
    assert_true(isfinite(armc_gradient_norm(gradient)));
    world->g[1] = (ArmcReal)NAN;
    assert_true(isnan(armc_gradient_norm(gradient)) != 0);
    close_world(world);
}

/* A clipped gradient has the norm that was asked for; a smaller one is left alone. */
static void clipping_scales_the_whole_gradient(void **state)
{
    (void)state;
    assert_true(armc_gradient_clip(5, 0) == 1);
    assert_true(armc_gradient_clip(5, 5) == 1);
    assert_true(fabs(5 * armc_gradient_clip(5, 2) - 2) < 1e-15);
    World *world = open_world(2);
    ArmcHyper hyper = {.lr = 1};
    ArmcOptim *optim = optim_of(world, "sgd", &hyper);
    double before = (double)world->param.data[20000];
    fill_gradient(world);
    double g = (double)world->g[20000];
    take_step(world, optim, 0.5, armc_gradient_clip(100, 25), 1);
    assert_true(fabs((double)world->param.data[20000] - (before - 0.5 * 0.25 * g)) < 1e-6);
    close_world(world);
}

/* Minibatches of 3, 3 and 1 examples: the mean over all seven. */
static void minibatches_add_up_to_the_mean(void **state)
{
    (void)state;
    World *world = open_world(2);
    ArmcGradient *gradient = armc_gradient_new(world->arena, world->blocks, world->gradient, true);
    static const double counts[] = {3, 3, 1}, means[] = {2, -1, 5};
    for (int round = 0; round < 2; round++) { /* the second step begins anew */
        for (int i = 0; i < 3; i++) {
            for (int e = 0; e < SIZE; e++)
                world->g[e] = (ArmcReal)means[i];
            armc_gradient_take(gradient, counts[i] / 7, i == 0);
        }
        const ArmcReal *sum = armc_gradient_get(gradient)[0];
        assert_true(fabs((double)sum[0] - 8.0 / 7) < 1e-6);
        assert_true(fabs((double)sum[SIZE - 1] - 8.0 / 7) < 1e-6);
    }
    close_world(world);
}

static void huge_norms_are_found_and_lasting_rises_followed(void **state)
{
    (void)state;
    ArmcNormMean norms = {0};
    assert_false(armc_norm_is_huge(&norms, 1000, 5)); /* there is nothing to compare with yet */
    norms = (ArmcNormMean){0};
    for (int i = 0; i < 50; i++)
        assert_false(armc_norm_is_huge(&norms, i % 2 == 0 ? 0.5 : 1.5, 5));
    assert_true(fabs(norms.mean - 1) < 1e-12);
    assert_false(armc_norm_is_huge(&norms, 4.9, 5));
    assert_true(armc_norm_is_huge(&norms, 1e30, 5));
    assert_true(norms.mean < 1.3); /* it did not spoil the mean */
    assert_false(armc_norm_is_huge(&norms, 1e30, 0));
    norms = (ArmcNormMean){.count = 500, .mean = 1};
    int skipped = 0;
    while (armc_norm_is_huge(&norms, 20, 5) && skipped < 1000)
        skipped++;
    assert_in_range(skipped, 10, 100);
}

/* Kingma and Ba, section 7.2: the mean of the weights so far, each counting decay times as much as
 * the next, divided by the sum of what they count. */
static void the_mean_of_weights_is_unbiased(void **state)
{
    (void)state;
    World *world = open_world(2);
    ArmcHyper hyper = {.lr = 0.1, .momentum = 0.9};
    ArmcOptim *optim = optim_of(world, "sgd", &hyper);
    ArmcAverage *average = armc_average_new(world->arena, world->blocks, 0.8);
    double sum = 0, counts = 0;
    for (int step = 1; step <= STEPS; step++) {
        take_step(world, optim, 0.1, 1, step);
        armc_average_take(average, (uint64_t)step);
        sum = 0.8 * sum + (double)world->param.data[SIZE - 1];
        counts = 0.8 * counts + 1;
        assert_true(fabs((double)armc_average_get(average, 0)[SIZE - 1] - sum / counts) <
                    tolerance());
    }
    ArmcReal last = world->param.data[SIZE - 1], mean = armc_average_get(average, 0)[SIZE - 1];
    armc_average_swap(average);
    assert_true(world->param.data[SIZE - 1] == mean);
    armc_average_swap(average);
    assert_true(world->param.data[SIZE - 1] == last);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_follow_the_published_formulas),
        cmocka_unit_test(dead_entries_stay_zero),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(norm_tells_large_from_infinite),
        cmocka_unit_test(clipping_scales_the_whole_gradient),
        cmocka_unit_test(minibatches_add_up_to_the_mean),
        cmocka_unit_test(huge_norms_are_found_and_lasting_rises_followed),
        cmocka_unit_test(the_mean_of_weights_is_unbiased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
