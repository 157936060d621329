#include <inttypes.h>
#include <string.h>

#include "runtime/api/work.h"

enum { STAGE_WIDTH = 44, TABLE_INDENT = 7 };

const char *armc_grouped(int64_t number, char text[static 32])
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number), at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

const char *armc_stage_text(ArmcArena *arena, const ArmcStageRow *row, size_t most)
{
    const ArmcSpan span = row->tree->span;
    const char *begin = span.source->text + span.begin;
    size_t length = span.end - span.begin;
    const char *brace = memchr(begin, '{', length), *newline = memchr(begin, '\n', length);
    if (brace != NULL)
        length = (size_t)(brace - begin) + 1;
    if (newline != NULL && newline < begin + length)
        length = (size_t)(newline - begin);
    const char *text = armc_arena_printf(arena, "%*s%.*s", 2 * row->depth, "", (int)length, begin);
    if (strlen(text) <= most)
        return text;
    size_t cut = most - 1;
    while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80) /* not within a character */
        cut--;
    return armc_arena_printf(arena, "%.*s…", (int)cut, text);
}

static int line_of(const ArmcTree *tree)
{
    int line, column;
    armc_source_locate(tree->span.source, tree->span.begin, &line, &column);
    return line;
}

static void tell_row(ArmcSession *session, ArmcSay *say, const ArmcStageRow *row)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    char shape[96], parameters[32], cost[32];
    const char *text = armc_stage_text(scratch, row, STAGE_WIDTH);
    int width = STAGE_WIDTH +
                (int)(strlen(text) > STAGE_WIDTH ? 2 : 0); /* … is three bytes and one column */
    say(session, "%5d  %-*s  %14s  %12s  %14s\n", line_of(row->tree), width, text,
        armc_shape_text(row->shape, shape), armc_grouped(row->parameters, parameters),
        armc_grouped(row->multiply_adds, cost));
    armc_scratch_end(session);
}

static void tell_rows(ArmcSession *session, ArmcSay *say, const ArmcNet *net)
{
    const ArmcStageRow *rows;
    size_t count = armc_model_stages(net->model, &rows);
    say(session, "%s\n%5s  %-*s  %14s  %12s  %14s\n", net->name, "line", STAGE_WIDTH, "stage",
        "output", "parameters", "multiply-adds");
    for (size_t i = 0; i < count; i++)
        tell_row(session, say, &rows[i]);
}

static void count_parameters(const ArmcGraph *graph, int64_t *live, int64_t *stored)
{
    *live = *stored = 0;
    for (size_t i = 0; i < graph->param_count; i++) {
        *live += graph->params[i]->live;
        *stored += graph->params[i]->size;
    }
}

/* What the proof leaves out. */
static const char *given_text(ArmcSession *session, const ArmcNet *net)
{
    return net->classes == 0
               ? ""
               : armc_arena_printf(session->run, ", given label of %d classes", net->classes);
}

void armc_tell_sum(ArmcSession *session, ArmcSay *say, const ArmcNet *net, int indent)
{
    char variables[32], live_text[32], stored_text[32], members[48];
    int64_t live, stored;
    count_parameters(net->graph, &live, &stored);
    say(session, "%*s%s%s; %s variables of %d levels, %s live parameters (%s stored)%s", indent, "",
        net->graph->leak == NULL ? "autoregressive: proved" : "NOT autoregressive: unproved",
        given_text(session, net), armc_grouped(net->variables, variables), net->levels,
        armc_grouped(live, live_text), armc_grouped(stored, stored_text),
        armc_net_members(net, members));
    if (net->plan != NULL) {
        int64_t bytes = armc_plan_bytes(net->plan, armc_pool_threads(armc_session_pool(session)));
        say(session, ", %.1f MB to train at batch %" PRId64,
            (double)(bytes + net->optimizer_bytes) / (1024 * 1024), net->batch);
    }
    say(session, "\n");
}

void armc_tell_leak(ArmcSession *session, const ArmcNet *net)
{
    if (net->graph->leak == NULL || session->out.error == NULL)
        return;
    ArmcBuf *text = armc_work_text(session);
    armc_diags_render(net->graph->leak, text, session->options.colour);
    session->out.error(session->out.user, text->data);
}

void armc_tell_net(ArmcSession *session, ArmcSay *say, const ArmcNet *net)
{
    tell_rows(session, say, net);
    armc_tell_sum(session, say, net, TABLE_INDENT);
    armc_tell_leak(session, net);
}

void armc_tell_nets(ArmcSession *session, ArmcSay *say)
{
    for (size_t i = 0; i < session->net_count; i++)
        armc_tell_net(session, say, session->nets[i]);
}
