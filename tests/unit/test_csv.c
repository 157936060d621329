/* Tables of whole numbers right and wrong. */
#include "tests/unit/data_lab.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void write_gz(const char *path, const char *text)
{
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzputs(file, text), strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
}

static void assert_table(DataLab *lab, const char *name)
{
    static const uint8_t expected[] = {1, 2, 3, 0, 255, 6, 7, 0, 9};
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = name));
    assert_int_equal(data->rank, 1);
    assert_int_equal(data->dims[0], 3);
    assert_int_equal(data->levels, 256);
    assert_int_equal(data->count[ARMC_TRAIN], 2);
    assert_int_equal(data->count[ARMC_TEST], 1);
    assert_memory_equal(data->values[ARMC_TRAIN], expected, sizeof expected);
}

static void reads_each_spelling(void **state)
{
    DataLab *lab = *state;
    const char *const texts[] = {
        "1,2,3\n0,255,6\n7,0,9\n",
        "1,2,3\n0,255,6\n7,0,9",
        "1;2;3\r\n0;255;6\r\n\r\n7;0;9\r\n",
        "1\t2\t3\n0\t255\t6\n7\t0\t9\n",
        "1 2 3\n 0  255 6 \n7 0 9 \n",
        "a,b,c\n1,2,3\n0,255,6\n7,0,9\n",
        "\"x 1\",,c3\n1 , 2, 3\n0,255,006\n7,0,9\n",
        "\xef\xbb\xbf# a table\n1,2,3\n0,255,6\n# the last one\n7,0,9\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        data_lab_write_text("t.csv", texts[i]);
        assert_table(lab, "t.csv");
        write_gz("t.data.gz", texts[i]);
        assert_table(lab, "./t.data.gz");
    }
}

static void levels_are_what_is_there(void **state)
{
    DataLab *lab = *state;
    data_lab_write_text("l.csv", "0\n0\n0\n");
    assert_int_equal(data_lab_dataset(lab, OPTIONS(.name = "l.csv"))->levels, 2);
    data_lab_write_text("l.csv", "0\n4\n0\n");
    assert_int_equal(data_lab_dataset(lab, OPTIONS(.name = "l.csv"))->levels, 5);
    assert_int_equal(data_lab_dataset(lab, OPTIONS(.name = "l.csv", .values = 10))->levels, 10);
    REFUSED(lab, OPTIONS(.name = "l.csv", .values = 4), "E0504",
            "holds 4 (training example 2, variable 1), but values=4 says 0..3");
    REFUSED(lab, OPTIONS(.name = "l.csv", .values = 1), "E0504", "values=1 is not in 2..256");
}

static void refuses_what_is_no_table(void **state)
{
    DataLab *lab = *state;
    const char *const texts[][2] = {
        {"1,2\n3\n", "line 2 of `bad.csv` has 1 numbers, but the first row 2"},
        {"a,b\n1,2\n1,2,3\n", "line 3 of `bad.csv` has 3 numbers, but the first row 2"},
        {"1,2\n3,256\n", "line 2, column 2: \"256\" is no whole number in 0..255"},
        {"1,2\n3,99999999999999999999\n", "column 2: \"99999999999999999999\""},
        {"1,2\n-3,4\n", "line 2, column 1: \"-3\""},
        {"-1,2\n3,4\n", "line 1, column 1: \"-1\""},
        {"1.5,2\n3,4\n", "line 1, column 1: \"1.5\""},
        {"1,2\n3,\n", "line 2, column 2: \"\""},
        {"1,2\nx,y\n", "line 2, column 1: \"x\""},
        {"", "holds no examples"},
        {"a,b\n", "holds no examples"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        data_lab_write_text("bad.csv", texts[i][0]);
        REFUSED(lab, OPTIONS(.name = "bad.csv"), "`bad.csv`", texts[i][1]);
    }
    data_lab_write("cut.csv.gz", "\x1f\x8b\x08", 3);
    REFUSED(lab, OPTIONS(.name = "cut.csv.gz"), "E0503", "gzip data of `cut.csv.gz`");
}

static void splits_have_files(void **state)
{
    DataLab *lab = *state;
    write_gz("abc.train.data.gz", "0,1\n1,0\n1,1\n");
    write_gz("abc.test.data.gz", "0,0\n");
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "abc"));
    assert_int_equal(data->count[ARMC_TRAIN], 3);
    assert_int_equal(data->count[ARMC_VALID], 0);
    assert_int_equal(data->count[ARMC_TEST], 1);
    assert_string_equal(data->report, "abc, 2 levels");
    data_lab_write_text("abc.valid.data", "0,2\n2,2\n");
    data = data_lab_dataset(lab, OPTIONS(.name = "abc"));
    assert_int_equal(data->count[ARMC_VALID], 2);
    assert_int_equal(data->levels, 3);
    REFUSED(lab, OPTIONS(.name = "abc", .holdout = 1), "E0306", "validation split of its own");
    REFUSED(lab, OPTIONS(.name = "abc", .test = 1), "E0306", "test split of its own");
    data_lab_write_text("abc.valid.data", "0,2,1\n");
    REFUSED(lab, OPTIONS(.name = "abc"), "E0503", "of `abc.train.data.gz` are 2",
            "`abc.valid.data` 3");
}

static void assert_labels(const ArmcDataset *data)
{
    static const uint8_t values[] = {1, 2, 0, 3, 1, 1, 0, 2}, labels[] = {7, 0, 9, 7};
    assert_int_equal(data->variables, 2);
    assert_int_equal(data->levels, 4);
    assert_int_equal(data->classes, 10);
    assert_int_equal(data->count[ARMC_TRAIN], 3);
    assert_memory_equal(data->values[ARMC_TRAIN], values, 6);
    assert_memory_equal(data->labels[ARMC_TRAIN], labels, 3);
    assert_memory_equal(data->values[ARMC_TEST], values + 6, 2);
    assert_int_equal(data->labels[ARMC_TEST][0], 7);
}

static void labels_are_a_column_or_a_file(void **state)
{
    DataLab *lab = *state;
    data_lab_write_text("c.csv", "a, \"class\" ,b\n1,7,2\n0,0,3\n1,9,1\n0,7,2\n");
    assert_labels(data_lab_dataset(lab, OPTIONS(.name = "c.csv", .labels = "class")));
    assert_labels(data_lab_dataset(lab, OPTIONS(.name = "c.csv", .labels = "2")));
    data_lab_write_text("x.csv", "1,2\n0,3\n1,1\n0,2\n");
    data_lab_write_text("y.csv", "class\n7\n0\n9\n7\n");
    assert_labels(data_lab_dataset(lab, OPTIONS(.name = "x.csv", .labels = "y.csv")));
    const ArmcDataset *plain = data_lab_dataset(lab, OPTIONS(.name = "c.csv", .labels = ""));
    assert_null(plain->labels[ARMC_TRAIN]);
    assert_int_equal(plain->variables, 3);
    REFUSED(lab, OPTIONS(.name = "c.csv", .labels = "klass"), "E0306", "no column `klass`",
            "number from 1 to 3");
    REFUSED(lab, OPTIONS(.name = "c.csv", .labels = "0"), "no column `0`");
    REFUSED(lab, OPTIONS(.name = "c.csv", .labels = "4"), "no column `4`");
    REFUSED(lab, OPTIONS(.name = "c.csv", .labels = "99999999999999999999"), "no column");
    REFUSED(lab, OPTIONS(.name = "y.csv", .labels = "1"), "E0503", "`y.csv` have no values");
    REFUSED(lab, OPTIONS(.name = "x.csv", .labels = "c.csv"), "E0503", "`c.csv` has 3 numbers");
    data_lab_write_text("y.csv", "7\n0\n9\n");
    REFUSED(lab, OPTIONS(.name = "x.csv", .labels = "y.csv"), "E0503",
            "`y.csv` holds 3 labels, but `x.csv` 4 examples");
    REFUSED(lab, OPTIONS(.name = "digits8", .labels = "y.csv"), "E0306", "`digits8` takes no");
}

static void labels_of_several_files_are_columns(void **state)
{
    DataLab *lab = *state;
    data_lab_write_text("set.train.csv", "1,0\n2,1\n");
    data_lab_write_text("set.test.csv", "3,1\n");
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "set", .labels = "2"));
    assert_int_equal(data->variables, 1);
    assert_int_equal(data->labels[ARMC_TRAIN][1], 1);
    assert_int_equal(data->labels[ARMC_TEST][0], 1);
    data_lab_write_text("one.csv", "1\n0\n");
    REFUSED(lab, OPTIONS(.name = "set", .labels = "one.csv"), "E0306", "`set` is in several files");
}

static void survives_damage(void **state)
{
    DataLab *lab = *state;
    data_lab_write_text("shaken.csv", "x;y;z\n1;2;3\n0;255;6\n# seven\n7;0;9\n10;11;12\n");
    data_lab_shake(lab, "shaken.csv", "./shaken.csv", 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATA_TEST(reads_each_spelling),
        DATA_TEST(levels_are_what_is_there),
        DATA_TEST(refuses_what_is_no_table),
        DATA_TEST(splits_have_files),
        DATA_TEST(labels_are_a_column_or_a_file),
        DATA_TEST(labels_of_several_files_are_columns),
        DATA_TEST(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
