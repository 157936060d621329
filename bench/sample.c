/* sample CALL LEVELS [--threads N]: samples of a model ("nade hidden=500 read=real") of pictures of
 * 28x28 with so many levels, with random weights, on command over stdin. The lines and their
 * answers are described in bench/sample.py. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/api/work.h"
#include "runtime/base/rng.h"
#include "runtime/data/safetensors.h"
#include "runtime/learn/sample.h"

enum { LINE = 4096, BATCH = 100, SIDE = 28, PIXELS = SIDE * SIDE };
static const double deviation = 0.05;

/* What stays between the lines. */
typedef struct Bench {
    ArmcSession *session;
    ArmcNet *net;
    int levels;
    ArmcReal *batch; /* (BATCH, PIXELS), drawn from the net */
    char line[LINE];
} Bench;

/* --- the net --- */

static void set_weights(const Bench *b)
{
    armc_net_need_weights(b->session, b->net);
    for (size_t p = 0; p < b->net->graph->param_count; p++) {
        const ArmcParam *param = b->net->graph->params[p];
        uint64_t path = armc_rng_hash(param->path);
        for (int64_t i = 0; i < param->size; i++)
            if (!param->mask || param->mask[i])
                param->data[i] =
                    (ArmcReal)(deviation * armc_rng_normal(0, ARMC_RNG_TEST, path, (uint64_t)i));
    }
}

static bool open_net(ArmcSession *session, void *context)
{
    Bench *b = context;
    const char *text = armc_arena_printf(session->run, "net = %s\n", b->line);
    ArmcScript script = {.tree = armc_script_parse(session, "bench", text)};
    if (!script.tree || !armc_script_pass(session, &script, ARMC_MODE_RUN))
        return false;
    ArmcShape shape = armc_shape_make(3, (int64_t[]){SIDE, SIDE, 1});
    b->net = armc_net_bind_shape(session, armc_module_find(session->module, "net"), shape,
                                 b->levels, 0, NULL);
    if (!b->net)
        return false;
    set_weights(b);
    b->batch = ARMC_NEW_ARRAY(session->run, ArmcReal, BATCH * PIXELS);
    return armc_sample(session, b->net, &(ArmcSampling){.n = BATCH, .temperature = 1}, NULL,
                       b->batch);
}

/* --- save --- */

static ArmcTensorEntry entry_of(const char *name, ArmcShape shape, const ArmcReal *data)
{
    ArmcTensorEntry entry = {.name = name,
                             .dtype = ARMC_REAL_IS_DOUBLE ? "F64" : "F32",
                             .rank = shape.rank,
                             .data = data,
                             .bytes = (size_t)armc_shape_size(shape) * sizeof *data};
    for (int i = 0; i < shape.rank; i++)
        entry.dims[i] = shape.dims[i];
    return entry;
}

static void save(const Bench *b, ArmcArena *arena, const char *path)
{
    const ArmcGraph *graph = b->net->graph;
    ArmcSafetensors file = {
        .tensors = ARMC_NEW_ARRAY(arena, ArmcTensorEntry, graph->param_count + 1),
        .count = graph->param_count + 1,
    };
    for (size_t p = 0; p < graph->param_count; p++)
        file.tensors[p] =
            entry_of(graph->params[p]->path, graph->params[p]->shape, graph->params[p]->data);
    ArmcShape shape = armc_shape_make(2, (int64_t[]){BATCH, PIXELS});
    file.tensors[graph->param_count] = entry_of("batch", shape, b->batch);
    armc_safetensors_write(arena, path, &file);
    puts("ok");
}

/* --- load --- */

/* The parameters of a checkpoint in place of the random ones, and a batch drawn from them. */
static void load(const Bench *b, ArmcArena *arena, const char *path)
{
    ArmcSession *session = b->session;
    const ArmcSafetensors *file = armc_safetensors_read(arena, session->diags, NULL, path);
    ARMC_ASSERT(file);
    for (size_t p = 0; p < b->net->graph->param_count; p++) {
        const ArmcParam *param = b->net->graph->params[p];
        const ArmcTensorEntry *tensor = armc_safetensors_find(file, param->path);
        size_t bytes = (size_t)param->size * sizeof *param->data;
        ARMC_ASSERT(tensor && tensor->bytes == bytes);
        memcpy(param->data, tensor->data, bytes);
    }
    bool drawn =
        armc_sample(session, b->net, &(ArmcSampling){.n = BATCH, .temperature = 1}, NULL, b->batch);
    ARMC_ASSERT(drawn);
    double sum = 0;
    for (int64_t i = 0; i < BATCH * PIXELS; i++)
        sum += (double)b->batch[i];
    printf("white %.4f\n", sum / (BATCH * PIXELS * (b->levels - 1)));
}

/* --- draw --- */

/* What all threads have computed, in ms: other work on the machine disturbs it least. */
static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void draw_levels(void *context, int64_t first, int64_t variable, size_t likelihood,
                        const ArmcParamRows *params, int *levels)
{
    const Bench *b = context;
    double u[ARMC_MOST_CHUNK];
    armc_sample_uniforms(b->session, first, variable, params->n, u);
    b->net->graph->likelihoods[likelihood]->dist->sample(b->session->kernels, params, u, 1, levels);
}

static void draw_all(Bench *b, ArmcSampler *sampler, int64_t n)
{
    armc_sampler_begin(sampler, n, NULL);
    armc_sampler_draw(sampler, 0, PIXELS, draw_levels, b);
}

/* As a pass, once without the clock: memory is there, and threads are awake. */
static void draw(Bench *b, ArmcArena *arena, int64_t n)
{
    double begin = armc_now();
    ArmcSampler *sampler = armc_sampler_new(arena, b->net->graph, b->session->kernels);
    double planned = armc_now();
    armc_sampler_prepare(sampler, armc_session_pool(b->session), n);
    double prepared = armc_now();
    draw_all(b, sampler, n);
    double cpu = cpu_ms(), drawing = armc_now();
    draw_all(b, sampler, n);
    double end = armc_now();
    printf("ms %.4f cpu %.4f table %.3f prepare %.3f peak_mb %.1f\n", 1e3 * (end - drawing),
           cpu_ms() - cpu, 1e3 * (planned - begin), 1e3 * (prepared - planned), armc_peak_mb());
}

/* --- forward --- */

static ArmcProgram *compile(const Bench *b, ArmcArena *arena, ArmcProgramKind kind, int64_t n)
{
    ArmcPrograms programs = {0};
    bool fits = armc_net_compile(b->session, arena, b->net, kind, n, true, 0, NULL, &programs);
    ARMC_ASSERT(fits && programs.count == 1);
    ArmcProgram *program = programs.items[0];
    armc_program_prepare(program, armc_session_pool(b->session));
    memcpy(armc_program_input(program, 0), b->batch, (size_t)(n * PIXELS) * sizeof *b->batch);
    return program;
}

static void forward(const Bench *b, ArmcArena *arena, int64_t n)
{
    ArmcProgram *program = compile(b, arena, ARMC_PROGRAM_PARAMS, n);
    armc_program_run(program, &(ArmcStepInfo){0}, n);
    double begin = armc_now(), cpu = cpu_ms();
    armc_program_run(program, &(ArmcStepInfo){0}, n);
    printf("ms %.4f cpu %.4f\n", 1e3 * (armc_now() - begin), cpu_ms() - cpu);
}

static void loss(const Bench *b, ArmcArena *arena)
{
    ArmcProgram *program = compile(b, arena, ARMC_PROGRAM_EVAL, BATCH);
    armc_program_run(program, &(ArmcStepInfo){0}, BATCH);
    const ArmcReal *nll = armc_program_nll(program);
    double sum = 0;
    for (int64_t i = 0; i < BATCH * PIXELS; i++)
        sum += (double)nll[i];
    printf("loss %.6f\n", sum / BATCH);
}

/* --- lines --- */

static bool answer(ArmcSession *session, void *context)
{
    Bench *b = context;
    ArmcArena *arena = armc_scratch_begin(session);
    char path[LINE];
    int n = 0;
    if (sscanf(b->line, "save %4095s", path) == 1)
        save(b, arena, path);
    else if (sscanf(b->line, "load %4095s", path) == 1)
        load(b, arena, path);
    else if (strcmp(b->line, "loss\n") == 0)
        loss(b, arena);
    else if (sscanf(b->line, "draw %d", &n) == 1 && n > 0)
        draw(b, arena, n);
    else if (sscanf(b->line, "forward %d", &n) == 1 && n > 0 && n <= BATCH)
        forward(b, arena, n);
    else
        armc_fault_raise(&session->fault, ARMC_USER, "what is \"%s\"?", b->line);
    armc_scratch_end(session);
    return true;
}

static int serve(Bench *b)
{
    printf("ready armc %s\n", b->session->kernels->name);
    fflush(stdout);
    while (fgets(b->line, LINE, stdin) != NULL && strcmp(b->line, "quit\n") != 0) {
        if (armc_work_on(b->session, answer, b) != ARMC_STATUS_DONE)
            return EXIT_FAILURE;
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}

static void print_error(void *user, const char *text)
{
    (void)user;
    fputs(text, stderr);
}

int main(int argc, char **argv)
{
    static const char flag[] = "--threads";
    ArmcOptions options = {.cpu = getenv("ARMC_CPU")};
    if (argc == 5 && strcmp(argv[3], flag) == 0)
        options.threads = atoi(argv[4]);
    else if (argc != 3)
        return EXIT_FAILURE;
    ArmcCallbacks callbacks = {.error = print_error};
    Bench b = {.session = armc_session_new(&options, &callbacks), .levels = atoi(argv[2])};
    if (!b.session || b.levels < 2)
        return EXIT_FAILURE;
    snprintf(b.line, LINE, "%s", argv[1]);
    armc_work_begin(b.session);
    int status = EXIT_FAILURE;
    if (armc_work_on(b.session, open_net, &b) == ARMC_STATUS_DONE)
        status = serve(&b);
    armc_session_free(b.session);
    return status;
}
