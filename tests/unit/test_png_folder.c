/* Folders of PNG pictures right and wrong. */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/data_lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/data/picture.h"

enum { HEIGHT = 3, WIDTH = 5, LARGEST = 1000 };

/* A picture whose first pixel is `first`; the others go on from there. */
static void put(DataLab *lab, const char *path, int64_t height, int64_t width, int channels,
                int first)
{
    uint8_t pixels[LARGEST];
    for (int64_t i = 0; i < height * width * channels; i++)
        pixels[i] = (uint8_t)(first + i);
    armc_png_write(lab->arena, path, height, width, channels, pixels);
}

static size_t read_file(const char *path, unsigned char *bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, LARGEST, file);
    fclose(file);
    return n;
}

static void reads_a_folder_by_name(void **state)
{
    DataLab *lab = *state;
    mkdir("grey", 0777);
    put(lab, "grey/b.png", HEIGHT, WIDTH, 1, 100);
    put(lab, "grey/c.PNG", HEIGHT, WIDTH, 1, 250);
    put(lab, "grey/a.png", HEIGHT, WIDTH, 1, 0);
    data_lab_write_text("grey/.hidden.png", "no picture");
    data_lab_write_text("grey/readme.txt", "no picture");
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "grey"));
    const int64_t dims[] = {HEIGHT, WIDTH, 1};
    assert_int_equal(data->rank, 3);
    assert_memory_equal(data->dims, dims, sizeof dims);
    assert_int_equal(data->levels, 256);
    assert_int_equal(data->count[ARMC_TRAIN], 2);
    assert_int_equal(data->count[ARMC_TEST], 1);
    for (int64_t j = 0; j < HEIGHT * WIDTH; j++) {
        assert_int_equal(data->values[ARMC_TRAIN][j], j);
        assert_int_equal(data->values[ARMC_TRAIN][HEIGHT * WIDTH + j], 100 + j);
        assert_int_equal(data->values[ARMC_TEST][j], (250 + j) & 255);
    }
}

static void reads_colours_and_splits(void **state)
{
    DataLab *lab = *state;
    mkdir("rgb", 0777);
    mkdir("rgb/train", 0777);
    mkdir("rgb/test", 0777);
    put(lab, "rgb/train/0.png", HEIGHT, WIDTH, 3, 7);
    put(lab, "rgb/train/1.png", HEIGHT, WIDTH, 3, 8);
    put(lab, "rgb/test/0.png", HEIGHT, WIDTH, 3, 9);
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "./rgb"));
    assert_int_equal(data->dims[2], 3);
    assert_int_equal(data->count[ARMC_TRAIN], 2);
    assert_int_equal(data->count[ARMC_TEST], 1);
    assert_int_equal(data->values[ARMC_TEST][44], 9 + 44);
    mkdir("rgb/valid", 0777);
    put(lab, "rgb/valid/0.png", HEIGHT, WIDTH, 1, 9);
    REFUSED(lab, OPTIONS(.name = "./rgb"), "E0503", "of `./rgb/train` are 3x5x3",
            "`./rgb/valid` 3x5x1");
}

static void names_the_file_that_differs(void **state)
{
    DataLab *lab = *state;
    mkdir("mixed", 0777);
    put(lab, "mixed/a.png", HEIGHT, WIDTH, 1, 0);
    put(lab, "mixed/b.png", WIDTH, HEIGHT, 1, 0);
    REFUSED(lab, OPTIONS(.name = "mixed"), "E0503",
            "`mixed/b.png` is 5x3x1, but `mixed/a.png` is "
            "3x5x1");
    put(lab, "mixed/b.png", HEIGHT, WIDTH, 3, 0);
    REFUSED(lab, OPTIONS(.name = "mixed"), "E0503", "`mixed/b.png` is 3x5x3");
}

static void refuses_other_pictures(void **state)
{
    DataLab *lab = *state;
    unsigned char bytes[LARGEST];
    mkdir("bad", 0777);
    put(lab, "bad/a.png", HEIGHT, WIDTH, 1, 0);
    const size_t n = read_file("bad/a.png", bytes);
    data_lab_write("bad/a.png", bytes, n - 20);
    REFUSED(lab, OPTIONS(.name = "bad"), "E0503", "`bad/a.png` is damaged");
    data_lab_write("bad/a.png", bytes, 20);
    REFUSED(lab, OPTIONS(.name = "bad"), "E0503", "`bad/a.png` is no PNG file");
    bytes[24] = 16;
    data_lab_write("bad/a.png", bytes, n);
    REFUSED(lab, OPTIONS(.name = "bad"), "E0503", "is grey, 16 bits a sample");
    bytes[24] = 8;
    bytes[25] = 6;
    data_lab_write("bad/a.png", bytes, n);
    REFUSED(lab, OPTIONS(.name = "bad"), "E0503", "is RGB with alpha");
    bytes[25] = 0;
    memcpy(bytes + 16, "\0\7\0\0\0\7\0\0", 8);
    data_lab_write("bad/a.png", bytes, n);
    REFUSED(lab, OPTIONS(.name = "bad"), "E0503", "458752x458752 pixels");
    data_lab_write_text("bad/a.png", "");
    REFUSED(lab, OPTIONS(.name = "bad"), "E0503", "is no PNG file");
}

static void survives_damage(void **state)
{
    DataLab *lab = *state;
    mkdir("shaken", 0777);
    put(lab, "shaken/a.png", HEIGHT, WIDTH, 3, 0);
    put(lab, "shaken/b.png", HEIGHT, WIDTH, 3, 0);
    data_lab_shake(lab, "shaken/a.png", "./shaken", 300);
}

static void survives_lack_of_memory(void **state)
{
    DataLab *lab = *state;
    mkdir("hungry", 0777);
    mkdir("hungry/train", 0777);
    mkdir("hungry/test", 0777);
    put(lab, "hungry/train/a.png", HEIGHT, WIDTH, 3, 0);
    put(lab, "hungry/train/b.png", HEIGHT, WIDTH, 3, 1);
    put(lab, "hungry/test/a.png", HEIGHT, WIDTH, 3, 2);
    data_lab_starve("./hungry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATA_TEST(reads_a_folder_by_name),
        DATA_TEST(reads_colours_and_splits),
        DATA_TEST(names_the_file_that_differs),
        DATA_TEST(refuses_other_pictures),
        DATA_TEST(survives_damage),
        DATA_TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
