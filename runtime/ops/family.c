#include "runtime/ops/family.h"

#include <string.h>

static int group_at(const ArmcValue *value, int64_t feature)
{
    return value->groups.of && armc_shape_features(value->shape) > 1 ? value->groups.of[feature]
                                                                     : 0;
}

/* Numbers the pairs (group so far, group of the next input) that occur. */
static int refine(ArmcArena *arena, int32_t *of, int count, int64_t features,
                  const ArmcValue *value)
{
    size_t next = (size_t)value->groups.count;
    int32_t *number = ARMC_NEW_ARRAY(arena, int32_t, (size_t)count * next);
    int found = 0;
    for (int64_t f = 0; f < features; f++) {
        int32_t *slot = &number[(size_t)of[f] * next + (size_t)group_at(value, f)];
        if (!*slot)
            *slot = ++found;
        of[f] = *slot - 1;
    }
    return found;
}

void armc_elementwise_groups(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    int64_t features = armc_shape_features(node->out[0]->shape);
    int32_t *of = ARMC_NEW_ARRAY(infer->graph->arena, int32_t, features);
    int count = 1;
    for (int i = 0; i < node->in_count; i++)
        if (node->in[i]->groups.count > 1 && node->in[i]->batched)
            count = refine(infer->graph->arena, of, count, features, node->in[i]);
    node->out[0]->groups = (ArmcGroups){count, features, count > 1 ? of : NULL};
}

void armc_same_groups(ArmcInfer *infer)
{
    if (armc_shape_features(infer->node->in[0]->shape) ==
        armc_shape_features(infer->node->out[0]->shape))
        infer->node->out[0]->groups = infer->node->in[0]->groups;
}

void armc_unary_rows(const ArmcRows *rows, ArmcUnaryKernel f)
{
    int64_t width = rows->out_width;
    if (rows->in_step[0] == width && rows->out_step == width) {
        f(rows->n * width, rows->in[0], rows->out);
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

void armc_binary_rows(const ArmcRows *rows, ArmcBinaryKernel f)
{
    int64_t width = rows->out_width;
    bool same_width = rows->in_width[0] == width && rows->in_width[1] == width;
    if (same_width && rows->in_step[0] == width && rows->in_step[1] == width &&
        rows->out_step == width) {
        f(rows->n * width, rows->in[0], rows->in[1], rows->out);
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
