/* What ops read, generated from the op table: in each world that a row's probe names every input
 * entry is changed, over several draws of inputs and weights. A result entry that changes must list
 * the input entry (soundness); an entry that is listed must change the result in at least one draw
 * (tightness); groups are as large as they can be. */
#include "tests/unit/probe.h"

#include <math.h>
#include <string.h>

#include "runtime/graph/groups.h"
#include "runtime/graph/reads.h"

/* Ops that list more than what changes their result, and why; three at most. */
static const struct {
    const char *op, *reason;
} excused[] = {{NULL, NULL}};

enum { MOST_EXCUSED = 3, DRAWS = ARMC_REAL_IS_DOUBLE ? 20 : 3 };

/* One node, and which entries (site, group) of each input each entry of the result lists and is
 * moved by: [result entry * slots + slot], slot = site * groups + group. */
typedef struct World {
    Lab *lab;
    const Probe *probe;
    const ArmcNode *node;
    int64_t slots[ARMC_MAX_INPUTS];
    bool *listed[ARMC_MAX_INPUTS], *moved[ARMC_MAX_INPUTS];
    ArmcReal *in[ARMC_MAX_INPUTS], *before, *after, *state[ARMC_MAX_OUTPUTS - 1];
    int64_t entry; /* while its reads are listed */
} World;

static bool is_excused(const char *op)
{
    for (size_t i = 0; excused[i].op; i++)
        if (strcmp(excused[i].op, op) == 0)
            return true;
    return false;
}

/* --- what is listed --- */

static void list_one(void *context, int input, int64_t site, int group)
{
    World *w = context;
    if (input < 0) { /* a scan's own earlier entry: what that one reads */
        armc_reads(w->node, site, group, list_one, w);
        return;
    }
    assert_true(input < w->node->in_count);
    const ArmcValue *in = w->node->in[input];
    assert_true(in->batched && site >= 0 && site < armc_shape_sites(in->shape));
    assert_in_range(group, 0, in->groups.count - 1);
    w->listed[input][w->entry * w->slots[input] + site * in->groups.count + group] = true;
}

static void open_world(World *w, Lab *lab, const Probe *probe, const ArmcNode *node)
{
    const ArmcValue *out = node->out[0];
    int64_t size = armc_shape_size(out->shape), width = armc_shape_features(out->shape);
    *w = (World){.lab = lab, .probe = probe, .node = node};
    w->before = ARMC_NEW_ARRAY(lab->arena, ArmcReal, size);
    w->after = ARMC_NEW_ARRAY(lab->arena, ArmcReal, size);
    for (int k = 0; k + 1 < ARMC_MAX_OUTPUTS; k++) {
        int64_t entries =
            k + 1 < node->out_count ? armc_shape_size(node->out[k + 1]->shape) : width;
        w->state[k] = ARMC_NEW_ARRAY(lab->arena, ArmcReal, entries);
    }
    for (int i = 0; i < node->in_count; i++) {
        ArmcShape shape = node->in[i]->shape;
        w->slots[i] = armc_shape_sites(shape) * node->in[i]->groups.count;
        w->listed[i] = ARMC_NEW_ARRAY(lab->arena, bool, size * w->slots[i]);
        w->moved[i] = ARMC_NEW_ARRAY(lab->arena, bool, size * w->slots[i]);
        w->in[i] = ARMC_NEW_ARRAY(lab->arena, ArmcReal, armc_shape_size(shape));
    }
    for (w->entry = 0; w->entry < size; w->entry++)
        armc_reads(node, w->entry / width, armc_group_of(out, w->entry % width), list_one, w);
}

/* --- what moves --- */

/* Positive numbers, so that logarithms and roots exist. */
static void fill_input(const ArmcValue *value, uint64_t stream, ArmcReal *data)
{
    for (int64_t e = 0; e < armc_shape_size(value->shape); e++)
        data[e] = value->levels ? (ArmcReal)lab_level(stream, (uint64_t)e, value->levels)
                                : (ArmcReal)fabs(lab_random(stream, (uint64_t)e));
    probe_clear_dead(value, data);
}

static void apply(World *w, uint64_t draw, ArmcReal *out)
{
    ArmcStepInfo info = {.seed = draw, .training = true};
    ArmcCall call = {.node = w->node, .k = w->lab->kernels, .info = &info, .batch = 1};
    call.exact = true;
    for (int i = 0; i < w->node->in_count; i++)
        call.in[i] = w->in[i];
    call.out[0] = out;
    for (int k = 0; k + 1 < ARMC_MAX_OUTPUTS; k++)
        call.out[k + 1] = w->state[k];
    memset(w->state[0], 0, (size_t)armc_shape_features(w->node->out[0]->shape) * sizeof(ArmcReal));
    armc_apply(&call);
}

static ArmcReal another(const ArmcValue *value, ArmcReal x)
{
    if (!value->levels)
        return x + ARMC_R(2.5);
    return x + 1 < (ArmcReal)value->levels ? x + 1 : 0;
}

static void note_moved(World *w, int input, int64_t entry)
{
    const ArmcValue *in = w->node->in[input];
    int64_t width = armc_shape_features(in->shape);
    int64_t slot = entry / width * in->groups.count + armc_group_of(in, entry % width);
    for (int64_t o = 0; o < armc_shape_size(w->node->out[0]->shape); o++) {
        if (memcmp(&w->before[o], &w->after[o], sizeof w->before[o]) == 0)
            continue;
        w->moved[input][o * w->slots[input] + slot] = true;
        if (!w->listed[input][o * w->slots[input] + slot])
            fail_msg("%s, %s: result entry %lld depends on entry %lld of %s, which is not listed",
                     w->probe->op->name, w->probe->text, (long long)o, (long long)entry,
                     w->probe->in[input].name);
    }
}

static void change_every_entry(World *w, uint64_t draw)
{
    for (int i = 0; i < w->node->in_count; i++)
        fill_input(w->node->in[i], draw * ARMC_MAX_INPUTS + (uint64_t)i, w->in[i]);
    apply(w, draw, w->before);
    for (int i = 0; i < w->node->in_count; i++) {
        const ArmcValue *in = w->node->in[i];
        for (int64_t e = 0; in->batched && e < armc_shape_size(in->shape); e++) {
            ArmcReal kept = w->in[i][e];
            w->in[i][e] = another(in, kept);
            apply(w, draw, w->after);
            w->in[i][e] = kept;
            note_moved(w, i, e);
        }
    }
}

static void check_tightness(const World *w)
{
    int64_t size = armc_shape_size(w->node->out[0]->shape);
    for (int i = 0; i < w->node->in_count; i++)
        for (int64_t at = 0; at < size * w->slots[i]; at++)
            if (w->listed[i][at] && !w->moved[i][at])
                fail_msg("%s, %s: result entry %lld lists (site, group) number %lld of %s, which "
                         "never changes it",
                         w->probe->op->name, w->probe->text, (long long)(at / w->slots[i]),
                         (long long)(at % w->slots[i]), w->probe->in[i].name);
}

/* --- groups --- */

static void check_numbering(const ArmcValue *value)
{
    int64_t features = armc_shape_features(value->shape);
    const ArmcGroups *groups = &value->groups;
    assert_int_equal(groups->features, features);
    assert_true(groups->count >= 1 && (groups->of || groups->count == 1));
    assert_true(!groups->of == !groups->first);
    int seen = 0;
    for (int64_t f = 0; f < features; f++) {
        assert_in_range(armc_group_of(value, f), 0, seen);
        if (armc_group_of(value, f) == seen)
            assert_int_equal(armc_group_first(value, seen++), f);
    }
    assert_int_equal(seen, groups->count);
}

/* Do features a and b list the same at every site, and something at all? */
static bool list_the_same(const World *w, int64_t a, int64_t b)
{
    const ArmcValue *out = w->node->out[0];
    int64_t width = armc_shape_features(out->shape);
    bool something = false;
    for (int64_t row = 0; row < armc_shape_size(out->shape); row += width)
        for (int i = 0; i < w->node->in_count; i++) {
            const bool *of_a = w->listed[i] + (row + a) * w->slots[i],
                       *of_b = w->listed[i] + (row + b) * w->slots[i];
            if (memcmp(of_a, of_b, (size_t)w->slots[i]) != 0)
                return false;
            something |= memchr(of_a, true, (size_t)w->slots[i]) != NULL;
        }
    return something;
}

static void check_groups_are_maximal(const World *w)
{
    const ArmcValue *out = w->node->out[0];
    for (int a = 0; a < out->groups.count; a++)
        for (int b = 0; b < a; b++)
            if (list_the_same(w, armc_group_first(out, a), armc_group_first(out, b)))
                fail_msg("%s, %s: groups %d and %d read the same", w->probe->op->name,
                         w->probe->text, a, b);
}

/* --- the tests --- */

static void check_world(Lab *lab, const Probe *probe, ArmcValue *const *in)
{
    World w;
    const ArmcValue *y = lab_call(lab, probe->op->name, probe->attr, probe->in_count, in);
    check_numbering(y);
    open_world(&w, lab, probe, y->node);
    check_groups_are_maximal(&w);
    for (uint64_t draw = 0; draw < DRAWS; draw++)
        change_every_entry(&w, draw);
    if (ARMC_REAL_IS_DOUBLE && !is_excused(probe->op->name))
        check_tightness(&w);
}

/* Each feature of an input is a group. */
static void check_reads(Lab *lab, const Probe *probe)
{
    ArmcValue *in[ARMC_MAX_INPUTS];
    probe_leaves(lab, probe, false, in);
    check_world(lab, probe, in);
}

/* Features of inputs in two groups, in turns. */
static void check_coarse_reads(Lab *lab, const Probe *probe)
{
    ArmcValue *in[ARMC_MAX_INPUTS];
    probe_leaves(lab, probe, false, in);
    for (int i = 0; i < probe->in_count; i++) {
        ArmcGrouping g;
        armc_grouping_begin(&g, lab->arena, armc_shape_features(in[i]->shape));
        for (int64_t f = 0; f < g.features; f++)
            g.key[f] = f % 2;
        armc_grouping_split(&g);
        if (in[i]->batched)
            in[i]->groups = armc_grouping_end(&g);
    }
    check_world(lab, probe, in);
}

static void test_reads_list_what_moves_and_no_more(void **state)
{
    (void)state;
    probe_each(1, check_reads);
    probe_each(1, check_coarse_reads);
}

static void test_excused_ops_are_few(void **state)
{
    (void)state;
    size_t count = 0;
    for (; excused[count].op; count++) {
        armc_op_get(excused[count].op);
        print_message("excused from tightness: %s (%s)\n", excused[count].op,
                      excused[count].reason);
    }
    print_message("%zu ops excused from tightness\n", count);
    assert_true(count <= MOST_EXCUSED);
}

/* A masked product reads what its mask lets through: 4 groups of inputs, 2 of results. */
static void test_masked_matmul_reads_its_live_inputs(void **state)
{
    (void)state;
    Lab lab;
    World w;
    lab_open(&lab, 1);
    ArmcValue *x = lab_input(&lab, "x", "2x4", 0);
    ArmcValue *weight = lab_param(&lab, "w", "4x3",
                                  "110"
                                  "110"
                                  "001"
                                  "000");
    ArmcValue *y = LAB(&lab, "matmul", NULL, x, weight);
    assert_int_equal(y->groups.count, 2);
    assert_int_equal(armc_group_of(y, 0), armc_group_of(y, 1));
    open_world(&w, &lab, NULL, y->node);
    const bool of_last[] = {false, false, true, false, false, false, false, false},
               of_fourth[] = {false, false, false, false, true, true, false, false};
    assert_memory_equal(w.listed[0] + 2 * 8, of_last, sizeof of_last);
    assert_memory_equal(w.listed[0] + 3 * 8, of_fourth, sizeof of_fourth);
    lab_close(&lab);
}

static void count_read(void *context, int input, int64_t site, int group)
{
    int64_t *sum = context;
    assert_true(input == 0 && site == 0);
    sum[0]++;
    sum[1] += group;
}

/* The same for more groups than a word has bits: feature f reads every (f + 2)th input. */
static void test_masks_over_many_groups(void **state)
{
    enum { INPUTS = 150, OUTPUTS = 3 };
    (void)state;
    Lab lab;
    char mask[INPUTS * OUTPUTS + 1] = "";
    for (int i = 0; i < INPUTS * OUTPUTS; i++)
        mask[i] = i / OUTPUTS % (i % OUTPUTS + 2) == 0 ? '1' : '0';
    lab_open(&lab, 1);
    ArmcValue *x = lab_input(&lab, "x", "1x150", 0), *w = lab_param(&lab, "w", "150x3", mask);
    const ArmcValue *y = LAB(&lab, "matmul", NULL, x, w);
    assert_int_equal(y->groups.count, OUTPUTS);
    for (int f = 0; f < OUTPUTS; f++) {
        int64_t sum[2] = {0, 0}, step = f + 2, count = (INPUTS + step - 1) / step;
        armc_reads(y->node, 0, f, count_read, sum);
        assert_int_equal(sum[0], count);
        assert_int_equal(sum[1], step * (count * (count - 1) / 2));
    }
    lab_close(&lab);
}

static int groups_of_parts(Lab *lab, ArmcValue *value)
{
    ArmcAttr shape[] = {lab_ints(lab, "2x2x4")};
    return LAB(lab, "reshape", shape, value)->groups.count;
}

/* Movement keeps features together that come from the same group. */
static void test_movement_keeps_groups(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    ArmcValue *x = lab_input(&lab, "x", "2x2", 0);
    ArmcValue *h = LAB(&lab, "matmul", NULL, x, lab_param(&lab, "w", "2x8", "1111000000001111"));
    assert_int_equal(h->groups.count, 2);
    assert_int_equal(groups_of_parts(&lab, h), 1);
    ArmcAttr features[] = {lab_int(-1)}, twice[] = {lab_int(2), lab_int(-1)};
    assert_int_equal(LAB(&lab, "concat", features, h, h)->groups.count, 4);
    assert_int_equal(LAB(&lab, "concat", features, h, x)->groups.count, 4);
    assert_int_equal(LAB(&lab, "tile", twice, h)->groups.count, 2);
    assert_int_equal(LAB(&lab, "flatten", NULL, h)->groups.count, 1);
    assert_int_equal(LAB(&lab, "as_features", NULL, h)->groups.count, 4);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_list_what_moves_and_no_more),
        cmocka_unit_test(test_excused_ops_are_few),
        cmocka_unit_test(test_masked_matmul_reads_its_live_inputs),
        cmocka_unit_test(test_masks_over_many_groups),
        cmocka_unit_test(test_movement_keeps_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
