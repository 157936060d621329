/* Probability, for every model that the standard library has, as it stands there and with one of
 * its parameters changed: p(x) sums to 1 over all x of a tiny world, no variable's distribution
 * sees itself or a later one, and the sampler draws from p. */
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

#include "runtime/api/work.h"
#include "runtime/base/embed.h"
#include "runtime/base/rng.h"
#include "runtime/learn/sample.h"

enum { MOST_VARIABLES = 16 };

typedef struct World {
    const char *shape;
    int levels;
} World;

static const World worlds[] = {{"2x2x1", 3}, {"3x3x1", 2}};

/* A model's call, bound to a world, with random weights. */
typedef struct Subject {
    ArmcSession *session;
    ArmcNet *net;
    const char *text; /* "nade extra=2 of 2x2x1, 3 levels" */
    int64_t worlds;   /* how many x there are */
} Subject;

typedef void (*Check)(const Subject *subject);

/* --- the models and their variants --- */

typedef struct Calls {
    ArmcSession *session;
    const char **items; /* what stands behind `net =` */
    size_t count, capacity;
} Calls;

static void add_call(Calls *calls, const char *model, const char *name, const char *value)
{
    ArmcArena *arena = calls->session->run;
    const char *call = armc_arena_printf(arena, name ? "%s %s=%s" : "%s", model, name, value);
    ARMC_PUSH(arena, calls->items, calls->count, calls->capacity, call);
}

static bool is_word(const ArmcTree *tree, const char *word)
{
    return tree->kind == ARMC_TREE_NAME && strcmp(tree->name, word) == 0;
}

/* Every other symbol, the other truth, a list of two small numbers, and two more where the default
 * is a small number (a number of layers). */
static void vary(Calls *calls, const char *model, const ArmcTree *parameter)
{
    const ArmcTree *symbols = parameter->kids[0], *preset = parameter->kids[1];
    for (int i = 0; symbols && i < symbols->kid_count; i++)
        if (!preset || !is_word(preset, symbols->kids[i]->name))
            add_call(calls, model, parameter->name, symbols->kids[i]->name);
    if (!preset || symbols)
        return;
    if (is_word(preset, "true") || is_word(preset, "false"))
        add_call(calls, model, parameter->name, is_word(preset, "true") ? "false" : "true");
    if (preset->kind == ARMC_TREE_LIST) /* sizes of layers: two small ones */
        add_call(calls, model, parameter->name, "[7, 5]");
    if (preset->kind == ARMC_TREE_NUMBER && preset->is_integer && preset->number < 10)
        add_call(calls, model, parameter->name,
                 armc_arena_printf(calls->session->run, "%d", (int)preset->number + 2));
}

/* Parameters that matter together only. */
static const char *const combined[] = {
    "made_net hidden=[7, 5] degrees=random direct=true",
    "made_net hidden=[3, 8, 4] degrees=random seed=5 read=one_hot direct=true",
    "made_net hidden=1",
    "nade read=real extra=3",
};

static Calls find_calls(ArmcSession *session)
{
    Calls calls = {.session = session};
    for (size_t i = 0; i < sizeof combined / sizeof *combined; i++)
        add_call(&calls, combined[i], NULL, NULL);
    for (const ArmcEmbedded *file = armc_stdlib_files; file->name; file++) {
        const ArmcTree *body = armc_script_parse(session, file->name, file->text);
        assert_non_null(body);
        for (int i = 0; i < body->kid_count; i++) {
            const ArmcTree *model = body->kids[i];
            if (model->kind != ARMC_TREE_MODEL)
                continue;
            add_call(&calls, model->name, NULL, NULL);
            for (int p = 0; p < model->kids[0]->kid_count; p++)
                vary(&calls, model->name, model->kids[0]->kids[p]);
        }
    }
    return calls;
}

/* --- binding --- */

/* A normal number of this deviation into every live weight. */
static void set_weights(const Subject *subject, double deviation)
{
    armc_net_need_weights(subject->session, subject->net);
    for (size_t p = 0; p < subject->net->graph->param_count; p++) {
        const ArmcParam *param = subject->net->graph->params[p];
        uint64_t path = armc_rng_hash(param->path);
        for (int64_t i = 0; i < param->size; i++)
            if (!param->mask || param->mask[i])
                param->data[i] =
                    (ArmcReal)(deviation * armc_rng_normal(11, ARMC_RNG_TEST, path, (uint64_t)i));
    }
}

static Subject bind(ArmcSession *session, const char *call, World world)
{
    Subject subject = {.session = session, .worlds = 1};
    ArmcArena *arena = session->run;
    ArmcShape shape;
    assert_true(armc_shape_read(world.shape, &shape));
    ArmcScript script = {
        .tree = armc_script_parse(session, "test", armc_arena_printf(arena, "net = %s\n", call))};
    assert_true(script.tree && armc_script_pass(session, &script, ARMC_MODE_RUN));
    const ArmcThing *model = armc_module_find(session->module, "net");
    assert_non_null(model);
    subject.net = armc_net_bind_shape(session, model, shape, world.levels, NULL);
    assert_non_null(subject.net);
    assert_true(subject.net->variables <= MOST_VARIABLES);
    for (int64_t i = 0; i < subject.net->variables; i++)
        subject.worlds *= world.levels;
    subject.text = armc_arena_printf(arena, "%s of %s, %d levels", call, world.shape, world.levels);
    return subject;
}

static ArmcProgram *compile(const Subject *subject, ArmcProgramKind kind, int64_t batch)
{
    ArmcProgram *program = armc_net_compile(subject->session, subject->session->run, subject->net,
                                            kind, batch, false, 0, NULL);
    assert_non_null(program);
    armc_program_prepare(program, armc_session_pool(subject->session));
    return program;
}

static bool check_all(ArmcSession *session, void *context)
{
    const Check *check = context;
    Calls calls = find_calls(session);
    assert_true(calls.count > 0);
    for (size_t c = 0; c < calls.count; c++)
        for (size_t w = 0; w < sizeof worlds / sizeof *worlds; w++) {
            Subject subject = bind(session, calls.items[c], worlds[w]);
            (*check)(&subject);
        }
    return true;
}

static void show_error(void *user, const char *text)
{
    (void)user;
    print_error("%s", text);
}

/* Binds every variant of every model to every world and looks at it. */
static void each_model(Check check)
{
    const ArmcOptions options = {.threads = 2};
    const ArmcCallbacks callbacks = {.error = show_error};
    ArmcSession *session = armc_session_new(&options, &callbacks);
    assert_non_null(session);
    assert_int_equal(armc_work(session, check_all, &check), ARMC_STATUS_DONE);
    armc_session_free(session);
}

/* --- p sums to 1 --- */

/* The index-th x: its variables are the digits of index. */
static void write_world(ArmcReal *x, int64_t variables, int levels, int64_t index)
{
    for (int64_t v = variables - 1; v >= 0; v--, index /= levels)
        x[v] = (ArmcReal)(index % levels);
}

static int64_t read_world(const ArmcReal *x, int64_t variables, int levels)
{
    int64_t index = 0;
    for (int64_t v = 0; v < variables; v++)
        index = index * levels + (int64_t)x[v];
    return index;
}

/* p(x) of every x, in `run`. */
static double *all_probabilities(const Subject *subject)
{
    const ArmcNet *net = subject->net;
    double *p = ARMC_NEW_ARRAY(subject->session->run, double, subject->worlds);
    ArmcProgram *program = compile(subject, ARMC_PROGRAM_EVAL, subject->worlds);
    for (int64_t i = 0; i < subject->worlds; i++)
        write_world(armc_program_input(program, 0) + i * net->variables, net->variables,
                    net->levels, i);
    armc_program_run(program, &(ArmcStepInfo){0}, subject->worlds);
    for (int64_t i = 0; i < subject->worlds; i++) {
        double nll = 0;
        for (int64_t v = 0; v < net->variables; v++)
            nll += (double)armc_program_nll(program)[i * net->variables + v];
        p[i] = exp(-nll);
    }
    return p;
}

static void check_sum(const Subject *subject)
{
    const double within = ARMC_REAL_IS_DOUBLE ? 1e-9 : 1e-3;
    set_weights(subject, 1);
    const double *p = all_probabilities(subject);
    double sum = 0;
    for (int64_t i = 0; i < subject->worlds; i++)
        sum += p[i];
    if (!(fabs(sum - 1) <= within))
        fail_msg("%s: the sum of p is 1 %+.3g", subject->text, sum - 1);
}

static void test_p_sums_to_one(void **state)
{
    (void)state;
    each_model(check_sum);
}

/* --- nothing sees itself or what comes later --- */

/* Copies the parameters of one variable's distribution; returns how many. */
static int64_t copy_params(const Subject *subject, const ArmcProgram *program, int64_t variable,
                           ArmcReal *to)
{
    const ArmcGraph *graph = subject->net->graph;
    for (size_t l = 0; l < graph->likelihood_count; l++) {
        const ArmcLikelihood *part = graph->likelihoods[l];
        int64_t width = part->dist->width(subject->net->levels);
        for (int64_t i = 0; i < part->count; i++)
            if ((part->entries ? part->entries[i] : i) == variable) {
                memcpy(to, armc_program_params(program, l) + i * width, (size_t)width * sizeof *to);
                return width;
            }
    }
    fail_msg("%s: variable %d has no distribution", subject->text, (int)variable);
    return 0;
}

static int64_t rank_of(const Subject *subject, int64_t variable)
{
    const int64_t *rank = subject->net->graph->inputs[0]->rank;
    return rank ? rank[variable] : variable;
}

static void check_blindness(const Subject *subject)
{
    enum { MOST_WIDTH = 16 };
    int64_t variables = subject->net->variables;
    ArmcReal before[MOST_WIDTH], after[MOST_WIDTH];
    set_weights(subject, 1);
    ArmcProgram *program = compile(subject, ARMC_PROGRAM_PARAMS, 1);
    ArmcReal *x = armc_program_input(program, 0);
    for (int64_t variable = 0; variable < variables; variable++) {
        write_world(x, variables, subject->net->levels, 77 % subject->worlds);
        armc_program_run(program, &(ArmcStepInfo){0}, 1);
        int64_t width = copy_params(subject, program, variable, before);
        assert_true(width <= MOST_WIDTH);
        for (int64_t v = 0; v < variables; v++)
            if (rank_of(subject, v) >= rank_of(subject, variable))
                x[v] = (ArmcReal)(((int)x[v] + 1) % subject->net->levels);
        armc_program_run(program, &(ArmcStepInfo){0}, 1);
        copy_params(subject, program, variable, after);
        if (memcmp(before, after, (size_t)width * sizeof *before) != 0)
            fail_msg("%s: variable %d sees itself or a later one", subject->text, (int)variable);
    }
}

static void test_nothing_sees_what_comes_later(void **state)
{
    (void)state;
    each_model(check_blindness);
}

/* --- samples --- */

/* Chi-squared over all x, those that are expected fewer than five times together; returns how many
 * cells there were. */
static int64_t chi_squared(const double *p, const int64_t *seen, int64_t cells, double n,
                           double *result)
{
    double rare_expected = 0, rare_seen = 0, sum = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < cells; i++) {
        double expected = n * p[i], difference = (double)seen[i] - expected;
        if (expected < 5) {
            rare_expected += expected;
            rare_seen += (double)seen[i];
            continue;
        }
        sum += difference * difference / expected;
        count++;
    }
    if (rare_expected >= 5) {
        sum += (rare_seen - rare_expected) * (rare_seen - rare_expected) / rare_expected;
        count++;
    }
    *result = sum;
    return count;
}

/* How many standard deviations chi-squared is too large (Wilson and Hilferty, 1931). */
static double excess(double chi, double freedom)
{
    double spread = 2 / (9 * freedom);
    return (cbrt(chi / freedom) - (1 - spread)) / sqrt(spread);
}

static void check_samples(const Subject *subject)
{
    enum { SAMPLES = 8000 };
    const ArmcNet *net = subject->net;
    ArmcArena *arena = subject->session->run;
    set_weights(subject, 0.06); /* hundreds of hidden units make logits of about 1 of it */
    const double *p = all_probabilities(subject);
    ArmcReal *x = ARMC_NEW_ARRAY(arena, ArmcReal, SAMPLES * net->variables);
    int64_t *seen = ARMC_NEW_ARRAY(arena, int64_t, subject->worlds);
    assert_true(armc_sample(subject->session, subject->net, SAMPLES, 1, NULL, x));
    for (int64_t i = 0; i < SAMPLES; i++)
        seen[read_world(x + i * net->variables, net->variables, net->levels)]++;
    double chi;
    int64_t cells = chi_squared(p, seen, subject->worlds, SAMPLES, &chi);
    assert_true(cells > 10);
    if (excess(chi, (double)cells - 1) > 4)
        fail_msg("%s: samples don't follow p: chi squared is %g for %d cells", subject->text, chi,
                 (int)cells);
}

static void test_samples_follow_p(void **state)
{
    (void)state;
    each_model(check_samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p_sums_to_one),
        cmocka_unit_test(test_nothing_sees_what_comes_later),
        cmocka_unit_test(test_samples_follow_p),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
