#include "runtime/ops/matmul_live.h"

static int64_t rows_of(const ArmcNode *node)
{
    return armc_shape_features(node->in[0]->shape);
}

static int64_t columns_of(const ArmcNode *node)
{
    return armc_shape_features(node->out[0]->shape);
}

static bool is_live(const ArmcNode *node, int64_t row, int64_t column)
{
    const uint8_t *mask = node->in[1]->mask;
    return !mask || mask[row * columns_of(node) + column];
}

/* --- columns --- */

/* The live ones of these rows. */
static const ArmcRange *live_ranges(ArmcArena *arena, const ArmcNode *node, int64_t column,
                                    ArmcRange rows)
{
    ArmcRange *ranges = NULL;
    size_t count = 0, capacity = 0;
    for (int64_t i = rows.begin; i < rows.end; i++) {
        bool live = is_live(node, i, column);
        if (live && count > 0 && ranges[count - 1].end == i)
            ranges[count - 1].end++;
        else if (live)
            ARMC_PUSH(arena, ranges, count, capacity, ((ArmcRange){i, i + 1}));
    }
    ARMC_PUSH(arena, ranges, count, capacity, ((ArmcRange){0, 0}));
    return ranges;
}

static bool same_column(const ArmcNode *node, int64_t a, int64_t b, ArmcRange rows)
{
    const uint8_t *mask = node->in[1]->mask;
    int64_t n = columns_of(node);
    for (int64_t i = rows.begin; mask && i < rows.end; i++)
        if (mask[i * n + a] != mask[i * n + b])
            return false;
    return true;
}

/* Columns of one group read the same groups, not always the same features of them. */
const void *armc_matmul_live(ArmcArena *arena, const ArmcNode *node, const ArmcPart *part)
{
    const ArmcRange all = {0, rows_of(node)};
    ArmcLiveColumns *columns = NULL;
    size_t count = 0, capacity = 0;
    for (int64_t f = part->begin; f < part->end; f++)
        if (count > 0 && same_column(node, f - 1, f, all))
            columns[count - 1].end = f + 1;
        else
            ARMC_PUSH(arena, columns, count, capacity,
                      ((ArmcLiveColumns){f, f + 1, live_ranges(arena, node, f, all), false}));
    ARMC_PUSH(arena, columns, count, capacity, ((ArmcLiveColumns){0}));
    return columns;
}

int64_t armc_live_cost(const ArmcLiveColumns *columns)
{
    int64_t cost = 0;
    for (; columns->end > 0; columns++)
        for (const ArmcRange *range = columns->rows; range->end > 0; range++)
            cost += (columns->end - columns->begin) * (range->end - range->begin);
    return cost;
}

/* --- pieces --- */

/* An entry is one chain of terms, in the order of the rows of W. As soon as the input features of a
 * block of rows are there, their terms are added for all columns that read them, which is a fast
 * product; what is left when a column becomes ready is a short one. */
enum { BLOCK_ROWS = 16 };

/* How far a column is. Times are -1 where nothing is waited for. */
typedef struct Column {
    int64_t begin;  /* terms of the rows before it are added */
    int64_t last;   /* when all of them are ready */
    int64_t next;   /* when those of the block at work are, too */
    int64_t finish; /* when all terms are */
    bool onto;      /* has begun */
    bool reads;     /* some of the block at work */
    bool adds;      /* its terms, early */
} Column;

typedef struct Cutter {
    ArmcArena *arena;
    const ArmcNode *node;
    const int64_t *ready; /* by input feature */
    const uint8_t *needed;
    Column *columns;
    ArmcPieces pieces;
    size_t capacity;
} Cutter;

/* Adds the terms of these rows for neighbouring columns that read the same of them. */
static void add_piece(Cutter *c, int64_t begin, int64_t end, ArmcRange rows, int64_t time)
{
    ArmcLiveColumns *live = ARMC_NEW_ARRAY(c->arena, ArmcLiveColumns, 2);
    ArmcPart *part = ARMC_NEW(c->arena, ArmcPart);
    live[0] = (ArmcLiveColumns){begin, end, live_ranges(c->arena, c->node, begin, rows),
                                c->columns[begin].onto};
    *part = (ArmcPart){begin, end, live};
    ARMC_PUSH(c->arena, c->pieces.items, c->pieces.count, c->capacity, ((ArmcPiece){part, time}));
}

static void wait_for_row(Cutter *c, int64_t row)
{
    const uint8_t *mask = c->node->in[1]->mask;
    int64_t n = columns_of(c->node), ready = c->ready[row];
    for (int64_t f = 0; f < n; f++) {
        Column *column = &c->columns[f];
        if (mask && !mask[row * n + f])
            continue;
        column->reads = true;
        column->next = column->next > ready ? column->next : ready;
    }
}

/* Which columns take the block early: all terms before it are in, and others will follow it. */
static void begin_block(Cutter *c, ArmcRange rows)
{
    int64_t n = columns_of(c->node);
    for (int64_t f = 0; f < n; f++) {
        c->columns[f].next = c->columns[f].last;
        c->columns[f].reads = false;
    }
    for (int64_t i = rows.begin; i < rows.end; i++)
        wait_for_row(c, i);
    for (int64_t f = 0; f < n; f++) {
        Column *column = &c->columns[f];
        bool early = c->needed[f] && column->begin == rows.begin && column->next < column->finish;
        column->adds = early && column->reads;
        if (early && !column->reads)
            column->begin = rows.end;
    }
}

static void add_block(Cutter *c, ArmcRange rows)
{
    int64_t n = columns_of(c->node);
    begin_block(c, rows);
    for (int64_t f = 0, end; f < n; f = end) {
        const Column *first = &c->columns[f];
        for (end = f + 1; first->adds && end < n; end++) {
            const Column *other = &c->columns[end];
            if (!other->adds || other->next != first->next || other->onto != first->onto ||
                !same_column(c->node, f, end, rows))
                break;
        }
        if (!first->adds)
            continue;
        add_piece(c, f, end, rows, first->next);
        for (int64_t i = f; i < end; i++) {
            Column *column = &c->columns[i];
            column->begin = rows.end;
            column->last = column->next;
            column->onto = true;
        }
    }
}

/* What is left of each column, when the last of its terms is ready. */
static void add_rest(Cutter *c)
{
    for (int64_t f = 0, end; f < columns_of(c->node); f = end) {
        const Column *first = &c->columns[f];
        ArmcRange rows = {first->begin, rows_of(c->node)};
        for (end = f + 1; c->needed[f] && end < columns_of(c->node); end++) {
            const Column *other = &c->columns[end];
            if (!c->needed[end] || other->finish != first->finish || other->begin != first->begin ||
                other->onto != first->onto || !same_column(c->node, f, end, rows))
                break;
        }
        if (c->needed[f])
            add_piece(c, f, end, rows, first->finish);
    }
}

ArmcPieces armc_matmul_pieces(ArmcArena *arena, const ArmcNode *node, const int64_t *ready,
                              const uint8_t *needed)
{
    int64_t k = rows_of(node), n = columns_of(node);
    Cutter c = {.arena = arena, .node = node, .ready = ready, .needed = needed};
    c.columns = ARMC_NEW_ARRAY(arena, Column, n);
    for (int64_t f = 0; f < n; f++)
        c.columns[f] = (Column){.last = -1, .next = -1};
    for (int64_t i = 0; i < k; i++)
        wait_for_row(&c, i);
    for (int64_t f = 0; f < n; f++)
        c.columns[f].finish = c.columns[f].next;
    for (int64_t i = 0; i < k; i += BLOCK_ROWS)
        add_block(&c, (ArmcRange){i, i + BLOCK_ROWS < k ? i + BLOCK_ROWS : k});
    add_rest(&c);
    return c.pieces;
}
