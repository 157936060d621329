/* What the prompt shows of a statement: its stages with their shapes, its data, its value. */
#include <inttypes.h>
#include <string.h>

#include "runtime/api/prompt.h"

enum { STAGE_WIDTH = 34 };

/* Dim, and back to normal, where there is colour. */
static const char *dim(const ArmcSession *session)
{
    return session->options.colour ? "\033[2m" : "";
}

static const char *bright(const ArmcSession *session)
{
    return session->options.colour ? "\033[36m" : "";
}

static const char *plain(const ArmcSession *session)
{
    return session->options.colour ? "\033[0m" : "";
}

static void tell_line(ArmcSession *session, const char *what, ArmcShape shape, const char *more)
{
    char text[96];
    int width =
        STAGE_WIDTH + (strlen(what) > STAGE_WIDTH ? 2 : 0); /* … is three bytes, one column */
    armc_say_note(session, "  %-*s %s%12s%s%s%s%s\n", width, what, bright(session),
                  armc_shape_text(shape, text), plain(session), dim(session), more, plain(session));
}

void armc_prompt_stage(ArmcSession *session, const ArmcStageRow *row)
{
    ArmcPrompt *prompt = session->prompt;
    prompt->rows++;
    if (prompt->is_quiet || row->tree->span.begin < prompt->told_from)
        return;
    char parameters[32], cost[32];
    ArmcArena *scratch = armc_scratch_begin(session);
    const char *text = armc_stage_text(scratch, row, STAGE_WIDTH);
    tell_line(session, text, row->shape,
              armc_arena_printf(scratch, "  %14s %15s", armc_grouped(row->parameters, parameters),
                                armc_grouped(row->multiply_adds, cost)));
    armc_scratch_end(session);
}

/* The first `input` is also the head of the table that the stages after it make. */
static void tell_input(ArmcSession *session, const ArmcTree *tree)
{
    const ArmcThing *it = armc_module_it(session->module);
    char variables[32];
    armc_say_note(session, "%s  %-*s %12s  %14s %15s%s\n", dim(session), STAGE_WIDTH, "stage",
                  "output", "parameters", "multiply-adds", plain(session));
    ArmcArena *scratch = armc_scratch_begin(session);
    tell_line(session, tree->kids[0]->name, it->value->shape,
              armc_arena_printf(scratch, "  %14s variables of %d levels",
                                armc_grouped(armc_shape_size(it->value->shape), variables),
                                it->value->levels));
    armc_scratch_end(session);
}

/* Once each variable has its distribution, the top level's model can be proved. */
static void tell_likelihood(ArmcSession *session)
{
    const ArmcThing *own = armc_script_own_model(session);
    const ArmcGraph *graph = armc_module_graph(session->module);
    int64_t covered = 0;
    for (size_t i = 0; graph != NULL && i < graph->likelihood_count; i++)
        covered += graph->likelihoods[i]->count;
    if (graph == NULL || covered < armc_shape_size(graph->inputs[0]->shape))
        return;
    ArmcNet *net = armc_net_bind_shape(session, own, (ArmcShape){0}, 0, 0, NULL);
    if (net != NULL) {
        armc_tell_sum(session, armc_say_note, net, 2);
        armc_tell_leak(session, net);
    }
}

static void tell_param(ArmcSession *session, const char *name)
{
    const ArmcThing *thing = armc_module_find(session->module, name);
    if (thing == NULL || thing->kind != ARMC_THING_VALUE)
        return;
    const ArmcParam *param = thing->value->node->leaf;
    char live[32];
    ArmcArena *scratch = armc_scratch_begin(session);
    tell_line(session, name, thing->value->shape,
              armc_arena_printf(scratch, "  %14s", armc_grouped(param->live, live)));
    armc_scratch_end(session);
}

static void tell_data(ArmcSession *session, const char *name, const ArmcDataset *data)
{
    char train[32], valid[32], test[32];
    ArmcArena *scratch = armc_scratch_begin(session);
    tell_line(session, name, armc_dataset_shape(data),
              armc_arena_printf(scratch, "  %d levels; %s train, %s valid, %s test", data->levels,
                                armc_grouped(data->count[ARMC_TRAIN], train),
                                armc_grouped(data->count[ARMC_VALID], valid),
                                armc_grouped(data->count[ARMC_TEST], test)));
    armc_scratch_end(session);
}

static void tell_assignment(ArmcSession *session, const ArmcTree *tree)
{
    for (int i = 0; i + 1 < tree->kid_count; i++) {
        const ArmcThing *thing = armc_module_find(session->module, tree->kids[i]->name);
        if (thing != NULL && thing->kind == ARMC_THING_DATA)
            tell_data(session, tree->kids[i]->name, thing->data);
    }
}

/* What a bare expression came to; a name alone shows what it stands for. */
static void tell_value(ArmcSession *session, const ArmcTree *tree, const ArmcThing *before)
{
    const ArmcThing *it = armc_module_it(session->module);
    const char *what = tree->kind == ARMC_TREE_NAME ? tree->name : "it";
    if (tree->kind == ARMC_TREE_NAME)
        it = armc_module_find(session->module, tree->name);
    else if (it == before)
        return;
    if (it == NULL || session->prompt->rows > 0)
        return;
    if (it->kind == ARMC_THING_DATA)
        tell_data(session, what, it->data);
    else if (it->kind == ARMC_THING_VALUE)
        tell_line(session, what, it->value->shape, "");
    else
        armc_say_note(session, "  %s\n", armc_module_describe(session->module, it));
}

void armc_prompt_tell(ArmcSession *session, const ArmcTree *statement, const ArmcThing *before)
{
    switch (statement->kind) {
    case ARMC_TREE_INPUT:
        tell_input(session, statement);
        break;
    case ARMC_TREE_LIKELIHOOD:
        tell_likelihood(session);
        break;
    case ARMC_TREE_PARAM:
        tell_param(session, statement->name);
        break;
    case ARMC_TREE_ASSIGN:
        tell_assignment(session, statement);
        break;
    case ARMC_TREE_PIPE:
    case ARMC_TREE_NAME:
    case ARMC_TREE_CALL:
    case ARMC_TREE_BINARY:
    case ARMC_TREE_UNARY:
    case ARMC_TREE_INDEX:
    case ARMC_TREE_NUMBER:
    case ARMC_TREE_STRING:
    case ARMC_TREE_LIST:
        tell_value(session, statement, before);
        break;
    default:
        break;
    }
}
