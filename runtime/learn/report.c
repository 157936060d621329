#include "runtime/learn/report.h"

#include <inttypes.h>

#include "runtime/learn/session.h"

ArmcSplit armc_report_split(const ArmcScore scores[ARMC_SPLITS])
{
    ArmcSplit split = ARMC_SPLITS - 1;
    while (split > ARMC_TRAIN && !scores[split].known)
        split--;
    return split;
}

static void say_json(ArmcSession *session, const ArmcNet *net, const char *event, ArmcSplit split,
                     double nats, ArmcStand stand)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    double bits = armc_bits(nats);
    const char *skipped = /* only a training skips steps */
        stand.epochs > 0 ? armc_arena_printf(scratch, ", \"skipped\": %" PRIu64, stand.skipped)
                         : "";
    armc_say_result(session,
                    "{\"event\": \"%s\", \"split\": \"%s\", \"epoch\": %" PRIu64
                    ", \"step\": %" PRIu64
                    ", \"nats\": %.6f, \"bits\": %.6f, \"bits_per_dim\": %.6f, \"dims\": %" PRId64
                    ", \"proved\": %s%s%s, \"seconds\": %.3f, \"peak_mb\": %.1f}\n",
                    event, armc_split_name(split), stand.epoch, stand.step, nats, bits,
                    bits / (double)net->variables, net->variables, armc_proved_json(net),
                    armc_given_json(net), skipped, stand.seconds, armc_peak_mb());
    armc_scratch_end(session);
}

static void say_epoch(ArmcSession *session, const ArmcNet *net, const ArmcScore scores[ARMC_SPLITS],
                      ArmcStand stand)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    const char *list = "";
    for (ArmcSplit split = ARMC_TRAIN; split < ARMC_SPLITS; split++)
        if (scores[split].known)
            list = armc_arena_printf(scratch, "%s  %s %.3f", list, armc_split_name(split),
                                     scores[split].nats);
    double bits = armc_bits(scores[armc_report_split(scores)].nats);
    const char *skipped =
        stand.skipped > 0 ? armc_arena_printf(scratch, "  %" PRIu64 " skipped", stand.skipped) : "";
    armc_say_result(session,
                    "epoch %" PRIu64 "/%" PRIu64 "%s nats  (%.3f bits, %.5f bits/dim, D %" PRId64
                    ")  %.1f s%s%s\n",
                    stand.epoch, stand.epochs, list, bits, bits / (double)net->variables,
                    net->variables, stand.seconds, skipped, armc_if_unproved(net, "  unproved"));
    armc_scratch_end(session);
}

void armc_report_epoch(ArmcSession *session, const ArmcNet *net,
                       const ArmcScore scores[ARMC_SPLITS], ArmcStand stand)
{
    if (!session->options.json) {
        say_epoch(session, net, scores, stand);
        return;
    }
    for (ArmcSplit split = ARMC_TRAIN; split < ARMC_SPLITS; split++)
        if (scores[split].known)
            say_json(session, net, "epoch", split, scores[split].nats, stand);
}

void armc_report_score(ArmcSession *session, const ArmcNet *net, const char *event, ArmcSplit split,
                       double nats, ArmcStand stand)
{
    if (session->options.json) {
        say_json(session, net, event, split, nats, stand);
        return;
    }
    double bits = armc_bits(nats);
    armc_say_result(session,
                    "%s: %s %.4f nats = %.4f bits = %.6f bits/dim, D = %" PRId64 " (%s%s)\n",
                    net->name, armc_split_name(split), nats, bits, bits / (double)net->variables,
                    net->variables, net->report, armc_if_unproved(net, ", unproved"));
}

void armc_report_step(ArmcSession *session, const ArmcNet *net, uint64_t step, uint64_t steps,
                      double nats)
{
    if (session->options.json)
        armc_say_result(session,
                        "{\"event\": \"step\", \"split\": \"train\", \"step\": %" PRIu64
                        ", \"steps\": %" PRIu64 ", \"nats\": %.17g, \"proved\": %s}\n",
                        step, steps, nats, armc_proved_json(net));
    else
        armc_say_result(session, "step %" PRIu64 "/%" PRIu64 "  train %.17g nats%s\n", step, steps,
                        nats, armc_if_unproved(net, "  unproved"));
}
