#include "runtime/learn/net.h"

#include <stdio.h>

#include "runtime/learn/session.h"

ArmcShape armc_dataset_shape(const ArmcDataset *data)
{
    return armc_shape_make(data->rank, data->dims);
}

static ArmcNet *net_of(ArmcSession *session, const ArmcModelRef *model)
{
    for (size_t i = 0; i < session->net_count; i++)
        if (session->nets[i]->model == model)
            return session->nets[i];
    return NULL;
}

static ArmcNet *new_net(ArmcSession *session, const ArmcThing *model)
{
    ArmcNet *net = ARMC_NEW(session->run, ArmcNet);
    net->model = model->model;
    net->name = armc_model_name(model->model);
    net->report = "no data";
    ARMC_PUSH(session->run, session->nets, session->net_count, session->net_capacity, net);
    return net;
}

static const char *classes_text(ArmcSession *session, int classes)
{
    return classes > 0 ? armc_arena_printf(session->run, " and %d classes", classes) : "";
}

/* Weights belong to one shape: other data would silently begin with other weights. */
static void other_shape(ArmcSession *session, const ArmcNet *net, const ArmcGraph *graph,
                        const ArmcOrigin *origin)
{
    char has[96], meets[96];
    const ArmcInput *input = graph->inputs[0];
    int classes = graph->input_count > 1 ? graph->inputs[1]->levels : 0;
    ArmcDiag *diag = armc_diag_add(
        session->diags, ARMC_E_shape_mismatch, origin,
        "`%s` has weights for data of %s with %d levels%s, and meets %s with %d levels%s",
        net->name, armc_shape_text(net->shape, has), net->levels,
        classes_text(session, net->classes), armc_shape_text(input->shape, meets), input->levels,
        classes_text(session, classes));
    armc_diag_help(diag,
                   "a second model of the same kind, under another name, can have that shape");
}

ArmcNet *armc_net_bind_shape(ArmcSession *session, const ArmcThing *model, ArmcShape shape,
                             int levels, int classes, const ArmcOrigin *origin)
{
    ArmcGraph *graph = armc_model_bind(model->model, shape, levels, classes, origin);
    if (graph == NULL)
        return NULL;
    ArmcNet *net = net_of(session, model->model);
    if (net != NULL && net->graph != graph) {
        other_shape(session, net, graph, origin);
        return NULL;
    }
    if (net == NULL)
        net = new_net(session, model);
    net->graph = graph;
    net->shape = graph->inputs[0]->shape;
    net->levels = graph->inputs[0]->levels;
    net->classes = graph->input_count > 1 ? graph->inputs[1]->levels : 0;
    net->variables = armc_shape_size(net->shape);
    return net;
}

ArmcNet *armc_net_bind(ArmcSession *session, const ArmcThing *model, const ArmcDataset *data,
                       const ArmcOrigin *origin)
{
    ArmcNet *net = armc_net_bind_shape(session, model, armc_dataset_shape(data), data->levels,
                                       armc_dataset_classes(data), origin);
    if (net == NULL)
        return NULL;
    net->data = data;
    net->report = armc_net_report(session, net, data->report);
    return net;
}

ArmcNet *armc_net_find(ArmcSession *session, const ArmcThing *model, const ArmcOrigin *origin)
{
    ArmcNet *net = net_of(session, model->model);
    if (net != NULL)
        return net;
    if (model->model == armc_module_model(session->module)) /* its `input` states the shape */
        return armc_net_bind_shape(session, model, (ArmcShape){0}, 0, 0, origin);
    ArmcDiag *diag =
        armc_diag_add(session->diags, ARMC_E_unbound_model, origin,
                      "model `%s` has not met any data yet", armc_model_name(model->model));
    armc_diag_help(diag, "a model takes its shape from data: `train` or `eval` it first");
    return NULL;
}

const char *armc_net_report(ArmcSession *session, const ArmcNet *net, const char *data)
{
    return net->classes > 0 ? armc_arena_printf(session->run, "%s, given label", data) : data;
}

const char *armc_given_json(const ArmcNet *net)
{
    return net->classes > 0 ? ", \"given\": \"label\"" : "";
}

void armc_net_feed(const ArmcNet *net, ArmcProgram *program, const ArmcDataset *data,
                   ArmcSplit split, const int64_t *index, int64_t n, uint64_t epoch)
{
    armc_dataset_get(data, split, index, n, epoch, armc_program_input(program, 0));
    if (net->classes > 0)
        armc_dataset_labels(data, split, index, n, armc_program_input(program, 1));
}

const char *armc_if_unproved(const ArmcNet *net, const char *text)
{
    return net->graph->leak != NULL ? text : "";
}

const char *armc_proved_json(const ArmcNet *net)
{
    return net->graph->leak == NULL ? "true" : "false";
}

void armc_net_need_weights(ArmcSession *session, ArmcNet *net)
{
    if (net->has_weights)
        armc_params_init_new(net->graph, session->options.seed);
    else
        armc_params_init(net->graph, session->options.seed);
    net->has_weights = true;
}

int64_t armc_plan_bytes(const ArmcPlan *plan, int threads)
{
    return plan->parameter_bytes + plan->gradient_bytes + plan->activation_bytes +
           plan->scratch_bytes * threads;
}

static bool fits(ArmcSession *session, ArmcNet *net, const ArmcPlan *plan, int64_t bytes,
                 const ArmcOrigin *origin)
{
    if (bytes <= armc_machine_memory())
        return true;
    if (session->mode == ARMC_MODE_CHECK)
        net->plan = plan; /* for `armc plan`: what asks for how much */
    char asks[32], most[32];
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_too_large,
                                   plan->largest != NULL ? plan->largest : origin,
                                   "model `%s` asks for %s, more memory than this machine has",
                                   net->name, armc_bytes_text(bytes, asks));
    armc_diag_label(diag, "this asks for most: %s", armc_bytes_text(plan->largest_bytes, most));
    if (plan->largest != NULL)
        armc_diag_note_origin(diag, origin, "by this command");
    armc_diag_help(diag,
                   "a smaller batch or model asks for less; `armc plan` shows the whole table");
    return false;
}

/* Members run in turns, each in memory of its own. */
static const ArmcPlan *joint_plan(ArmcArena *arena, const ArmcPrograms *programs)
{
    ArmcPlan *plan = ARMC_NEW(arena, ArmcPlan);
    *plan = *armc_program_plan(programs->items[0]);
    for (int m = 1; m < programs->count; m++) {
        const ArmcPlan *more = armc_program_plan(programs->items[m]);
        plan->gradient_bytes += more->gradient_bytes;
        plan->activation_bytes += more->activation_bytes;
        plan->scratch_bytes += more->scratch_bytes;
    }
    return plan;
}

bool armc_net_compile(ArmcSession *session, ArmcArena *arena, ArmcNet *net, ArmcProgramKind kind,
                      int64_t batch, bool exact, int64_t extra_bytes, const ArmcOrigin *origin,
                      ArmcPrograms *programs)
{
    ArmcProgramOptions options = {
        .batch = batch,
        .exact = exact || session->options.exact,
        .kernels = session->kernels,
    };
    *programs = (ArmcPrograms){.count = net->graph->member_count};
    programs->items = ARMC_NEW_ARRAY(arena, ArmcProgram *, programs->count);
    for (int m = 0; m < programs->count; m++) {
        programs->items[m] = armc_program_new(arena, net->graph->members[m], kind, &options);
        if (programs->items[m] == NULL)
            return false;
    }
    programs->plan = joint_plan(arena, programs);
    int threads = armc_pool_threads(armc_session_pool(session));
    int64_t bytes = armc_plan_bytes(programs->plan, threads) + extra_bytes;
    return fits(session, net, programs->plan, bytes, origin);
}

bool armc_net_was_trained(ArmcSession *session, const ArmcNet *net, const char *command,
                          const ArmcOrigin *origin)
{
    bool checked =
        session->mode != ARMC_MODE_RUN && net->plan != NULL; /* it will be trained by then */
    if (checked || (net->metrics != NULL && net->metrics->count > 0))
        return true;
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_not_trained, origin,
                                   "there are no losses of `%s` for `%s`", net->name, command);
    armc_diag_help(diag, "`train` comes before `%s`", command);
    return false;
}

void armc_programs_prepare(const ArmcPrograms *programs, ArmcPool *pool)
{
    for (int m = 0; m < programs->count; m++)
        armc_program_prepare(programs->items[m], pool);
}

const char *armc_net_members(const ArmcNet *net, char text[static 48])
{
    text[0] = '\0';
    if (net->graph->member_count > 1)
        snprintf(text, 48, ", ensemble of %d members", net->graph->member_count);
    return text;
}

void armc_net_blame(ArmcSession *session, const ArmcNet *net, const ArmcProgram *program,
                    const ArmcStepInfo *info, int64_t n, const char *what, const ArmcOrigin *origin)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    const ArmcNode *node = armc_program_blame(scratch, program, info, n);
    const ArmcOrigin *place = node != NULL && node->origin != NULL ? node->origin : origin;
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_not_finite, place,
                                   "%s of `%s` is not finite at step %llu", what, net->name,
                                   (unsigned long long)info->step + 1);
    if (node != NULL)
        armc_diag_label(diag, "the first result that is not finite is of `%s`", node->op->name);
    armc_diag_help(
        diag, "the update was not applied, and the last checkpoint stands; a smaller lr may help");
    armc_scratch_end(session);
}
