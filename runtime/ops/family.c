#include "runtime/ops/family.h"

#include <string.h>

#include "runtime/graph/groups.h"
#include "runtime/graph/reads.h"

/* --- elementwise ops --- */

/* The group of an input that feature f of an elementwise result reads. */
static int group_at(const ArmcValue *in, int64_t f)
{
    return armc_shape_features(in->shape) > 1 ? armc_group_of(in, f) : 0;
}

bool armc_entry_is_live(const ArmcValue *value, int64_t site, int64_t feature)
{
    int64_t width = armc_shape_features(value->shape);
    int64_t row = armc_shape_sites(value->shape) > 1 ? site * width : 0;
    return !value->mask || value->mask[row + (width > 1 ? feature : 0)];
}

bool armc_has_dead_entries(const ArmcValue *value)
{
    return value->mask && memchr(value->mask, 0, (size_t)armc_shape_size(value->shape));
}

static bool factors_are_live(const ArmcNode *node, int64_t site, int64_t feature)
{
    for (int i = 0; i < node->in_count; i++)
        if (!armc_entry_is_live(node->in[i], site, feature))
            return false;
    return true;
}

void armc_product_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    int64_t feature = armc_group_first(node->out[0], group);
    if (!factors_are_live(node, site, feature))
        return;
    for (int i = 0; i < node->in_count; i++)
        if (node->in[i]->batched)
            read(context, i, armc_shape_sites(node->in[i]->shape) > 1 ? site : 0,
                 group_at(node->in[i], feature));
}

void armc_elementwise_groups(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    ArmcGrouping g;
    if (!node->out[0]->batched)
        return;
    armc_grouping_begin(&g, infer->graph->arena, armc_shape_features(node->out[0]->shape));
    for (int i = 0; i < node->in_count; i++) {
        if (!node->in[i]->batched || node->in[i]->groups.count == 1)
            continue;
        for (int64_t f = 0; f < g.features; f++)
            g.key[f] = group_at(node->in[i], f);
        armc_grouping_split(&g);
    }
    node->out[0]->groups = armc_grouping_end(&g);
}

/* At each site features part by what they read of input i; -1 is nothing. */
static void split_by_factor(ArmcGrouping *g, const ArmcNode *node, int i)
{
    int64_t sites = armc_shape_sites(node->out[0]->shape);
    for (int64_t site = 0; site < sites && !armc_grouping_is_done(g); site++) {
        for (int64_t f = 0; f < g->features; f++)
            g->key[f] = factors_are_live(node, site, f) ? group_at(node->in[i], f) : -1;
        armc_grouping_split(g);
    }
}

void armc_product_groups(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    if (!armc_has_dead_entries(node->in[0]) && !armc_has_dead_entries(node->in[1])) {
        armc_elementwise_groups(infer);
        return;
    }
    ArmcGrouping g;
    armc_grouping_begin(&g, infer->graph->arena, armc_shape_features(node->out[0]->shape));
    for (int i = 0; i < node->in_count; i++)
        if (node->in[i]->batched)
            split_by_factor(&g, node, i);
    node->out[0]->groups = armc_grouping_end(&g);
}

void armc_same_groups(ArmcInfer *infer)
{
    if (armc_shape_features(infer->node->in[0]->shape) ==
        armc_shape_features(infer->node->out[0]->shape))
        infer->node->out[0]->groups = infer->node->in[0]->groups;
}

void armc_same_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    if (node->in[0]->batched)
        read(context, 0, site, group);
}

/* A column of rows with a single feature is worth as much as a row. */
enum { COLUMN = 128 };

/* Where numbers lie side by side they are taken from, and put, where they are. */
static const ArmcReal *take_column(const ArmcRows *rows, int input, int64_t from, int64_t n,
                                   ArmcReal *column)
{
    int64_t step = rows->in_step[input];
    const ArmcReal *x = rows->in[input] + from * step;
    if (step == 1)
        return x;
    if (step == 0)
        rows->k->fill(n, x[0], column);
    for (int64_t r = 0; step != 0 && r < n; r++)
        column[r] = x[r * step];
    return column;
}

static void put_column(int64_t n, const ArmcReal *column, ArmcReal *y, int64_t step)
{
    for (int64_t r = 0; step != 1 && r < n; r++)
        y[r * step] = column[r];
}

static void unary_column(const ArmcRows *rows, ArmcUnaryKernel f)
{
    ArmcReal column[COLUMN];
    for (int64_t r = 0, n; r < rows->n; r += n) {
        n = rows->n - r < COLUMN ? rows->n - r : COLUMN;
        ArmcReal *out = rows->out + r * rows->out_step, *y = rows->out_step == 1 ? out : column;
        f(n, take_column(rows, 0, r, n, column), y);
        put_column(n, y, out, rows->out_step);
    }
}

static void binary_column(const ArmcRows *rows, ArmcBinaryKernel f)
{
    ArmcReal a[COLUMN], b[COLUMN];
    for (int64_t r = 0, n; r < rows->n; r += n) {
        n = rows->n - r < COLUMN ? rows->n - r : COLUMN;
        ArmcReal *out = rows->out + r * rows->out_step, *y = rows->out_step == 1 ? out : a;
        f(n, take_column(rows, 0, r, n, a), take_column(rows, 1, r, n, b), y);
        put_column(n, y, out, rows->out_step);
    }
}

void armc_unary_rows(const ArmcRows *rows, ArmcUnaryKernel f)
{
    int64_t width = rows->out_width;
    if (rows->in_step[0] == width && rows->out_step == width) {
        f(rows->n * width, rows->in[0], rows->out);
        return;
    }
    if (width == 1 && rows->n > 1) {
        unary_column(rows, f);
        return;
    }
    for (int64_t r = 0; r < rows->n; r++)
        f(width, rows->in[0] + r * rows->in_step[0], rows->out + r * rows->out_step);
}

enum { SPREAD = 256 };

/* One row where an input has a single feature: it is spread over the row, a stretch at a time. */
static void spread_row(const ArmcRows *rows, ArmcBinaryKernel f, const ArmcReal *a,
                       const ArmcReal *b, ArmcReal *y)
{
    int64_t width = rows->out_width;
    ArmcReal spread[SPREAD];
    bool a_single = rows->in_width[0] == 1;
    rows->k->fill(width < SPREAD ? width : SPREAD, a_single ? a[0] : b[0], spread);
    for (int64_t at = 0; at < width; at += SPREAD) {
        int64_t n = width - at < SPREAD ? width - at : SPREAD;
        f(n, a_single ? spread : a + at, a_single ? b + at : spread, y + at);
    }
}

enum { REPEATED = 1024 };

/* Rows that lie side by side, beside a row that is the same for all of them: that is repeated, so
 * that several rows are one stretch. */
static void repeated_row(const ArmcRows *rows, ArmcBinaryKernel f, int same)
{
    int64_t width = rows->out_width, most = REPEATED / width;
    ArmcReal repeated[REPEATED];
    most = most < rows->n ? most : rows->n;
    for (int64_t r = 0; r < most; r++)
        memcpy(repeated + r * width, rows->in[same], (size_t)width * sizeof *repeated);
    for (int64_t r = 0, n; r < rows->n; r += n) {
        n = rows->n - r < most ? rows->n - r : most;
        const ArmcReal *other = rows->in[1 - same] + r * width;
        f(n * width, same == 0 ? repeated : other, same == 0 ? other : repeated,
          rows->out + r * width);
    }
}

/* Which of two inputs can be repeated; -1: none. */
static int find_repeated(const ArmcRows *rows)
{
    int64_t width = rows->out_width;
    for (int i = 0; i < 2; i++)
        if (rows->in_step[i] == 0 && rows->in_step[1 - i] == width && rows->out_step == width &&
            rows->n > 1 && width <= REPEATED / 2)
            return i;
    return -1;
}

void armc_binary_rows(const ArmcRows *rows, ArmcBinaryKernel f)
{
    int64_t width = rows->out_width;
    bool same_width = rows->in_width[0] == width && rows->in_width[1] == width;
    int same = same_width && width > 1 ? find_repeated(rows) : -1;
    if (same >= 0) {
        repeated_row(rows, f, same);
        return;
    }
    if (same_width && rows->in_step[0] == width && rows->in_step[1] == width &&
        rows->out_step == width) {
        f(rows->n * width, rows->in[0], rows->in[1], rows->out);
        return;
    }
    if (same_width && width == 1 && rows->n > 1) {
        binary_column(rows, f);
        return;
    }
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *a = rows->in[0] + r * rows->in_step[0],
                       *b = rows->in[1] + r * rows->in_step[1];
        ArmcReal *y = rows->out + r * rows->out_step;
        if (same_width)
            f(width, a, b, y);
        else
            spread_row(rows, f, a, b, y);
    }
}

bool armc_rows_begin_onto(const ArmcRows *rows)
{
    if (!rows->onto || rows->onto == rows->out)
        return rows->onto;
    for (int64_t r = 0; r < rows->n; r++)
        memcpy(rows->out + r * rows->out_step, rows->onto + r * rows->out_step,
               (size_t)rows->out_width * sizeof(ArmcReal));
    return true;
}
