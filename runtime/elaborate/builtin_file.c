/* Numbers from files: the builtin `load`. */
#include <inttypes.h>
#include <math.h>

#include "runtime/elaborate/elaborator.h"

const double *armc_file_numbers(ArmcFrame *frame, const char *path, const ArmcOrigin *origin,
                                ArmcShape *shape)
{
    ArmcElaborator *e = frame->e;
    const ArmcHost *host = e->module->host;
    const ArmcScope *scope = frame->scope;
    while (!scope->file)
        scope = scope->parent;
    path = armc_path_beside(e, scope->file, path);
    if (host->read_numbers)
        return host->read_numbers(host->session, path, origin, shape);
    armc_diag_add(e->diags, ARMC_E_missing_numbers, origin, "there is no file \"%s\"", path);
    return NULL;
}

static const ArmcSpec load_args[] = {
    {.name = "path", .kind = ARMC_SPEC_STRING, .doc = "an NPY file of numbers"},
    {.name = "dims",
     .kind = ARMC_SPEC_INTS,
     .low = 1,
     .high = ARMC_ARRAY_LIMIT,
     .doc = "the shape that it has to have"},
    {.kind = ARMC_SPEC_END},
};

/* "[1,2]": where entry number i of an array stands. */
static const char *index_text(ArmcElaborator *e, ArmcShape shape, int64_t i)
{
    const char *text = "]";
    for (int d = shape.rank - 1; d >= 0; d--) {
        text = armc_arena_printf(e->arena, "%s%" PRId64 "%s", d > 0 ? "," : "[", i % shape.dims[d],
                                 text);
        i /= shape.dims[d];
    }
    return text;
}

static bool check_finite(ArmcElaborator *e, const char *path, ArmcShape shape,
                         const double *numbers, const ArmcOrigin *origin)
{
    for (int64_t i = 0; i < armc_shape_size(shape); i++)
        if (!isfinite(numbers[i])) {
            armc_diag_add(e->diags, ARMC_E_bad_file, origin,
                          "\"%s\" holds %s at %s, which is no finite number", path,
                          isnan(numbers[i]) ? "nan"
                          : numbers[i] > 0  ? "inf"
                                            : "-inf",
                          index_text(e, shape, i));
            return false;
        }
    return true;
}

static ArmcThing *call_load(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const char *path = args[0].text;
    ArmcShape found, wanted;
    if (!armc_array_dims(e, &args[1], origin, &wanted))
        return NULL;
    const double *numbers = armc_file_numbers(e->frame, path, origin, &found);
    if (!numbers)
        return NULL;
    if (!armc_shape_equal(found, wanted)) {
        char here[96], there[96];
        armc_diag_add(e->diags, ARMC_E_bad_file, origin, "\"%s\" has shape %s, needed is %s", path,
                      armc_shape_text(found, here), armc_shape_text(wanted, there));
        return NULL;
    }
    if (!check_finite(e, path, found, numbers, origin))
        return NULL;
    return armc_thing_array(e, found, numbers, origin);
}
ARMC_BUILTIN(load) = {"load",
                      "The array in an NPY file, which must have these dims and finite numbers. "
                      "Checkpoints carry it with the script.",
                      load_args, call_load};
