/* Data sets: IDX files right and wrong, splits, levels, binary draws. The files are made here. */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "runtime/data/dataset.h"

enum { TRAIN = 20, TEST_COUNT = 6, HEIGHT = 3, WIDTH = 5, D = HEIGHT * WIDTH };

static ArmcFault fault;
static jmp_buf jump;
static ArmcArena *arena;
static ArmcDiags *diags;

static int open_arena(void **state)
{
    (void)state;
    fault = (ArmcFault){.where = &jump};
    arena = armc_arena_new(&fault);
    diags = armc_diags_new(arena);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    armc_arena_free(arena);
    return 0;
}

/* --- files made here ---------------------------------------------------------------------- */

/* The value of pixel j of image i. */
static uint8_t pixel(int64_t i, int64_t j)
{
    return (uint8_t)(i * 37 + j * 11);
}

static size_t put_be32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
    return 4;
}

/* An IDX file in memory; `first` shifts the images so that train and test differ. */
static size_t make_images(unsigned char *out, uint32_t count, uint32_t height, uint32_t width,
                          int64_t first)
{
    size_t n = put_be32(out, 0x0803);
    n += put_be32(out + n, count);
    n += put_be32(out + n, height);
    n += put_be32(out + n, width);
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < height * width; j++)
            out[n++] = pixel(first + i, j);
    return n;
}

static size_t make_labels(unsigned char *out, uint32_t count)
{
    size_t n = put_be32(out, 0x0801);
    n += put_be32(out + n, count);
    for (uint32_t i = 0; i < count; i++)
        out[n++] = (unsigned char)(i % 7);
    return n;
}

static void put(const char *path, const unsigned char *bytes, size_t length)
{
    const char *ending = strrchr(path, '.');
    bool zipped = ending != NULL && strcmp(ending, ".gz") == 0;
    gzFile file = gzopen(path, zipped ? "wb" : "wbT");
    assert_non_null(file);
    if (length > 0)
        assert_int_equal(gzwrite(file, bytes, (unsigned)length), length);
    assert_int_equal(gzclose(file), Z_OK);
}

static void put_in(const char *folder, const char *file, const unsigned char *bytes, size_t length)
{
    put(armc_arena_printf(arena, "%s/%s", folder, file), bytes, length);
}

/* A folder with four right files; they are spelled train-images<idx>3-ubyte<end>. */
static void put_folder(const char *folder, const char *idx, const char *end)
{
    unsigned char bytes[1000];
    mkdir(folder, 0777);
    put_in(folder, armc_arena_printf(arena, "train-images%s3-ubyte%s", idx, end), bytes,
           make_images(bytes, TRAIN, HEIGHT, WIDTH, 0));
    put_in(folder, armc_arena_printf(arena, "train-labels%s1-ubyte%s", idx, end), bytes,
           make_labels(bytes, TRAIN));
    put_in(folder, armc_arena_printf(arena, "t10k-images%s3-ubyte%s", idx, end), bytes,
           make_images(bytes, TEST_COUNT, HEIGHT, WIDTH, 100));
    put_in(folder, armc_arena_printf(arena, "t10k-labels%s1-ubyte%s", idx, end), bytes,
           make_labels(bytes, TEST_COUNT));
}

static void put_raw_folder(const char *folder)
{
    put_folder(folder, "-idx", "");
}

/* --- opening ------------------------------------------------------------------------------ */

static ArmcDataset *open_with(ArmcDataOptions options)
{
    return armc_dataset_open(arena, diags, NULL, &options);
}

static ArmcDataset *open_name(const char *name)
{
    return open_with((ArmcDataOptions){.name = name, .holdout = -1});
}

static const char *message(void)
{
    ArmcBuf text;
    armc_buf_init(&text, &fault);
    armc_diags_render(diags, &text, 0);
    const char *copy = armc_arena_strdup(arena, text.data != NULL ? text.data : "");
    armc_buf_clear(&text);
    armc_diags_clear(diags);
    return copy;
}

/* One diagnostic, with all of `parts` (ended by NULL) in it. */
static void assert_refused(ArmcDataOptions options, const char *const parts[])
{
    armc_diags_clear(diags);
    assert_null(open_with(options));
    assert_int_equal(armc_diags_count(diags), 1);
    const char *text = message();
    for (size_t i = 0; parts[i] != NULL; i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("expected \"%s\" in: %s", parts[i], text);
}
#define REFUSED(options, ...) assert_refused((options), (const char *const[]){__VA_ARGS__, NULL})
#define OPTIONS(...)          ((ArmcDataOptions){__VA_ARGS__})

static ArmcReal *get(const ArmcDataset *data, ArmcSplit split, int64_t index, uint64_t epoch)
{
    ArmcReal *out = ARMC_NEW_ARRAY(arena, ArmcReal, data->variables);
    armc_dataset_get(data, split, &index, 1, epoch, out);
    return out;
}

/* --- digits8 ------------------------------------------------------------------------------ */

static void digits8_is_inside(void **state)
{
    (void)state;
    const ArmcDataset *data = open_name("digits8");
    assert_non_null(data);
    assert_int_equal(data->rank, 3);
    assert_int_equal(data->variables, 64);
    assert_int_equal(data->levels, 17);
    assert_int_equal(data->classes, 10);
    assert_int_equal(data->count[ARMC_TRAIN], 1297);
    assert_int_equal(data->count[ARMC_VALID], 200);
    assert_int_equal(data->count[ARMC_TEST], 300);
    assert_string_equal(data->report, "digits8, 17 levels");
}

/* Sums that the table's published copy has. */
static void digits8_holds_the_published_values(void **state)
{
    (void)state;
    const ArmcDataset *data = open_with((ArmcDataOptions){.name = "digits8", .holdout = 0});
    int64_t sum = 0, labels = 0;
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++) {
        for (int64_t i = 0; i < data->count[split] * 64; i++)
            sum += data->values[split][i];
        for (int64_t i = 0; i < data->count[split]; i++)
            labels += data->labels[split][i];
    }
    assert_int_equal(sum, 561718);
    assert_int_equal(labels, 8070);
    assert_int_equal(data->labels[ARMC_TRAIN][7], 7);
}

/* --- IDX ---------------------------------------------------------------------------------- */

static void reads_each_spelling(void **state)
{
    (void)state;
    const char *const spellings[][3] = {
        {"dash", "-idx", ""}, {"dot", ".idx", ""}, {"gz", "-idx", ".gz"}, {"dotgz", ".idx", ".gz"}};
    for (size_t s = 0; s < 4; s++) {
        put_folder(spellings[s][0], spellings[s][1], spellings[s][2]);
        const ArmcDataset *data = open_name(armc_arena_printf(arena, "./%s", spellings[s][0]));
        assert_non_null(data);
        assert_int_equal(data->dims[0], HEIGHT);
        assert_int_equal(data->dims[1], WIDTH);
        assert_int_equal(data->dims[2], 1);
        assert_int_equal(data->count[ARMC_TRAIN], TRAIN);
        assert_int_equal(data->count[ARMC_VALID], 0);
        assert_int_equal(data->count[ARMC_TEST], TEST_COUNT);
        assert_int_equal(data->classes, 7);
        assert_int_equal(data->labels[ARMC_TEST][5], 5);
        for (int64_t j = 0; j < D; j++) {
            assert_int_equal(data->values[ARMC_TRAIN][3 * D + j], pixel(3, j));
            assert_int_equal(data->values[ARMC_TEST][2 * D + j], pixel(102, j));
        }
    }
}

static void finds_named_data(void **state)
{
    (void)state;
    mkdir("data", 0777);
    mkdir("elsewhere", 0777);
    put_raw_folder("elsewhere/mnist");
    setenv("ARMC_DATA", "elsewhere", 1);
    assert_non_null(open_name("mnist"));
    mkdir("data/mnist", 0777); /* comes first, and has no files */
    REFUSED(OPTIONS(.name = "mnist"), "E0502", "the folder `data/mnist` has no file",
            "train-images-idx3-ubyte", "tools/get-mnist");
    rmdir("data/mnist");
    setenv("ARMC_DATA", "nowhere", 1);
    REFUSED(OPTIONS(.name = "mnist"), "E0502", "looked in data/mnist, nowhere/mnist",
            "tools/get-mnist");
    unsetenv("ARMC_DATA");
    REFUSED(OPTIONS(.name = "mnist"), "ARMC_DATA is not set", "tools/get-mnist");
}

static void names_what_is_unknown(void **state)
{
    (void)state;
    REFUSED(OPTIONS(.name = "mnits"), "E0501", "no data set `mnits`", "did you mean `mnist`?");
    REFUSED(OPTIONS(.name = "photographs"), "E0501", "digits8", "fashion", "mnist");
    REFUSED(OPTIONS(.name = "no/such/folder"), "E0502", "no/such/folder");
}

static void refuses_a_file_of_another_length(void **state)
{
    (void)state;
    unsigned char bytes[1000];
    put_raw_folder("bad");
    size_t n = make_images(bytes, TRAIN, HEIGHT, WIDTH, 0);
    const ArmcDataOptions bad = {.name = "./bad"};
    put("bad/train-images-idx3-ubyte", bytes, n - 1);
    REFUSED(bad, "E0503", "train-images-idx3-ubyte` ends at byte 315", "end at byte 316");
    put("bad/train-images-idx3-ubyte", bytes, n + 1);
    REFUSED(bad, "E0503", "goes on after byte 316", "317 bytes");
    put("bad/train-images-idx3-ubyte", bytes, 7);
    REFUSED(bad, "E0503", "ends at byte 7, within its header of 16 bytes");
    put("bad/train-images-idx3-ubyte", bytes, 0);
    REFUSED(bad, "E0503", "ends at byte 0");
}

static void refuses_a_damaged_gzip_file(void **state)
{
    (void)state;
    put_raw_folder("cut");
    unlink("cut/train-images-idx3-ubyte");
    put("cut/train-images-idx3-ubyte.gz", (const unsigned char *)"x", 1);
    assert_int_equal(truncate("cut/train-images-idx3-ubyte.gz", 12), 0);
    REFUSED(OPTIONS(.name = "./cut"), "E0503", "gzip data of `./cut/train-images-idx3-ubyte.gz`");
}

static void refuses_hostile_headers(void **state)
{
    (void)state;
    unsigned char bytes[1000];
    put_raw_folder("hostile");
    const ArmcDataOptions hostile = {.name = "./hostile"};
    const char *images = "hostile/train-images-idx3-ubyte";
    size_t n = make_images(bytes, TRAIN, HEIGHT, WIDTH, 0);
    put_be32(bytes, 0x0d03); /* of floats */
    put(images, bytes, n);
    REFUSED(hostile, "E0503", "begins with the bytes 00 00 0d 03", "00 00 08 03");
    put(images, bytes, make_labels(bytes, TRAIN));
    REFUSED(hostile, "E0503", "begins with the bytes 00 00 08 01");
    make_images(bytes, TRAIN, HEIGHT, WIDTH, 0);
    for (size_t at = 4; at < 16; at += 4)
        put_be32(bytes + at, UINT32_MAX);
    put(images, bytes, n);
    REFUSED(hostile, "E0503", "too large: 4294967295 x 4294967295 x 4294967295");
    put_be32(bytes + 4, 1u << 31); /* 2^62 bytes: a number, but not a file */
    put_be32(bytes + 8, 1u << 31);
    put_be32(bytes + 12, 1);
    put(images, bytes, n);
    REFUSED(hostile, "E0503", "ends at byte 316");
    put(images, bytes, make_images(bytes, TRAIN, 0, WIDTH, 0));
    REFUSED(hostile, "E0503", "no pixels: 0x5");
    put(images, bytes, make_images(bytes, 0, HEIGHT, WIDTH, 0));
    REFUSED(hostile, "E0505", "holds no images");
}

static void refuses_files_that_do_not_match(void **state)
{
    (void)state;
    unsigned char bytes[1000];
    put_raw_folder("mixed");
    put("mixed/t10k-images-idx3-ubyte", bytes, make_images(bytes, TEST_COUNT, WIDTH, HEIGHT, 0));
    REFUSED(OPTIONS(.name = "./mixed"), "E0503", "are 3x5", "5x3");
    put_raw_folder("mixed");
    put("mixed/t10k-labels-idx1-ubyte", bytes, make_labels(bytes, TEST_COUNT + 1));
    REFUSED(OPTIONS(.name = "./mixed"), "E0503", "holds 7 labels", "6 images");
    unlink("mixed/t10k-labels-idx1-ubyte");
    REFUSED(OPTIONS(.name = "./mixed"), "E0502", "t10k-labels-idx1-ubyte");
}

/* --- options ------------------------------------------------------------------------------ */

static void holdout_and_limit_cut(void **state)
{
    (void)state;
    put_raw_folder("d");
    const ArmcDataset *data = open_with(OPTIONS(.name = "./d", .holdout = 5));
    assert_int_equal(data->count[ARMC_TRAIN], 15);
    assert_int_equal(data->count[ARMC_VALID], 5);
    assert_int_equal(data->values[ARMC_VALID][0], pixel(15, 0));
    assert_int_equal(data->labels[ARMC_VALID][0], 15 % 7);
    data = open_with(OPTIONS(.name = "./d", .holdout = 5, .limit = 3));
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++)
        assert_int_equal(data->count[split], 3);
    assert_int_equal(data->values[ARMC_VALID][0], pixel(15, 0));
    assert_string_equal(data->report, "./d, 256 levels, limit 3");
}

static void refuses_options_out_of_range(void **state)
{
    (void)state;
    put_raw_folder("d");
    REFUSED(OPTIONS(.name = "./d", .holdout = 20), "E0505", "holdout=20 leaves no training");
    REFUSED(OPTIONS(.name = "./d", .holdout = -2), "E0306", "holdout");
    REFUSED(OPTIONS(.name = "./d", .limit = -1), "E0306", "limit");
    REFUSED(OPTIONS(.name = "./d", .levels = 1), "E0504", "levels=1", "2..256");
    REFUSED(OPTIONS(.name = "./d", .levels = 257), "E0504", "levels=257", "2..256");
    REFUSED(OPTIONS(.name = "./d", .levels = -3), "E0504", "levels=-3");
    REFUSED(OPTIONS(.name = "digits8", .levels = 18), "E0504", "2..17");
    REFUSED(OPTIONS(.name = "./d", .levels = 4, .binarize = ARMC_BINARIZE_STATIC), "E0306",
            "levels=4");
}

static void levels_are_floors(void **state)
{
    (void)state;
    put_raw_folder("d");
    const int64_t choices[] = {0, 2, 3, 10, 100, 256};
    for (size_t c = 0; c < sizeof choices / sizeof *choices; c++) {
        const ArmcDataset *data = open_with(OPTIONS(.name = "./d", .levels = choices[c]));
        int64_t levels = choices[c] == 0 ? 256 : choices[c];
        assert_int_equal(data->levels, levels);
        for (int64_t i = 0; i < TRAIN; i++) {
            const ArmcReal *x = get(data, ARMC_TRAIN, i, 0);
            for (int64_t j = 0; j < D; j++)
                assert_int_equal((int64_t)x[j], pixel(i, j) * levels / 256);
        }
    }
}

static void get_takes_examples_in_any_order(void **state)
{
    (void)state;
    put_raw_folder("d");
    const ArmcDataset *data = open_name("./d");
    const int64_t index[] = {7, 0, 7, 19};
    ArmcReal out[4 * D];
    armc_dataset_get(data, ARMC_TRAIN, index, 4, 0, out);
    for (int64_t i = 0; i < 4; i++)
        for (int64_t j = 0; j < D; j++)
            assert_int_equal((int)out[i * D + j], pixel(index[i], j));
}

/* --- binary draws ------------------------------------------------------------------------- */

static void threshold_is_half_of_the_levels(void **state)
{
    (void)state;
    put_raw_folder("d");
    const ArmcDataset *data =
        open_with(OPTIONS(.name = "./d", .binarize = ARMC_BINARIZE_THRESHOLD));
    assert_int_equal(data->levels, 2);
    assert_string_equal(data->report, "./d, binary (value >= 128)");
    for (int64_t i = 0; i < TEST_COUNT; i++) {
        const ArmcReal *x = get(data, ARMC_TEST, i, 0);
        for (int64_t j = 0; j < D; j++)
            assert_int_equal((int)x[j], pixel(100 + i, j) >= 128);
    }
}

static bool same_draws(const ArmcDataset *a, ArmcSplit sa, int64_t ia, uint64_t ea,
                       const ArmcDataset *b, ArmcSplit sb, int64_t ib, uint64_t eb)
{
    return memcmp(get(a, sa, ia, ea), get(b, sb, ib, eb),
                  (size_t)a->variables * sizeof(ArmcReal)) == 0;
}

/* A draw belongs to the example: epoch, holdout and limit don't change it. */
static void static_draws_stay(void **state)
{
    (void)state;
    ArmcDataOptions options = {.name = "digits8", .binarize = ARMC_BINARIZE_STATIC};
    const ArmcDataset *all = open_with(options);
    options.holdout = 5;
    options.limit = 9;
    const ArmcDataset *some = open_with(options);
    assert_string_equal(all->report, "digits8, static (one Bernoulli draw, seed 0)");
    assert_true(same_draws(all, ARMC_TRAIN, 3, 0, all, ARMC_TRAIN, 3, 8));
    assert_true(same_draws(all, ARMC_TRAIN, 3, 0, some, ARMC_TRAIN, 3, 0));
    assert_true(same_draws(all, ARMC_TRAIN, 1494, 0, some, ARMC_VALID, 2, 0));
    assert_true(same_draws(all, ARMC_TEST, 4, 0, some, ARMC_TEST, 4, 0));
    assert_false(same_draws(all, ARMC_TRAIN, 4, 0, all, ARMC_TEST, 4, 0));
}

static void dynamic_draws_change_with_the_epoch(void **state)
{
    (void)state;
    ArmcDataOptions options = {.name = "digits8", .binarize = ARMC_BINARIZE_DYNAMIC, .holdout = 9};
    const ArmcDataset *dynamic = open_with(options);
    options.binarize = ARMC_BINARIZE_STATIC;
    const ArmcDataset *fixed = open_with(options);
    assert_true(same_draws(dynamic, ARMC_TRAIN, 3, 1, dynamic, ARMC_TRAIN, 3, 1));
    assert_false(same_draws(dynamic, ARMC_TRAIN, 3, 0, dynamic, ARMC_TRAIN, 3, 1));
    assert_false(same_draws(dynamic, ARMC_TRAIN, 3, 0, fixed, ARMC_TRAIN, 3, 0));
    assert_true(same_draws(dynamic, ARMC_VALID, 3, 5, fixed, ARMC_VALID, 3, 0));
    assert_true(same_draws(dynamic, ARMC_TEST, 3, 5, fixed, ARMC_TEST, 3, 0));
}

/* Over many epochs the share of ones of a pixel goes to v / 16: five standard deviations. */
static void draws_have_the_pixels_probability(void **state)
{
    (void)state;
    enum { EPOCHS = 2000 };
    int ones[64] = {0};
    const ArmcDataset *data =
        open_with(OPTIONS(.name = "digits8", .binarize = ARMC_BINARIZE_DYNAMIC));
    const int64_t index[] = {0};
    ArmcReal x[64];
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        armc_dataset_get(data, ARMC_TRAIN, index, 1, epoch, x);
        for (int j = 0; j < 64; j++)
            ones[j] += (int)x[j];
    }
    for (int j = 0; j < 64; j++) {
        double p = data->values[ARMC_TRAIN][j] / 16.0;
        double off = ones[j] - EPOCHS * p;
        assert_true(off * off <= 25 * EPOCHS * p * (1 - p));
    }
}

/* --- fingerprint -------------------------------------------------------------------------- */

static void fingerprint_tells_data_apart(void **state)
{
    (void)state;
    put_raw_folder("d");
    ArmcDataOptions options = {.name = "./d"};
    uint64_t first = open_with(options)->fingerprint;
    assert_true(first == open_with(options)->fingerprint);
    options.levels = 4;
    assert_true(first != open_with(options)->fingerprint);
    options = (ArmcDataOptions){.name = "./d", .holdout = 1};
    assert_true(first != open_with(options)->fingerprint);
    unsigned char bytes[1000];
    size_t n = make_images(bytes, TRAIN, HEIGHT, WIDTH, 0);
    bytes[n - 1] ^= 1;
    put("d/train-images-idx3-ubyte", bytes, n);
    assert_true(first != open_name("./d")->fingerprint);
}

/* --- robustness --------------------------------------------------------------------------- */

/* Any four bytes of a header changed at random: accepted or refused, never read beyond the file. */
static void survives_random_headers(void **state)
{
    (void)state;
    unsigned char right[1000], wrong[1000];
    size_t n = make_images(right, TRAIN, HEIGHT, WIDTH, 0);
    uint32_t random = 1;
    put_raw_folder("fuzz");
    for (int round = 0; round < 300; round++) {
        memcpy(wrong, right, n);
        for (int i = 0; i < 4; i++) {
            random = random * 1664525 + 1013904223;
            wrong[random >> 28] = (unsigned char)(random >> 16);
        }
        put("fuzz/train-images-idx3-ubyte", wrong, n - (random >> 8) % 4);
        ArmcDataset *data = open_name("./fuzz");
        if (data != NULL)
            get(data, ARMC_TRAIN, data->count[ARMC_TRAIN] - 1, 0);
        armc_diags_clear(diags);
    }
}

static void survives_lack_of_memory(void **state)
{
    (void)state;
    volatile long failing = 0;
    if (setjmp(jump) != 0)
        assert_int_equal(fault.status, ARMC_RESOURCE);
    close_arena(NULL);
    open_arena(NULL);
    fault.allocations_left = ++failing;
    assert_non_null(open_with(OPTIONS(.name = "digits8", .binarize = ARMC_BINARIZE_STATIC)));
    assert_true(failing > 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        TEST(digits8_is_inside),
        TEST(digits8_holds_the_published_values),
        TEST(reads_each_spelling),
        TEST(finds_named_data),
        TEST(names_what_is_unknown),
        TEST(refuses_a_file_of_another_length),
        TEST(refuses_a_damaged_gzip_file),
        TEST(refuses_hostile_headers),
        TEST(refuses_files_that_do_not_match),
        TEST(holdout_and_limit_cut),
        TEST(refuses_options_out_of_range),
        TEST(levels_are_floors),
        TEST(get_takes_examples_in_any_order),
        TEST(threshold_is_half_of_the_levels),
        TEST(static_draws_stay),
        TEST(dynamic_draws_change_with_the_epoch),
        TEST(draws_have_the_pixels_probability),
        TEST(fingerprint_tells_data_apart),
        TEST(survives_random_headers),
        TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
