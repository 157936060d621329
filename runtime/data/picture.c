#include "runtime/data/picture.h"

#include <png.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/base/file.h"

enum {
    MAX_SIDE = 1000 * 1000, /* libpng's own limit */
    GRID_WIDTH = 600,
    GAP = 2,
    BAND_GAP = 10,
    GAP_GREY = 160,
};

_Noreturn static void too_large(ArmcArena *scratch, const char *path, int64_t height, int64_t width)
{
    armc_fault_raise(armc_arena_fault(scratch), ARMC_RESOURCE,
                     "can't write `%s`: a picture of %lld x %lld pixels is too large", path,
                     (long long)width, (long long)height);
}

void armc_png_write(ArmcArena *scratch, const char *path, int64_t height, int64_t width,
                    int channels, const uint8_t *pixels)
{
    ARMC_ASSERT(height > 0 && width > 0 && (channels == 1 || channels == 3));
    if (height > MAX_SIDE || width > MAX_SIDE)
        too_large(scratch, path, height, width);
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)width,
        .height = (png_uint_32)height,
        .format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB,
    };
    ArmcNewFile file;
    armc_file_create(scratch, &file, path);
    int written = png_image_write_to_stdio(&image, file.stream, 0, pixels, 0, NULL);
    if (!written && !ferror(file.stream)) { /* what the disk refused is commit's to report */
        armc_file_drop(&file);
        armc_fault_raise(file.fault, ARMC_RESOURCE, "can't write `%s`: %s", path, image.message);
    }
    armc_file_commit(&file);
}

/* --- grids -------------------------------------------------------------------------------- */

/* A grid of cells with gaps around them; all in pixels of the PNG. */
typedef struct Grid {
    const ArmcPictures *pictures;
    int64_t columns, rows, band;
    int64_t scale; /* pixels of the PNG to a pixel of an example */
    int64_t width, height;
    int channels; /* of the PNG */
    uint8_t *pixels;
} Grid;

static int64_t near_square(int64_t n)
{
    int64_t columns = 1;
    while (columns * columns < n)
        columns++;
    return columns;
}

static bool has_unknown(const ArmcPictures *p)
{
    int64_t size = p->n * p->height * p->width * p->channels, i = 0;
    while (i < size && p->examples[i] >= 0)
        i++;
    return i < size;
}

/* Where a row of cells begins. */
static int64_t top_of(const Grid *grid, int64_t row)
{
    return GAP + row * (grid->pictures->height * grid->scale + GAP) + row / grid->band * BAND_GAP;
}

static Grid plan_grid(ArmcArena *scratch, const char *path, const ArmcPictures *p)
{
    Grid grid = {.pictures = p,
                 .columns = p->columns > 0 ? p->columns : near_square(p->n),
                 .scale = 1,
                 .channels = has_unknown(p) ? 3 : p->channels};
    if (p->n > MAX_SIDE || p->height > MAX_SIDE || p->width > MAX_SIDE)
        too_large(scratch, path, p->height, p->width);
    grid.rows = (p->n + grid.columns - 1) / grid.columns;
    grid.band = p->band > 0 ? p->band : grid.rows;
    int64_t plain = grid.columns * p->width;
    if (plain < GRID_WIDTH)
        grid.scale = (GRID_WIDTH + plain / 2) / plain;
    grid.width = grid.columns * (p->width * grid.scale + GAP) + GAP;
    grid.height = top_of(&grid, grid.rows - 1) + p->height * grid.scale + GAP;
    if (grid.width > MAX_SIDE || grid.height > MAX_SIDE)
        too_large(scratch, path, grid.height, grid.width);
    size_t bytes = (size_t)(grid.width * grid.height * grid.channels);
    grid.pixels = armc_arena_alloc(scratch, bytes, 1);
    memset(grid.pixels, GAP_GREY, bytes);
    return grid;
}

static uint8_t grey_of(ArmcReal value, int levels)
{
    double grey = (double)value * 255.0 / (levels > 1 ? levels - 1 : 1);
    return (uint8_t)(grey < 0 ? 0 : grey > 255 ? 255 : grey + 0.5);
}

/* The colour of one of an example's pixels. */
static void colour_of(const Grid *grid, const ArmcReal *pixel, uint8_t colour[static 3])
{
    static const uint8_t unknown[3] = {90, 120, 200};
    const ArmcPictures *p = grid->pictures;
    for (int c = 0; c < grid->channels; c++) {
        ArmcReal value = pixel[p->channels == 1 ? 0 : c];
        colour[c] = value < 0 ? unknown[c] : grey_of(value, p->levels);
    }
}

/* The pixel of an example as a square of scale x scale whose first pixel is `at`. */
static void draw_pixel(const Grid *grid, uint8_t *at, const ArmcReal *pixel)
{
    uint8_t colour[3];
    colour_of(grid, pixel, colour);
    for (int64_t y = 0; y < grid->scale; y++)
        for (int64_t x = 0; x < grid->scale; x++)
            memcpy(at + (y * grid->width + x) * grid->channels, colour, (size_t)grid->channels);
}

static void draw_cell(const Grid *grid, int64_t cell)
{
    const ArmcPictures *p = grid->pictures;
    const ArmcReal *pixel = p->examples + cell * p->height * p->width * p->channels;
    int64_t top = top_of(grid, cell / grid->columns);
    int64_t left = GAP + cell % grid->columns * (p->width * grid->scale + GAP);
    for (int64_t y = 0; y < p->height; y++)
        for (int64_t x = 0; x < p->width; x++, pixel += p->channels) {
            int64_t at = (top + y * grid->scale) * grid->width + left + x * grid->scale;
            draw_pixel(grid, grid->pixels + at * grid->channels, pixel);
        }
}

void armc_png_write_grid(ArmcArena *scratch, const char *path, const ArmcPictures *pictures)
{
    ARMC_ASSERT(pictures->n > 0 && pictures->height > 0 && pictures->width > 0 &&
                (pictures->channels == 1 || pictures->channels == 3));
    Grid grid = plan_grid(scratch, path, pictures);
    for (int64_t i = 0; i < pictures->n; i++)
        draw_cell(&grid, i);
    armc_png_write(scratch, path, grid.height, grid.width, grid.channels, grid.pixels);
}
