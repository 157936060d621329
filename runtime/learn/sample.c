#include "runtime/learn/sample.h"

#include <string.h>

#include "runtime/base/rng.h"
#include "runtime/learn/session.h"

enum { BATCH = 100 };

/* Where a variable's distribution is found. */
typedef struct Place {
    size_t likelihood;
    int64_t position; /* among the likelihood's entries */
} Place;

typedef struct Sampler {
    ArmcSession *session;
    const ArmcNet *net;
    ArmcProgram *program;
    Place *places;  /* of each variable */
    int64_t *order; /* variables by rank */
    double temperature;
} Sampler;

static void find_places(Sampler *s, ArmcArena *arena)
{
    const ArmcGraph *graph = s->net->graph;
    s->places = ARMC_NEW_ARRAY(arena, Place, s->net->variables);
    for (size_t l = 0; l < graph->likelihood_count; l++) {
        const ArmcLikelihood *likelihood = graph->likelihoods[l];
        for (int64_t i = 0; i < likelihood->count; i++)
            s->places[likelihood->entries != NULL ? likelihood->entries[i] : i] = (Place){l, i};
    }
}

static void find_order(Sampler *s, ArmcArena *arena)
{
    const int64_t *rank = s->net->graph->inputs[0]->rank;
    s->order = ARMC_NEW_ARRAY(arena, int64_t, s->net->variables);
    for (int64_t v = 0; v < s->net->variables; v++)
        s->order[rank != NULL ? rank[v] : v] = v;
}

/* Level of one variable of sample `index`, row `row` of the batch. */
static int draw(const Sampler *s, int64_t variable, int64_t row, int64_t index)
{
    Place place = s->places[variable];
    const ArmcLikelihood *likelihood = s->net->graph->likelihoods[place.likelihood];
    int64_t width = likelihood->dist->width(s->net->levels);
    const ArmcReal *params = armc_program_params(s->program, place.likelihood) +
                             (row * likelihood->count + place.position) * width;
    double u = armc_rng_uniform(s->session->options.seed, ARMC_RNG_SAMPLE, (uint64_t)index,
                                (uint64_t)variable);
    return likelihood->dist->sample(s->session->kernels, params, width, u, s->temperature);
}

/* Samples first..first+n-1: a whole forward pass for each variable; what later variables hold
 * meanwhile is not seen. */
static bool sample_batch(const Sampler *s, int64_t first, int64_t n, const int64_t *index,
                         int64_t all, ArmcReal *out)
{
    int64_t variables = s->net->variables;
    ArmcReal *batch = armc_program_input(s->program, 0);
    memset(batch, 0, (size_t)(n * variables) * sizeof *batch);
    ArmcStepInfo info = {.seed = s->session->options.seed, .example = index};
    double started = armc_now();
    for (int64_t i = 0; i < variables; i++) {
        if (armc_session_is_interrupted(s->session))
            return false;
        int64_t variable = s->order[i];
        armc_program_run(s->program, &info, n);
        for (int64_t row = 0; row < n; row++)
            batch[row * variables + variable] = (ArmcReal)draw(s, variable, row, first + row);
        double done = (double)(i + 1) / (double)variables;
        double left =
            (armc_now() - started) * (1 - done + (double)(all - first - n) / (double)n) / done;
        armc_say_progress(s->session, ((double)first + done * (double)n) / (double)all, left,
                          "sampling %s", s->net->name);
    }
    memcpy(out, batch, (size_t)(n * variables) * sizeof *out);
    return true;
}

static bool sample_all(const Sampler *s, ArmcArena *arena, int64_t n, ArmcReal *out)
{
    int64_t *index = ARMC_NEW_ARRAY(arena, int64_t, BATCH);
    for (int64_t first = 0; first < n; first += BATCH) {
        int64_t count = n - first < BATCH ? n - first : BATCH;
        for (int64_t i = 0; i < count; i++)
            index[i] = first + i;
        if (!sample_batch(s, first, count, index, n, out + first * s->net->variables))
            return false;
    }
    return true;
}

bool armc_sample(ArmcSession *session, ArmcNet *net, int64_t n, double temperature,
                 const ArmcOrigin *origin, ArmcReal *out)
{
    ArmcArena *arena = armc_scratch_begin(session);
    Sampler s = {.session = session, .net = net, .temperature = temperature};
    armc_net_need_weights(session, net);
    s.program = armc_net_compile(session, arena, net, ARMC_PROGRAM_PARAMS, n < BATCH ? n : BATCH,
                                 true, 0, origin);
    bool done = s.program != NULL;
    if (done) {
        armc_program_prepare(s.program, armc_session_pool(session));
        find_places(&s, arena);
        find_order(&s, arena);
        done = sample_all(&s, arena, n, out);
    }
    armc_scratch_end(session);
    return done;
}
