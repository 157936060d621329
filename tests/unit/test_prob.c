/* Probability, for every model that the standard library has, as it stands there and with one of
 * its parameters changed: p(x), or p(x | label) for each label, sums to 1 over all x of a tiny
 * world, no variable's distribution sees itself or a later one, and the sampler draws from p. */
#include <math.h>
#include <string.h>

#include "runtime/graph/ready.h"
#include "runtime/learn/evaluate.h"
#include "runtime/learn/sample.h"
#include "tests/unit/subjects.h"

static const World worlds[] = {{"2x2x1", 3}, {"2x3x1", 2}, {"2x2x2", 2}, {NULL, 0}};

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

/* A class for each of n samples, in `run`. */
static ArmcReal *same_labels(const Subject *subject, int label, int64_t n)
{
    ArmcReal *labels = ARMC_NEW_ARRAY(subject->session->run, ArmcReal, n);
    for (int64_t i = 0; i < n; i++)
        labels[i] = (ArmcReal)label;
    return labels;
}

/* p(x) of every x, in `run`; of a conditional model p(x | label). */
static double *all_probabilities(const Subject *subject, int label)
{
    const ArmcNet *net = subject->net;
    double *p = ARMC_NEW_ARRAY(subject->session->run, double, subject->worlds);
    ArmcPrograms programs = subject_compile(subject, ARMC_PROGRAM_EVAL, subject->worlds, false);
    const ArmcProgram *culprit;
    for (int64_t i = 0; i < subject->worlds; i++)
        write_world(armc_program_input(programs.items[0], 0) + i * net->variables, net->variables,
                    net->levels, i);
    if (net->classes > 0)
        memcpy(armc_program_input(programs.items[0], 1),
               same_labels(subject, label, subject->worlds),
               (size_t)subject->worlds * sizeof(ArmcReal));
    armc_run_nats(subject->session->run, &programs, &(ArmcStepInfo){0}, subject->worlds,
                  net->variables, p, &culprit);
    for (int64_t i = 0; i < subject->worlds; i++)
        p[i] = exp(-p[i]);
    return p;
}

static void check_sum(const Subject *subject)
{
    const double within = ARMC_REAL_IS_DOUBLE ? 1e-9 : 1e-3;
    subject_weights(subject, 1);
    for (int label = 0; label < (subject->net->classes > 0 ? subject->net->classes : 1); label++) {
        const double *p = all_probabilities(subject, label);
        double sum = 0;
        for (int64_t i = 0; i < subject->worlds; i++)
            sum += p[i];
        if (!(fabs(sum - 1) <= within))
            fail_msg("%s: label %d: the sum of p is 1 %+.3g", subject->text, label, sum - 1);
    }
}

static void test_p_sums_to_one(void **state)
{
    (void)state;
    each_model(worlds, check_sum);
}

/* --- nothing sees itself or what comes later --- */

/* Copies the parameters of one variable's distribution; returns how many. */
static int64_t copy_params(const Subject *subject, const ArmcGraph *graph,
                           const ArmcProgram *program, int64_t variable, ArmcReal *to)
{
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

static void check_member(const Subject *subject, const ArmcGraph *graph, ArmcProgram *program)
{
    enum { MOST_WIDTH = 16 };
    int64_t variables = subject->net->variables;
    ArmcReal before[MOST_WIDTH], after[MOST_WIDTH];
    ArmcReal *x = armc_program_input(program, 0);
    for (int64_t variable = 0; variable < variables; variable++) {
        write_world(x, variables, subject->net->levels, 77 % subject->worlds);
        armc_program_run(program, &(ArmcStepInfo){0}, 1);
        int64_t width = copy_params(subject, graph, program, variable, before);
        assert_true(width <= MOST_WIDTH);
        for (int64_t v = 0; v < variables; v++)
            if (armc_input_rank(graph->inputs[0], v) >= armc_input_rank(graph->inputs[0], variable))
                x[v] = (ArmcReal)(((int)x[v] + 1) % subject->net->levels);
        armc_program_run(program, &(ArmcStepInfo){0}, 1);
        copy_params(subject, graph, program, variable, after);
        if (memcmp(before, after, (size_t)width * sizeof *before) != 0)
            fail_msg("%s: variable %d sees itself or a later one", subject->text, (int)variable);
    }
}

static void check_blindness(const Subject *subject)
{
    subject_weights(subject, 1);
    ArmcPrograms programs = subject_compile(subject, ARMC_PROGRAM_PARAMS, 1, false);
    for (int m = 0; m < programs.count; m++)
        check_member(subject, subject->net->graph->members[m], programs.items[m]);
}

static void test_nothing_sees_what_comes_later(void **state)
{
    (void)state;
    each_model(worlds, check_blindness);
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
    bool is_ordered = strstr(subject->text, " order=") != NULL;
    if (is_ordered && !strstr(subject->text, "random") && !strstr(subject->text, "spiral"))
        return; /* it takes long, and other orders are drawn by in the same way */
    subject_weights(subject, 0.06); /* hundreds of hidden units make logits of about 1 of it */
    const int label = 2;
    const double *p = all_probabilities(subject, label);
    ArmcReal *x = ARMC_NEW_ARRAY(arena, ArmcReal, SAMPLES * net->variables);
    int64_t *seen = ARMC_NEW_ARRAY(arena, int64_t, subject->worlds);
    ArmcSampling sampling = {
        .n = SAMPLES, .temperature = 1, .labels = same_labels(subject, label, SAMPLES)};
    assert_true(armc_sample(subject->session, subject->net, &sampling, NULL, x));
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
    each_model(worlds, check_samples);
}

/* --- the label --- */

/* p(x | label) is another one for another label. */
static void check_label_counts(const Subject *subject)
{
    if (subject->net->classes == 0)
        return;
    subject_weights(subject, 1);
    const double *p = all_probabilities(subject, 0), *q = all_probabilities(subject, 1);
    double distance = 0;
    for (int64_t i = 0; i < subject->worlds; i++)
        distance += fabs(p[i] - q[i]) / 2;
    if (distance < 0.01)
        fail_msg("%s: the label changes p by %g only", subject->text, distance);
}

static void test_label_counts(void **state)
{
    (void)state;
    each_model(worlds, check_label_counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p_sums_to_one),
        cmocka_unit_test(test_nothing_sees_what_comes_later),
        cmocka_unit_test(test_samples_follow_p),
        cmocka_unit_test(test_label_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
