/* PNG files are read back by libpng; plots by gnuplot where it is there. */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/unit.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/data/picture.h"

enum { GAP = 2, GAP_GREY = 160 };

static ArmcFault fault;
static jmp_buf jump;
static ArmcArena *arena;
static char why[300];

static int open_arena(void **state)
{
    (void)state;
    fault = (ArmcFault){.where = &jump};
    arena = armc_arena_new(&fault);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    armc_arena_free(arena);
    return 0;
}

/* --- PNG ---------------------------------------------------------------------------------- */

typedef struct Picture {
    int64_t height, width;
    const uint8_t *pixels; /* RGB */
} Picture;

static Picture read_png(const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&image, path));
    image.format = PNG_FORMAT_RGB;
    uint8_t *pixels = armc_arena_alloc(arena, PNG_IMAGE_SIZE(image), 1);
    assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
    return (Picture){image.height, image.width, pixels};
}

static const uint8_t *at(const Picture *picture, int64_t y, int64_t x)
{
    assert_in_range(y, 0, picture->height - 1);
    assert_in_range(x, 0, picture->width - 1);
    return picture->pixels + (y * picture->width + x) * 3;
}

static void assert_grey(const Picture *picture, int64_t y, int64_t x, int grey)
{
    for (int c = 0; c < 3; c++)
        assert_int_equal(at(picture, y, x)[c], grey);
}

static void grey_pixels_come_back(void **state)
{
    (void)state;
    const uint8_t pixels[] = {0, 1, 127, 128, 200, 255};
    armc_png_write(arena, "grey.png", 2, 3, 1, pixels);
    Picture picture = read_png("grey.png");
    assert_int_equal(picture.height, 2);
    assert_int_equal(picture.width, 3);
    for (int i = 0; i < 6; i++)
        assert_grey(&picture, i / 3, i % 3, pixels[i]);
}

static void colours_come_back(void **state)
{
    (void)state;
    const uint8_t pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30};
    armc_png_write(arena, "rgb.png", 1, 4, 3, pixels);
    Picture picture = read_png("rgb.png");
    assert_memory_equal(picture.pixels, pixels, sizeof pixels);
}

static void refuses_what_can_not_be_written(void **state)
{
    (void)state;
    const uint8_t pixels[] = {0};
    if (setjmp(jump) == 0) {
        armc_png_write(arena, "no/folder/x.png", 1, 1, 1, pixels);
        fail();
    }
    assert_int_equal(fault.status, ARMC_RESOURCE);
    if (setjmp(jump) == 0) {
        armc_png_write(arena, "huge.png", 1, 2000 * 1000, 1, pixels);
        fail();
    }
    assert_string_equal(fault.message,
                        "can't write `huge.png`: a picture of 2000000 x 1 pixels is too large");
    if (access("/dev/full", F_OK) != 0)
        return;
    if (setjmp(jump) == 0) {
        armc_png_write(arena, "/dev/full", 1, 1, 1, pixels);
        fail();
    }
    assert_string_equal(fault.message, "can't write `/dev/full`: No space left on device");
}

/* --- grids -------------------------------------------------------------------------------- */

/* Five 2x3 pictures of 5 levels stand in 3 columns and 2 rows, 67 times enlarged. */
static void a_grid_is_near_square_with_gaps(void **state)
{
    (void)state;
    enum { SCALE = 67, CELL_W = 3 * SCALE + GAP, CELL_H = 2 * SCALE + GAP };
    ArmcReal examples[5 * 6];
    for (int i = 0; i < 30; i++)
        examples[i] = ARMC_R(i % 5);
    armc_png_write_grid(arena, "grid.png", &(ArmcPictures){5, 2, 3, 1, 5, examples, 0, 0});
    Picture picture = read_png("grid.png");
    assert_int_equal(picture.width, 3 * CELL_W + GAP);
    assert_int_equal(picture.height, 2 * CELL_H + GAP);
    const int greys[] = {0, 64, 128, 191, 255};
    for (int i = 0; i < 30; i++) {
        int cell = i / 6, y = i % 6 / 3, x = i % 3;
        int64_t top = GAP + cell / 3 * CELL_H + y * SCALE;
        int64_t left = GAP + cell % 3 * CELL_W + x * SCALE;
        assert_grey(&picture, top, left, greys[i % 5]);
        assert_grey(&picture, top + SCALE - 1, left + SCALE - 1, greys[i % 5]);
    }
    assert_grey(&picture, 0, 0, GAP_GREY);
    assert_grey(&picture, 10, CELL_W, GAP_GREY);
    assert_grey(&picture, GAP + CELL_H + 5, GAP + 2 * CELL_W + 5, GAP_GREY); /* no sixth picture */
}

static void a_grid_has_colours(void **state)
{
    (void)state;
    const ArmcReal example[] = {3, 0, 1};
    armc_png_write_grid(arena, "pixel.png", &(ArmcPictures){1, 1, 1, 3, 4, example, 0, 0});
    Picture picture = read_png("pixel.png");
    assert_int_equal(picture.width, 600 + 2 * GAP);
    assert_memory_equal(at(&picture, GAP, GAP), ((uint8_t[]){255, 0, 85}), 3);
}

static void large_pictures_stay_as_they_are(void **state)
{
    (void)state;
    ArmcReal *examples = ARMC_NEW_ARRAY(arena, ArmcReal, 700);
    examples[699] = 7; /* beyond the levels: shown as the highest */
    armc_png_write_grid(arena, "wide.png", &(ArmcPictures){1, 1, 700, 1, 2, examples, 0, 0});
    Picture picture = read_png("wide.png");
    assert_int_equal(picture.width, 700 + 2 * GAP);
    assert_grey(&picture, GAP, GAP + 699, 255);
}

/* --- plots -------------------------------------------------------------------------------- */

static void put_csv(int steps)
{
    FILE *file = fopen("loss.csv", "w");
    assert_non_null(file);
    fputs("# seed 0\nstep,epoch,split,nats,bits,bits_per_dim,seconds\n", file);
    for (int step = 1; step <= steps; step++) {
        double nats = 90 + 400.0 / step + step % 7;
        fprintf(file, "%d,%d,train,%g,%g,%g,1\n", step, step / 10, nats, nats, nats);
        if (step % 10 == 0)
            fprintf(file, "%d,%d,valid,%g,1,1,1\n%d,%d,test,%g,1,1,1\n", step, step / 10, nats + 3,
                    step, step / 10, nats + 2);
    }
    fputs("5000,1,train,nan,nan,nan,1\nbroken line\n7,", file);
    fclose(file);
}

static bool has_gnuplot(void)
{
    return system("gnuplot --version >/dev/null 2>&1") == 0;
}

static void draws_loss_curves(void **state)
{
    (void)state;
    size_t length;
    if (!has_gnuplot())
        skip();
    put_csv(200);
    if (armc_plot_loss(arena, "loss.csv", "it's loss.png", "the 'title'\n$x", 64, why, sizeof why))
        fail_msg("%s", why);
    Picture picture = read_png("it's loss.png");
    assert_int_equal(picture.width, 1000);
    assert_int_not_equal(access("it's loss.png.part", F_OK), 0);
    if (armc_plot_loss(arena, "loss.csv", "loss.svg", "title", 0, why, sizeof why))
        fail_msg("%s", why);
    const char *svg = armc_file_read(arena, "loss.svg", &length);
    assert_non_null(strstr(svg, "<svg"));
    assert_non_null(strstr(svg, "validation"));
}

/* A curve of many minibatches is drawn by means; one of them doesn't stretch the axis. */
static void shows_what_is_drawn(void **state)
{
    (void)state;
    size_t length;
    if (!has_gnuplot())
        skip();
    put_csv(20000);
    FILE *file = fopen("loss.csv", "a");
    assert_non_null(file);
    fputs("\n20001,1,train,-900,1,1,1\n", file);
    for (int i = 0; i < 100; i++)
        fputs("20002,1,train,90,1,1,1\n", file);
    fclose(file);
    if (armc_plot_loss(arena, "loss.csv", "far.svg", "title", 0, why, sizeof why))
        fail_msg("%s", why);
    const char *svg = armc_file_read(arena, "far.svg", &length);
    assert_non_null(strstr(svg, "100"));
    assert_null(strstr(svg, "-800"));
}

static void draws_a_single_point(void **state)
{
    (void)state;
    if (!has_gnuplot())
        skip();
    put_csv(1);
    if (armc_plot_loss(arena, "loss.csv", "one.png", "one", 64, why, sizeof why))
        fail_msg("%s", why);
}

static void says_why_there_is_no_plot(void **state)
{
    (void)state;
    assert_int_equal(armc_plot_loss(arena, "none.csv", "x.png", "", 1, why, sizeof why), -1);
    assert_string_equal(why, "can't read `none.csv`: No such file or directory");
    put_csv(0);
    assert_int_equal(armc_plot_loss(arena, "loss.csv", "x.png", "", 1, why, sizeof why), -1);
    assert_string_equal(why, "`loss.csv` holds no losses");
    put_csv(5);
    assert_int_equal(armc_plot_loss(arena, "loss.csv", "a\nb.png", "", 1, why, sizeof why), -1);
    assert_string_equal(why, "a control character in the picture's name");
    if (has_gnuplot()) {
        assert_int_equal(armc_plot_loss(arena, "loss.csv", "no/x.png", "", 1, why, sizeof why), -1);
        assert_non_null(strstr(why, "gnuplot failed: system error: No such file"));
    }
    setenv("PATH", "/nonexistent", 1);
    assert_int_equal(armc_plot_loss(arena, "loss.csv", "x.png", "", 1, why, sizeof why), -1);
    assert_non_null(strstr(why, "can't start gnuplot"));
    assert_int_not_equal(access("x.png", F_OK), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        TEST(grey_pixels_come_back),
        TEST(colours_come_back),
        TEST(refuses_what_can_not_be_written),
        TEST(a_grid_is_near_square_with_gaps),
        TEST(a_grid_has_colours),
        TEST(large_pictures_stay_as_they_are),
        TEST(draws_loss_curves),
        TEST(shows_what_is_drawn),
        TEST(draws_a_single_point),
        TEST(says_why_there_is_no_plot), /* last: it changes PATH */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
