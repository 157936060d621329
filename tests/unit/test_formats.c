/* How a format is known, where data are looked for, splits that are cut off; CIFAR-10, IDX files by
 * path. */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/data_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- CIFAR-10 ----------------------------------------------------------------------------- */

enum { PIXELS = 1024, RECORD = 1 + 3 * PIXELS };

static uint8_t sample(int64_t example, int64_t pixel, int64_t colour)
{
    return (uint8_t)(example * 31 + pixel * 3 + colour * 101);
}

/* A batch of two pictures; examples count from `first`. */
static void put_batch(const char *path, int64_t first)
{
    unsigned char bytes[2 * RECORD];
    for (int64_t i = 0; i < 2; i++) {
        bytes[i * RECORD] = (unsigned char)((first + i) % 10);
        for (int64_t c = 0; c < 3; c++)
            for (int64_t j = 0; j < PIXELS; j++)
                bytes[i * RECORD + 1 + c * PIXELS + j] = sample(first + i, j, c);
    }
    data_lab_write(path, bytes, sizeof bytes);
}

static void put_cifar(DataLab *lab, const char *folder)
{
    mkdir(folder, 0777);
    for (int b = 1; b <= 5; b++)
        put_batch(armc_arena_printf(lab->arena, "%s/data_batch_%d.bin", folder, b), 2 * (b - 1));
    put_batch(armc_arena_printf(lab->arena, "%s/test_batch.bin", folder), 100);
}

static void reads_cifar10(void **state)
{
    DataLab *lab = *state;
    put_cifar(lab, "cifar");
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "cifar", .holdout = 1));
    assert_int_equal(data->count[ARMC_TRAIN], 9);
    assert_int_equal(data->count[ARMC_VALID], 1);
    assert_int_equal(data->count[ARMC_TEST], 2);
    assert_int_equal(data->variables, 3 * PIXELS);
    assert_int_equal(data->classes, 10);
    for (int64_t i = 0; i < 10; i++) {
        assert_int_equal(data->labels[ARMC_TRAIN][i], i);
        for (int64_t j = 0; j < 3 * PIXELS; j++)
            assert_int_equal(data->values[ARMC_TRAIN][i * 3 * PIXELS + j], sample(i, j / 3, j % 3));
    }
}

static void refuses_damaged_cifar10(void **state)
{
    DataLab *lab = *state;
    put_cifar(lab, "bad");
    assert_int_equal(truncate("bad/data_batch_3.bin", RECORD + 5), 0);
    REFUSED(lab, OPTIONS(.name = "bad"), "E0503", "`bad/data_batch_3.bin` ends at byte 3078");
    put_batch("bad/data_batch_3.bin", 4);
    unsigned char record[RECORD] = {10};
    data_lab_write("bad/test_batch.bin", record, sizeof record);
    REFUSED(lab, OPTIONS(.name = "bad"), "E0503",
            "`bad/test_batch.bin` has the label 10 at byte 0");
    assert_int_equal(truncate("bad/test_batch.bin", 0), 0);
    REFUSED(lab, OPTIONS(.name = "bad"), "E0505", "holds no examples");
    unlink("bad/data_batch_5.bin");
    REFUSED(lab, OPTIONS(.name = "bad"), "E0502", "`bad/data_batch_5.bin` can't be read");
}

/* --- IDX by path -------------------------------------------------------------------------- */

static void reads_an_idx_file(void **state)
{
    DataLab *lab = *state;
    data_lab_write("pictures", "\0\0\10\3\0\0\0\3\0\0\0\1\0\0\0\2abcdef", 22);
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "pictures"));
    assert_int_equal(data->rank, 3);
    assert_int_equal(data->dims[1], 2);
    assert_int_equal(data->count[ARMC_TRAIN], 2);
    assert_int_equal(data->values[ARMC_TEST][0], 'e');
    data_lab_write("table-idx2-ubyte", "\0\0\10\2\0\0\0\3\0\0\0\2abcdef", 18);
    data = data_lab_dataset(lab, OPTIONS(.name = "table-idx2-ubyte"));
    assert_int_equal(data->rank, 1);
    assert_int_equal(data->dims[0], 2);
    data_lab_write("table-idx2-ubyte", "\0\0\10\2\0\0\0\3\0\0\0\2abcde", 17);
    REFUSED(lab, OPTIONS(.name = "table-idx2-ubyte"), "E0503", "ends at byte 17");
    data_lab_write("table-idx2-ubyte", "\0\0\10\2\0\0\0\0\0\0\0\2", 12);
    REFUSED(lab, OPTIONS(.name = "table-idx2-ubyte"), "E0505", "holds no examples");
}

/* --- where, and what ---------------------------------------------------------------------- */

static void looks_in_the_data_folders(void **state)
{
    DataLab *lab = *state;
    mkdir("data", 0777);
    mkdir("elsewhere", 0777);
    data_lab_write_text("elsewhere/t.csv", "1\n2\n3\n");
    setenv("ARMC_DATA", "elsewhere", 1);
    assert_int_equal(data_lab_dataset(lab, OPTIONS(.name = "t.csv"))->values[ARMC_TRAIN][0], 1);
    data_lab_write_text("data/t.csv", "4\n5\n6\n");
    assert_int_equal(data_lab_dataset(lab, OPTIONS(.name = "t.csv"))->values[ARMC_TRAIN][0], 4);
    data_lab_write_text("t.csv", "7\n8\n9\n");
    assert_int_equal(data_lab_dataset(lab, OPTIONS(.name = "t.csv"))->values[ARMC_TRAIN][0], 7);
    unsetenv("ARMC_DATA");
    unlink("t.csv");
    unlink("data/t.csv");
    REFUSED(lab, OPTIONS(.name = "t.csv"), "E0502", "`t.csv` can't be read");
}

static void refuses_unknown_formats(void **state)
{
    DataLab *lab = *state;
    data_lab_write_text("letter.odt", "Dear all");
    REFUSED(lab, OPTIONS(.name = "letter.odt"), "E0503",
            "`letter.odt` is no file of a known format",
            "cifar10, csv, idx, npy, npz, pickle, png");
    mkdir("nothing", 0777);
    REFUSED(lab, OPTIONS(.name = "nothing"), "E0503", "`nothing` is no folder of a known format");
    REFUSED(lab, OPTIONS(.name = "csv"), "E0501", "no data set `csv`");
}

/* --- splits ------------------------------------------------------------------------------- */

static void test_is_a_number_or_a_share(void **state)
{
    DataLab *lab = *state;
    const struct {
        double test;
        int64_t count;
    } cases[] = {{0, 2}, {0.25, 5}, {0.5, 10}, {0.01, 1}, {1, 1}, {7, 7}, {19, 19}};
    data_lab_write_text("t.csv", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ArmcDataset *data =
            data_lab_dataset(lab, OPTIONS(.name = "t.csv", .test = cases[i].test));
        assert_int_equal(data->count[ARMC_TEST], cases[i].count);
        assert_int_equal(data->count[ARMC_TRAIN], 20 - cases[i].count);
        assert_int_equal(data->values[ARMC_TEST][0], (20 - cases[i].count) % 10);
    }
    const ArmcDataset *data =
        data_lab_dataset(lab, OPTIONS(.name = "t.csv", .test = 0.1, .holdout = 4));
    assert_int_equal(data->count[ARMC_TRAIN], 14);
    assert_int_equal(data->values[ARMC_VALID][0], 4);
    assert_int_equal(data->values[ARMC_TEST][0], 8);
    assert_string_equal(data->report, "t.csv, 10 levels, test: the last 2");
    REFUSED(lab, OPTIONS(.name = "t.csv", .test = 20), "E0505", "leaves no training examples");
    REFUSED(lab, OPTIONS(.name = "t.csv", .test = 1.5), "E0306", "not 1.5");
    REFUSED(lab, OPTIONS(.name = "t.csv", .test = -1), "E0306", "not -1");
    REFUSED(lab, OPTIONS(.name = "digits8", .test = 5), "E0306", "`digits8` has a test split");
}

static void named_sources_take_values_too(void **state)
{
    DataLab *lab = *state;
    assert_int_equal(data_lab_dataset(lab, OPTIONS(.name = "digits8", .values = 20))->levels, 20);
    REFUSED(lab, OPTIONS(.name = "digits8", .values = 16), "E0504", "`digits8` holds 16 (training");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATA_TEST(reads_cifar10),
        DATA_TEST(refuses_damaged_cifar10),
        DATA_TEST(reads_an_idx_file),
        DATA_TEST(looks_in_the_data_folders),
        DATA_TEST(refuses_unknown_formats),
        DATA_TEST(test_is_a_number_or_a_share),
        DATA_TEST(named_sources_take_values_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
