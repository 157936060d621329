/* Tests generated from the op table: for each world that a row's probe names, the gradient against
 * central differences, the same bits every time and with every set of kernels, reads against
 * perturbed inputs, and refused shapes. */
#include "tests/unit/gradient.h"
#include "tests/unit/probe.h"

#include <math.h>
#include <string.h>

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

/* --- reads --- */

/* Which (site, group) entries of each input an output entry may depend on. */
typedef struct Listed {
    const ArmcNode *node;
    bool *entry[ARMC_MAX_INPUTS]; /* (sites, groups) */
} Listed;

static int group_of(const ArmcValue *value, int64_t feature)
{
    return value->groups.of ? value->groups.of[feature] : 0;
}

static void list_reads(Listed *listed, int64_t site, int group);

static void list_one(void *context, int input, int64_t site, int group)
{
    Listed *listed = context;
    if (input < 0) { /* a scan's own earlier entry: what that one reads */
        list_reads(listed, site, group);
        return;
    }
    const ArmcValue *value = listed->node->in[input];
    assert_true(input < listed->node->in_count && site >= 0 &&
                site < armc_shape_sites(value->shape));
    assert_true(group >= 0 && group < value->groups.count);
    listed->entry[input][site * value->groups.count + group] = true;
}

/* Elementwise: the same entry, or the only one where an input stretches. */
static void list_same_entry(Listed *listed, int i, int64_t site, int group)
{
    const ArmcValue *in = listed->node->in[i], *out = listed->node->out[0];
    for (int64_t f = 0; f < armc_shape_features(out->shape); f++)
        if (group_of(out, f) == group)
            list_one(listed, i, armc_shape_sites(in->shape) > 1 ? site : 0,
                     group_of(in, armc_shape_features(in->shape) > 1 ? f : 0));
}

static void list_site(Listed *listed, int i, int64_t site)
{
    const ArmcValue *in = listed->node->in[i];
    for (int g = 0; g < in->groups.count; g++)
        list_one(listed, i, armc_shape_sites(in->shape) > 1 ? site : 0, g);
}

/* What the row says, or what its kind implies. */
static void list_reads(Listed *listed, int64_t site, int group)
{
    const ArmcOp *op = listed->node->op;
    if (op->reads) {
        op->reads(listed->node, site, group, list_one, listed);
        return;
    }
    for (int i = 0; i < listed->node->in_count; i++) {
        if (op->flags & ARMC_OP_ELEMENTWISE)
            list_same_entry(listed, i, site, group);
        else if (op->rows_in && op->rows_in[i] == 'r')
            list_site(listed, i, site);
    }
}

static Listed listed_for(Lab *lab, const ArmcNode *node, int64_t site, int group)
{
    Listed listed = {.node = node};
    for (int i = 0; i < node->in_count; i++) {
        const ArmcValue *in = node->in[i];
        listed.entry[i] =
            ARMC_NEW_ARRAY(lab->arena, bool, armc_shape_sites(in->shape) * in->groups.count);
    }
    list_reads(&listed, site, group);
    return listed;
}

static void apply(Lab *lab, const ArmcNode *node, ArmcReal *const *in, ArmcReal *out)
{
    ArmcStepInfo info = {.training = true};
    ArmcCall call = {.node = node, .k = lab->kernels, .info = &info, .batch = 1, .exact = true};
    for (int i = 0; i < node->in_count; i++)
        call.in[i] = in[i];
    call.out[0] = out;
    call.out[1] = ARMC_NEW_ARRAY(lab->arena, ArmcReal, armc_shape_features(node->out[0]->shape));
    armc_apply(&call);
}

/* Fails where an output entry changed that does not list the input entry. */
static void compare_with_reads(Lab *lab, const Probe *probe, const ArmcNode *node,
                               const ArmcReal *before, const ArmcReal *after, int input,
                               int64_t entry)
{
    const ArmcValue *in = node->in[input], *out = node->out[0];
    int64_t width = armc_shape_features(out->shape), in_width = armc_shape_features(in->shape);
    int64_t slot = entry / in_width * in->groups.count + group_of(in, entry % in_width);
    for (int64_t o = 0; o < armc_shape_size(out->shape); o++) {
        if (memcmp(&before[o], &after[o], sizeof before[o]) == 0)
            continue;
        Listed listed = listed_for(lab, node, o / width, group_of(out, o % width));
        if (!listed.entry[input][slot])
            fail_msg(
                "%s, %s: result entry %lld depends on entry %lld of %s, which reads does not list",
                probe->op->name, probe->text, (long long)o, (long long)entry,
                probe->in[input].name);
    }
}

static void check_groups(const ArmcValue *value)
{
    int64_t features = armc_shape_features(value->shape);
    assert_int_equal(value->groups.features, features);
    assert_true(value->groups.count >= 1 && (value->groups.of || value->groups.count == 1));
    for (int64_t f = 0; f < features; f++)
        assert_in_range(group_of(value, f), 0, value->groups.count - 1);
}

static ArmcReal another(const ArmcValue *value, ArmcReal x)
{
    if (!value->levels)
        return x > 0 ? x + ARMC_R(2.5) : x - ARMC_R(2.5);
    return x + 1 < (ArmcReal)value->levels ? x + 1 : 0;
}

static void check_node_reads(Lab *lab, const Probe *probe, const ArmcNode *node)
{
    ArmcReal *in[ARMC_MAX_INPUTS];
    for (int i = 0; i < node->in_count; i++) {
        int64_t size = armc_shape_size(node->in[i]->shape);
        in[i] = ARMC_NEW_ARRAY(lab->arena, ArmcReal, size);
        for (int64_t e = 0; e < size; e++)
            in[i][e] = node->in[i]->levels
                           ? (ArmcReal)lab_level((uint64_t)i, (uint64_t)e, node->in[i]->levels)
                           : (ArmcReal)fabs(lab_random((uint64_t)i, (uint64_t)e));
    }
    int64_t out_size = armc_shape_size(node->out[0]->shape);
    ArmcReal *before = ARMC_NEW_ARRAY(lab->arena, ArmcReal, out_size),
             *after = ARMC_NEW_ARRAY(lab->arena, ArmcReal, out_size);
    apply(lab, node, in, before);
    for (int i = 0; i < node->in_count; i++)
        for (int64_t e = 0; node->in[i]->batched && e < armc_shape_size(node->in[i]->shape); e++) {
            ArmcReal kept = in[i][e];
            in[i][e] = another(node->in[i], kept);
            apply(lab, node, in, after);
            in[i][e] = kept;
            compare_with_reads(lab, probe, node, before, after, i, e);
        }
}

static void check_reads(Lab *lab, const Probe *probe)
{
    ArmcValue *in[ARMC_MAX_INPUTS];
    probe_leaves(lab, probe, false, in);
    ArmcValue *y = lab_call(lab, probe->op->name, probe->attr, probe->in_count, in);
    check_groups(y);
    check_node_reads(lab, probe, y->node);
}

static void test_reads_list_every_dependence(void **state)
{
    (void)state;
    probe_each(1, check_reads);
}

/* A masked product reads what its mask lets through, and no more: 4 groups of inputs, 2 of results.
 */
static void test_masked_matmul_reads_its_live_inputs(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcValue *x = lab_input(&lab, "x", "2x4", 0);
    ArmcValue *w = lab_param(&lab, "w", "4x3",
                             "110"
                             "110"
                             "001"
                             "000");
    ArmcValue *y = LAB(&lab, "matmul", NULL, x, w);
    assert_int_equal(y->groups.count, 2);
    assert_int_equal(group_of(y, 0), group_of(y, 1));
    Listed listed = listed_for(&lab, y->node, 1, group_of(y, 0));
    const bool expected[] = {false, false, false, false, true, true, false, false};
    assert_memory_equal(listed.entry[0], expected, sizeof expected);
    Listed last = listed_for(&lab, y->node, 0, group_of(y, 2));
    const bool expected_last[] = {false, false, true, false, false, false, false, false};
    assert_memory_equal(last.entry[0], expected_last, sizeof expected_last);
    lab_close(&lab);
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
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_reads_list_every_dependence),
        cmocka_unit_test(test_masked_matmul_reads_its_live_inputs),
        cmocka_unit_test(test_shapes_that_do_not_fit),
        cmocka_unit_test(test_weights_are_never_batched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
