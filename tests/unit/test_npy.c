/* NPY files right and wrong: types, byte order, Fortran order, versions, headers. */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/data_lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/data/npy.h"

enum { ROWS = 4, COLUMNS = 3, COUNT = ROWS * COLUMNS };

/* Writes a file of some version with the header's dict as it is and `n` bytes of numbers. */
static void put_version(const char *path, int version, const char *dict, const void *bytes,
                        size_t n)
{
    unsigned char file[1000] = "\x93NUMPY";
    const size_t length = strlen(dict) + 1;
    size_t at = 6;
    file[at++] = (unsigned char)version;
    file[at++] = 0;
    for (int i = 0; i < (version == 1 ? 2 : 4); i++)
        file[at++] = (unsigned char)(length >> 8 * i & 0xff);
    memcpy(file + at, dict, length - 1);
    file[at + length - 1] = '\n';
    at += length;
    memcpy(file + at, bytes, n);
    data_lab_write(path, file, at + n);
}

static void put(const char *path, const char *dict, const void *bytes, size_t n)
{
    put_version(path, 1, dict, bytes, n);
}

static const char *dict_of(DataLab *lab, const char *type, const char *shape, const char *fortran)
{
    return armc_arena_printf(lab->arena, "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }",
                             type, fortran, shape);
}

/* The value at [i, j] of the arrays made here. */
static int value(int64_t i, int64_t j)
{
    return (int)(i * 20 + j * 7);
}

/* COUNT numbers of `size` bytes. */
static void fill(unsigned char *out, int size, bool big_endian, bool fortran)
{
    memset(out, 0, (size_t)(COUNT * size));
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0; j < COLUMNS; j++) {
            int64_t place = fortran ? j * ROWS + i : i * COLUMNS + j;
            out[place * size + (big_endian ? size - 1 : 0)] = (unsigned char)value(i, j);
        }
}

static void assert_values(const ArmcDataset *data)
{
    assert_int_equal(data->rank, 1);
    assert_int_equal(data->dims[0], COLUMNS);
    assert_int_equal(data->count[ARMC_TRAIN], ROWS - 1);
    assert_int_equal(data->count[ARMC_TEST], 1);
    for (int64_t i = 0; i < ROWS; i++) /* the test split follows */
        for (int64_t j = 0; j < COLUMNS; j++)
            assert_int_equal(data->values[ARMC_TRAIN][i * COLUMNS + j], value(i, j));
}

static void reads_integers_of_all_kinds(void **state)
{
    DataLab *lab = *state;
    const char *const types[] = {"|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4",
                                 ">i4", "<i4", ">u8", "<u8", "<i8", ">i8"};
    unsigned char bytes[COUNT * 8];
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int fortran = 0; fortran < 2; fortran++) {
            int size = types[t][2] - '0';
            fill(bytes, size, types[t][0] == '>', fortran);
            put("a.npy", dict_of(lab, types[t], "4, 3", fortran ? "True" : "False"), bytes,
                (size_t)(COUNT * size));
            const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "a.npy"));
            assert_values(data);
            assert_int_equal(data->levels, strcmp(types[t], "|u1") == 0 ? 256 : 75);
        }
}

static void reads_versions_and_spellings(void **state)
{
    DataLab *lab = *state;
    unsigned char bytes[COUNT];
    fill(bytes, 1, false, false);
    for (int version = 1; version <= 3; version++) {
        put_version("v.npy", version, dict_of(lab, "|u1", "4, 3", "False"), bytes, COUNT);
        assert_values(data_lab_dataset(lab, OPTIONS(.name = "v.npy")));
    }
    put("v.npy", "{\"shape\":(4L,3L),\"descr\":\"|u1\",\"fortran_order\":False}   ", bytes, COUNT);
    assert_values(data_lab_dataset(lab, OPTIONS(.name = "v.npy")));
    rename("v.npy", "without_ending");
    assert_values(data_lab_dataset(lab, OPTIONS(.name = "without_ending")));
}

static void reads_bool(void **state)
{
    DataLab *lab = *state;
    const unsigned char bits[COUNT] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1};
    put("b.npy", dict_of(lab, "|b1", "4, 3", "False"), bits, COUNT);
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "b.npy"));
    assert_int_equal(data->levels, 2);
    assert_memory_equal(data->values[ARMC_TRAIN], bits, COUNT);
    const unsigned char two[COUNT] = {0, 1, 1, 0, 2};
    put("b.npy", dict_of(lab, "|b1", "4, 3", "False"), two, COUNT);
    REFUSED(lab, OPTIONS(.name = "b.npy"), "E0503", "holds 2 at [1, 1]", "0..1");
}

static void shapes_are_tables_and_pictures(void **state)
{
    DataLab *lab = *state;
    const struct {
        const char *text;
        int rank;
        int64_t dims[ARMC_DATA_MAX_RANK];
    } shapes[] = {{"12,", 1, {1}},
                  {"3, 4", 1, {4}},
                  {"2, 3, 2", 3, {3, 2, 1}},
                  {"2, 1, 2, 3", 3, {1, 2, 3}},
                  {"2, 1, 2, 1, 3", 4, {1, 2, 1, 3}}};
    const unsigned char bytes[COUNT] = {0};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        put("s.npy", dict_of(lab, "|u1", shapes[i].text, "False"), bytes, COUNT);
        const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "s.npy"));
        assert_int_equal(data->rank, shapes[i].rank);
        assert_memory_equal(data->dims, shapes[i].dims, sizeof shapes[i].dims);
    }
    put("s.npy", dict_of(lab, "|u1", "", "False"), bytes, 1);
    REFUSED(lab, OPTIONS(.name = "s.npy"), "E0503", "has the shape ()");
    put("s.npy", dict_of(lab, "|u1", "2, 1, 2, 1, 3, 1", "False"), bytes, COUNT);
    REFUSED(lab, OPTIONS(.name = "s.npy"), "E0503", "has the shape 2x1x2x1x3x1");
    put("s.npy", dict_of(lab, "|u1", "0, 5", "False"), bytes, 0);
    REFUSED(lab, OPTIONS(.name = "s.npy"), "E0505", "holds no examples");
    put("s.npy", dict_of(lab, "|u1", "5, 0", "False"), bytes, 0);
    REFUSED(lab, OPTIONS(.name = "s.npy"), "E0503", "have no values: 0");
}

static void refuses_values_out_of_range(void **state)
{
    DataLab *lab = *state;
    unsigned char bytes[COUNT * 2];
    fill(bytes, 2, false, true);
    bytes[(2 * ROWS + 1) * 2 + 1] = 1; /* [1, 2] = 34 + 256 */
    put("big.npy", dict_of(lab, "<u2", "4, 3", "True"), bytes, sizeof bytes);
    REFUSED(lab, OPTIONS(.name = "big.npy"), "E0503", "holds 290 at [1, 2]", "0..255");
    bytes[(2 * ROWS + 1) * 2 + 1] = 0xff;
    put("big.npy", dict_of(lab, "<i2", "4, 3", "True"), bytes, sizeof bytes);
    REFUSED(lab, OPTIONS(.name = "big.npy"), "E0503", "holds -222 at [1, 2]", "0..255");
}

static void refuses_other_types(void **state)
{
    DataLab *lab = *state;
    const char *const types[][2] = {{"|O", "pickled Python objects"},
                                    {"<c8", "complex numbers (type <c8)"},
                                    {"<U2", "text (type <U2)"},
                                    {"|S3", "text"},
                                    {"<M8[s]", "times"},
                                    {"|V4", "holds |V4"},
                                    {"<f16", "holds <f16"},
                                    {"<i3", "holds <i3"},
                                    {"|i4", "holds |i4"},
                                    {"=i4", "'descr' is no type"},
                                    {"<f4", "floating-point numbers"}};
    const unsigned char bytes[COUNT * 4] = {0};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        put("t.npy", dict_of(lab, types[i][0], "4, 3", "False"), bytes, sizeof bytes);
        REFUSED(lab, OPTIONS(.name = "t.npy"), "E0503", types[i][1]);
    }
    put("t.npy", "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (12,), }", bytes, 48);
    REFUSED(lab, OPTIONS(.name = "t.npy"), "E0503", "records of several fields");
}

static void refuses_damaged_headers(void **state)
{
    DataLab *lab = *state;
    const char *const dicts[][2] = {
        {"", "it is no dict"},
        {"{'descr': '|u1', 'shape': (4, 3)}", "is missing"},
        {"{'descr': '|u1' 'fortran_order': False}", "a comma is missing"},
        {"{'descr': '|u1', 'descr': '|u1'}", "a key too many"},
        {"{'descr': '|u1', 'colour': 1}", "a key too many"},
        {"{'descr': '|u1', 'fortran_order': 1}", "neither True nor False"},
        {"{'shape': 4}", "no tuple"},
        {"{'shape': (4 3)}", "no tuple of sizes"},
        {"{'shape': (-4,)}", "no tuple of sizes"},
        {"{'shape': (99999999999999999999,)}", "no tuple of sizes"},
        {"{'descr': '|u1", "'descr' is no type"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 3)} 1", "something follows"},
        {"{'descr': '<u8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
         "too large: 4611686018427387904x4"}};
    const unsigned char bytes[COUNT] = {0};
    for (size_t i = 0; i < sizeof dicts / sizeof *dicts; i++) {
        put("h.npy", dicts[i][0], bytes, COUNT);
        REFUSED(lab, OPTIONS(.name = "h.npy"), "E0503", dicts[i][1]);
    }
    put_version("h.npy", 4, dict_of(lab, "|u1", "4, 3", "False"), bytes, COUNT);
    REFUSED(lab, OPTIONS(.name = "h.npy"), "E0503", "version 4.0; 1.0, 2.0 and 3.0 are read");
    data_lab_write_text("h.npy", "no numbers");
    REFUSED(lab, OPTIONS(.name = "h.npy"), "E0503", "does not begin with the bytes 93 4e");
    data_lab_write("h.npy", "\x93NUMPY\1\0\xff\xff{", 11);
    REFUSED(lab, OPTIONS(.name = "h.npy"), "E0503", "ends at byte 11, within its header");
}

static void refuses_another_length(void **state)
{
    DataLab *lab = *state;
    const unsigned char bytes[COUNT + 1] = {0};
    const char *dict = dict_of(lab, "|u1", "4, 3", "False");
    put("l.npy", dict, bytes, COUNT - 1);
    REFUSED(lab, OPTIONS(.name = "l.npy"), "E0503", "ends at byte ", "4x3 of |u1");
    put("l.npy", dict, bytes, COUNT + 1);
    REFUSED(lab, OPTIONS(.name = "l.npy"), "E0503", "goes on to byte ", "4x3 of |u1");
}

static void doubles_are_all_numbers(void **state)
{
    DataLab *lab = *state;
    const ArmcDataCall call = {.arena = lab->arena, .diags = lab->diags};
    const double expected[] = {1.5, -2, 65504, 5.9604644775390625e-08};
    const unsigned char halves[] = {0x00, 0x3e, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00};
    const unsigned char singles[] = {0x3f, 0xc0, 0,    0, 0xc0, 0,    0, 0,
                                     0x47, 0x7f, 0xe0, 0, 0x33, 0x80, 0, 0};
    double out[4];
    ArmcNpy npy;
    put("f.npy", dict_of(lab, "<f2", "4,", "False"), halves, sizeof halves);
    assert_true(armc_npy_open(&call, "f.npy", &npy));
    armc_npy_doubles(&npy, out);
    assert_memory_equal(out, expected, sizeof out);
    put("f.npy", dict_of(lab, ">f4", "4,", "False"), singles, sizeof singles);
    assert_true(armc_npy_open(&call, "f.npy", &npy));
    armc_npy_doubles(&npy, out);
    assert_memory_equal(out, expected, sizeof out);
    put("f.npy", dict_of(lab, "<f8", "2, 2", "True"), expected, sizeof expected);
    assert_true(armc_npy_open(&call, "f.npy", &npy));
    armc_npy_doubles(&npy, out);
    assert_true(out[1] > 65503 && out[2] < -1.9);
    put("f.npy", dict_of(lab, "|i1", "4,", "False"), "\x80\xff\x00\x7f", 4);
    assert_true(armc_npy_open(&call, "f.npy", &npy));
    armc_npy_doubles(&npy, out);
    const double bytes[] = {-128, -1, 0, 127};
    assert_memory_equal(out, bytes, sizeof out);
}

/* A folder with a file a split. */
static void splits_have_files(void **state)
{
    DataLab *lab = *state;
    unsigned char bytes[COUNT];
    fill(bytes, 1, false, false);
    mkdir("parts", 0777);
    put("parts/train.npy", dict_of(lab, "|u1", "4, 3", "False"), bytes, COUNT);
    put("parts/test.npy", dict_of(lab, "|u1", "2, 3", "False"), bytes, 6);
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "parts"));
    assert_int_equal(data->count[ARMC_TRAIN], 4);
    assert_int_equal(data->count[ARMC_TEST], 2);
    assert_string_equal(data->report, "parts, 256 levels");
    put("parts/valid.npy", dict_of(lab, "|u1", "3, 2", "False"), bytes, 6);
    REFUSED(lab, OPTIONS(.name = "parts"), "E0503", "of `parts/train.npy` are 3",
            "`parts/valid.npy` 2");
}

static void labels_are_a_file(void **state)
{
    DataLab *lab = *state;
    const unsigned char x[] = {1, 2, 3, 4, 5, 6, 7, 8}, y[] = {0, 2, 1, 2};
    put("x.npy", dict_of(lab, "|u1", "4, 2", "False"), x, sizeof x);
    put("y.npy", dict_of(lab, "|u1", "4,", "False"), y, sizeof y);
    data_lab_write_text("y.csv", "class\n0\n2\n1\n2\n");
    const char *const files[] = {"y.npy", "./y.csv"};
    for (int i = 0; i < 2; i++) {
        const ArmcDataset *data =
            data_lab_dataset(lab, OPTIONS(.name = "x.npy", .labels = files[i], .holdout = 1));
        assert_int_equal(data->classes, 3);
        assert_int_equal(data->labels[ARMC_TRAIN][1], 2);
        assert_int_equal(data->labels[ARMC_VALID][0], 1);
        assert_int_equal(data->labels[ARMC_TEST][0], 2);
    }
    assert_true(data_lab_dataset(lab, OPTIONS(.name = "x.npy"))->fingerprint !=
                data_lab_dataset(lab, OPTIONS(.name = "x.npy", .labels = "y.npy"))->fingerprint);
    put("y.npy", dict_of(lab, "|u1", "2, 2", "False"), y, sizeof y);
    REFUSED(lab, OPTIONS(.name = "x.npy", .labels = "y.npy"), "E0503", "has the shape 2x2");
    put("y.npy", dict_of(lab, "|u1", "3,", "False"), y, 3);
    REFUSED(lab, OPTIONS(.name = "x.npy", .labels = "y.npy"), "`y.npy` holds 3 labels");
    REFUSED(lab, OPTIONS(.name = "x.npy", .labels = "no.npy"), "no NPY or CSV file `no.npy`");
    put("s.train.npy", dict_of(lab, "|u1", "4, 2", "False"), x, sizeof x);
    REFUSED(lab, OPTIONS(.name = "s", .labels = "y.npy"), "E0306", "`s` is in several files");
}

static void survives_damage(void **state)
{
    DataLab *lab = *state;
    unsigned char bytes[COUNT * 2];
    fill(bytes, 2, false, true);
    put("shaken.npy", dict_of(lab, "<i2", "4, 3", "True"), bytes, sizeof bytes);
    data_lab_shake(lab, "shaken.npy", "./shaken.npy", 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATA_TEST(reads_integers_of_all_kinds),
        DATA_TEST(reads_versions_and_spellings),
        DATA_TEST(reads_bool),
        DATA_TEST(shapes_are_tables_and_pictures),
        DATA_TEST(refuses_values_out_of_range),
        DATA_TEST(refuses_other_types),
        DATA_TEST(refuses_damaged_headers),
        DATA_TEST(refuses_another_length),
        DATA_TEST(doubles_are_all_numbers),
        DATA_TEST(splits_have_files),
        DATA_TEST(labels_are_a_file),
        DATA_TEST(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
