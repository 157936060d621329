#include "runtime/graph/order.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/rng.h"

/* Raster is no order at all: what reads orders then takes the short way. */
const ArmcOrder *armc_order_make(ArmcArena *arena, int64_t count, const int64_t *at)
{
    int64_t *rank = ARMC_NEW_ARRAY(arena, int64_t, count), moved = 0;
    for (int64_t r = 0; r < count; r++) {
        rank[at[r]] = r;
        moved += at[r] != r;
    }
    if (!moved)
        return NULL;
    ArmcOrder *order = ARMC_NEW(arena, ArmcOrder);
    *order = (ArmcOrder){.count = count, .rank = rank, .at = at};
    return order;
}

/* --- the pixels of a picture --- */

static void columns(int64_t height, int64_t width, int64_t *at)
{
    for (int64_t x = 0; x < width; x++)
        for (int64_t y = 0; y < height; y++)
            *at++ = y * width + x;
}

static void snake(int64_t height, int64_t width, int64_t *at)
{
    for (int64_t y = 0; y < height; y++)
        for (int64_t i = 0; i < width; i++)
            *at++ = y * width + (y % 2 ? width - 1 - i : i);
}

/* Along the upper edge of what is left, then the right, the lower and the left one. */
static void spiral(int64_t height, int64_t width, int64_t *at)
{
    int64_t top = 0, left = 0, bottom = height, right = width;
    while (top < bottom && left < right) {
        for (int64_t x = left; x < right; x++)
            *at++ = top * width + x;
        top++;
        for (int64_t y = top; y < bottom; y++)
            *at++ = y * width + right - 1;
        right--;
        for (int64_t x = right; top < bottom && x-- > left;)
            *at++ = (bottom - 1) * width + x;
        bottom--;
        for (int64_t y = bottom; left < right && y-- > top;)
            *at++ = y * width + left;
        left++;
    }
}

typedef struct Stop {
    int64_t distance, pixel;
} Stop;

static int by_distance(const void *a, const void *b)
{
    const Stop *x = a, *y = b;
    return (x->distance > y->distance) - (x->distance < y->distance);
}

/* How far along Hilbert's curve of a square, its side a power of two, a cell lies. At each level
 * the quarters are visited in the shape of a U; within the first and the last one the curve is
 * mirrored at a diagonal. */
static int64_t along_curve(int64_t side, int64_t x, int64_t y)
{
    int64_t distance = 0;
    for (int64_t half = side / 2; half > 0; half /= 2) {
        bool right = x >= half, low = y >= half;
        x -= right ? half : 0;
        y -= low ? half : 0;
        distance += half * half * (low ? (right ? 2 : 1) : (right ? 3 : 0));
        if (low)
            continue;
        int64_t was = x;
        x = right ? half - 1 - y : y;
        y = right ? half - 1 - was : was;
    }
    return distance;
}

static void hilbert(ArmcArena *arena, int64_t height, int64_t width, int64_t *at)
{
    int64_t side = 1, count = height * width;
    Stop *stops = ARMC_NEW_ARRAY(arena, Stop, count);
    while (side < height || side < width)
        side *= 2;
    for (int64_t i = 0; i < count; i++)
        stops[i] = (Stop){along_curve(side, i % width, i / width), i};
    qsort(stops, (size_t)count, sizeof *stops, by_distance);
    for (int64_t i = 0; i < count; i++)
        at[i] = stops[i].pixel;
}

/* A small picture first, then what lies between its pixels; both row by row. */
static void coarse(int64_t height, int64_t width, int64_t step, int64_t *at)
{
    for (int late = 0; late < 2; late++)
        for (int64_t y = 0; y < height; y++)
            for (int64_t x = 0; x < width; x++)
                if ((y % step || x % step) == late)
                    *at++ = y * width + x;
}

const ArmcOrder *armc_order_pixels(ArmcArena *arena, ArmcOrderKind kind, int64_t height,
                                   int64_t width, uint64_t number)
{
    if (kind == ARMC_ORDER_RASTER)
        return NULL;
    int64_t *at = ARMC_NEW_ARRAY(arena, int64_t, height * width);
    if (kind == ARMC_ORDER_COLUMNS)
        columns(height, width, at);
    else if (kind == ARMC_ORDER_SNAKE)
        snake(height, width, at);
    else if (kind == ARMC_ORDER_SPIRAL)
        spiral(height, width, at);
    else if (kind == ARMC_ORDER_HILBERT)
        hilbert(arena, height, width, at);
    else if (kind == ARMC_ORDER_COARSE)
        coarse(height, width, (int64_t)number, at);
    else
        armc_rng_permutation(number, ARMC_RNG_ORDER, 0, height * width, at);
    return armc_order_make(arena, height * width, at);
}

/* --- finer and coarser --- */

static const ArmcOrder *refine(ArmcArena *arena, const ArmcOrder *order, int64_t count)
{
    int64_t *at = ARMC_NEW_ARRAY(arena, int64_t, count), parts = count / order->count;
    for (int64_t r = 0; r < count; r++)
        at[r] = order->at[r / parts] * parts + r % parts;
    return armc_order_make(arena, count, at);
}

/* Sites `parts` at a time: they must be visited one right after the other, in whichever order. */
static bool coarsen(ArmcArena *arena, const ArmcOrder *order, int64_t count, const ArmcOrder **out)
{
    int64_t *at = ARMC_NEW_ARRAY(arena, int64_t, count), parts = order->count / count;
    for (int64_t r = 0; r < order->count; r++) {
        int64_t site = order->at[r] / parts;
        if (r % parts == 0)
            at[r / parts] = site;
        else if (at[r / parts] != site)
            return false;
    }
    *out = armc_order_make(arena, count, at);
    return true;
}

bool armc_order_fit(ArmcArena *arena, const ArmcOrder *order, int64_t count, const ArmcOrder **out)
{
    *out = order;
    if (!order || order->count == count)
        return true;
    *out = NULL;
    if (count % order->count == 0) {
        *out = refine(arena, order, count);
        return true;
    }
    return order->count % count == 0 && coarsen(arena, order, count, out);
}

bool armc_order_same(const ArmcOrder *a, const ArmcOrder *b)
{
    if (a == b || !a || !b)
        return a == b;
    return a->count == b->count && memcmp(a->at, b->at, (size_t)a->count * sizeof *a->at) == 0;
}
