#include "runtime/base/file.h"
#include "runtime/data/picture.h"
#include "runtime/learn/json.h"
#include "runtime/learn/session.h"

enum { MODEL, TO };

static const ArmcSpec args[] = {
    {.name = "model", .kind = ARMC_SPEC_MODEL, .doc = "a model that was trained"},
    {.name = "to", .kind = ARMC_SPEC_STRING, .doc = "a .png or .svg"},
    {.kind = ARMC_SPEC_END},
};

static bool can_write(ArmcSession *session, const char *to, const ArmcOrigin *origin)
{
    if (armc_path_has_ending(to, ".png") || armc_path_has_ending(to, ".svg"))
        return armc_check_writable(session, origin, to);
    ArmcDiag *diag =
        armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                      "a plot can't be written as `%s`: .png and .svg are possible", to);
    armc_diag_help(diag, "to=\"%s\"", armc_path_with_ending(session->run, to, ".png"));
    return false;
}

/* gnuplot reads the losses from a file beside the picture that is gone again afterwards. */
static void plot(ArmcSession *session, const ArmcNet *net, const char *to)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    ArmcNewFile csv;
    char why[512] = "";
    armc_file_create(scratch, &csv, armc_path_with_ending(scratch, to, ".losses.csv"));
    armc_metrics_write(net->metrics, csv.stream);
    fflush(csv.stream);
    const char *title =
        armc_arena_printf(scratch, "%s on %s", armc_model_name(net->model), net->report);
    int failed = armc_plot_loss(scratch, csv.temporary, to, title, net->variables, why, sizeof why);
    armc_file_drop(&csv);
    if (failed != 0)
        armc_fault_raise(&session->fault, ARMC_RESOURCE, "cannot draw %s: %s", to, why);
    armc_scratch_end(session);
}

static void tell(ArmcSession *session, const ArmcNet *net, const char *to)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    if (session->options.json)
        armc_say_result(session, "{\"event\": \"plot\", \"model\": %s, \"to\": %s}\n",
                        armc_json_text(scratch, net->name), armc_json_text(scratch, to));
    else
        armc_say_result(session, "%s: losses: %s\n", net->name, to);
    armc_scratch_end(session);
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    ArmcNet *net = armc_net_find(session, a[MODEL].thing, origin);
    if (net == NULL || !armc_net_was_trained(session, net, "plot", origin) ||
        !can_write(session, a[TO].text, origin))
        return false;
    if (session->mode != ARMC_MODE_RUN)
        return true;
    plot(session, net, a[TO].text);
    tell(session, net, a[TO].text);
    return true;
}

ARMC_COMMAND(plot) = {
    .name = "plot",
    .doc = "draws the losses of a model's last training: `plot net to=\"loss.png\"`",
    .args = args,
    .run = run,
};
