#include <inttypes.h>

#include "runtime/api/work.h"
#include "runtime/exec/sampler.h"

typedef struct PlanWork {
    ArmcScript script;
    int steps;
} PlanWork;

static double megabytes(int64_t bytes)
{
    return (double)bytes / (1024.0 * 1024.0);
}

static void tell_bytes(ArmcSession *session, const char *what, int64_t bytes)
{
    armc_say_result(session, "  %-24s %12.2f MB\n", what, megabytes(bytes));
}

static void tell_largest(ArmcSession *session, const ArmcPlan *plan)
{
    if (plan->largest == NULL || plan->largest->span.source == NULL)
        return;
    int line, column;
    ArmcSpan span = plan->largest->span;
    armc_source_locate(span.source, span.begin, &line, &column);
    armc_say_result(session, "  asks for most            %12.2f MB  %s:%d: %.*s\n",
                    megabytes(plan->largest_bytes), span.source->name, line,
                    (int)(span.end - span.begin), span.source->text + span.begin);
}

/* What the sampler's schedule comes to, beside one forward pass. */
static void tell_sampler(ArmcSession *session, const ArmcNet *net)
{
    ArmcSamplerPlan plan;
    if (!armc_work_sampler(session, net, &plan)) {
        armc_say_result(session, "  to sample                a forward pass for each variable\n");
        return;
    }
    double passes = plan.forward_multiply_adds > 0
                        ? (double)plan.multiply_adds / (double)plan.forward_multiply_adds
                        : 1;
    armc_say_result(session,
                    "  multiply-adds            %12" PRId64
                    "     to sample one example: %.3f of a forward pass\n",
                    plan.multiply_adds, passes);
    armc_say_result(session,
                    "  rows to sample           %12" PRId64 "     %" PRId64
                    " live at a time: %.1f KB an example\n",
                    plan.rows, plan.slots, (double)plan.bytes / 1024);
}

static void tell_plan(ArmcSession *session, const ArmcNet *net)
{
    const ArmcPlan *plan = net->plan;
    int threads = armc_pool_threads(armc_session_pool(session));
    char members[48], depth[64] = "";
    if (plan->each < net->batch)
        snprintf(depth, sizeof depth, " (depth first, %" PRId64 " at a time)", plan->each);
    armc_say_result(session, "%s: training by %s at batch %" PRId64 "%s, %d threads%s\n", net->name,
                    net->optimizer, net->batch, depth, threads, armc_net_members(net, members));
    armc_say_result(session, "  live parameters          %12" PRId64 "\n", plan->parameters);
    tell_bytes(session, "parameters", plan->parameter_bytes);
    tell_bytes(session, "gradient", plan->gradient_bytes);
    tell_bytes(session, "optimizer", net->optimizer_bytes);
    tell_bytes(session, "activations", plan->activation_bytes);
    tell_bytes(session, "scratch", plan->scratch_bytes * threads);
    if (plan->again_bytes > 0)
        tell_bytes(session, "not kept, an example", plan->again_bytes);
    tell_bytes(session, "peak", armc_plan_bytes(plan, threads) + net->optimizer_bytes);
    tell_largest(session, plan);
    armc_say_result(session, "  multiply-adds            %12" PRId64 "     forward, one example\n",
                    plan->multiply_adds);
    tell_sampler(session, net);
}

bool armc_work_sampler(ArmcSession *session, const ArmcNet *net, ArmcSamplerPlan *plan)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    const ArmcSampler *sampler = armc_sampler_new(scratch, net->graph, session->kernels);
    if (sampler != NULL)
        *plan = armc_sampler_plan(sampler);
    armc_scratch_end(session);
    return sampler != NULL;
}

static const char *steps_text(ArmcSession *session, const ArmcNet *net)
{
    ArmcBuf *text = armc_work_text(session);
    armc_program_describe(net->program, text);
    return text->data;
}

static void tell_net(ArmcSession *session, const ArmcNet *net, int with_steps)
{
    if (session->options.json) {
        armc_tell_plan_json(session, net, with_steps ? steps_text(session, net) : NULL);
        return;
    }
    tell_plan(session, net);
    if (with_steps)
        armc_say_result(session, "%s", steps_text(session, net));
}

static bool plan(ArmcSession *session, void *context)
{
    PlanWork *work = context;
    if (!armc_script_open(session, &work->script))
        return false;
    /* What is too large is told like the rest: the table shows what for. */
    bool good = armc_script_pass(session, &work->script, ARMC_MODE_CHECK);
    for (size_t i = 0; i < session->net_count; i++) {
        const ArmcNet *net = session->nets[i];
        if (net->plan != NULL)
            tell_net(session, net, work->steps);
    }
    return good;
}

ArmcResult armc_plan_file(ArmcSession *session, const char *path, const char *const *overrides,
                          size_t count, const ArmcAssumed *assumed, int steps)
{
    PlanWork work = {{.path = path, .words = overrides, .word_count = count, .assumed = assumed},
                     steps};
    return armc_work(session, plan, &work);
}
