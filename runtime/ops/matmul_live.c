#include "runtime/ops/matmul_live.h"

#include <string.h>

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
enum { BLOCK_ROWS = 32 };

/* The live rows of a block in a column, a bit each. */
typedef uint32_t Pattern;

/* How far a column is. Times are -1 where nothing is waited for. */
typedef struct Column {
    int64_t begin;  /* terms of the rows before it are added */
    int64_t last;   /* when all of them are ready */
    int64_t next;   /* when those of the block at work are, too */
    int64_t finish; /* when all terms are */
    bool onto;      /* has begun */
    bool adds;      /* terms of the block at work, early */
} Column;

typedef struct Cutter {
    ArmcArena *arena;
    const int64_t *ready; /* by input feature */
    const uint8_t *needed;
    int64_t rows, width, blocks; /* of the weight: rows, columns, blocks of rows */
    const Pattern *patterns;     /* (blocks, columns) */
    Column *columns;
    ArmcPieces pieces;
    size_t capacity;
} Cutter;

static int64_t blocks_of(const ArmcNode *node)
{
    return (rows_of(node) + BLOCK_ROWS - 1) / BLOCK_ROWS;
}

/* Puts a few rows of the mask, which begin at bit `bit` of a block, into its patterns: of eight
 * columns at a time, each a byte, whose bits become eight rows. */
static void add_rows(const uint8_t *mask, int64_t n, int rows, int bit, Pattern *patterns)
{
    int64_t f = 0;
    for (; f + 8 <= n; f += 8) {
        uint64_t bytes = 0, row;
        uint8_t of[sizeof bytes];
        for (int i = 0; i < rows; i++) {
            memcpy(&row, mask + i * n + f, sizeof row);
            bytes |= row << i;
        }
        memcpy(of, &bytes, sizeof of);
        for (int i = 0; bytes && i < 8; i++)
            patterns[f + i] |= (Pattern)of[i] << bit;
    }
    for (; f < n; f++)
        for (int i = 0; i < rows; i++)
            patterns[f] |= (Pattern)mask[i * n + f] << (bit + i);
}

/* The mask is read once, as it lies. */
static const Pattern *patterns_of(ArmcArena *arena, const ArmcNode *node)
{
    const uint8_t *mask = node->in[1]->mask;
    int64_t k = rows_of(node), n = columns_of(node);
    Pattern *patterns = ARMC_NEW_ARRAY(arena, Pattern, blocks_of(node) * n);
    for (int64_t i = 0; i < k; i += 8) {
        int rows = k - i < 8 ? (int)(k - i) : 8, bit = (int)(i % BLOCK_ROWS);
        Pattern *block = patterns + i / BLOCK_ROWS * n, all = ((Pattern)1 << rows) - 1;
        if (mask)
            add_rows(mask + i * n, n, rows, bit, block);
        for (int64_t f = 0; !mask && f < n; f++)
            block[f] |= all << bit;
    }
    return patterns;
}

static Pattern pattern_at(const Cutter *c, int64_t block, int64_t column)
{
    return c->patterns[block * c->width + column];
}

/* The first of a column's rows from `row` on that is live or, `flip` being all ones, dead. */
static int64_t next_row(const Cutter *c, int64_t column, int64_t row, int64_t end, Pattern flip)
{
    while (row < end) {
        Pattern rest = (pattern_at(c, row / BLOCK_ROWS, column) ^ flip) >> row % BLOCK_ROWS;
        int64_t left = BLOCK_ROWS - row % BLOCK_ROWS, ahead = rest ? __builtin_ctz(rest) : left;
        row += ahead < left ? ahead : left;
        if (ahead < left)
            break;
    }
    return row < end ? row : end;
}

static const ArmcRange *ranges_in(const Cutter *c, int64_t column, ArmcRange rows)
{
    ArmcRange *ranges = NULL;
    size_t count = 0, capacity = 0;
    for (int64_t i = rows.begin, end; i < rows.end; i = end) {
        i = next_row(c, column, i, rows.end, 0);
        end = next_row(c, column, i, rows.end, ~(Pattern)0);
        if (i < end)
            ARMC_PUSH(c->arena, ranges, count, capacity, ((ArmcRange){i, end}));
    }
    ARMC_PUSH(c->arena, ranges, count, capacity, ((ArmcRange){0, 0}));
    return ranges;
}

/* Do two columns read the same rows from the beginning of a block on? */
static bool same_from(const Cutter *c, int64_t a, int64_t b, int64_t row)
{
    for (int64_t block = row / BLOCK_ROWS; block < c->blocks; block++)
        if (pattern_at(c, block, a) != pattern_at(c, block, b))
            return false;
    return true;
}

/* Adds the terms of these rows for neighbouring columns that read the same of them. */
static void add_piece(Cutter *c, int64_t begin, int64_t end, ArmcRange rows, int64_t time)
{
    ArmcLiveColumns *live = ARMC_NEW_ARRAY(c->arena, ArmcLiveColumns, 2);
    ArmcPart *part = ARMC_NEW(c->arena, ArmcPart);
    live[0] = (ArmcLiveColumns){begin, end, ranges_in(c, begin, rows), c->columns[begin].onto};
    *part = (ArmcPart){begin, end, live};
    ARMC_PUSH(c->arena, c->pieces.items, c->pieces.count, c->capacity, ((ArmcPiece){part, time}));
}

/* When these rows of a block are ready. */
static int64_t ready_of(const Cutter *c, int64_t block, Pattern pattern)
{
    int64_t latest = -1;
    for (; pattern; pattern &= pattern - 1) {
        int64_t ready = c->ready[block * BLOCK_ROWS + __builtin_ctz(pattern)];
        latest = ready > latest ? ready : latest;
    }
    return latest;
}

/* Sets each column's `next`; neighbours often read the same. */
static void wait_for_block(Cutter *c, int64_t block)
{
    const Pattern *patterns = c->patterns + block * c->width;
    Pattern last = 0;
    int64_t ready = -1;
    for (int64_t f = 0; f < c->width; f++) {
        Column *column = &c->columns[f];
        if (patterns[f] != last)
            ready = ready_of(c, block, last = patterns[f]);
        column->next = column->last > ready ? column->last : ready;
    }
}

/* Which columns take the block early: all terms before it are in, and others will follow it. */
static void begin_block(Cutter *c, int64_t block)
{
    wait_for_block(c, block);
    for (int64_t f = 0; f < c->width; f++) {
        Column *column = &c->columns[f];
        bool early = c->needed[f] && column->begin == block * BLOCK_ROWS &&
                     column->next < column->finish,
             reads = pattern_at(c, block, f) != 0;
        column->adds = early && reads;
        if (early && !reads)
            column->begin += BLOCK_ROWS;
    }
}

static void add_block(Cutter *c, int64_t block)
{
    int64_t n = c->width, begin = block * BLOCK_ROWS, k = c->rows;
    ArmcRange rows = {begin, begin + BLOCK_ROWS < k ? begin + BLOCK_ROWS : k};
    begin_block(c, block);
    for (int64_t f = 0, end; f < n; f = end) {
        const Column *first = &c->columns[f];
        for (end = f + 1; first->adds && end < n; end++) {
            const Column *other = &c->columns[end];
            if (!other->adds || other->next != first->next || other->onto != first->onto ||
                pattern_at(c, block, end) != pattern_at(c, block, f))
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
    for (int64_t f = 0, end; f < c->width; f = end) {
        const Column *first = &c->columns[f];
        ArmcRange rows = {first->begin, c->rows};
        for (end = f + 1; c->needed[f] && end < c->width; end++) {
            const Column *other = &c->columns[end];
            if (!c->needed[end] || other->finish != first->finish || other->begin != first->begin ||
                other->onto != first->onto || !same_from(c, f, end, first->begin))
                break;
        }
        if (c->needed[f])
            add_piece(c, f, end, rows, first->finish);
    }
}

ArmcPieces armc_matmul_pieces(ArmcArena *arena, const ArmcNode *node, const int64_t *ready,
                              const uint8_t *needed)
{
    int64_t n = columns_of(node), blocks = blocks_of(node);
    Cutter c = {.arena = arena,
                .ready = ready,
                .needed = needed,
                .rows = rows_of(node),
                .width = n,
                .blocks = blocks,
                .patterns = patterns_of(arena, node)};
    c.columns = ARMC_NEW_ARRAY(arena, Column, n);
    for (int64_t f = 0; f < n; f++)
        c.columns[f] = (Column){.last = -1, .finish = -1};
    for (int64_t block = 0; block < blocks; block++) {
        wait_for_block(&c, block);
        for (int64_t f = 0; f < n; f++)
            if (c.columns[f].next > c.columns[f].finish)
                c.columns[f].finish = c.columns[f].next;
    }
    for (int64_t block = 0; block < blocks; block++)
        add_block(&c, block);
    add_rest(&c);
    return c.pieces;
}
