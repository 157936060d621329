/* Tests generated from the op table: for each world that a row's probe names, the gradient against
 * central differences, the same bits every time and with every set of kernels, and refused shapes.
 * What ops read is the matter of test_reads.c. */
#include "tests/unit/gradient.h"
#include "tests/unit/probe.h"

#include <math.h>
#include <string.h>

#include "runtime/graph/reads.h"
#include "runtime/graph/sig.h"

enum { BATCH = 3 };

static void test_every_public_op_has_a_probe(void **state)
{
    (void)state;
    for (size_t i = 0; armc_ops[i]; i++)
        if (!(armc_ops[i]->flags & ARMC_OP_INTERNAL) && !armc_ops[i]->probe)
            fail_msg("%s has no probe", armc_ops[i]->name);
}

/* --- gradients --- */

/* The op of a world, differentiated with respect to all its real inputs. */
static void differentiate(Lab *lab, const Probe *probe, bool all_shared, Gradient *g)
{
    int count = 0;
    ArmcValue *in[ARMC_MAX_INPUTS], *at[ARMC_MAX_INPUTS];
    probe_leaves(lab, probe, all_shared, in);
    for (int i = 0; i < probe->in_count; i++)
        if (!in[i]->levels)
            at[count++] = in[i];
    gradient_make(g, lab, lab_call(lab, probe->op->name, probe->attr, probe->in_count, in), count,
                  at);
}

static void check_gradients(Lab *lab, const Probe *probe)
{
    Gradient g;
    differentiate(lab, probe, false, &g);
    gradient_check(&g, armc_arena_printf(lab->arena, "%s, %s", probe->op->name, probe->text));
}

/* What depends on no example: parameters only. */
static void check_shared_gradients(Lab *lab, const Probe *probe)
{
    if (probe_has_levels(probe))
        return;
    Gradient g;
    differentiate(lab, probe, true, &g);
    assert_false(g.y->batched);
    gradient_check(
        &g, armc_arena_printf(lab->arena, "%s, all shared, %s", probe->op->name, probe->text));
}

static void test_gradients(void **state)
{
    (void)state;
    probe_each(BATCH, check_gradients);
}

static void test_gradients_of_what_examples_share(void **state)
{
    (void)state;
    probe_each(BATCH, check_shared_gradients);
}

/* --- gradients with respect to levels --- */

/* What depends on one entry of x lies together in y. With its level as a one-hot vector it is
 * linear in that, so its gradient, summed over the levels, is dy . the sum over k of y(k). */
static void add_level(const Gradient *g, const ArmcReal *dy, int level, double *dx)
{
    int64_t x_count, y_count = lab_entries(&g->forward, g->forward_y);
    ArmcReal *x = lab_data(g->lab, g->at[0], &x_count);
    for (int64_t e = 0; e < x_count; e++)
        x[e] = (ArmcReal)level;
    lab_run(&g->forward);
    const ArmcReal *y = g->forward.of[g->forward_y->id];
    for (int64_t o = 0; o < y_count; o++)
        dx[o / (y_count / x_count)] += (double)dy[o] * (double)y[o];
}

/* `scale` takes a level for a number. */
static double scaled(const Gradient *g, ArmcReal dy)
{
    return (double)dy / (g->at[0]->levels - 1);
}

static void check_level_gradient(Lab *lab, const Probe *probe)
{
    static const char *const one_hot[] = {"one_hot", "embed", "site_embed", NULL};
    ArmcValue *in[ARMC_MAX_INPUTS];
    bool by_scale = strcmp(probe->op->name, "scale") == 0, by_one_hot = false;
    for (int i = 0; one_hot[i]; i++)
        by_one_hot |= strcmp(probe->op->name, one_hot[i]) == 0;
    if (!by_scale && !by_one_hot)
        return;
    Gradient g;
    int64_t x_count, y_count;
    probe_leaves(lab, probe, false, in);
    gradient_make(&g, lab, lab_call(lab, probe->op->name, probe->attr, probe->in_count, in), 1, in);
    const ArmcReal *dy = lab_data(lab, g.dy, &y_count), *dx = g.run.of[g.of[0]->id];
    lab_data(lab, in[0], &x_count);
    double *expected = ARMC_NEW_ARRAY(lab->arena, double, x_count);
    for (int level = 0; by_one_hot && level < in[0]->levels; level++)
        add_level(&g, dy, level, expected);
    for (int64_t e = 0; e < x_count; e++)
        lab_near((double)dx[e], by_scale ? scaled(&g, dy[e]) : expected[e],
                 ARMC_REAL_IS_DOUBLE ? 1e-12 : 1e-5, 1, probe->text, e);
}

static void test_gradients_by_levels(void **state)
{
    (void)state;
    probe_each(BATCH, check_level_gradient);
}

/* --- the same bits --- */

static const ArmcReal *copy_of(const LabRun *run, Lab *lab, const ArmcValue *value)
{
    int64_t entries = lab_entries(run, value);
    ArmcReal *copy = ARMC_NEW_ARRAY(lab->arena, ArmcReal, entries);
    return memcpy(copy, run->of[value->id], (size_t)entries * sizeof *copy);
}

static void run_and_compare(const Gradient *g, const ArmcReal *const *expected, const Probe *probe,
                            const char *why)
{
    lab_run(&g->run);
    for (int i = 0; i <= g->count; i++) {
        const ArmcValue *value = i ? g->of[i - 1] : g->y;
        if (value && memcmp(g->run.of[value->id], expected[i],
                            (size_t)lab_entries(&g->run, value) * sizeof(ArmcReal)) != 0)
            fail_msg("%s, %s: other bits %s", probe->op->name, probe->text, why);
    }
}

static void check_bits(Lab *lab, const Probe *probe)
{
    Gradient g;
    const ArmcReal *expected[GRADIENT_MOST + 1] = {NULL};
    differentiate(lab, probe, false, &g);
    expected[0] = copy_of(&g.run, lab, g.y);
    for (int i = 0; i < g.count; i++)
        expected[i + 1] = g.of[i] ? copy_of(&g.run, lab, g.of[i]) : NULL;
    run_and_compare(&g, expected, probe, "the second time");
    g.run.kernels = armc_kernels_choose("generic");
    run_and_compare(&g, expected, probe, "with generic kernels");
}

static void test_same_bits(void **state)
{
    (void)state;
    probe_each(BATCH, check_bits);
}

/* --- parts of rows --- */

/* The row of one example at a site. */
static ArmcRows rows_at(Lab *lab, const ArmcNode *node, int64_t site, ArmcReal *out)
{
    ArmcRows rows = {.node = node, .k = lab->kernels, .n = 1, .site = site, .out = out};
    rows.sites = armc_rows_sites(node);
    rows.out_step = rows.out_width = armc_shape_features(node->out[0]->shape);
    for (int i = 0; i < node->in_count; i++) {
        int64_t count, size = armc_shape_size(node->in[i]->shape);
        ArmcReal *data = lab_data(lab, node->in[i], &count);
        rows.in_step[i] = rows.in_width[i] = armc_shape_features(node->in[i]->shape);
        rows.in[i] = node->op->rows_in[i] == 'w' ? data : data + size / rows.sites * site;
    }
    return rows;
}

static const void *live_of(Lab *lab, const ArmcNode *node, const ArmcPart *part)
{
    return node->op->live ? node->op->live(lab->arena, node, part) : NULL;
}

/* Neighbours of one group, a part at a time, are the same bits as the whole row. */
static void check_parts(Lab *lab, const Probe *probe)
{
    ArmcValue *in[ARMC_MAX_INPUTS];
    if (!probe->op->part)
        return;
    probe_leaves(lab, probe, false, in);
    const ArmcValue *y = lab_call(lab, probe->op->name, probe->attr, probe->in_count, in);
    int64_t width = armc_shape_features(y->shape);
    ArmcReal *whole = ARMC_NEW_ARRAY(lab->arena, ArmcReal, width),
             *parts = ARMC_NEW_ARRAY(lab->arena, ArmcReal, width);
    for (int64_t site = 0; site < armc_shape_sites(y->shape); site++) {
        ArmcRows rows = rows_at(lab, y->node, site, whole);
        probe->op->rows(&rows);
        rows.out = parts;
        for (ArmcPart part = {0, 0, NULL}; part.end < width; part.begin = part.end) {
            for (part.end++;
                 part.end < width && armc_group_of(y, part.end) == armc_group_of(y, part.begin);)
                part.end++;
            part.live = live_of(lab, y->node, &part);
            probe->op->part(&rows, &part);
        }
        if (memcmp(whole, parts, (size_t)width * sizeof *whole) != 0)
            fail_msg("%s, %s: the parts of site %lld are not the row", probe->op->name, probe->text,
                     (long long)site);
    }
}

static void test_parts_make_the_row(void **state)
{
    (void)state;
    probe_each(1, check_parts);
}

/* --- shapes that don't fit --- */

/* A dimension that another input shares by its letter, or a number: any other size must be refused.
 */
static bool is_bound(const ArmcSig *sig, int input, int dim_from_end)
{
    const ArmcSigShape *shape = &sig->in[input];
    int d = shape->count - 1 - dim_from_end;
    if (shape->any)
        return false;
    for (int i = 0; i < sig->in_count; i++)
        if (i != input && !sig->in[i].any) {
            if (d < 0 && sig->in[i].run)
                return true;
            if (d >= 0 && shape->names[d] &&
                memchr(sig->in[i].names, shape->names[d], (size_t)sig->in[i].count))
                return true;
        }
    return d >= 0 && !shape->names[d];
}

/* The call must be refused with a message that shows every shape, or succeed without one. */
static void call_with(const Probe *from, int input, const char *shape, bool must_fail)
{
    Lab lab;
    Probe probes[PROBE_WORLDS], probe = *from;
    ArmcValue *in[ARMC_MAX_INPUTS];
    lab_open(&lab, BATCH);
    for (size_t w = probe_parse(&lab, from->op, probes); w-- > 0;)
        if (strcmp(probes[w].text, from->text) == 0)
            probe = probes[w];
    probe.in[input].shape = shape;
    probe.in[input].mask = NULL;
    probe_leaves(&lab, &probe, false, in);
    ArmcValue *y = lab_try(&lab, probe.op->name, probe.attr, probe.in_count, in);
    const char *messages = lab_messages(&lab);
    if (must_fail && y)
        fail_msg("%s, %s: %s of shape %s was accepted", probe.op->name, probe.text,
                 probe.in[input].name, shape);
    if (!y != (armc_diags_count(lab.diags) > 0))
        fail_msg("%s, %s: %s of shape %s: %s", probe.op->name, probe.text, probe.in[input].name,
                 shape, messages);
    for (int i = 0; !y && i < probe.in_count; i++) {
        char text[96];
        if (!strstr(messages, armc_shape_text(in[i]->shape, text)))
            fail_msg("%s, %s: no %s in: %s", probe.op->name, probe.text, text, messages);
    }
    lab_close(&lab);
}

static void check_shapes(Lab *lab, const Probe *probe)
{
    ArmcSig sig;
    armc_sig_parse(probe->op->sig, &sig);
    for (int i = 0; i < probe->in_count; i++) {
        ArmcShape shape = lab_shape(probe->in[i].shape);
        for (int d = 0; d < shape.rank; d++) {
            ArmcShape other = shape;
            char text[96];
            other.dims[d] += 2;
            call_with(probe, i, armc_shape_text(other, text),
                      is_bound(&sig, i, shape.rank - 1 - d));
        }
        call_with(probe, i, armc_arena_printf(lab->arena, "2x%s", probe->in[i].shape), false);
        call_with(probe, i, "1", false);
        call_with(probe, i, "7x5x3", false);
        call_with(probe, i, "", false);
    }
}

static void test_shapes_that_do_not_fit(void **state)
{
    (void)state;
    probe_each(BATCH, check_shapes);
}

/* Weights are the same for all examples: something that differs between them can't stand there. */
static void check_weights_are_shared(Lab *lab, const Probe *probe)
{
    ArmcValue *in[ARMC_MAX_INPUTS];
    for (int i = 0; probe->op->rows_in && i < probe->in_count; i++) {
        if (probe->op->rows_in[i] == 'r')
            continue;
        probe_leaves(lab, probe, false, in);
        in[i] = lab_input(lab, "batched", probe->in[i].shape, 0);
        if (lab_try(lab, probe->op->name, probe->attr, probe->in_count, in))
            fail_msg("%s takes a batched %s", probe->op->name, probe->in[i].name);
        assert_true(armc_diags_count(lab->diags) > 0);
    }
}

static void test_weights_are_never_batched(void **state)
{
    (void)state;
    probe_each(BATCH, check_weights_are_shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_public_op_has_a_probe),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_gradients_of_what_examples_share),
        cmocka_unit_test(test_gradients_by_levels),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_parts_make_the_row),
        cmocka_unit_test(test_shapes_that_do_not_fit),
        cmocka_unit_test(test_weights_are_never_batched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
