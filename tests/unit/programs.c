#include "tests/unit/programs.h"

#include <math.h>
#include <string.h>

ArmcProgram *start(Lab *lab, Way way, ArmcPool *pool)
{
    ArmcProgramOptions options = {.batch = way.batch,
                                  .exact = way.exact,
                                  .unfused = way.unfused,
                                  .each = way.each,
                                  .kernels = lab->kernels};
    ArmcProgram *program = armc_program_new(lab->arena, lab->graph, way.kind, &options);
    if (!program)
        fail_msg("refused: %s", lab_messages(lab));
    armc_program_prepare(program, pool);
    return program;
}

void step(Lab *lab, ArmcProgram *program, int64_t n)
{
    int64_t *example = ARMC_NEW_ARRAY(lab->arena, int64_t, n);
    for (int64_t i = 0; i < n; i++)
        example[i] = i;
    ArmcStepInfo info = {.seed = 5, .epoch = 2, .example = example, .training = true};
    for (size_t i = 0; i < lab->graph->input_count; i++) {
        int64_t size = armc_shape_size(lab->graph->inputs[i]->shape) * n;
        memcpy(armc_program_input(program, i), lab->input_of[i], (size_t)size * sizeof(ArmcReal));
    }
    armc_program_run(program, &info, n);
}

static ArmcReal *copy(Lab *lab, const ArmcReal *data, int64_t count)
{
    ArmcReal *to = ARMC_NEW_ARRAY(lab->arena, ArmcReal, count);
    return memcpy(to, data, (size_t)count * sizeof *to);
}

Outcome outcome_of(Lab *lab, const ArmcProgram *program, int64_t n)
{
    Outcome o = {.n = n,
                 .variables = armc_shape_size(lab->graph->inputs[0]->shape),
                 .params = lab->graph->param_count};
    assert_true(o.params <= MOST_PARAMS);
    o.nll = copy(lab, armc_program_nll(program), n * o.variables);
    for (size_t p = 0; p < o.params; p++) {
        const ArmcReal *gradient = armc_program_gradient(program, p);
        o.size[p] = lab->graph->params[p]->size;
        o.gradient[p] = gradient ? copy(lab, gradient, o.size[p]) : NULL;
    }
    return o;
}

Outcome train(Lab *lab, Way way, int64_t n, ArmcPool *pool)
{
    way.kind = ARMC_PROGRAM_TRAIN;
    ArmcProgram *program = start(lab, way, pool);
    step(lab, program, n);
    return outcome_of(lab, program, n);
}

/* Each entry against the largest of the array. */
static void assert_close(const ArmcReal *found, const ArmcReal *expected, int64_t count,
                         double relative, const char *what)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs((double)expected[i]));
    for (int64_t i = 0; i < count; i++)
        lab_near((double)found[i], (double)expected[i], relative, most, what, i);
}

void assert_outcomes_close(Lab *lab, const Outcome *found, const Outcome *expected,
                           const char *what)
{
    assert_close(found->nll, expected->nll, found->n * found->variables, CLOSE, what);
    for (size_t p = 0; p < found->params; p++) {
        assert_true(!found->gradient[p] == !expected->gradient[p]);
        if (found->gradient[p])
            assert_close(
                found->gradient[p], expected->gradient[p], found->size[p], CLOSE,
                armc_arena_printf(lab->arena, "%s, d%s", what, lab->graph->params[p]->path));
    }
}

void assert_outcomes_equal(const Lab *lab, const Outcome *a, const Outcome *b, const char *what)
{
    if (memcmp(a->nll, b->nll, (size_t)(a->n * a->variables) * sizeof(ArmcReal)) != 0)
        fail_msg("%s: other nll", what);
    for (size_t p = 0; p < a->params; p++)
        if (a->gradient[p] &&
            memcmp(a->gradient[p], b->gradient[p], (size_t)a->size[p] * sizeof(ArmcReal)) != 0)
            fail_msg("%s: other d%s", what, lab->graph->params[p]->path);
}
