/* The losses of a training as one table, with other people's figures beside them. */
#include <inttypes.h>
#include <string.h>

#include "runtime/learn/json.h"
#include "runtime/learn/report.h"
#include "runtime/learn/session.h"

enum { MODEL, BESIDE };

static const ArmcSpec args[] = {
    {.name = "model", .kind = ARMC_SPEC_MODEL, .doc = "a model that was trained"},
    {.name = "beside",
     .kind = ARMC_SPEC_ANY,
     .preset = "",
     .doc = "figures from elsewhere, a list for each column: its heading, then a number for each "
            "epoch. A single number is told below the table"},
    {.kind = ARMC_SPEC_END},
};

/* --- figures from elsewhere --- */

static bool is_column(const ArmcThing *thing)
{
    bool fits = thing->kind == ARMC_THING_LIST && thing->count > 1 &&
                thing->items[0]->kind == ARMC_THING_STRING;
    for (size_t i = 1; fits && i < thing->count; i++)
        fits = thing->items[i]->kind == ARMC_THING_NUMBER;
    return fits;
}

static bool check_beside(ArmcSession *session, const ArmcThing *beside, const ArmcOrigin *origin)
{
    bool fits = beside->kind == ARMC_THING_LIST;
    for (size_t i = 0; fits && i < beside->count; i++)
        fits = is_column(beside->items[i]);
    if (fits)
        return true;
    ArmcDiag *diag =
        armc_diag_add(session->diags, ARMC_E_bad_kind, origin,
                      "`beside` of `losses` is no list of columns: of each a heading and numbers");
    armc_diag_help(diag, "beside=[[\"theirs\", 92.1, 90.4, 89.8]]");
    return false;
}

/* Is it one number, of no epoch? */
static bool is_single(const ArmcThing *column)
{
    return column->count == 2;
}

static double figure_of(const ArmcThing *column, uint64_t epoch)
{
    return !is_single(column) && epoch < column->count ? column->items[epoch]->number : -1;
}

/* --- what is told --- */

typedef struct Losses {
    ArmcSession *session;
    ArmcArena *arena;
    const ArmcNet *net;
    ArmcThing beside; /* an empty list where nothing was given */
    uint64_t epochs;
    bool has[ARMC_SPLITS];
} Losses;

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static Losses losses_of(ArmcSession *session, ArmcArena *arena, const ArmcNet *net,
                        const ArmcThing *beside)
{
    Losses l = {.session = session, .arena = arena, .net = net, .epochs = net->metrics->epochs};
    if (beside != NULL)
        l.beside = *beside;
    for (size_t i = 0; i < net->metrics->count; i++) {
        const ArmcMetric *row = &net->metrics->rows[i];
        l.has[row->split] = true;
        if (row->split != ARMC_TRAIN) /* else the epoch may not be over */
            l.epochs = larger(l.epochs, row->epoch);
    }
    for (size_t i = 0; i < l.beside.count; i++)
        if (!is_single(l.beside.items[i]))
            l.epochs = larger(l.epochs, l.beside.items[i]->count - 1);
    return l;
}

/* A split's nats in an epoch; negative: not known. */
static double nats_of(const Losses *l, uint64_t epoch, ArmcSplit split)
{
    const ArmcMetrics *metrics = l->net->metrics;
    if (split == ARMC_TRAIN)
        return epoch <= metrics->epochs ? metrics->train[epoch - 1] : -1;
    const ArmcMetric *row = armc_metrics_find(metrics, epoch, split);
    return row != NULL ? row->nats : -1;
}

/* The split whose bits are told: the last one that there is, as in the lines of `train`. */
static ArmcSplit last_split(const Losses *l)
{
    return l->has[ARMC_TEST] ? ARMC_TEST : l->has[ARMC_VALID] ? ARMC_VALID : ARMC_TRAIN;
}

static double bits_per_dim(const Losses *l, uint64_t epoch)
{
    return armc_bits(nats_of(l, epoch, last_split(l))) / (double)l->net->variables;
}

/* Since the training began; negative: not known. */
static double seconds_at(const Losses *l, uint64_t epoch)
{
    const ArmcMetric *row = armc_metrics_find(l->net->metrics, epoch, last_split(l));
    return row != NULL ? row->seconds : -1;
}

/* --- as text --- */

/* A table under construction, row after row. */
typedef struct Grid {
    ArmcArena *arena;
    const char **cells;
    size_t count, capacity, columns;
} Grid;

static void put_text(Grid *grid, const char *text)
{
    ARMC_PUSH(grid->arena, grid->cells, grid->count, grid->capacity, text);
}

static void put_number(Grid *grid, double number, int digits)
{
    put_text(grid, number < 0 ? "-" : armc_arena_printf(grid->arena, "%.*f", digits, number));
}

static void put_headings(Grid *grid, const Losses *l)
{
    put_text(grid, "epoch");
    for (ArmcSplit split = ARMC_TRAIN; split < ARMC_SPLITS; split++)
        if (l->has[split])
            put_text(grid, armc_split_name(split));
    put_text(grid, "bits/dim");
    put_text(grid, "seconds");
    for (size_t i = 0; i < l->beside.count; i++)
        if (!is_single(l->beside.items[i]))
            put_text(grid, l->beside.items[i]->items[0]->text);
    grid->columns = grid->count;
}

static void put_epoch(Grid *grid, const Losses *l, uint64_t epoch)
{
    put_text(grid, armc_arena_printf(grid->arena, "%" PRIu64, epoch));
    for (ArmcSplit split = ARMC_TRAIN; split < ARMC_SPLITS; split++)
        if (l->has[split])
            put_number(grid, nats_of(l, epoch, split), 3);
    put_number(grid, bits_per_dim(l, epoch), 5);
    put_number(grid, seconds_at(l, epoch), 1);
    for (size_t i = 0; i < l->beside.count; i++)
        if (!is_single(l->beside.items[i]))
            put_number(grid, figure_of(l->beside.items[i], epoch), 3);
}

/* Places that a text in UTF-8 takes on a line. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void say_grid(ArmcSession *session, const Grid *grid)
{
    size_t *widths = ARMC_NEW_ARRAY(grid->arena, size_t, grid->columns);
    for (size_t i = 0; i < grid->count; i++)
        widths[i % grid->columns] = larger(widths[i % grid->columns], width_of(grid->cells[i]));
    for (size_t i = 0; i < grid->count; i++) {
        size_t column = i % grid->columns;
        int pad = (int)(widths[column] - width_of(grid->cells[i]));
        armc_say_result(session, "%*s%s%s", pad + 2, "", grid->cells[i],
                        column + 1 == grid->columns ? "\n" : "");
    }
}

static void say_table(const Losses *l)
{
    const ArmcNet *net = l->net;
    Grid grid = {.arena = l->arena};
    armc_say_result(l->session, "%s: nats by epoch, D %" PRId64 " (%s%s)\n", net->name,
                    net->variables, net->report, armc_if_unproved(net, ", unproved"));
    put_headings(&grid, l);
    for (uint64_t epoch = 1; epoch <= l->epochs; epoch++)
        put_epoch(&grid, l, epoch);
    say_grid(l->session, &grid);
    for (size_t i = 0; i < l->beside.count; i++)
        if (is_single(l->beside.items[i]))
            armc_say_result(l->session, "  %s: %.3f\n", l->beside.items[i]->items[0]->text,
                            l->beside.items[i]->items[1]->number);
}

/* --- as JSON --- */

/* ", \"name\": 1.25"; nothing where the number isn't known. */
static const char *json_number(const Losses *l, const char *name, double number)
{
    return number < 0
               ? ""
               : armc_arena_printf(l->arena, ", %s: %.6f", armc_json_text(l->arena, name), number);
}

/* An epoch's figures, or with epoch 0 those of none, as an object. */
static const char *json_beside(const Losses *l, uint64_t epoch)
{
    const char *list = "";
    for (size_t i = 0; i < l->beside.count; i++) {
        const ArmcThing *column = l->beside.items[i];
        double number = epoch > 0           ? figure_of(column, epoch)
                        : is_single(column) ? column->items[1]->number
                                            : -1;
        list = armc_arena_printf(l->arena, "%s%s", list,
                                 json_number(l, column->items[0]->text, number));
    }
    return *list != '\0' ? armc_arena_printf(l->arena, ", \"beside\": {%s}", list + 2) : "";
}

static void say_json(const Losses *l)
{
    const ArmcNet *net = l->net;
    const char *name = armc_json_text(l->arena, net->name);
    for (uint64_t epoch = 1; epoch <= l->epochs; epoch++) {
        const char *nats = "";
        for (ArmcSplit split = ARMC_TRAIN; split < ARMC_SPLITS; split++)
            nats =
                armc_arena_printf(l->arena, "%s%s", nats,
                                  json_number(l, armc_split_name(split), nats_of(l, epoch, split)));
        armc_say_result(l->session,
                        "{\"event\": \"losses\", \"model\": %s, \"epoch\": %" PRIu64
                        "%s%s, \"dims\": %" PRId64 ", \"proved\": %s%s%s%s}\n",
                        name, epoch, nats, json_number(l, "bits_per_dim", bits_per_dim(l, epoch)),
                        net->variables, armc_proved_json(net), armc_given_json(net),
                        json_number(l, "seconds", seconds_at(l, epoch)), json_beside(l, epoch));
    }
    const char *singles = json_beside(l, 0);
    if (*singles != '\0')
        armc_say_result(l->session, "{\"event\": \"losses\", \"model\": %s%s}\n", name, singles);
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    const ArmcThing *beside = a[BESIDE].given ? a[BESIDE].thing : NULL;
    ArmcNet *net = armc_net_find(session, a[MODEL].thing, origin);
    if (net == NULL || !armc_net_was_trained(session, net, "losses", origin) ||
        (beside != NULL && !check_beside(session, beside, origin)))
        return false;
    if (session->mode != ARMC_MODE_RUN)
        return true;
    ArmcArena *arena = armc_scratch_begin(session);
    Losses l = losses_of(session, arena, net, beside);
    if (session->options.json)
        say_json(&l);
    else
        say_table(&l);
    armc_scratch_end(session);
    return true;
}

ARMC_COMMAND(losses) = {
    .name = "losses",
    .doc = "tells the losses of a model's last training as a table, with figures from elsewhere "
           "beside them: `losses net beside=[[\"theirs\", 92.1, 90.4]]`",
    .args = args,
    .run = run,
};
