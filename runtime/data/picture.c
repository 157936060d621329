#include "runtime/data/picture.h"

#include <png.h>
#include <string.h>

#include "runtime/base/file.h"

enum {
    MAX_SIDE = 1000 * 1000, /* libpng's own limit */
    GRID_WIDTH = 600,
    GAP = 2,
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
    int64_t columns, rows;
    int64_t scale; /* pixels of the PNG to a pixel of an example */
    int64_t width, height;
    int channels;
    uint8_t *pixels;
} Grid;

static int64_t near_square(int64_t n)
{
    int64_t columns = 1;
    while (columns * columns < n)
        columns++;
    return columns;
}

static Grid plan_grid(ArmcArena *scratch, const char *path, int64_t n, int64_t height,
                      int64_t width, int channels)
{
    Grid grid = {.columns = near_square(n), .scale = 1, .channels = channels};
    if (n > MAX_SIDE || height > MAX_SIDE || width > MAX_SIDE)
        too_large(scratch, path, height, width);
    grid.rows = (n + grid.columns - 1) / grid.columns;
    int64_t plain = grid.columns * width;
    if (plain < GRID_WIDTH)
        grid.scale = (GRID_WIDTH + plain / 2) / plain;
    grid.width = grid.columns * (width * grid.scale + GAP) + GAP;
    grid.height = grid.rows * (height * grid.scale + GAP) + GAP;
    if (grid.width > MAX_SIDE || grid.height > MAX_SIDE)
        too_large(scratch, path, grid.height, grid.width);
    size_t bytes = (size_t)(grid.width * grid.height * channels);
    grid.pixels = armc_arena_alloc(scratch, bytes, 1);
    memset(grid.pixels, GAP_GREY, bytes);
    return grid;
}

static uint8_t grey_of(ArmcReal value, int levels)
{
    double grey = (double)value * 255.0 / (levels > 1 ? levels - 1 : 1);
    return (uint8_t)(grey < 0 ? 0 : grey > 255 ? 255 : grey + 0.5);
}

/* The pixel of an example as a square of scale x scale whose first pixel is `at`. */
static void draw_pixel(const Grid *grid, uint8_t *at, int levels, const ArmcReal *pixel)
{
    uint8_t colour[3];
    for (int c = 0; c < grid->channels; c++)
        colour[c] = grey_of(pixel[c], levels);
    for (int64_t y = 0; y < grid->scale; y++)
        for (int64_t x = 0; x < grid->scale; x++)
            memcpy(at + (y * grid->width + x) * grid->channels, colour, (size_t)grid->channels);
}

static void draw_cell(const Grid *grid, int64_t cell, int64_t height, int64_t width, int levels,
                      const ArmcReal *example)
{
    int64_t top = GAP + cell / grid->columns * (height * grid->scale + GAP);
    int64_t left = GAP + cell % grid->columns * (width * grid->scale + GAP);
    for (int64_t y = 0; y < height; y++) {
        for (int64_t x = 0; x < width; x++) {
            int64_t at = (top + y * grid->scale) * grid->width + left + x * grid->scale;
            draw_pixel(grid, grid->pixels + at * grid->channels, levels,
                       example + (y * width + x) * grid->channels);
        }
    }
}

void armc_png_write_grid(ArmcArena *scratch, const char *path, int64_t n, int64_t height,
                         int64_t width, int channels, int levels, const ArmcReal *examples)
{
    ARMC_ASSERT(n > 0 && height > 0 && width > 0 && (channels == 1 || channels == 3));
    Grid grid = plan_grid(scratch, path, n, height, width, channels);
    for (int64_t i = 0; i < n; i++)
        draw_cell(&grid, i, height, width, levels, examples + i * height * width * channels);
    armc_png_write(scratch, path, grid.height, grid.width, channels, grid.pixels);
}
