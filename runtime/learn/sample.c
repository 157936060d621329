#include "runtime/learn/sample.h"

#include <string.h>

#include "runtime/base/rng.h"
#include "runtime/exec/sampler.h"
#include "runtime/learn/session.h"

/* Samples at a time: as many as memory allows, this many at most. */
enum { MOST_AT_A_TIME = 1024, PASSES_AT_A_TIME = ARMC_MOST_CHUNK, STRETCHES = 64 };

static const double stretch_seconds = 0.05;

typedef struct Drawing {
    ArmcSession *session;
    const ArmcNet *net;
    const ArmcSampling *sampling;
    ArmcReal *out;
    double started;
    /* of the member that is drawn from */
    const ArmcGraph *graph;
    const int64_t *index;   /* its samples */
    const ArmcReal *labels; /* theirs; NULL: the model is not conditioned */
    int64_t count;
    int64_t first;  /* of these, the ones at work */
    int64_t before; /* samples of the members before it */
} Drawing;

/* Side by side; a single one is sooner there by itself. */
void armc_sample_uniforms(const ArmcSession *session, int64_t first, int64_t variable, int64_t n,
                          double *u)
{
    uint64_t seed = session->options.seed;
    if (n == 1)
        *u = armc_rng_uniform(seed, ARMC_RNG_SAMPLE, (uint64_t)first, (uint64_t)variable);
    else
        session->kernels->uniforms(armc_rng_key(seed, ARMC_RNG_SAMPLE), (uint64_t)first,
                                   (uint64_t)variable, n, u);
}

/* Neighbours are drawn together. */
static void draw_uniforms(const Drawing *d, const int64_t *index, int64_t variable, int64_t n,
                          double *u)
{
    int64_t together = index[n - 1] - index[0] == n - 1 ? n : 1;
    for (int64_t r = 0; r < n; r += together)
        armc_sample_uniforms(d->session, index[r], variable, together, u + r);
}

/* Levels of one variable: each known, or by its sample's own random number. */
static void draw_levels(void *context, int64_t first, int64_t variable, size_t likelihood,
                        const ArmcParamRows *params, int *levels)
{
    const Drawing *d = context;
    const ArmcSampling *sampling = d->sampling;
    const ArmcDist *dist = d->graph->likelihoods[likelihood]->dist;
    const int64_t *index = d->index + d->first + first;
    double u[ARMC_MOST_CHUNK];
    draw_uniforms(d, index, variable, params->n, u);
    dist->sample(d->session->kernels, params, u, sampling->temperature, levels);
    for (int64_t r = 0; r < params->n; r++) {
        int64_t entry = index[r] * d->net->variables + variable;
        if (sampling->known != NULL && sampling->known[entry])
            levels[r] = (int)sampling->values[entry];
        d->out[entry] = (ArmcReal)levels[r];
    }
}

/* After `part` of the batch of n samples. False when the user wants no more. */
static bool goes_on(const Drawing *d, double part, int64_t n)
{
    double done = ((double)(d->before + d->first) + part * (double)n) / (double)d->sampling->n;
    double left = done > 0 ? (armc_now() - d->started) * (1 - done) / done : 0;
    armc_say_progress(d->session, done, left, "sampling %s", d->net->name);
    return !armc_session_is_interrupted(d->session);
}

/* --- each activation once --- */

/* A stretch of variables at a time, between which progress is told: threads wait for each other
 * there, so stretches grow until they take as long as nobody minds. */
static bool draw_batch(Drawing *d, ArmcSampler *sampler, int64_t n)
{
    int64_t variables = d->net->variables;
    const ArmcReal *given[] = {d->labels != NULL ? d->labels + d->first : NULL};
    armc_sampler_begin(sampler, n, given);
    int64_t stretch = variables / STRETCHES + 1;
    for (int64_t from = 0, to; from < variables; from = to) {
        double started = armc_now();
        to = from + stretch < variables ? from + stretch : variables;
        armc_sampler_draw(sampler, from, to, draw_levels, d);
        if (!goes_on(d, (double)to / (double)variables, n))
            return false;
        if (armc_now() - started < stretch_seconds)
            stretch *= 2;
    }
    return true;
}

static bool draw_all(Drawing *d, ArmcSampler *sampler)
{
    int64_t room = armc_machine_memory() / 4 / (armc_sampler_plan(sampler).bytes + 1);
    int64_t most = room < 1 ? 1 : room > MOST_AT_A_TIME ? MOST_AT_A_TIME : room;
    int64_t n = d->count;
    armc_sampler_prepare(sampler, armc_session_pool(d->session), n < most ? n : most);
    for (; d->first < n; d->first += most)
        if (!draw_batch(d, sampler, n - d->first < most ? n - d->first : most))
            return false;
    return true;
}

/* --- a forward pass for each variable --- */

typedef struct Passes {
    ArmcProgram *program;
    const ArmcPlaceOf *places; /* of each variable's distribution */
} Passes;

static ArmcParamRows params_of(const Drawing *d, const Passes *p, int64_t variable, int64_t n)
{
    ArmcPlaceOf place = p->places[variable];
    const ArmcLikelihood *likelihood = d->graph->likelihoods[place.likelihood];
    int64_t width = likelihood->dist->width(d->net->levels);
    const ArmcReal *params = armc_program_params(p->program, place.likelihood);
    return (ArmcParamRows){params + place.k * width, n, likelihood->count * width, width};
}

/* What later variables hold meanwhile is not seen. */
static bool pass_batch(Drawing *d, const Passes *p, int64_t n)
{
    int64_t variables = d->net->variables;
    ArmcReal *batch = armc_program_input(p->program, 0);
    memset(batch, 0, (size_t)(n * variables) * sizeof *batch);
    if (d->labels != NULL)
        memcpy(armc_program_input(p->program, 1), d->labels + d->first,
               (size_t)n * sizeof *d->labels);
    ArmcStepInfo info = {.seed = d->session->options.seed, .example = d->index + d->first};
    for (int64_t i = 0; i < variables; i++) {
        int64_t variable = armc_input_at(d->graph->inputs[0], i);
        armc_program_run(p->program, &info, n);
        ArmcParamRows params = params_of(d, p, variable, n);
        int levels[ARMC_MOST_CHUNK];
        draw_levels(d, 0, variable, p->places[variable].likelihood, &params, levels);
        for (int64_t row = 0; row < n; row++)
            batch[row * variables + variable] = (ArmcReal)levels[row];
        if (!goes_on(d, (double)(i + 1) / (double)variables, n))
            return false;
    }
    return true;
}

static bool pass_all(Drawing *d, ArmcArena *arena, ArmcNet *net, const ArmcOrigin *origin)
{
    int64_t n = d->count, most = n < PASSES_AT_A_TIME ? n : PASSES_AT_A_TIME;
    ArmcPrograms programs;
    if (!armc_net_compile(d->session, arena, net, ARMC_PROGRAM_PARAMS, most, true, 0, origin,
                          &programs))
        return false;
    Passes p = {.program = programs.items[d->graph->member],
                .places = armc_likelihood_places(arena, d->graph)};
    armc_program_prepare(p.program, armc_session_pool(d->session));
    for (; d->first < n; d->first += most)
        if (!pass_batch(d, &p, n - d->first < most ? n - d->first : most))
            return false;
    return true;
}

/* --- members --- */

int armc_sample_member(uint64_t seed, int64_t i, int members)
{
    return (int)(members * armc_rng_uniform(seed, ARMC_RNG_MEMBER, (uint64_t)i, 0));
}

/* The label of sample i: as asked for, else all classes take turns. */
static ArmcReal label_of(const Drawing *d, int64_t i)
{
    return d->sampling->labels != NULL ? d->sampling->labels[i] : (ArmcReal)(i % d->net->classes);
}

static void take_samples(Drawing *d, ArmcArena *arena, int members)
{
    int64_t *index = ARMC_NEW_ARRAY(arena, int64_t, d->sampling->n), count = 0;
    for (int64_t i = 0; i < d->sampling->n; i++)
        if (armc_sample_member(d->session->options.seed, i, members) == d->graph->member)
            index[count++] = i;
    ArmcReal *labels = d->net->classes > 0 ? ARMC_NEW_ARRAY(arena, ArmcReal, count + 1) : NULL;
    for (int64_t i = 0; labels != NULL && i < count; i++)
        labels[i] = label_of(d, index[i]);
    d->index = index;
    d->labels = labels;
    d->count = count;
    d->first = 0;
}

/* All samples of one member: as many of them as there are, so a batch has one graph. */
static bool draw_member(Drawing *d, ArmcNet *net, int member, const ArmcOrigin *origin)
{
    ArmcArena *arena = armc_scratch_begin(d->session);
    ArmcGraph *graph = net->graph->members[member];
    d->graph = graph;
    take_samples(d, arena, net->graph->member_count);
    bool done = true;
    if (d->count > 0) {
        ArmcSampler *sampler =
            d->sampling->by_passes ? NULL : armc_sampler_new(arena, graph, d->session->kernels);
        done = sampler != NULL ? draw_all(d, sampler) : pass_all(d, arena, net, origin);
    }
    d->before += d->count;
    armc_scratch_end(d->session);
    return done;
}

bool armc_sample(ArmcSession *session, ArmcNet *net, const ArmcSampling *sampling,
                 const ArmcOrigin *origin, ArmcReal *out)
{
    Drawing d = {
        .session = session, .net = net, .sampling = sampling, .out = out, .started = armc_now()};
    bool done = true;
    armc_net_need_weights(session, net);
    for (int m = 0; done && m < net->graph->member_count; m++)
        done = draw_member(&d, net, m, origin);
    return done;
}
