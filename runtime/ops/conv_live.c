/* What of a weight is live for which columns: blocks, groups, reads and cost follow from it. */
#include <string.h>

#include "runtime/graph/groups.h"
#include "runtime/graph/reads.h"
#include "runtime/ops/conv.h"

enum { WORD = 64 };

static int64_t rows_a_tap(const ArmcConv *conv)
{
    return conv->c / conv->groups;
}

static int64_t rows_of(const ArmcConv *conv)
{
    return conv->y.kernel * conv->x.kernel * rows_a_tap(conv);
}

/* Does any site of the result read something by this tap? Others meet nothing but padding. */
static bool meets_picture(const ArmcConvAxis *axis, int64_t tap)
{
    for (int64_t o = 0; o < axis->out; o++)
        if (armc_conv_source(axis, o, tap) >= 0)
            return true;
    return false;
}

/* --- blocks --- */

/* The rows that a column reads. */
static void mark_rows(const ArmcConv *conv, const uint8_t *mask, int64_t column, uint8_t *rows)
{
    int64_t each = rows_a_tap(conv);
    for (int64_t i = 0; i < conv->y.kernel; i++)
        for (int64_t j = 0; meets_picture(&conv->y, i) && j < conv->x.kernel; j++) {
            int64_t row = armc_conv_row(conv, i, j);
            for (int64_t r = row; meets_picture(&conv->x, j) && r < row + each; r++)
                rows[r] = !mask || mask[r * conv->n + column];
        }
}

typedef struct Terms {
    ArmcConvTerm *items;
    size_t count, capacity;
} Terms;

static void add_tap(ArmcArena *arena, const ArmcConv *conv, const ArmcConvBlock *block, int64_t i,
                    int64_t j, Terms *terms)
{
    int64_t row = armc_conv_row(conv, i, j), each = rows_a_tap(conv);
    int64_t first = block->begin / (conv->n / conv->groups) * each;
    for (int64_t c = 0, end; c < each; c = end) {
        for (end = c; end < each && block->rows[row + end]; end++)
            ;
        if (end > c)
            ARMC_PUSH(arena, terms->items, terms->count, terms->capacity,
                      ((ArmcConvTerm){i, j, first + c, end - c, row + c}));
        else
            end = c + 1;
    }
}

/* Rows that follow each other, in even parts. */
static void add_chunks(ArmcArena *arena, ArmcConvBlock *block)
{
    ArmcConvChunk *chunks = NULL;
    size_t count = 0, capacity = 0;
    for (int64_t t = 0, end; t < block->term_count; t = end) {
        int64_t depth = block->terms[t].length, row = block->terms[t].row, term = t, at = 0;
        for (end = t + 1; end < block->term_count && block->terms[end].row == row + depth; end++)
            depth += block->terms[end].length;
        int64_t parts = (depth + ARMC_CONV_DEPTH - 1) / ARMC_CONV_DEPTH;
        for (int64_t p = 0; p < parts; p++) {
            int64_t some = depth * (p + 1) / parts - depth * p / parts;
            ARMC_PUSH(arena, chunks, count, capacity, ((ArmcConvChunk){term, at, some, row}));
            row += some;
            for (at += some; term < end && at >= block->terms[term].length; term++)
                at -= block->terms[term].length;
        }
    }
    block->chunks = chunks;
    block->chunk_count = (int64_t)count;
}

static void add_terms(ArmcArena *arena, const ArmcConv *conv, ArmcConvBlock *block)
{
    Terms terms = {0};
    for (int64_t i = 0; i < conv->y.kernel; i++)
        for (int64_t j = 0; meets_picture(&conv->y, i) && j < conv->x.kernel; j++)
            if (meets_picture(&conv->x, j))
                add_tap(arena, conv, block, i, j, &terms);
    block->terms = terms.items;
    block->term_count = (int64_t)terms.count;
    add_chunks(arena, block);
}

/* Do two columns read the same? */
static bool same_column(const ArmcConv *conv, const uint8_t *mask, int64_t a, int64_t b)
{
    int64_t filters = conv->n / conv->groups;
    if (a / filters != b / filters)
        return false;
    for (int64_t r = 0; r < rows_of(conv); r++)
        if (mask[r * conv->n + a] != mask[r * conv->n + b])
            return false;
    return true;
}

typedef struct Blocks {
    ArmcConvBlock *items;
    size_t count, capacity;
} Blocks;

/* Without a mask the filters of a group read the same; with one it is looked at column by column.
 */
static int64_t end_of_block(const ArmcConv *conv, const uint8_t *mask, int64_t begin)
{
    int64_t filters = conv->n / conv->groups, end = begin + 1;
    if (!mask)
        return (begin / filters + 1) * filters;
    while (end < conv->n && same_column(conv, mask, end - 1, end))
        end++;
    return end;
}

static Blocks exact_blocks(ArmcArena *arena, const ArmcConv *conv, const uint8_t *mask)
{
    Blocks blocks = {0};
    for (int64_t f = 0, end; f < conv->n; f = end) {
        uint8_t *rows = ARMC_NEW_ARRAY(arena, uint8_t, rows_of(conv));
        mark_rows(conv, mask, f, rows);
        end = end_of_block(conv, mask, f);
        ARMC_PUSH(arena, blocks.items, blocks.count, blocks.capacity,
                  ((ArmcConvBlock){.begin = f, .end = end, .rows = rows}));
    }
    return blocks;
}

/* A vector's worth of columns takes the time of a whole one. */
static int64_t work(int64_t width, int64_t depth)
{
    enum { VECTOR = 16 };
    return (width + VECTOR - 1) / VECTOR * VECTOR * depth;
}

static int64_t depth_of(const ArmcConv *conv, const uint8_t *a, const uint8_t *b)
{
    int64_t depth = 0;
    for (int64_t r = 0; r < rows_of(conv); r++)
        depth += a[r] || b[r];
    return depth;
}

/* Is one block less work than the two? Dead entries are zeros, so the result is the same. */
static bool joins(const ArmcConv *conv, const ArmcConvBlock *a, const ArmcConvBlock *b)
{
    int64_t filters = conv->n / conv->groups;
    return a->begin / filters == b->begin / filters &&
           work(b->end - a->begin, depth_of(conv, a->rows, b->rows)) <=
               work(a->end - a->begin, depth_of(conv, a->rows, a->rows)) +
                   work(b->end - b->begin, depth_of(conv, b->rows, b->rows));
}

static ArmcConvBlock joined(ArmcArena *arena, const ArmcConv *conv, const ArmcConvBlock *a,
                            const ArmcConvBlock *b)
{
    uint8_t *rows = ARMC_NEW_ARRAY(arena, uint8_t, rows_of(conv));
    for (int64_t r = 0; r < rows_of(conv); r++)
        rows[r] = a->rows[r] || b->rows[r];
    return (ArmcConvBlock){.begin = a->begin, .end = b->end, .rows = rows};
}

static Blocks joined_blocks(ArmcArena *arena, const ArmcConv *conv, const Blocks *exact)
{
    Blocks blocks = {0};
    for (size_t i = 0; i < exact->count; i++) {
        ArmcConvBlock *last = blocks.count ? &blocks.items[blocks.count - 1] : NULL;
        if (last && joins(conv, last, &exact->items[i]))
            *last = joined(arena, conv, last, &exact->items[i]);
        else
            ARMC_PUSH(arena, blocks.items, blocks.count, blocks.capacity, exact->items[i]);
    }
    return blocks;
}

static const ArmcConvBlock *finish(ArmcArena *arena, const ArmcConv *conv, Blocks *blocks)
{
    for (size_t i = 0; i < blocks->count; i++)
        if (!blocks->items[i].terms)
            add_terms(arena, conv, &blocks->items[i]);
    ARMC_PUSH(arena, blocks->items, blocks->count, blocks->capacity, (ArmcConvBlock){0});
    return blocks->items;
}

void armc_conv_find_blocks(ArmcArena *arena, ArmcConv *conv, const uint8_t *mask)
{
    Blocks exact = exact_blocks(arena, conv, mask), fast = joined_blocks(arena, conv, &exact);
    conv->exact = finish(arena, conv, &exact);
    conv->blocks = finish(arena, conv, &fast);
}

/* --- groups and reads --- */

/* Which of 64 groups of x, from `begin` on, each feature reads by the tap whose rows begin at
 * `row`. */
static void mark_groups(ArmcGrouping *g, const ArmcNode *node, int64_t row, int begin)
{
    const ArmcConv *conv = node->plan;
    const uint8_t *mask = node->in[1]->mask;
    int64_t each = rows_a_tap(conv), filters = conv->n / conv->groups;
    for (int64_t f = 0; f < conv->n; f++) {
        uint64_t key = 0;
        for (int64_t r = 0; r < each; r++) {
            int bit = armc_group_of(node->in[0], f / filters * each + r) - begin;
            if (bit >= 0 && bit < WORD && (!mask || mask[(row + r) * conv->n + f]))
                key |= UINT64_C(1) << bit;
        }
        g->key[f] = (int64_t)key;
    }
}

static void split_by_tap(ArmcGrouping *g, const ArmcNode *node, int64_t row)
{
    for (int begin = 0; begin < node->in[0]->groups.count; begin += WORD) {
        mark_groups(g, node, row, begin);
        armc_grouping_split(g);
    }
}

/* The bits of a tap, from the first feature of each group. */
static void set_bits(const ArmcNode *node, int64_t row, int words, uint64_t *bits)
{
    const ArmcConv *conv = node->plan;
    const uint8_t *mask = node->in[1]->mask;
    int64_t each = rows_a_tap(conv), filters = conv->n / conv->groups;
    for (int g = 0; g < node->out[0]->groups.count; g++) {
        int64_t f = armc_group_first(node->out[0], g);
        for (int64_t r = 0; r < each; r++) {
            int from = armc_group_of(node->in[0], f / filters * each + r);
            if (!mask || mask[(row + r) * conv->n + f])
                bits[g * words + from / WORD] |= UINT64_C(1) << from % WORD;
        }
    }
}

/* By tap as gathered: in the place of sites. */
static const ArmcGroupReads *group_reads(ArmcArena *arena, const ArmcNode *node)
{
    const ArmcConv *conv = node->plan;
    int count = node->out[0]->groups.count, words = (node->in[0]->groups.count + WORD - 1) / WORD;
    int64_t taps = conv->y.kernel * conv->x.kernel;
    ArmcGroupReads *live = ARMC_NEW(arena, ArmcGroupReads);
    uint64_t *bits = ARMC_NEW_ARRAY(arena, uint64_t, taps * count * words);
    for (int64_t tap = 0; tap < taps; tap++)
        set_bits(node, armc_conv_row(conv, tap / conv->x.kernel, tap % conv->x.kernel), words,
                 bits + tap * count * words);
    *live = (ArmcGroupReads){taps, words, bits};
    return live;
}

/* Features that read the same groups by every tap are a group. */
void armc_conv_groups(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    const ArmcConv *conv = node->plan;
    ArmcValue *out = node->out[0];
    ArmcGrouping g;
    if (!out->batched || (conv->groups == 1 && !armc_has_dead_entries(node->in[1])))
        return;
    armc_grouping_begin(&g, infer->graph->arena, conv->n);
    for (int64_t i = 0; i < conv->y.kernel; i++)
        for (int64_t j = 0; meets_picture(&conv->y, i) && j < conv->x.kernel; j++)
            if (meets_picture(&conv->x, j))
                split_by_tap(&g, node, armc_conv_row(conv, i, j));
    out->groups = armc_grouping_end(&g);
    node->group_reads = group_reads(infer->graph->arena, node);
}

static void read_site(const ArmcNode *node, int64_t tap, int64_t from, int group, ArmcRead read,
                      void *context)
{
    const ArmcGroupReads *live = node->group_reads;
    int64_t row = tap * node->out[0]->groups.count + group;
    for (int g = 0; g < node->in[0]->groups.count; g++)
        if (!live || live->bits[row * live->words + g / WORD] >> g % WORD & 1)
            read(context, 0, from, g);
}

/* Padding reads nothing. */
void armc_conv_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    const ArmcConv *conv = node->plan;
    int64_t oy = site / conv->x.out, ox = site % conv->x.out;
    for (int64_t i = 0; node->in[0]->batched && i < conv->y.kernel; i++) {
        int64_t y = armc_conv_source(&conv->y, oy, i);
        for (int64_t j = 0; y >= 0 && j < conv->x.kernel; j++) {
            int64_t x = armc_conv_source(&conv->x, ox, j);
            if (x >= 0)
                read_site(node, i * conv->x.kernel + j, y * conv->x.in + x, group, read, context);
        }
    }
}

/* --- parts and cost --- */

const void *armc_conv_live(ArmcArena *arena, const ArmcNode *node, const ArmcPart *part)
{
    const ArmcConv *conv = node->plan;
    Blocks blocks = {0};
    for (const ArmcConvBlock *block = conv->exact; block->end > 0; block++) {
        ArmcConvBlock some = *block;
        some.begin = some.begin > part->begin ? some.begin : part->begin;
        some.end = some.end < part->end ? some.end : part->end;
        if (some.begin < some.end)
            ARMC_PUSH(arena, blocks.items, blocks.count, blocks.capacity, some);
    }
    ARMC_PUSH(arena, blocks.items, blocks.count, blocks.capacity, (ArmcConvBlock){0});
    return blocks.items;
}

/* How many sites of the axis read something by the tap: of one, or of all (-1). */
static int64_t hits(const ArmcConvAxis *axis, int64_t o, int64_t tap)
{
    int64_t count = 0;
    if (o >= 0)
        return armc_conv_source(axis, o, tap) >= 0;
    for (o = 0; o < axis->out; o++)
        count += armc_conv_source(axis, o, tap) >= 0;
    return count;
}

int64_t armc_conv_cost(const ArmcNode *node, int64_t site, const ArmcPart *part)
{
    const ArmcConv *conv = node->plan;
    int64_t y = site < 0 ? -1 : site / conv->x.out, x = site < 0 ? -1 : site % conv->x.out,
            cost = 0;
    for (const ArmcConvBlock *block = conv->exact; block->end > 0; block++) {
        int64_t begin = block->begin > part->begin ? block->begin : part->begin,
                end = block->end < part->end ? block->end : part->end;
        for (int64_t t = 0; begin < end && t < block->term_count; t++)
            cost += (end - begin) * block->terms[t].length * hits(&conv->y, y, block->terms[t].y) *
                    hits(&conv->x, x, block->terms[t].x);
    }
    return cost;
}
