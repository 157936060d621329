/* safetensors: what is written is read back; a file with anything wrong is refused with its reason.
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/data/safetensors.h"

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

/* Writes a file with this header and `data` bytes after it. */
static void put(const char *path, const char *header, size_t data)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++)
        putc((int)(length >> 8 * i & 0xff), file);
    fputs(header, file);
    for (size_t i = 0; i < data; i++)
        putc((int)i, file);
    assert_int_equal(fclose(file), 0);
}

static ArmcSafetensors *read_back(const char *header, size_t data)
{
    put("x.safetensors", header, data);
    return armc_safetensors_read(arena, diags, NULL, "x.safetensors");
}

static void assert_refused(const char *header, size_t data, const char *reason)
{
    armc_diags_clear(diags);
    assert_null(read_back(header, data));
    assert_int_equal(armc_diags_count(diags), 1);
    ArmcBuf text;
    armc_buf_init(&text, &fault);
    armc_diags_render(diags, &text, 0);
    if (strstr(text.data, reason) == NULL)
        fail_msg("expected \"%s\" in: %s", reason, text.data);
    armc_buf_clear(&text);
}

static ArmcSafetensors sample(void)
{
    static const float weights[] = {1, 2, 3, 4, 5, 6};
    static const uint64_t step[] = {1234567890123456789};
    static ArmcTensorEntry tensors[] = {
        {.name = "net.\"weight\"",
         .dtype = "F32",
         .rank = 2,
         .dims = {2, 3},
         .data = weights,
         .bytes = sizeof weights},
        {.name = "step", .dtype = "U64", .rank = 0, .data = step, .bytes = sizeof step},
        {.name = "nothing", .dtype = "U8", .rank = 2, .dims = {3, 0}, .data = "", .bytes = 0},
    };
    static const char *keys[] = {"source", "data"};
    static const char *values[] = {"image | \"\\ \n\t\x01 – 𝜆", "digits8"};
    return (ArmcSafetensors){tensors, 3, keys, values, 2};
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    const ArmcSafetensors out = sample();
    if (setjmp(jump) != 0)
        fail_msg("%s", fault.message);
    armc_safetensors_write(arena, "net.safetensors", &out);
    const ArmcSafetensors *in = armc_safetensors_read(arena, diags, NULL, "net.safetensors");
    assert_non_null(in);
    assert_int_equal(in->count, 3);
    for (size_t i = 0; i < in->count; i++) {
        const ArmcTensorEntry *a = &out.tensors[i], *b = &in->tensors[i];
        assert_string_equal(a->name, b->name);
        assert_string_equal(a->dtype, b->dtype);
        assert_int_equal(a->rank, b->rank);
        assert_memory_equal(a->dims, b->dims, sizeof a->dims);
        assert_int_equal(a->bytes, b->bytes);
        assert_memory_equal(a->data, b->data, a->bytes);
    }
    assert_string_equal(armc_safetensors_metadata(in, "source"), out.values[0]);
    assert_string_equal(in->keys[1], "data");
    assert_null(armc_safetensors_metadata(in, "none"));
    assert_ptr_equal(armc_safetensors_find(in, "step"), &in->tensors[1]);
    assert_null(armc_safetensors_find(in, "stop"));
}

static void the_data_begin_at_a_multiple_of_64(void **state)
{
    (void)state;
    ArmcSafetensors out = sample();
    size_t length;
    if (setjmp(jump) != 0)
        fail_msg("%s", fault.message);
    armc_safetensors_write(arena, "net.safetensors", &out);
    const char *bytes = armc_file_read(arena, "net.safetensors", &length);
    assert_int_equal((length - 32) % 64, 0); /* 24 + 8 bytes of data */
    assert_int_equal((unsigned char)bytes[0] + 256 * (unsigned char)bytes[1], length - 32 - 8);
    assert_int_equal(bytes[8], '{');
}

static void an_empty_file_is_a_file(void **state)
{
    (void)state;
    const ArmcSafetensors out = {0};
    if (setjmp(jump) != 0)
        fail_msg("%s", fault.message);
    armc_safetensors_write(arena, "net.safetensors", &out);
    const ArmcSafetensors *in = armc_safetensors_read(arena, diags, NULL, "net.safetensors");
    assert_non_null(in);
    assert_int_equal(in->count, 0);
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    const char *bad[] = {"a\xffz", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"};
    const char *key[] = {"k"};
    if (setjmp(jump) != 0)
        fail_msg("%s", fault.message);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const ArmcSafetensors out = {.keys = key, .values = &bad[i], .metadata_count = 1};
        armc_safetensors_write(arena, "net.safetensors", &out);
        const ArmcSafetensors *in = armc_safetensors_read(arena, diags, NULL, "net.safetensors");
        assert_non_null(in);
        assert_non_null(strstr(in->values[0], "\xef\xbf\xbd"));
        if (i == 0)
            assert_string_equal(in->values[0], "a\xef\xbf\xbdz");
    }
}

static void an_unwritable_place_is_a_fault(void **state)
{
    (void)state;
    const ArmcSafetensors out = sample();
    if (access("/dev/full", F_OK) != 0)
        skip();
    if (setjmp(jump) == 0) {
        armc_safetensors_write(arena, "/dev/full", &out);
        fail();
    }
    assert_int_equal(fault.status, ARMC_RESOURCE);
    assert_string_equal(fault.message, "can't write `/dev/full`: No space left on device");
}

static void reads_tensors_in_any_order_and_aligned(void **state)
{
    (void)state;
    const ArmcSafetensors *in = read_back(
        "{\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[3,11]},"
        "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3],\"note\":[1]}}\r\n\t ",
        11);
    assert_non_null(in);
    assert_string_equal(in->tensors[0].name, "b");
    assert_int_equal((uintptr_t)in->tensors[0].data % 8, 0);
    assert_memory_equal(in->tensors[0].data, "\3\4\5\6\7\10\11\12", 8);
    assert_memory_equal(in->tensors[1].data, "\0\1\2", 3);
}

#define INFO(dtype, shape, offsets)                                                                \
    "{\"t\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void elements_smaller_than_a_byte_fill_whole_bytes(void **state)
{
    (void)state;
    assert_non_null(read_back(INFO("\"F4\"", "[4]", "[0,2]"), 2));
    assert_refused(INFO("\"F4\"", "[3]", "[0,2]"), 2, "do not fill whole bytes");
}

static void refuses_wrong_tensors(void **state)
{
    (void)state;
    assert_non_null(read_back(INFO("\"I32\"", "[2,2]", "[0,16]"), 16));
    assert_refused(INFO("\"I31\"", "[2,2]", "[0,16]"), 16, "unknown dtype `I31`");
    assert_refused(INFO("4", "[2,2]", "[0,16]"), 16, "has no dtype");
    assert_refused(INFO("\"I32\"", "4", "[0,16]"), 16, "has no shape");
    assert_refused(INFO("\"I32\"", "[2,-2]", "[0,16]"), 16, "axis 1 of tensor `t` is not a size");
    assert_refused(INFO("\"I32\"", "[2,2.0]", "[0,16]"), 16, "axis 1 of tensor `t` is not a size");
    assert_refused(INFO("\"I32\"", "[1,1,1,1,1,1,1,1,4]", "[0,16]"), 16, "has 9 axes");
    assert_refused(INFO("\"I32\"", "[2,2]", "[0]"), 16, "no data_offsets");
    assert_refused(INFO("\"I32\"", "[2,2]", "[-1,15]"), 16, "no data_offsets");
    assert_refused(INFO("\"I32\"", "[2,2]", "[16,0]"), 16, "lies at bytes 16 to 0");
    assert_refused(INFO("\"I32\"", "[2,2]", "[0,4]"), 4, "needs 16 bytes");
    assert_refused(INFO("\"I32\"", "[2,9223372036854775807]", "[0,16]"), 16, "can be counted");
    assert_refused(INFO("\"I32\"", "[9223372036854775807]", "[0,16]"), 16,
                   "do not fill whole bytes");
    assert_refused("{\"t\":3}", 0, "has no dtype");
}

#define TWO(offsets)                                                                               \
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"                              \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" offsets "}}"

static void refuses_gaps_and_overlaps(void **state)
{
    (void)state;
    assert_non_null(read_back(TWO("[4,8]"), 8));
    assert_refused(TWO("[5,9]"), 9, "the one before ends at 4");
    assert_refused(TWO("[3,7]"), 7, "the one before ends at 4");
    assert_refused(TWO("[4,8]"), 9, "the last tensor ends at byte 8 of the data, which have 9");
    assert_refused(TWO("[4,8]"), 7, "lies at bytes 4 to 8");
    assert_refused("{}", 5, "the last tensor ends at byte 0");
}

static void refuses_wrong_headers(void **state)
{
    (void)state;
    assert_refused("[]", 0, "is not an object");
    assert_refused("{", 0, "does not read as JSON");
    assert_refused("{} x", 0, "does not read as JSON");
    assert_refused("\xff", 0, "does not read as JSON");
    assert_refused("{\"__metadata__\":{\"\xff\":\"\"}}", 0, "does not read as JSON");
    assert_refused("{\"__metadata__\":{\"a\":1}}", 0, "is not a string");
    assert_refused("{\"__metadata__\":1}", 0, "is not an object");
    assert_refused("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "duplicate");
}

static void refuses_files_that_are_cut_off(void **state)
{
    (void)state;
    put("x.safetensors", INFO("\"I32\"", "[2,2]", "[0,16]"), 16);
    size_t length;
    char *whole = armc_file_read(arena, "x.safetensors", &length);
    for (size_t n = 0; n < length; n++) {
        FILE *file = fopen("cut.safetensors", "wb");
        fwrite(whole, 1, n, file);
        fclose(file);
        armc_diags_clear(diags);
        assert_null(armc_safetensors_read(arena, diags, NULL, "cut.safetensors"));
        assert_int_equal(armc_diags_count(diags), 1);
    }
    whole[7] = '\x7f'; /* a header of 2^62 bytes */
    FILE *file = fopen("huge.safetensors", "wb");
    fwrite(whole, 1, length, file);
    fclose(file);
    assert_null(armc_safetensors_read(arena, diags, NULL, "huge.safetensors"));
    assert_null(armc_safetensors_read(arena, diags, NULL, "missing.safetensors"));
}

static void write_and_read(ArmcArena *scarce)
{
    static const uint8_t large[100 * 1000];
    ArmcTensorEntry tensor = {.name = "large",
                              .dtype = "U8",
                              .rank = 1,
                              .dims = {sizeof large},
                              .data = large,
                              .bytes = sizeof large};
    const ArmcSafetensors out = {.tensors = &tensor, .count = 1};
    armc_safetensors_write(scarce, "net.safetensors", &out);
    ArmcDiags *list = armc_diags_new(scarce);
    assert_non_null(armc_safetensors_read(scarce, list, NULL, "net.safetensors"));
}

/* Every allocation of a write and a read fails once: a fault each time, and nothing leaks. */
static void survives_lack_of_memory(void **state)
{
    (void)state;
    volatile long failing = 0;
    if (setjmp(jump) != 0)
        assert_int_equal(fault.status, ARMC_RESOURCE);
    close_arena(NULL);
    open_arena(NULL);
    fault.allocations_left = ++failing;
    write_and_read(arena);
    assert_true(failing > 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_back),
        TEST(the_data_begin_at_a_multiple_of_64),
        TEST(an_empty_file_is_a_file),
        TEST(bytes_that_are_not_utf8_are_replaced),
        TEST(an_unwritable_place_is_a_fault),
        TEST(reads_tensors_in_any_order_and_aligned),
        TEST(elements_smaller_than_a_byte_fill_whole_bytes),
        TEST(refuses_wrong_tensors),
        TEST(refuses_gaps_and_overlaps),
        TEST(refuses_wrong_headers),
        TEST(refuses_files_that_are_cut_off),
        TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
