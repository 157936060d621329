/* Ensembles: members share their weights, each under its own mask and order, and p is the mean of
 * their p. Each member is compared with a single model that has the same weights. */
#include <math.h>
#include <string.h>

#include "runtime/api/work.h"
#include "runtime/learn/evaluate.h"
#include "runtime/learn/sample.h"
#include "tests/unit/subjects.h"

enum { MEMBERS = 3, N = 40 };
static const World world = {"3x4x1", 3};

/* An ensemble, and its members as single models with the same weights. */
typedef struct Kin {
    Subject ensemble, single[MEMBERS];
    ArmcReal *x; /* (N, D) */
} Kin;

typedef void (*KinCheck)(const Kin *kin);

/* Weights of the ensemble that are dead for a member are zero in the single model. */
static void copy_weights(const Subject *from, const Subject *to)
{
    armc_net_need_weights(to->session, to->net);
    assert_int_equal(from->net->graph->param_count, to->net->graph->param_count);
    for (size_t p = 0; p < from->net->graph->param_count; p++) {
        const ArmcParam *a = from->net->graph->params[p], *b = to->net->graph->params[p];
        assert_string_equal(a->path, b->path);
        for (int64_t i = 0; i < a->size; i++)
            b->data[i] = b->mask && !b->mask[i] ? 0 : a->data[i];
    }
}

static Subject bind(ArmcSession *session, const char *script)
{
    Subject subject = subject_bind(session, script, world);
    subject.text = script;
    return subject;
}

/* A layer of made_net draws its degrees by a seed of its own, so members are two seeds apart. */
static Kin bind_kin(ArmcSession *session, const char *call, bool has_degrees)
{
    ArmcArena *arena = session->run;
    Kin kin = {.ensemble = bind(session, armc_arena_printf(arena, "net = %s members=3\n", call))};
    subject_weights(&kin.ensemble, 0.5);
    for (int m = 0; m < MEMBERS; m++) {
        const char *seed = has_degrees ? armc_arena_printf(arena, " seed=%d", 2 * m) : "";
        kin.single[m] =
            bind(session, armc_arena_printf(arena, "net = %s order_seed=%d%s\n", call, m, seed));
        copy_weights(&kin.ensemble, &kin.single[m]);
    }
    int64_t entries = N * kin.ensemble.net->variables;
    kin.x = ARMC_NEW_ARRAY(arena, ArmcReal, entries);
    for (int64_t i = 0; i < entries; i++)
        kin.x[i] = (ArmcReal)((i * 7 + i / 5) % world.levels);
    return kin;
}

static bool check_kinds(ArmcSession *session, void *context)
{
    const KinCheck *check = context;
    Kin made =
        bind_kin(session, "made_net hidden=[9, 7] degrees=random direct=true order=random", true);
    (*check)(&made);
    Kin nade = bind_kin(session, "nade hidden=8 order=random", false);
    (*check)(&nade);
    return true;
}

static void each_kind(KinCheck check)
{
    ArmcSession *session =
        armc_session_new(&(ArmcOptions){.threads = 2, .seed = 5}, &(ArmcCallbacks){0});
    assert_non_null(session);
    assert_int_equal(armc_work(session, check_kinds, &check), ARMC_STATUS_DONE);
    armc_session_free(session);
}

static void run(const Kin *kin, ArmcProgram *program)
{
    int64_t variables = kin->ensemble.net->variables;
    memcpy(armc_program_input(program, 0), kin->x, (size_t)(N * variables) * sizeof *kin->x);
    armc_program_run(program, &(ArmcStepInfo){.training = true}, N);
}

/* --- a member is the single model --- */

/* Of parameter p: the same where the member's own mask lets it live, else zero. How many entries
 * are dead for the member and live for another. */
static int64_t compare_gradients(const ArmcParam *shared, const ArmcParam *own, const ArmcReal *a,
                                 const ArmcReal *b)
{
    int64_t only_others = 0;
    assert_memory_equal(a, b, (size_t)own->size * sizeof *a);
    for (int64_t i = 0; i < own->size; i++) {
        bool is_live = !own->mask || own->mask[i], for_any = !shared->mask || shared->mask[i];
        assert_true(for_any || !is_live);
        assert_true(is_live || !(a[i] < 0 || a[i] > 0));
        only_others += for_any && !is_live;
    }
    return only_others;
}

static void check_members(const Kin *kin)
{
    const ArmcGraph *graph = kin->ensemble.net->graph;
    ArmcPrograms members = subject_compile(&kin->ensemble, ARMC_PROGRAM_TRAIN, N, true);
    int64_t only_others = 0;
    bool has_masks = false;
    assert_int_equal(members.count, MEMBERS);
    for (int m = 0; m < MEMBERS; m++) {
        const ArmcGraph *single = kin->single[m].net->graph;
        ArmcPrograms own = subject_compile(&kin->single[m], ARMC_PROGRAM_TRAIN, N, true);
        run(kin, members.items[m]);
        run(kin, own.items[0]);
        assert_memory_equal(armc_program_nll(members.items[m]), armc_program_nll(own.items[0]),
                            (size_t)(N * kin->ensemble.net->variables) * sizeof(ArmcReal));
        for (size_t p = 0; p < graph->param_count; p++) {
            has_masks |= single->params[p]->mask != NULL;
            assert_ptr_equal(graph->members[m]->params[p], graph->params[p]);
            only_others += compare_gradients(graph->params[p], single->params[p],
                                             armc_program_gradient(members.items[m], p),
                                             armc_program_gradient(own.items[0], p));
        }
    }
    assert_true(has_masks == (only_others > 0));
}

static void test_members_are_single_models(void **state)
{
    (void)state;
    each_kind(check_members);
}

/* --- the mixture --- */

static void check_mixture(const Kin *kin)
{
    int64_t variables = kin->ensemble.net->variables;
    double nats[N], p[N] = {0}, mean[N] = {0};
    const ArmcProgram *culprit;
    ArmcPrograms members = subject_compile(&kin->ensemble, ARMC_PROGRAM_EVAL, N, true);
    run(kin, members.items[0]);
    double total = armc_run_nats(kin->ensemble.session->run, &members, &(ArmcStepInfo){0}, N,
                                 variables, nats, &culprit);
    for (int m = 0; m < MEMBERS; m++) {
        double own[N];
        ArmcPrograms single = subject_compile(&kin->single[m], ARMC_PROGRAM_EVAL, N, true);
        run(kin, single.items[0]);
        armc_sum_nats(single.items[0], N, variables, own);
        for (int i = 0; i < N; i++) {
            p[i] += exp(-own[i]) / MEMBERS;
            mean[i] += own[i] / MEMBERS;
        }
    }
    for (int i = 0; i < N; i++) {
        assert_true(fabs(nats[i] + log(p[i])) < 1e-9);
        assert_true(nats[i] < mean[i] - 1e-6); /* neither the mean of log p nor of logits */
        total -= nats[i];
    }
    assert_true(fabs(total) < 1e-9);
}

static void test_p_is_the_mean_of_the_members_p(void **state)
{
    (void)state;
    each_kind(check_mixture);
}

/* --- samples --- */

static void check_samples(const Kin *kin)
{
    int64_t variables = kin->ensemble.net->variables, of[MEMBERS] = {0};
    const ArmcSampling sampling = {.n = N, .temperature = 1};
    ArmcArena *arena = kin->ensemble.session->run;
    ArmcReal *drawn[MEMBERS + 1];
    for (int m = 0; m <= MEMBERS; m++) {
        const Subject *subject = m < MEMBERS ? &kin->single[m] : &kin->ensemble;
        drawn[m] = ARMC_NEW_ARRAY(arena, ArmcReal, N * variables);
        assert_true(armc_sample(subject->session, subject->net, &sampling, NULL, drawn[m]));
    }
    for (int i = 0; i < N; i++) {
        int m = armc_sample_member(kin->ensemble.session->options.seed, i, MEMBERS);
        of[m]++;
        assert_memory_equal(drawn[MEMBERS] + i * variables, drawn[m] + i * variables,
                            (size_t)variables * sizeof(ArmcReal));
    }
    for (int m = 0; m < MEMBERS; m++)
        assert_true(of[m] > N / MEMBERS / 2);
}

static void test_a_sample_is_one_members(void **state)
{
    (void)state;
    each_kind(check_samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_are_single_models),
        cmocka_unit_test(test_p_is_the_mean_of_the_members_p),
        cmocka_unit_test(test_a_sample_is_one_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
