/* armc profile: where the time of a training step goes. */
#include <inttypes.h>
#include <stdlib.h>

#include "runtime/api/work.h"
#include "runtime/learn/train.h"

enum { WARM_STEPS = 2, LEAST_STEPS = 3, MOST_STEPS = 200, LINE_TEXT = 56 };
static const double enough_seconds = 1;

/* All of it for `steps` steps together. */
typedef struct Profile {
    const ArmcTraining *training;
    ArmcArena *arena;
    ArmcBuf *out;
    int64_t steps;
    double seconds;
    const ArmcProfileRow *rows;
    size_t count;
} Profile;

/* --- measuring --- */

static bool run_steps(ArmcTraining *training, int64_t count)
{
    double nats;
    for (int64_t i = 0; i < count; i++)
        if (!armc_training_again(training, &nats))
            return false;
    return true;
}

/* As many steps as a second holds under one mode. */
static bool run_for_a_while(ArmcTraining *training, ArmcProfileMode mode, Profile *profile)
{
    double started = armc_now();
    armc_program_profile(training->program, mode);
    for (profile->steps = 0; profile->steps < LEAST_STEPS ||
                             (profile->steps < MOST_STEPS && armc_now() - started < enough_seconds);
         profile->steps++)
        if (!run_steps(training, 1))
            return false;
    profile->seconds = armc_now() - started;
    armc_program_profile(training->program, ARMC_PROFILE_OFF);
    return true;
}

/* First the shares inside regions, whose clocks disturb, then everything else without them. */
static bool measure(ArmcTraining *training, Profile *profile)
{
    if (!run_steps(training, WARM_STEPS) ||
        !run_for_a_while(training, ARMC_PROFILE_MEMBERS, profile))
        return false;
    training->is_timed = true;
    bool done = run_for_a_while(training, ARMC_PROFILE_STEPS, profile);
    training->is_timed = false;
    profile->rows = armc_program_profile_rows(training->program, profile->arena, &profile->count);
    return done;
}

/* --- telling --- */

/* One line of any of the tables, up to its last column. */
static void tell(const Profile *profile, double seconds, double multiply_adds)
{
    armc_buf_printf(profile->out, "%10.3f %6.1f %%", 1e3 * seconds / (double)profile->steps,
                    100 * seconds / profile->seconds);
    double examples = (double)(profile->steps * profile->training->options.batch *
                               profile->training->options.accumulate);
    if (multiply_adds > 0 && seconds > 0)
        armc_buf_printf(profile->out, " %9.1f  ", 2e-9 * multiply_adds * examples / seconds);
    else
        armc_buf_printf(profile->out, " %9s  ", "");
}

static void tell_part(const Profile *profile, const char *name, double seconds,
                      double multiply_adds)
{
    tell(profile, seconds, multiply_adds);
    armc_buf_printf(profile->out, "%s\n", name);
}

static void tell_parts(const Profile *profile)
{
    const ArmcStepTimes *times = &profile->training->times;
    double seconds[2] = {0}, work[2] = {0};
    for (size_t i = 0; i < profile->count; i++) {
        const ArmcProfileRow *row = &profile->rows[i];
        seconds[row->backward] += row->seconds;
        work[row->backward] += (double)row->multiply_adds;
    }
    double known =
        times->data + seconds[0] + seconds[1] + times->loss + times->gradient + times->update;
    tell_part(profile, "data", times->data, 0);
    tell_part(profile, "forward", seconds[0], work[0]);
    tell_part(profile, "backward", seconds[1], work[1]);
    tell_part(profile, "loss", times->loss, 0);
    tell_part(profile, "gradient's norm", times->gradient, 0);
    tell_part(profile, "optimizer", times->update, 0);
    tell_part(profile, "the rest", profile->seconds - known, 0);
}

/* "layers.arm:47: matmul(it, weight)". */
static const char *place_text(ArmcArena *arena, const ArmcOrigin *origin)
{
    if (origin == NULL || origin->span.source == NULL)
        return "";
    int line, column;
    ArmcSpan span = origin->span;
    armc_source_locate(span.source, span.begin, &line, &column);
    const char *text = span.source->text + span.begin;
    int length = 0, most = (int)(span.end - span.begin);
    while (length < most && length < LINE_TEXT && text[length] != '\n')
        length++;
    return armc_arena_printf(arena, "%s:%d: %.*s", span.source->name, line, length, text);
}

static int slower_row(const void *a, const void *b)
{
    double x = (*(const ArmcProfileRow *const *)a)->seconds,
           y = (*(const ArmcProfileRow *const *)b)->seconds;
    return (x < y) - (x > y);
}

static void tell_ops(const Profile *profile)
{
    const ArmcProfileRow **rows =
        ARMC_NEW_ARRAY(profile->arena, const ArmcProfileRow *, profile->count);
    for (size_t i = 0; i < profile->count; i++)
        rows[i] = &profile->rows[i];
    qsort(rows, profile->count, sizeof *rows, slower_row);
    for (size_t i = 0; i < profile->count; i++) {
        tell(profile, rows[i]->seconds, (double)rows[i]->multiply_adds);
        armc_buf_printf(profile->out, "%-24s %4zu%s %-8s  %s\n", rows[i]->node->op->name,
                        rows[i]->step + 1, rows[i]->members > 1 ? "*" : " ",
                        rows[i]->backward ? "backward" : "forward",
                        place_text(profile->arena, rows[i]->node->origin));
    }
}

/* --- by line --- */

/* A statement, with all that runs in the blocks that it calls. */
typedef struct Line {
    const ArmcSource *source;
    size_t begin;
    const ArmcOrigin *origin;
    double seconds, multiply_adds;
    size_t last; /* the row that was added last, counted from 1: once for each row */
} Line;

typedef struct Lines {
    Line *items;
    size_t count, capacity;
} Lines;

static Line *line_of(const Profile *profile, Lines *lines, const ArmcOrigin *origin)
{
    for (size_t i = 0; i < lines->count; i++)
        if (lines->items[i].source == origin->span.source &&
            lines->items[i].begin == origin->span.begin)
            return &lines->items[i];
    Line line = {.source = origin->span.source, .begin = origin->span.begin, .origin = origin};
    ARMC_PUSH(profile->arena, lines->items, lines->count, lines->capacity, line);
    return &lines->items[lines->count - 1];
}

static void add_row(const Profile *profile, Lines *lines, size_t index)
{
    const ArmcProfileRow *row = &profile->rows[index];
    for (const ArmcOrigin *at = row->node->origin; at != NULL; at = at->caller) {
        Line *line = at->span.source != NULL ? line_of(profile, lines, at) : NULL;
        if (line == NULL || line->last == index + 1)
            continue;
        line->last = index + 1;
        line->seconds += row->seconds;
        line->multiply_adds += (double)row->multiply_adds;
    }
}

static int slower_line(const void *a, const void *b)
{
    double x = ((const Line *)a)->seconds, y = ((const Line *)b)->seconds;
    return (x < y) - (x > y);
}

static void tell_lines(const Profile *profile)
{
    Lines lines = {0};
    for (size_t i = 0; i < profile->count; i++)
        add_row(profile, &lines, i);
    if (lines.count > 0)
        qsort(lines.items, lines.count, sizeof *lines.items, slower_line);
    for (size_t i = 0; i < lines.count; i++) {
        tell(profile, lines.items[i].seconds, lines.items[i].multiply_adds);
        armc_buf_printf(profile->out, "%s\n", place_text(profile->arena, lines.items[i].origin));
    }
}

static void tell_profile(const Profile *profile)
{
    static const char numbers[] = "        ms    share   GFLOP/s  ";
    const ArmcTraining *t = profile->training;
    armc_buf_printf(profile->out,
                    "%s: steps of %" PRId64 " examples, %d threads, the mean of %" PRId64
                    ": %.3f ms\n\n%spart\n",
                    t->net->name, t->options.batch * t->options.accumulate,
                    armc_pool_threads(armc_session_pool(t->session)), profile->steps,
                    1e3 * profile->seconds / (double)profile->steps, numbers);
    tell_parts(profile);
    armc_buf_printf(profile->out, "\n%s%-24s step  pass      line\n", numbers, "op");
    tell_ops(profile);
    armc_buf_printf(profile->out, "\n%sline, with the blocks that it calls\n", numbers);
    tell_lines(profile);
    armc_buf_puts(profile->out, "\n* a region: its nodes run piece by piece, and share its time\n");
}

static bool profile(ArmcSession *session, void *context)
{
    ArmcScript *script = context;
    if (!armc_script_open(session, script) || !armc_script_pass(session, script, ARMC_MODE_BENCH))
        return false;
    if (session->training == NULL)
        armc_fault_raise(&session->fault, ARMC_USER, "%s trains nothing", session->script.name);
    Profile profile = {.training = session->training, .arena = session->run};
    if (!measure(session->training, &profile))
        return false;
    profile.out = armc_work_text(session);
    tell_profile(&profile);
    armc_tell_text(session, "profile", profile.out->data);
    return true;
}

ArmcResult armc_profile_file(ArmcSession *session, const char *path, const char *const *overrides,
                             size_t count)
{
    ArmcScript script = {.path = path, .words = overrides, .word_count = count};
    return armc_work(session, profile, &script);
}
