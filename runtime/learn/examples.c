#include "runtime/learn/examples.h"

#include "runtime/base/file.h"
#include "runtime/data/npy_write.h"
#include "runtime/learn/session.h"

bool armc_is_picture(ArmcShape shape)
{
    return shape.rank == 3 && (shape.dims[2] == 1 || shape.dims[2] == 3);
}

bool armc_can_write_examples(ArmcSession *session, const ArmcNet *net, const char *to,
                             const ArmcOrigin *origin)
{
    char shape[96];
    bool png = armc_path_has_ending(to, ".png");
    if (png && !armc_is_picture(net->shape)) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                                       "samples of shape %s are no pictures",
                                       armc_shape_text(net->shape, shape));
        armc_diag_help(diag, "to=\"%s\" writes them as numbers",
                       armc_path_with_ending(session->run, to, ".csv"));
        return false;
    }
    if (!png && !armc_path_has_ending(to, ".csv") && !armc_path_has_ending(to, ".npy")) {
        ArmcDiag *diag =
            armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                          "samples can't be written as `%s`: .png, .csv and .npy are possible", to);
        armc_diag_help(
            diag, "to=\"%s\"",
            armc_path_with_ending(session->run, to, armc_is_picture(net->shape) ? ".png" : ".csv"));
        return false;
    }
    return armc_check_writable(session, origin, to);
}

static void write_csv(ArmcArena *scratch, const char *to, int64_t n, int64_t variables,
                      const ArmcReal *examples)
{
    ArmcNewFile file;
    armc_file_create(scratch, &file, to);
    for (int64_t i = 0; i < n * variables; i++)
        fprintf(file.stream, "%d%c", (int)examples[i], (i + 1) % variables == 0 ? '\n' : ',');
    armc_file_commit(&file);
}

static void write_npy(ArmcArena *scratch, const ArmcNet *net, const char *to, int64_t n,
                      const ArmcReal *examples)
{
    int64_t dims[ARMC_MAX_RANK + 1] = {n};
    for (int i = 0; i < net->shape.rank; i++)
        dims[i + 1] = net->shape.dims[i];
    armc_npy_write(scratch, to, net->shape.rank + 1, dims, examples);
}

static void write_png(ArmcArena *scratch, const ArmcNet *net, const char *to, ArmcPictures pictures)
{
    pictures.height = net->shape.dims[0];
    pictures.width = net->shape.dims[1];
    pictures.channels = (int)net->shape.dims[2];
    pictures.levels = net->levels;
    armc_png_write_grid(scratch, to, &pictures);
}

void armc_write_examples(ArmcArena *scratch, const ArmcNet *net, const char *to, int64_t n,
                         const ArmcReal *examples, const ArmcPictures *pictures)
{
    if (armc_path_has_ending(to, ".png"))
        write_png(scratch, net, to,
                  pictures != NULL ? *pictures : (ArmcPictures){.n = n, .examples = examples});
    else if (armc_path_has_ending(to, ".npy"))
        write_npy(scratch, net, to, n, examples);
    else
        write_csv(scratch, to, n, net->variables, examples);
}
