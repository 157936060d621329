#include "tests/unit/gradient.h"

#include <math.h>

static void compile(Gradient *g, ArmcValue *y)
{
    ArmcValue *values[GRADIENT_MOST + 1] = {y};
    for (int i = 0; i < g->count; i++)
        values[i + 1] = g->of[i];
    ArmcOutputs outputs = {values, (size_t)g->count + 1};
    g->run = lab_prepare(g->lab, &outputs);
    g->y = values[0];
    for (int i = 0; i < g->count; i++)
        g->of[i] = values[i + 1];
    g->forward_y = y;
    outputs = (ArmcOutputs){&g->forward_y, 1};
    g->forward = lab_prepare(g->lab, &outputs);
}

void gradient_make(Gradient *g, Lab *lab, ArmcValue *y, int count, ArmcValue *const *at)
{
    char shape[96];
    armc_shape_text(y->shape, shape);
    ArmcValue *dy = y->batched ? lab_input(lab, "dy", shape, 0) : lab_param(lab, "dy", shape, NULL);
    lab_fill(lab, dy, 99);
    *g = (Gradient){.lab = lab, .dy = dy, .count = count};
    assert_true(count <= GRADIENT_MOST);
    for (int i = 0; i < count; i++)
        g->at[i] = at[i];
    armc_differentiate(lab->graph, 1, &y, &dy, (size_t)count, g->at, g->of);
    compile(g, y);
    lab_run(&g->run);
}

static double scalar(const Gradient *g)
{
    lab_run(&g->forward);
    int64_t count;
    const ArmcReal *y = g->forward.of[g->forward_y->id], *dy = lab_data(g->lab, g->dy, &count);
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (double)y[i] * (double)dy[i];
    return sum;
}

static double central_difference(const Gradient *g, ArmcReal *entry)
{
    const ArmcReal kept = *entry, h = ARMC_R(1e-5);
    *entry = kept + h;
    double above = scalar(g);
    *entry = kept - h;
    double below = scalar(g);
    *entry = kept;
    return (above - below) / (2 * (double)h);
}

static void check_one(const Gradient *g, int i, const char *what)
{
    int64_t count;
    ArmcReal *data = lab_data(g->lab, g->at[i], &count);
    const ArmcValue *gradient = g->of[i];
    if (gradient)
        assert_int_equal(lab_entries(&g->run, gradient), count);
    for (int64_t e = 0; e < count; e++) {
        if (g->at[i]->mask && !g->at[i]->mask[e])
            continue; /* a structural zero never moves */
        double found = gradient ? (double)g->run.of[gradient->id][e] : 0;
        if (ARMC_REAL_IS_DOUBLE)
            lab_near(found, central_difference(g, &data[e]), 1e-6, 1e-3, what, e);
        else if (!isfinite(found))
            fail_msg("%s, entry %lld is not finite", what, (long long)e);
    }
}

void gradient_check(const Gradient *g, const char *what)
{
    for (int i = 0; i < g->count; i++)
        check_one(g, i, armc_arena_printf(g->lab->arena, "%s, gradient %d", what, i));
}
