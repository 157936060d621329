/* The incremental sampler against full forward passes, for every model of the standard library: the
 * same bits, and hardly more arithmetic than one pass. */
#include <math.h>
#include <string.h>

#include "runtime/api/work.h"
#include "runtime/exec/sampler.h"
#include "runtime/learn/sample.h"
#include "tests/unit/lab.h"
#include "tests/unit/subjects.h"

static const World worlds[] = {{"2x3x1", 3}, {"4x3x1", 2}, {"7x5x1", 4}, {NULL, 0}};

/* --- the same bits --- */

static const ArmcReal *draw(const Subject *subject, const ArmcSampling *sampling)
{
    ArmcReal *x =
        ARMC_NEW_ARRAY(subject->session->run, ArmcReal, sampling->n * subject->net->variables);
    assert_true(armc_sample(subject->session, subject->net, sampling, NULL, x));
    return x;
}

static void expect_same(const Subject *subject, const ArmcReal *a, const ArmcReal *b, int64_t n,
                        const char *what)
{
    if (memcmp(a, b, (size_t)(n * subject->net->variables) * sizeof *a) != 0)
        fail_msg("%s: %s", subject->text, what);
}

static void check_samples(const Subject *subject)
{
    enum { N = 70 };
    subject_weights(subject, 0.3);
    const ArmcReal *passes =
        draw(subject, &(ArmcSampling){.n = N, .temperature = 0.8, .by_passes = true});
    const ArmcReal *x = draw(subject, &(ArmcSampling){.n = N, .temperature = 0.8});
    const ArmcReal *few = draw(subject, &(ArmcSampling){.n = 3, .temperature = 0.8});
    expect_same(subject, x, passes, N, "not the samples of full passes");
    expect_same(subject, few, passes, 3, "a sample depends on how many are drawn");
}

static void test_samples_are_those_of_full_passes(void **state)
{
    (void)state;
    each_model(worlds, check_samples);
}

enum { MOST_PARTS = 8 };

/* The parameters that a sampler shows while it draws, beside those of one pass over what it drew.
 */
typedef struct Seen {
    const Subject *subject;
    ArmcReal *params[MOST_PARTS]; /* of each likelihood: (n, count, width) */
    ArmcReal *x;                  /* (n, D) */
    ArmcReal *labels;             /* (n) */
} Seen;

static int64_t width_of(const Subject *subject, size_t l)
{
    return subject->net->graph->likelihoods[l]->dist->width(subject->net->levels);
}

static void note_params(void *context, int64_t first, int64_t variable, size_t l,
                        const ArmcParamRows *params, int *levels)
{
    Seen *seen = context;
    const ArmcNet *net = seen->subject->net;
    const ArmcLikelihood *part = net->graph->likelihoods[l];
    int64_t width = width_of(seen->subject, l), position = variable;
    for (int64_t i = 0; part->entries && i < part->count; i++)
        if (part->entries[i] == variable)
            position = i;
    assert_int_equal(params->width, width);
    for (int64_t r = 0, sample = first; r < params->n; r++, sample++) {
        memcpy(seen->params[l] + (sample * part->count + position) * width,
               params->at + r * params->step, (size_t)width * sizeof(ArmcReal));
        levels[r] = (int)((sample * 7 + variable * 3) % 5) % net->levels;
        seen->x[sample * net->variables + variable] = (ArmcReal)levels[r];
    }
}

enum { FEW = 9 };

/* One full pass over what was drawn: exact programs have the sampler's bits, programs with BLAS its
 * numbers. */
static void compare_with_pass(const Seen *seen, int member, bool exact)
{
    const Subject *subject = seen->subject;
    const ArmcNet *net = subject->net;
    ArmcPrograms programs = subject_compile(subject, ARMC_PROGRAM_PARAMS, FEW, exact);
    ArmcProgram *program = programs.items[member];
    memcpy(armc_program_input(program, 0), seen->x,
           (size_t)(FEW * net->variables) * sizeof *seen->x);
    if (net->classes > 0)
        memcpy(armc_program_input(program, 1), seen->labels, FEW * sizeof *seen->labels);
    armc_program_run(program, &(ArmcStepInfo){0}, FEW);
    for (size_t l = 0; l < net->graph->likelihood_count; l++) {
        int64_t entries = FEW * net->graph->likelihoods[l]->count * width_of(subject, l);
        const ArmcReal *params = armc_program_params(program, l);
        if (exact && memcmp(seen->params[l], params, (size_t)entries * sizeof *params) != 0)
            fail_msg("%s: not the parameters of a full pass, bit for bit", subject->text);
        for (int64_t i = 0; i < entries; i++)
            lab_near((double)seen->params[l][i], (double)params[i], 1e-5, 1, subject->text, i);
    }
}

static void check_member(const Subject *subject, int member)
{
    const ArmcNet *net = subject->net;
    ArmcArena *arena = subject->session->run;
    Seen seen = {.subject = subject, .x = ARMC_NEW_ARRAY(arena, ArmcReal, FEW * net->variables)};
    assert_true(net->graph->likelihood_count <= MOST_PARTS);
    for (size_t l = 0; l < net->graph->likelihood_count; l++)
        seen.params[l] = ARMC_NEW_ARRAY(
            arena, ArmcReal, FEW * net->graph->likelihoods[l]->count * width_of(subject, l));
    ArmcSampler *sampler =
        armc_sampler_new(arena, net->graph->members[member], subject->session->kernels);
    assert_non_null(sampler);
    armc_sampler_prepare(sampler, armc_session_pool(subject->session), FEW);
    seen.labels = ARMC_NEW_ARRAY(arena, ArmcReal, FEW);
    for (int i = 0; i < FEW; i++)
        seen.labels[i] = (ArmcReal)(i * 2 % SUBJECT_CLASSES);
    armc_sampler_begin(sampler, FEW, (const ArmcReal *[]){seen.labels});
    armc_sampler_draw(sampler, 0, net->variables, note_params, &seen);

    compare_with_pass(&seen, member, true);
    compare_with_pass(&seen, member, false);
}

static void check_params(const Subject *subject)
{
    subject_weights(subject, 0.5);
    for (int m = 0; m < subject->net->graph->member_count; m++)
        check_member(subject, m);
}

static void test_parameters_are_those_of_a_full_pass(void **state)
{
    (void)state;
    each_model(worlds, check_params);
}

/* --- completion --- */

static void check_completion(const Subject *subject)
{
    enum { N = 5 };
    int64_t variables = subject->net->variables, entries = N * variables;
    ArmcArena *arena = subject->session->run;
    subject_weights(subject, 0.3);
    uint8_t *known = ARMC_NEW_ARRAY(arena, uint8_t, entries);
    ArmcReal *values = ARMC_NEW_ARRAY(arena, ArmcReal, entries);
    for (int64_t i = 0; i < entries; i++) {
        known[i] = i % 3 == 0;
        values[i] = (ArmcReal)(i / 3 % subject->net->levels);
    }
    ArmcSampling sampling = {.n = N, .temperature = 1, .known = known, .values = values};
    const ArmcReal *x = draw(subject, &sampling);
    for (int64_t i = 0; i < entries; i++)
        if (known[i] && memcmp(&x[i], &values[i], sizeof *x) != 0)
            fail_msg("%s: a known variable has changed", subject->text);
    sampling.by_passes = true;
    expect_same(subject, x, draw(subject, &sampling), N, "not the completions of full passes");
}

static void test_completions_keep_what_is_known(void **state)
{
    (void)state;
    each_model(worlds, check_completion);
}

/* --- arithmetic --- */

/* Kernels that count the multiply-adds they are asked for. */
static struct {
    const ArmcKernels *real;
    int64_t count, sigmoids;
} counted;

static void count_gemm(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                       const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc, int accumulate)
{
    counted.count += m * n * k;
    counted.real->gemm(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

static void count_gemm_dot(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                           const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc, int accumulate)
{
    counted.count += m * n * k;
    counted.real->gemm_dot(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

static void count_gemm_outer(int64_t m, int64_t n, int64_t k, const ArmcReal *a, int64_t lda,
                             const ArmcReal *b, int64_t ldb, ArmcReal *c, int64_t ldc,
                             int accumulate)
{
    counted.count += m * n * k;
    counted.real->gemm_outer(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

static void count_outer_onto(int64_t m, int64_t n, const ArmcReal *a, int64_t lda,
                             const ArmcReal *w, const ArmcReal *o, ArmcReal *c, int64_t ldc)
{
    counted.count += m * n;
    counted.real->outer_onto(m, n, a, lda, w, o, c, ldc);
}

static void count_lstm(const ArmcCells *cells)
{
    counted.count +=
        cells->m * (cells->product[0].k + cells->product[1].k) * (cells->end - cells->begin) * 4;
    counted.real->lstm(cells);
}

static void count_gru(const ArmcCells *cells)
{
    counted.count +=
        cells->m * (cells->product[0].k + cells->product[1].k) * (cells->end - cells->begin) * 3;
    counted.real->gru(cells);
}

static void count_conv(int64_t h, int64_t w, int64_t n, const ArmcRun *runs, int64_t count,
                       const ArmcReal *a, int64_t a_row, int64_t a_col, const ArmcReal *packed,
                       const ArmcReal *bias, const ArmcReal *o, ArmcReal *c, int64_t c_row,
                       int64_t c_col, int accumulate)
{
    for (int64_t r = 0; r < count; r++)
        counted.count += h * w * n * runs[r].length;
    counted.real->conv(h, w, n, runs, count, a, a_row, a_col, packed, bias, o, c, c_row, c_col,
                       accumulate);
}

static void count_sigmoid(int64_t n, const ArmcReal *x, ArmcReal *y)
{
    counted.sigmoids += n;
    counted.real->sigmoid(n, x, y);
}

/* Every variable gets the level that `context` points at. */
static void choose_level(void *context, int64_t first, int64_t variable, size_t likelihood,
                         const ArmcParamRows *params, int *levels)
{
    (void)first, (void)variable, (void)likelihood;
    for (int64_t r = 0; r < params->n; r++)
        levels[r] = *(const int *)context;
}

/* Multiply-adds for FEW samples of a member whose variables all have this level, and what was
 * planned. */
static int64_t count_draw(const Subject *subject, int member, int level, int64_t *planned)
{
    ArmcArena *arena = subject->session->run;
    ArmcSampler *sampler =
        armc_sampler_new(arena, subject->net->graph->members[member], subject->session->kernels);
    *planned = FEW * armc_sampler_plan(sampler).multiply_adds;
    armc_sampler_prepare(sampler, armc_session_pool(subject->session), FEW);
    ArmcReal *labels = ARMC_NEW_ARRAY(arena, ArmcReal, FEW);
    counted.count = counted.sigmoids = 0;
    armc_sampler_begin(sampler, FEW, (const ArmcReal *[]){labels});
    armc_sampler_draw(sampler, 0, subject->net->variables, choose_level, &level);
    return counted.count;
}

/* Where no variable is zero all that was planned is done; where all are there may be less to do. */
static void check_arithmetic(const Subject *subject)
{
    subject_weights(subject, 0.3);
    ArmcPrograms programs = subject_compile(subject, ARMC_PROGRAM_PARAMS, FEW, true);
    for (int m = 0; m < programs.count; m++) {
        int64_t planned;
        counted.count = 0;
        armc_program_run(programs.items[m], &(ArmcStepInfo){0}, FEW);
        int64_t pass = counted.count;
        int64_t most = count_draw(subject, m, subject->net->levels - 1, &planned);
        if (most != planned)
            fail_msg("%s: %lld multiply-adds to sample, planned were %lld", subject->text,
                     (long long)most, (long long)planned);
        if (count_draw(subject, m, 0, &planned) > most)
            fail_msg("%s: zeros cost more than other levels", subject->text);
        if ((double)planned > 1.05 * (double)pass)
            fail_msg("%s: %lld multiply-adds to sample, %lld for full passes", subject->text,
                     (long long)planned, (long long)pass);
    }
}

/* Counting is not made for threads. */
static void count_alone(const Subject *subject, void (*check)(const Subject *subject))
{
    const ArmcKernels *real = subject->session->kernels;
    ArmcKernels counting = *real;
    counting.gemm = count_gemm;
    counting.gemm_dot = count_gemm_dot;
    counting.gemm_outer = count_gemm_outer;
    counting.outer_onto = count_outer_onto;
    counting.conv = count_conv;
    counting.sigmoid = count_sigmoid;
    counting.lstm = count_lstm;
    counting.gru = count_gru;
    counted.real = real;
    ArmcPool *pool = armc_session_pool(subject->session);
    subject->session->pool = armc_pool_new(&subject->session->fault, 1);
    subject->session->kernels = &counting;
    check(subject);
    armc_pool_free(subject->session->pool);
    subject->session->pool = pool;
    subject->session->kernels = real;
}

static void count_arithmetic(const Subject *subject)
{
    count_alone(subject, check_arithmetic);
}

static void test_sampling_costs_one_pass(void **state)
{
    (void)state;
    each_model(worlds, count_arithmetic);
}

/* A pixel that is zero adds nothing to NADE's running sum: neither its row of the first product nor
 * the hidden units behind it are computed. */
static void check_zeros(const Subject *subject)
{
    enum { PIXELS = 12, HIDDEN = 6 };
    int64_t planned, count;
    subject_weights(subject, 0.3);
    count = count_draw(subject, 0, 1, &planned);
    assert_int_equal(count, planned);
    assert_int_equal(counted.sigmoids, FEW * PIXELS * HIDDEN);
    assert_int_equal(count_draw(subject, 0, 0, &planned), FEW * PIXELS * HIDDEN);
    assert_int_equal(counted.sigmoids, FEW * HIDDEN);
    /* a weight that is not finite makes NaN of zeros */
    for (size_t p = 0; p < subject->net->graph->param_count; p++)
        subject->net->graph->params[p]->data[0] = (ArmcReal)INFINITY;
    count = count_draw(subject, 0, 0, &planned);
    assert_int_equal(count, planned);
}

static bool count_zeros(ArmcSession *session, void *context)
{
    (void)context;
    Subject subject = subject_bind(session, "net = nade hidden=6 read=real\n", worlds[1]);
    count_alone(&subject, check_zeros);
    return true;
}

static void test_zeros_cost_nothing(void **state)
{
    (void)state;
    ArmcSession *session = armc_session_new(&(ArmcOptions){0}, &(ArmcCallbacks){0});
    assert_non_null(session);
    assert_int_equal(armc_work(session, count_zeros, NULL), ARMC_STATUS_DONE);
    armc_session_free(session);
}

/* --- turned rows --- */

/* Movements, products and what is elementwise over rows of one site, some of which stay as they
 * are: those that a draw of several numbers reads, or that levels are spread to. */
static const char *const turning[] = {
    "    image | as_features | scale\n"
    "    last, units = made_layers(it, ranks(image) + 1, dims, [9])\n"
    "    half = features(last) // 2\n"
    "    concat(last[:, :half] * sigmoid(last[:, :1]), last[:, half:])\n"
    "    masked_dense (dims * levels) mask=outer(units, ranks(image, each=levels), less_equal)\n"
    "    tanh(it) * it + it[:, :1]\n"
    "    reshape [dims, levels]\n"
    "    image ~ categorical\n",
    "    image | as_features | one_hot\n"
    "    degree = ranks(image, each=levels) + 1\n"
    "    last, units = made_layers(it, degree, dims, [9, 40])\n"
    "    last | masked_dense dims mask=outer(units, ranks(image), less_equal)\n"
    "    seen = scale(image) | as_features\n"
    "    it + masked_dense(seen, dims, outer(ranks(image), ranks(image), less))\n"
    "    it * sigmoid(it)\n"
    "    image ~ bernoulli\n",
};

static int count_turning(const Subject *subject)
{
    ArmcGraph *graph = subject->net->graph;
    ArmcOutputs params = {&graph->likelihoods[0]->params, 1};
    const ArmcTimetable *table = armc_timetable_new(subject->session->run, graph, &params, graph);
    int count = 0;
    for (int id = 0; id < graph->value_count; id++)
        count += table->places[id].turns;
    return count;
}

static bool turn_rows(ArmcSession *session, void *context)
{
    enum { N = 70 };
    (void)context;
    for (size_t i = 0; i < sizeof turning / sizeof *turning; i++) {
        const char *script = armc_arena_printf(
            session->run, "model turning() {\n    input image\n%s}\nnet = turning\n", turning[i]);
        Subject subject = subject_bind(session, script, worlds[1]);
        subject_weights(&subject, 0.5);
        assert_true(count_turning(&subject) >= 4);
        const ArmcReal *passes =
            draw(&subject, &(ArmcSampling){.n = N, .temperature = 1, .by_passes = true});
        for (int64_t n = 1; n <= N; n += n < 20 ? 1 : 25) /* turned or not, and filled up */
            expect_same(&subject, draw(&subject, &(ArmcSampling){.n = n, .temperature = 1}), passes,
                        n, "not the samples of full passes");
        count_alone(&subject, check_arithmetic);
    }
    return true;
}

static void test_turned_rows_have_the_same_bits(void **state)
{
    (void)state;
    ArmcSession *session = armc_session_new(&(ArmcOptions){0}, &(ArmcCallbacks){0});
    assert_non_null(session);
    assert_int_equal(armc_work(session, turn_rows, NULL), ARMC_STATUS_DONE);
    armc_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_are_those_of_full_passes),
        cmocka_unit_test(test_parameters_are_those_of_a_full_pass),
        cmocka_unit_test(test_completions_keep_what_is_known),
        cmocka_unit_test(test_sampling_costs_one_pass),
        cmocka_unit_test(test_zeros_cost_nothing),
        cmocka_unit_test(test_turned_rows_have_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
