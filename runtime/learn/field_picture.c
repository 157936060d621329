#include "runtime/learn/field_picture.h"

#include <math.h>
#include <string.h>

#include "runtime/data/picture.h"

enum { PANEL = 280, GAP = 12, LINED = 6, POWERS = 4 };

typedef struct Colour {
    uint8_t rgb[3];
} Colour;

/* Blue and orange differ for everyone. */
static const Colour white = {{255, 255, 255}}, blue = {{0, 90, 170}};
static const Colour of_mark[] = {
    [ARMC_FIELD_LATER] = {{222, 222, 222}}, [ARMC_FIELD_BLIND] = {{240, 150, 40}},
    [ARMC_FIELD_SEEN] = {{0, 90, 170}},     [ARMC_FIELD_LEAK] = {{200, 0, 60}},
    [ARMC_FIELD_SELF] = {{0, 0, 0}},
};

typedef struct Canvas {
    const ArmcField *field;
    int64_t scale; /* pixels of the PNG to a pixel of the field */
    int64_t line;  /* of these so many stay white between two pixels */
    int64_t height, width;
    uint8_t *pixels;
} Canvas;

static Canvas plan(ArmcArena *scratch, const ArmcField *field)
{
    const int64_t *dims = field->input->shape.dims;
    int64_t largest = dims[0] > dims[1] ? dims[0] : dims[1];
    Canvas c = {.field = field, .scale = largest < PANEL ? PANEL / largest : 1};
    c.line = c.scale >= LINED;
    /* Stripes of one width. */
    c.scale = (c.scale - c.line + dims[2] - 1) / dims[2] * dims[2] + c.line;
    c.height = dims[0] * c.scale + 2 * GAP;
    c.width = 2 * dims[1] * c.scale + 3 * GAP;
    c.pixels = armc_arena_alloc(scratch, (size_t)(c.height * c.width), 3);
    memset(c.pixels, 255, (size_t)(c.height * c.width * 3));
    return c;
}

/* The part of a pixel from column `begin` up to `end`, in a panel. */
static void paint(const Canvas *c, int panel, int64_t pixel, int64_t begin, int64_t end,
                  Colour colour)
{
    int64_t width = c->field->input->shape.dims[1];
    int64_t top = GAP + pixel / width * c->scale;
    int64_t left = GAP + panel * (width * c->scale + GAP) + pixel % width * c->scale;
    for (int64_t y = 0; y < c->scale - c->line; y++)
        for (int64_t x = begin; x < end; x++)
            memcpy(c->pixels + ((top + y) * c->width + left + x) * 3, colour.rgb, 3);
}

static void paint_marks(const Canvas *c, int64_t pixel)
{
    int64_t channels = c->field->input->shape.dims[2], step = (c->scale - c->line) / channels;
    for (int64_t k = 0; k < channels; k++)
        paint(c, 0, pixel, k * step, (k + 1) * step, of_mark[c->field->mark[pixel * channels + k]]);
}

/* Of 1 blue, of 10^-POWERS and less nearly white. */
static Colour shade(double share)
{
    double depth = 1 + log10(share) / POWERS;
    depth = 0.1 + 0.9 * (depth < 0 ? 0 : depth);
    Colour colour = white;
    for (int i = 0; i < 3; i++)
        colour.rgb[i] =
            (uint8_t)lround(white.rgb[i] + depth * ((double)blue.rgb[i] - white.rgb[i]));
    return colour;
}

static void paint_gradient(const Canvas *c, int64_t pixel, const double *gradient, double largest)
{
    int64_t channels = c->field->input->shape.dims[2];
    double most = 0;
    bool self = false, later = true;
    for (int64_t e = pixel * channels; e < (pixel + 1) * channels; e++) {
        most = fmax(most, gradient[e]);
        self |= c->field->mark[e] == ARMC_FIELD_SELF;
        later &= c->field->mark[e] == ARMC_FIELD_LATER;
    }
    Colour colour = self       ? of_mark[ARMC_FIELD_SELF]
                    : most > 0 ? shade(most / largest)
                    : later    ? of_mark[ARMC_FIELD_LATER]
                               : white;
    paint(c, 1, pixel, 0, c->scale - c->line, colour);
}

void armc_field_write_picture(ArmcArena *scratch, const char *path, const ArmcField *field,
                              const double *gradient)
{
    const int64_t *dims = field->input->shape.dims;
    Canvas canvas = plan(scratch, field);
    double largest = 0;
    for (int64_t e = 0; e < armc_shape_size(field->input->shape); e++)
        largest = fmax(largest, gradient[e]);
    for (int64_t pixel = 0; pixel < dims[0] * dims[1]; pixel++) {
        paint_marks(&canvas, pixel);
        paint_gradient(&canvas, pixel, gradient, largest);
    }
    armc_png_write(scratch, path, canvas.height, canvas.width, 3, canvas.pixels);
}
