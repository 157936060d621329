/* Which taps of a kernel a masked convolution may have: the builtin `taps`. */
#include <inttypes.h>

#include "runtime/elaborate/elaborator.h"

/* A kernel over a picture: how far its taps lie apart, and the order of the pixels. */
typedef struct Kernel {
    int64_t height, width; /* of the picture */
    int64_t rows, columns;
    int64_t dilation;
    const ArmcOrder *order;
} Kernel;

/* Of a side: where `conv2d` with as many zeros as keep the size has the site itself. */
static int64_t centre(int64_t side)
{
    return (side - 1) / 2;
}

/* Of the sites that have another one dy rows below and dx columns to the right: how many, and at
 * how many the other one comes first. */
typedef struct Met {
    int64_t sites, earlier;
} Met;

static Met meet(const Kernel *k, int64_t dy, int64_t dx)
{
    Met met = {0, 0};
    for (int64_t y = dy < 0 ? -dy : 0; y < k->height && y + dy < k->height; y++)
        for (int64_t x = dx < 0 ? -dx : 0; x < k->width && x + dx < k->width; x++) {
            int64_t site = y * k->width + x, other = (y + dy) * k->width + x + dx;
            met.sites++;
            met.earlier += armc_order_rank(k->order, other) < armc_order_rank(k->order, site);
        }
    return met;
}

/* "2 above and 1 to the left" */
static const char *place_text(ArmcElaborator *e, int64_t dy, int64_t dx)
{
    const char *vertical = armc_arena_printf(e->arena, "%" PRId64 " %s", dy < 0 ? -dy : dy,
                                             dy < 0 ? "above" : "below"),
               *across = armc_arena_printf(e->arena, "%" PRId64 " to the %s", dx < 0 ? -dx : dx,
                                           dx < 0 ? "left" : "right");
    if (dx == 0)
        return vertical;
    return dy == 0 ? across : armc_arena_printf(e->arena, "%s and %s", vertical, across);
}

/* The taps at which there is an earlier pixel. False after a diagnostic, where that differs from
 * site to site. */
static bool mark_before(ArmcElaborator *e, const Kernel *k, uint8_t *mask, const ArmcOrigin *origin)
{
    for (int64_t t = 0; t < k->rows * k->columns; t++) {
        int64_t dy = (t / k->columns - centre(k->rows)) * k->dilation,
                dx = (t % k->columns - centre(k->columns)) * k->dilation;
        Met met = meet(k, dy, dx);
        mask[t] = met.earlier > 0;
        if (met.earlier == 0 || met.earlier == met.sites)
            continue;
        ArmcDiag *diag =
            armc_diag_add(e->diags, ARMC_E_bad_order, origin,
                          "a convolution has one mask for all sites, and in this order the pixel "
                          "%s comes before some sites and after others",
                          place_text(e, dy, dx));
        armc_diag_help(diag, "the orders raster and columns have one mask for all sites");
        return false;
    }
    return true;
}

static void mark_rows(const Kernel *k, int64_t begin, int64_t end, uint8_t *mask)
{
    for (int64_t t = begin * k->columns; t < end * k->columns; t++)
        mask[t] = 1;
}

static const ArmcSpec taps_args[] = {
    {.name = "x", .kind = ARMC_SPEC_ANY, .doc = "what is convolved: a picture"},
    {.name = "size", .kind = ARMC_SPEC_INTS, .low = 1, .high = 4096, .doc = "the kernel's: 3x3"},
    {.name = "which",
     .kind = ARMC_SPEC_SYMBOL,
     .symbols = "before|here|above|row",
     .doc =
         "the pixels before the site in the order of x; the site itself; the rows above; its own "
         "row"},
    {.name = "dilation",
     .kind = ARMC_SPEC_INT,
     .preset = "1",
     .low = 1,
     .high = 4096,
     .doc = "how far taps lie apart"},
    {.kind = ARMC_SPEC_END},
};

/* The picture and the kernel; false after a diagnostic. */
static bool read_kernel(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin,
                        Kernel *k)
{
    const ArmcThing *x = args[0].thing;
    const ArmcAttr *size = &args[1];
    if (x->kind != ARMC_THING_VALUE || x->value->shape.rank != 3) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin,
                      "`taps` takes a picture, a value of height x width x features; this is %s",
                      armc_thing_describe(e, x));
        return false;
    }
    int64_t rows = size->count > 0 ? size->ints[0] : 0,
            columns = size->count > 1 ? size->ints[1] : rows;
    if (size->count < 1 || size->count > 2) {
        armc_diag_add(e->diags, ARMC_E_bad_value, origin,
                      "a kernel has two sides, this size has %d numbers", size->count);
        return false;
    }
    *k = (Kernel){x->value->shape.dims[0], x->value->shape.dims[1], rows, columns, args[3].i, NULL};
    if (armc_order_fit(e->arena, x->value->order, k->height * k->width, &k->order))
        return true;
    armc_diag_add(e->diags, ARMC_E_bad_order, origin,
                  "a convolution goes from pixel to pixel, the order of the variables does not");
    return false;
}

static ArmcThing *call_taps(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    Kernel k;
    if (!read_kernel(e, args, origin, &k))
        return NULL;
    ArmcShape shape = armc_shape_make(4, (int64_t[]){k.rows, k.columns, 1, 1});
    uint8_t *mask = armc_array_bits_room(e, shape, origin);
    if (!mask)
        return NULL;
    switch (args[2].text[0]) {
    case 'b':
        if (!mark_before(e, &k, mask, origin))
            return NULL;
        break;
    case 'h':
        mask[centre(k.rows) * k.columns + centre(k.columns)] = 1;
        break;
    case 'a':
        mark_rows(&k, 0, centre(k.rows), mask);
        break;
    default:
        mark_rows(&k, centre(k.rows), centre(k.rows) + 1, mask);
    }
    return armc_thing_bits(e, shape, mask, origin);
}
ARMC_BUILTIN(taps) = {
    "taps",
    "Some taps of a convolution's kernel, as an array of 0 and 1 that stretches over its channels: "
    "height x width x 1 x 1.",
    taps_args, call_taps};
