/* Pictures in colour, made from the digits inside the program and from files made here. */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/data_lab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/data/colour.h"

enum { SIDE = 8, PIXELS = SIDE * SIDE, D = 3 * PIXELS };

static void has_three_channels(void **state)
{
    const ArmcDataset *data =
        data_lab_dataset(*state, OPTIONS(.name = "digits8", .colour = 2, .holdout = -1));
    const int64_t dims[] = {SIDE, SIDE, 3};
    assert_memory_equal(data->dims, dims, sizeof dims);
    assert_int_equal(data->variables, D);
    assert_int_equal(data->levels, 4);
    assert_int_equal(armc_dataset_classes(data), 10);
    assert_int_equal(data->count[ARMC_VALID], 200);
    assert_non_null(strstr(data->report, "coloured (2 bits a channel, seed 0), 4 levels"));
}

/* Where there is ink, the complement of what is there without; for each number of bits. */
static void takes_the_complement(void **state)
{
    for (int bits = 1; bits <= 8; bits++) {
        const ArmcDataset *data =
            data_lab_dataset(*state, OPTIONS(.name = "digits8", .colour = bits));
        const uint8_t blank[PIXELS] = {0}, *grey = data->values[ARMC_TRAIN] + 5 * PIXELS;
        uint8_t with[D], without[D];
        const ArmcBinaryDraw draw = {.example = 5};
        armc_colour_pixels(data, draw, 0, PIXELS, blank, without);
        armc_colour_pixels(data, draw, 0, PIXELS, grey, with);
        for (int i = 0; i < D; i++) {
            int top = data->levels - 1;
            assert_in_range(without[i], 0, top);
            assert_int_equal(with[i], grey[i / 3] >= 8 ? top - without[i] : without[i]);
        }
    }
}

/* The pictures that docs/data.md describes: results depend on them. */
static void stays_as_it_is(void **state)
{
    const ArmcDataset *data = data_lab_dataset(*state, OPTIONS(.name = "digits8", .colour = 2));
    static const char rows[] = "333323323011011323323333323323010011011010323323";
    const int64_t first = 0;
    ArmcReal got[D];
    armc_dataset_get(data, ARMC_TRAIN, &first, 1, 0, got);
    for (int i = 0; i < (int)sizeof rows - 1; i++)
        assert_int_equal((int)got[i], rows[i] - '0');
}

/* An example is the same alone, in any batch and epoch, and on whichever side of the split. */
static void depends_on_the_example_alone(void **state)
{
    const ArmcDataset *data =
        data_lab_dataset(*state, OPTIONS(.name = "digits8", .colour = 2, .holdout = 200));
    const ArmcDataset *whole =
        data_lab_dataset(*state, OPTIONS(.name = "digits8", .colour = 2, .holdout = 0));
    const int64_t some[] = {3, 3, 0}, place = data->first_valid + 7, seventh = 7;
    ArmcReal batch[3 * D], alone[D], other[D];
    armc_dataset_get(data, ARMC_TRAIN, some, 3, 9, batch);
    armc_dataset_get(data, ARMC_TRAIN, some, 1, 0, alone);
    assert_memory_equal(batch, alone, sizeof alone);
    assert_memory_equal(batch + D, alone, sizeof alone);
    assert_memory_not_equal(batch + 2 * D, alone, sizeof alone);
    armc_dataset_get(data, ARMC_VALID, &seventh, 1, 0, alone);
    armc_dataset_get(whole, ARMC_TRAIN, &place, 1, 0, other);
    assert_memory_equal(other, alone, sizeof alone);
    armc_dataset_get(data, ARMC_TEST, &seventh, 1, 0, other);
    assert_memory_not_equal(other, alone, sizeof alone);
}

static void counts_for_the_fingerprint(void **state)
{
    uint64_t of[3];
    for (int bits = 0; bits < 3; bits++)
        of[bits] = data_lab_dataset(*state, OPTIONS(.name = "digits8", .levels = 2, .colour = bits))
                       ->fingerprint;
    assert_true(of[0] != of[1] && of[1] != of[2] && of[0] != of[2]);
}

/* A folder that is found as Fashion-MNIST: 2 pictures of 20x20, too large for one piece, and
 * labels. */
static void write_fashion(void)
{
    enum { N = 2, LARGE = 20 };
    unsigned char images[16 + N * LARGE * LARGE] = {
        0, 0, 8, 3, [7] = N, [11] = LARGE, [15] = LARGE};
    const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, N, 1, 0};
    for (size_t i = 16; i < sizeof images; i++)
        images[i] = (unsigned char)(i % 3 == 0 ? 0 : i % 3 == 1 ? 128 : 255);
    mkdir("fashion", 0777);
    data_lab_write("fashion/train-images-idx3-ubyte", images, sizeof images);
    data_lab_write("fashion/t10k-images-idx3-ubyte", images, sizeof images);
    data_lab_write("fashion/train-labels-idx1-ubyte", labels, sizeof labels);
    data_lab_write("fashion/t10k-labels-idx1-ubyte", labels, sizeof labels);
}

/* The same tint all over a picture: each grey has one colour, the darkest is black. */
static void tints(void **state)
{
    write_fashion();
    setenv("ARMC_DATA", ".", 1);
    const ArmcDataset *data =
        data_lab_dataset(*state, OPTIONS(.name = "fashion", .colour = 8, .holdout = 0));
    ArmcReal got[2 * 1200];
    const int64_t both[] = {0, 1};
    armc_dataset_get(data, ARMC_TRAIN, both, 2, 0, got);
    for (int i = 0; i < 1200; i++) {
        int grey = data->values[ARMC_TRAIN][i / 3], channel = i % 3;
        ArmcReal white = got[2 * 3 + channel]; /* the first pixels are 128, 255, 0 */
        white = data->values[ARMC_TRAIN][1] == 255 ? got[3 + channel] : white;
        assert_true(white >= 63 && white <= 255);
        assert_true(got[i] <= white && (grey == 0) == (got[i] < 1));
        assert_true(grey != 255 || (got[i] >= white && got[i] <= white));
    }
    assert_memory_not_equal(got, got + 1200, 1200 * sizeof *got);
}

static void refuses_what_has_no_rule(void **state)
{
    data_lab_write_text("x.csv", "1,2\n3,4\n1,2\n3,4\n");
    REFUSED(*state, OPTIONS(.name = "x.csv", .colour = 2), "`x.csv`", "digits8, fashion, mnist");
    REFUSED(*state, OPTIONS(.name = "digits8", .colour = 2, .binarize = ARMC_BINARIZE_STATIC),
            "colour=2 makes 4 levels");
    REFUSED(*state, OPTIONS(.name = "digits8", .colour = 2, .levels = 10),
            "levels=10 is not in 2..4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATA_TEST(has_three_channels),
        DATA_TEST(takes_the_complement),
        DATA_TEST(stays_as_it_is),
        DATA_TEST(depends_on_the_example_alone),
        DATA_TEST(counts_for_the_fingerprint),
        DATA_TEST(tints),
        DATA_TEST(refuses_what_has_no_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
