/* The tables of check and plan for machines: one object a line. */
#include <inttypes.h>
#include <string.h>

#include "runtime/api/work.h"
#include "runtime/learn/json.h"

static void tell_stage(ArmcSession *session, const ArmcNet *net, const ArmcStageRow *row)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    int line, column;
    const ArmcSpan span = row->tree->span;
    armc_source_locate(span.source, span.begin, &line, &column);
    const char *text = armc_stage_text(scratch, row, SIZE_MAX);
    armc_say_result(session,
                    "{\"event\": \"stage\", \"model\": %s, \"line\": %d, \"depth\": %d, \"stage\": "
                    "%s, \"output\": %s, \"parameters\": %" PRId64 ", \"multiply_adds\": %" PRId64
                    "}\n",
                    armc_json_text(scratch, net->name), line, row->depth,
                    armc_json_text(scratch, text + strspn(text, " ")),
                    armc_json_shape(scratch, row->shape), row->parameters, row->multiply_adds);
    armc_scratch_end(session);
}

/* What the training at hand asks for; nothing where the script has none. */
static const char *training_json(ArmcSession *session, ArmcArena *scratch, const ArmcNet *net)
{
    if (net->plan == NULL)
        return "";
    int64_t bytes = armc_plan_bytes(net->plan, armc_pool_threads(armc_session_pool(session)));
    return armc_arena_printf(scratch, ", \"batch\": %" PRId64 ", \"train_bytes\": %" PRId64,
                             net->batch, bytes + net->optimizer_bytes);
}

/* What the model is conditioned on; nothing where it is not. */
static const char *classes_json(ArmcArena *scratch, const ArmcNet *net)
{
    if (net->classes == 0)
        return "";
    return armc_arena_printf(scratch, "%s, \"classes\": %d", armc_given_json(net), net->classes);
}

static void tell_model(ArmcSession *session, const ArmcNet *net)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    int64_t live = 0, stored = 0;
    for (size_t i = 0; i < net->graph->param_count; i++) {
        live += net->graph->params[i]->live;
        stored += net->graph->params[i]->size;
    }
    armc_say_result(session,
                    "{\"event\": \"check\", \"model\": %s, \"input\": %s, \"levels\": %d, "
                    "\"dims\": %" PRId64 ", \"parameters\": %" PRId64
                    ", \"stored_parameters\": %" PRId64 ", \"members\": %d, \"proved\": %s%s%s}\n",
                    armc_json_text(scratch, net->name), armc_json_shape(scratch, net->shape),
                    net->levels, net->variables, live, stored, net->graph->member_count,
                    armc_proved_json(net), classes_json(scratch, net),
                    training_json(session, scratch, net));
    armc_scratch_end(session);
}

void armc_tell_nets_json(ArmcSession *session)
{
    for (size_t i = 0; i < session->net_count; i++) {
        const ArmcStageRow *rows;
        size_t count = armc_model_stages(session->nets[i]->model, &rows);
        for (size_t r = 0; r < count; r++)
            tell_stage(session, session->nets[i], &rows[r]);
        tell_model(session, session->nets[i]);
        armc_tell_leak(session, session->nets[i]);
    }
}

void armc_tell_plan_json(ArmcSession *session, const ArmcNet *net, const char *steps)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    const ArmcPlan *plan = net->plan;
    int threads = armc_pool_threads(armc_session_pool(session));
    ArmcSamplerPlan sampler = {0};
    armc_work_sampler(session, net, &sampler);
    armc_say_result(
        session,
        "{\"event\": \"plan\", \"model\": %s, \"optimizer\": \"%s\", \"batch\": %" PRId64
        ", \"threads\": %d, \"members\": %d, \"parameters\": %" PRId64
        ", \"parameter_bytes\": %" PRId64 ", \"gradient_bytes\": %" PRId64
        ", \"optimizer_bytes\": %" PRId64 ", \"activation_bytes\": %" PRId64
        ", \"scratch_bytes\": %" PRId64 ", \"again_bytes\": %" PRId64 ", \"peak_bytes\": %" PRId64
        ", \"multiply_adds\": %" PRId64 ", \"sample_multiply_adds\": %" PRId64
        ", \"sample_rows\": %" PRId64 ", \"sample_slots\": %" PRId64 ", \"sample_bytes\": %" PRId64
        "%s%s}\n",
        armc_json_text(scratch, net->name), net->optimizer, net->batch, threads,
        net->graph->member_count, plan->parameters, plan->parameter_bytes, plan->gradient_bytes,
        net->optimizer_bytes, plan->activation_bytes, plan->scratch_bytes * threads,
        plan->again_bytes, armc_plan_bytes(plan, threads) + net->optimizer_bytes,
        plan->multiply_adds, sampler.multiply_adds, sampler.rows, sampler.slots, sampler.bytes,
        steps != NULL ? ", \"steps\": " : "", steps != NULL ? armc_json_text(scratch, steps) : "");
    armc_scratch_end(session);
}

void armc_tell_text(ArmcSession *session, const char *event, const char *text)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    if (!session->options.json)
        armc_say_result(session, "%s", text);
    else if (text[0] != '\0')
        armc_say_result(session, "{\"event\": \"%s\", \"text\": %s}\n", event,
                        armc_json_text(scratch, text));
    armc_scratch_end(session);
}
