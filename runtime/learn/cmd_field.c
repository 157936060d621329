#include <inttypes.h>

#include "runtime/base/file.h"
#include "runtime/exec/field_gradient.h"
#include "runtime/learn/field_picture.h"
#include "runtime/learn/field_tell.h"
#include "runtime/learn/json.h"
#include "runtime/learn/session.h"

enum { MODEL, AT, TO };
enum { DRAWS = 4 };

static const ArmcSpec args[] = {
    {.name = "model",
     .kind = ARMC_SPEC_MODEL,
     .doc = "a model; its weights don't matter, the field is that of its structure"},
    {.name = "at",
     .kind = ARMC_SPEC_INTS,
     .preset = "",
     .doc = "which variable: [y,x,c] of a picture, [y,x] where it has one channel, [i] of a table; "
            "if not given, the one in the middle"},
    {.name = "to",
     .kind = ARMC_SPEC_STRING,
     .preset = "",
     .doc = "a .png; if not given, the field is shown as text"},
    {.kind = ARMC_SPEC_END},
};

static bool can_write(ArmcSession *session, const ArmcNet *net, const char *to,
                      const ArmcOrigin *origin)
{
    char shape[96];
    ArmcDiag *diag;
    if (!armc_path_has_ending(to, ".png")) {
        diag = armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                             "a field can't be written as `%s`: .png is possible", to);
        armc_diag_help(diag, "to=\"%s\"", armc_path_with_ending(session->run, to, ".png"));
        return false;
    }
    if (net->shape.rank == 3)
        return armc_check_writable(session, origin, to);
    diag = armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                         "a field of shape %s is no picture", armc_shape_text(net->shape, shape));
    armc_diag_help(diag, "without `to` it is shown as text");
    return false;
}

/* --- which variable --- */

static bool no_such_variable(ArmcSession *session, const ArmcNet *net, const ArmcOrigin *origin)
{
    char text[96];
    const char *last = "";
    for (int d = 0; d < net->shape.rank; d++)
        last = armc_arena_printf(session->run, "%s%s%" PRId64, last, d ? "," : "",
                                 net->shape.dims[d] - 1);
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_value, origin,
                                   "`at` names no variable of `%s`, which has the shape %s",
                                   net->name, armc_shape_text(net->shape, text));
    armc_diag_help(diag, "the last one is at=[%s]; all are counted from 0", last);
    return false;
}

/* Entry `at`: a last dimension of 1 may be left out. */
static bool find_variable(ArmcSession *session, const ArmcNet *net, const ArmcAttr *at,
                          const ArmcOrigin *origin, int64_t *variable)
{
    ArmcShape shape = net->shape;
    if (!at->given) {
        *variable = armc_field_middle(shape);
        return true;
    }
    bool one_left_out = at->count == shape.rank - 1 && shape.dims[shape.rank - 1] == 1;
    if (at->count != shape.rank && !one_left_out)
        return no_such_variable(session, net, origin);
    *variable = 0;
    for (int d = 0; d < shape.rank; d++) {
        int64_t index = d < at->count ? at->ints[d] : 0;
        if (index < 0 || index >= shape.dims[d])
            return no_such_variable(session, net, origin);
        *variable = *variable * shape.dims[d] + index;
    }
    return true;
}

/* --- the gradient --- */

static double *mean_gradient(ArmcSession *session, ArmcArena *arena, const ArmcNet *net,
                             int64_t variable)
{
    double *mean = ARMC_NEW_ARRAY(arena, double, net->variables);
    for (uint64_t n = 0; n < DRAWS; n++) {
        ArmcFieldDraw draw = {variable, session->options.seed, n, session->kernels};
        armc_field_gradient(armc_scratch_begin(session), net->graph, &draw, mean);
        armc_scratch_end(session);
    }
    for (int64_t e = 0; e < net->variables; e++)
        mean[e] /= DRAWS;
    return mean;
}

/* How many variables the gradient is not zero at. What is not seen can't have one. */
static int64_t count_moved(ArmcSession *session, const ArmcField *field, const double *gradient)
{
    int64_t moved = 0;
    for (int64_t e = 0; e < armc_shape_size(field->input->shape); e++) {
        bool zero = gradient[e] <= 0; /* not so of what is no number */
        if (!zero && !field->sees[e])
            armc_fault_raise(&session->fault, ARMC_INTERNAL,
                             "entry %" PRId64 " has a gradient of %g and is not in the field of "
                             "entry %" PRId64 ", which should hold it: this is a bug in armc",
                             e, gradient[e], field->variable);
        moved += !zero;
    }
    return moved;
}

/* --- telling --- */

static void tell_gradient(ArmcSession *session, const ArmcNet *net, const ArmcField *field,
                          int64_t moved)
{
    const int64_t sees = field->seen + field->leaks;
    if (sees > 0)
        armc_say_result(session,
                        "  with random weights, log p has a gradient at %" PRId64
                        " of these %" PRId64 " and nowhere else%s\n",
                        moved, sees, armc_if_unproved(net, " (unproved)"));
}

static void tell(ArmcSession *session, const ArmcNet *net, const ArmcField *field, int64_t moved,
                 const char *to)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    if (session->options.json) {
        const char *more = armc_arena_printf(scratch, ", \"gradient\": %" PRId64, moved);
        if (to != NULL)
            more = armc_arena_printf(scratch, "%s, \"to\": %s", more, armc_json_text(scratch, to));
        armc_field_tell_json(session, net, field, more);
    } else {
        armc_field_tell(session, net, field, to == NULL);
        tell_gradient(session, net, field, moved);
        if (to != NULL)
            armc_say_result(session, "%s: field: %s\n", net->name, to);
    }
    armc_scratch_end(session);
}

static void show(ArmcSession *session, const ArmcNet *net, int64_t variable, const char *to)
{
    ArmcArena *arena = armc_scratch_begin(session);
    ArmcField field = armc_field_find(arena, net->graph, variable);
    const double *gradient = mean_gradient(session, arena, net, variable);
    int64_t moved = count_moved(session, &field, gradient);
    if (to != NULL)
        armc_field_write_picture(arena, to, &field, gradient);
    tell(session, net, &field, moved, to);
    armc_scratch_end(session);
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    int64_t variable = 0;
    const char *to = a[TO].given ? a[TO].text : NULL;
    ArmcNet *net = armc_net_find(session, a[MODEL].thing, origin);
    if (net == NULL || !find_variable(session, net, &a[AT], origin, &variable) ||
        (to != NULL && !can_write(session, net, to, origin)))
        return false;
    if (session->mode == ARMC_MODE_RUN)
        show(session, net, variable, to);
    return true;
}

ARMC_COMMAND(field) = {
    .name = "field",
    .doc = "shows which variables the distribution of one can see: `field net at=[14,14,0] "
           "to=\"field.png\"`",
    .args = args,
    .run = run,
};
