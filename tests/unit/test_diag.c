/* Diagnostics: how they are drawn, the nearest word, codes; and the arena, buffers and sources
 * below them. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/bench.h"

static ArmcSource *source_of(Bench *bench, const char *name, const char *text)
{
    return armc_source_new(bench->arena, name, text, strlen(text));
}

/* Where `word` first stands in the source. */
static ArmcSpan span_of(const ArmcSource *source, const char *word)
{
    const char *at = strstr(source->text, word);
    assert_non_null(at);
    size_t begin = (size_t)(at - source->text);
    return (ArmcSpan){source, begin, begin + strlen(word)};
}

static void expect_rendered(Bench *bench, const char *expected)
{
    bench->out.length = 0;
    bench->out.data[0] = '\0';
    armc_diags_render(bench->diags, &bench->out, 0);
    assert_string_equal(bench->out.data, expected);
}

static void test_one_error(void **state)
{
    Bench *bench = *state;
    ArmcSource *source = source_of(bench, "my.arm", "input image\nrelu\n\tdense ü 64 # x\n");
    ArmcDiag *diag =
        armc_diag_at(bench->diags, ARMC_E_shape_mismatch, span_of(source, "64"), "expected %d", 3);
    armc_diag_label(diag, "this is %s", "64");
    armc_diag_note(diag, span_of(source, "image"), "it comes from here");
    armc_diag_note(diag, (ArmcSpan){0}, "left 8x8, right 64");
    armc_diag_help(diag, "write 3");
    armc_diag_help(NULL, "nobody hears this");
    expect_rendered(bench, "my.arm:3:10: error[E0401]: expected 3\n"
                           "  3 |     dense ü 64 # x\n"
                           "    |             ^~ this is 64\n"
                           "  it comes from here:\n"
                           "  1 | input image\n"
                           "    |       ^~~~~\n"
                           "  left 8x8, right 64\n"
                           "  help: write 3\n");
}

static void test_span_over_lines(void **state)
{
    Bench *bench = *state;
    ArmcSource *source = source_of(bench, "m.arm", "a\nf(b,\n  c,\n  d) e\n");
    armc_diag_at(bench->diags, ARMC_E_bad_arity, span_of(source, "f(b,\n  c,\n  d)"), "too many");
    expect_rendered(bench, "m.arm:2:1: error[E0301]: too many\n"
                           "  2 | f(b,\n"
                           "    | ^~~~\n"
                           "...\n"
                           "  4 |   d) e\n"
                           "    |   ^~\n");
}

static void test_long_line(void **state)
{
    Bench *bench = *state;
    char text[401];
    memset(text, 'a', 400);
    text[400] = '\0';
    memcpy(text + 300, " here ", 6);
    ArmcSource *source = source_of(bench, "m.arm", text);
    armc_diag_at(bench->diags, ARMC_E_unknown_name, span_of(source, "here"), "no");
    bench->out.length = 0;
    armc_diags_render(bench->diags, &bench->out, 0);
    const char *first = strchr(bench->out.data, '\n') + 1;
    const char *second = strchr(first, '\n') + 1;
    assert_true(second - first < 120);
    assert_int_equal(strstr(first, "here") - first, strchr(second, '^') - second);
}

/* An error inside the standard library shows the user's line first, then the way down. */
static void test_way_down(void **state)
{
    Bench *bench = *state;
    ArmcSource *user = source_of(bench, "my.arm", "model m {\n  image | dense 0\n}\nnet = m\n");
    ArmcSource *library =
        source_of(bench, "<stdlib>/layers.arm", "block dense(it, n) {\n  param w [n]\n}\n");
    library->is_stdlib = 1;
    ArmcOrigin top = {.span = span_of(user, "net = m")};
    ArmcOrigin call = {.span = span_of(user, "dense 0"), .caller = &top};
    ArmcOrigin inner = {.span = span_of(library, "n]"), .caller = &call};
    ArmcDiag *diag = armc_diag_add(bench->diags, ARMC_E_bad_shape, &inner, "a size of 0");
    armc_diag_label(diag, "this is 0");
    expect_rendered(bench, "my.arm:2:11: error[E0402]: a size of 0\n"
                           "  2 |   image | dense 0\n"
                           "    |           ^~~~~~~\n"
                           "  in block dense, <stdlib>/layers.arm:2:12:\n"
                           "  2 |   param w [n]\n"
                           "    |            ^~ this is 0\n"
                           "  called from my.arm:4:1\n");
}

static void test_limit_and_repetition(void **state)
{
    Bench *bench = *state;
    ArmcSource *source = source_of(bench, "m.arm", "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < 25; i++)
        for (int twice = 0; twice < 2; twice++)
            armc_diag_at(bench->diags, ARMC_E_unknown_name, (ArmcSpan){source, i, i + 1}, "no");
    assert_int_equal(armc_diags_count(bench->diags), 25 + 5);
    armc_diags_render(bench->diags, &bench->out, 1);
    assert_non_null(strstr(bench->out.data, "\n30 errors; the last 10 are not shown\n"));
    armc_diags_clear(bench->diags);
    armc_diag_add(bench->diags, ARMC_E_unwritable, NULL, "no place");
    expect_rendered(bench, "error[E0902]: no place\n");
}

/* A wrong file gives an error for each of its bytes: those that nobody sees are not kept. */
static void test_many_errors(void **state)
{
    enum { MANY = 10000 };
    Bench *bench = *state;
    ArmcSource *source = source_of(bench, "m.arm", "");
    const size_t before = bench->fault.memory_used;
    for (size_t i = 0; i < MANY; i++) {
        ArmcDiag *diag =
            armc_diag_at(bench->diags, ARMC_E_bad_character, (ArmcSpan){source, 0, i}, "no");
        armc_diag_help(diag, "help");
    }
    assert_int_equal(armc_diags_count(bench->diags), MANY);
    assert_true(bench->fault.memory_used - before < MANY * 64);
    armc_diags_render(bench->diags, &bench->out, 0);
    assert_non_null(strstr(bench->out.data, "\n10000 errors; the last 9980 are not shown\n"));
}

static void test_odd_places(void **state)
{
    Bench *bench = *state;
    ArmcSource *source = armc_source_new(bench->arena, "m.arm", "a\0b\xFF\r\n", 6);
    armc_diag_at(bench->diags, ARMC_E_bad_character, (ArmcSpan){source, 3, 4}, "odd");
    armc_diag_at(bench->diags, ARMC_E_bad_character, (ArmcSpan){source, 6, 6}, "end");
    armc_diag_at(bench->diags, ARMC_E_bad_character, (ArmcSpan){source, 0, 900}, "long");
    expect_rendered(bench, "m.arm:1:4: error[E0104]: odd\n"
                           "  1 | a?b?\n"
                           "    |    ^\n"
                           "\n"
                           "m.arm:2:1: error[E0104]: end\n"
                           "  2 | \n"
                           "    | ^\n"
                           "\n"
                           "m.arm:1:1: error[E0104]: long\n"
                           "  1 | a?b?\n"
                           "    | ^~~~\n"
                           "  2 | \n"
                           "    | ^\n"
                           "\n"
                           "3 errors\n");
}

static void test_suggest(void **state)
{
    (void)state;
    static const char *const words[] = {"dense", "relu", "flatten", "bias", "categorical"};
    assert_string_equal(armc_suggest("dnese", words, 5), "dense");
    assert_string_equal(armc_suggest("rellu", words, 5), "relu");
    assert_string_equal(armc_suggest("catgorcal", words, 5), "categorical");
    assert_string_equal(armc_suggest("bias", words, 5), "bias");
    assert_null(armc_suggest("conv", words, 5));
    assert_null(armc_suggest("xy", words, 5));
    assert_null(armc_suggest("relu", words, 0));
}

static void test_explain(void **state)
{
    (void)state;
    assert_non_null(strstr(armc_diag_explain("E0101"), "wrong:"));
    assert_null(armc_diag_explain("E9999"));
    assert_null(armc_diag_explain(""));
}

static void test_arena(void **state)
{
    Bench *bench = *state;
    for (size_t bytes = 1; bytes < 300000; bytes = bytes * 3 / 2 + 1) {
        unsigned char *memory = armc_arena_alloc(bench->arena, bytes, 1);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xAB, bytes);
    }
    int *items = NULL;
    size_t count = 0, capacity = 0;
    for (int i = 0; i < 1000; i++)
        ARMC_PUSH(bench->arena, items, count, capacity, i);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    assert_string_equal(armc_arena_printf(bench->arena, "%s-%d", "a", 7), "a-7");
    assert_int_equal(strlen(armc_arena_printf(bench->arena, "%0*d", 300, 7)), 300);
    assert_string_equal(armc_arena_strndup(bench->arena, "abc", 2), "ab");
}

/* The message of the fault that an allocation of count * size raises. */
static void expect_fault(Bench *bench, size_t count, size_t size, long nth)
{
    jmp_buf here;
    bench->fault.where = &here;
    bench->fault.allocations_left = nth;
    if (setjmp(here) == 0) {
        armc_arena_alloc(bench->arena, count, size);
        fail_msg("no fault");
    }
    bench->fault.where = &bench->where;
    assert_int_equal(bench->fault.status, ARMC_RESOURCE);
    assert_non_null(strstr(bench->fault.message, "out of memory"));
}

static void test_arena_faults(void **state)
{
    Bench *bench = *state;
    expect_fault(bench, SIZE_MAX / 2, 3, 0);
    expect_fault(bench, SIZE_MAX, 1, 0);
    expect_fault(bench, 1, 100000, 1);
}

static void test_buf(void **state)
{
    Bench *bench = *state;
    for (int i = 0; i < 1000; i++)
        armc_buf_printf(&bench->out, "%d,", i);
    assert_int_equal(bench->out.length, strlen(bench->out.data));
    assert_non_null(strstr(bench->out.data, ",998,999,"));
    armc_buf_append(&bench->out, "x\0y", 3);
    assert_int_equal(bench->out.data[bench->out.length], 0);
}

static void test_places(void **state)
{
    ArmcSource *source = source_of(*state, "m.arm", "ab\n\nüx\n");
    static const int expected[][3] = {{0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {4, 3, 1},
                                      {6, 3, 2}, {8, 4, 1}, {99, 4, 1}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        int line, column;
        armc_source_locate(source, (size_t)expected[i][0], &line, &column);
        assert_int_equal(line, expected[i][1]);
        assert_int_equal(column, expected[i][2]);
    }
    ArmcSpan joined = armc_span_join((ArmcSpan){source, 4, 5}, (ArmcSpan){source, 1, 2});
    assert_int_equal(joined.begin, 1);
    assert_int_equal(joined.end, 5);
    assert_ptr_equal(armc_span_join((ArmcSpan){0}, joined).source, source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_error, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_span_over_lines, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_long_line, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_way_down, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_limit_and_repetition, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_many_errors, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_odd_places, bench_open, bench_close),
        cmocka_unit_test(test_suggest),
        cmocka_unit_test(test_explain),
        cmocka_unit_test_setup_teardown(test_arena, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_arena_faults, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_buf, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_places, bench_open, bench_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
