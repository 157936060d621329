#include <inttypes.h>

#include "runtime/base/file.h"
#include "runtime/data/picture.h"
#include "runtime/learn/json.h"
#include "runtime/learn/sample.h"
#include "runtime/learn/session.h"

enum { MODEL, N, TO, TEMPERATURE };

static const ArmcSpec args[] = {
    {.name = "model", .kind = ARMC_SPEC_MODEL, .doc = "a model that was trained or evaluated"},
    {.name = "n",
     .kind = ARMC_SPEC_INT,
     .preset = "100",
     .low = 1,
     .high = 1e9,
     .doc = "how many examples to draw"},
    {.name = "to",
     .kind = ARMC_SPEC_STRING,
     .doc = "a .png (a grid, for pictures) or a .csv (a line an example, a number a variable)"},
    {.name = "temperature",
     .kind = ARMC_SPEC_REAL,
     .preset = "1",
     .low = 1e-6,
     .high = 1e6,
     .doc = "log-probabilities are divided by it: below 1 the likely is drawn more often"},
    {.kind = ARMC_SPEC_END},
};

static bool is_picture(ArmcShape shape)
{
    return shape.rank == 3 && (shape.dims[2] == 1 || shape.dims[2] == 3);
}

static bool can_write(ArmcSession *session, const ArmcNet *net, const char *to,
                      const ArmcOrigin *origin)
{
    char shape[96];
    bool png = armc_path_has_ending(to, ".png");
    if (png && !is_picture(net->shape)) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                                       "samples of shape %s are no pictures",
                                       armc_shape_text(net->shape, shape));
        armc_diag_help(diag, "to=\"%s\" writes them as numbers",
                       armc_path_with_ending(session->run, to, ".csv"));
        return false;
    }
    if (!png && !armc_path_has_ending(to, ".csv")) {
        ArmcDiag *diag =
            armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                          "samples can't be written as `%s`: .png and .csv are possible", to);
        armc_diag_help(
            diag, "to=\"%s\"",
            armc_path_with_ending(session->run, to, is_picture(net->shape) ? ".png" : ".csv"));
        return false;
    }
    return armc_check_writable(session, origin, to);
}

static void write_csv(ArmcArena *scratch, const char *to, int64_t n, int64_t variables,
                      const ArmcReal *samples)
{
    ArmcNewFile file;
    armc_file_create(scratch, &file, to);
    for (int64_t i = 0; i < n * variables; i++)
        fprintf(file.stream, "%d%c", (int)samples[i], (i + 1) % variables == 0 ? '\n' : ',');
    armc_file_commit(&file);
}

static void write_samples(ArmcArena *scratch, const ArmcNet *net, const char *to, int64_t n,
                          const ArmcReal *samples)
{
    const int64_t *dims = net->shape.dims;
    if (armc_path_has_ending(to, ".png"))
        armc_png_write_grid(scratch, to, n, dims[0], dims[1], (int)dims[2], net->levels, samples);
    else
        write_csv(scratch, to, n, net->variables, samples);
}

static void tell(ArmcSession *session, const ArmcNet *net, int64_t n, double seconds,
                 const char *to)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    if (session->options.json)
        armc_say_result(session,
                        "{\"event\": \"sample\", \"examples\": %" PRId64 ", \"dims\": %" PRId64
                        ", \"seconds\": %.3f, \"peak_mb\": %.1f, \"to\": %s}\n",
                        n, net->variables, seconds, armc_peak_mb(), armc_json_text(scratch, to));
    else
        armc_say_result(session, "%s: %" PRId64 " samples in %.1f s: %s\n", net->name, n, seconds,
                        to);
    armc_scratch_end(session);
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    ArmcNet *net = armc_net_find(session, a[MODEL].thing, origin);
    if (net == NULL || !can_write(session, net, a[TO].text, origin))
        return false;
    if (session->mode != ARMC_MODE_RUN)
        return true;
    ArmcArena *arena = armc_scratch_begin(session);
    double started = armc_now();
    ArmcReal *samples = ARMC_NEW_ARRAY(arena, ArmcReal, a[N].i * net->variables);
    bool done = armc_sample(session, net, a[N].i, a[TEMPERATURE].r, origin, samples);
    if (done) {
        write_samples(arena, net, a[TO].text, a[N].i, samples);
        tell(session, net, a[N].i, armc_now() - started, a[TO].text);
    }
    armc_scratch_end(session);
    return done;
}

ARMC_COMMAND(sample) = {
    .name = "sample",
    .doc = "draws examples: `sample net 100 to=\"samples.png\"`",
    .args = args,
    .run = run,
};
