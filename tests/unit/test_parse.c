/* The front end: trees, the formatter, syntax errors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/tree.h"
#include "tests/unit/bench.h"

static ArmcTree *parse(Bench *bench, const char *text)
{
    ArmcSource *source = armc_source_new(bench->arena, "t.arm", text, strlen(text));
    return armc_parse(bench->arena, bench->diags, source);
}

/* A tree as one line: (PIPE a (CALL f 1)). Names, numbers and strings stand for themselves. */
static void show(ArmcBuf *out, const ArmcTree *tree)
{
    if (tree == NULL) {
        armc_buf_puts(out, "-");
    } else if (tree->kind == ARMC_TREE_NAME) {
        armc_buf_puts(out, tree->name);
    } else if (tree->kind == ARMC_TREE_NUMBER) {
        armc_buf_printf(out, tree->is_integer ? "%.0f" : "%g.", tree->number);
    } else if (tree->kind == ARMC_TREE_STRING) {
        armc_buf_printf(out, "'%s'", tree->name);
    } else {
        armc_buf_printf(out, "(%s%s", armc_tree_kind_name(tree->kind), tree->is_stage ? "!" : "");
        if (tree->name != NULL)
            armc_buf_printf(out, " %s", tree->name);
        for (int i = 0; i < tree->kid_count; i++) {
            armc_buf_puts(out, " ");
            show(out, tree->kids[i]);
        }
        if (tree->doc != NULL)
            armc_buf_printf(out, " doc=%s", tree->doc);
        armc_buf_puts(out, ")");
    }
}

static const char *shown(Bench *bench, const ArmcTree *tree)
{
    ArmcBuf buf;
    armc_buf_init(&buf, &bench->fault);
    show(&buf, tree);
    const char *text = armc_arena_strdup(bench->arena, buf.data);
    armc_buf_clear(&buf);
    return text;
}

static const char *printed(Bench *bench, const ArmcTree *tree, const ArmcSource *source)
{
    ArmcBuf buf;
    armc_buf_init(&buf, &bench->fault);
    armc_tree_print(tree, source, &buf);
    const char *text = armc_arena_strdup(bench->arena, buf.data);
    armc_buf_clear(&buf);
    return text;
}

static const char *rendered(Bench *bench)
{
    bench->out.length = 0;
    bench->out.data[0] = '\0';
    armc_diags_render(bench->diags, &bench->out, 0);
    return bench->out.data;
}

/* The only statement of a text. */
static void expect_tree(Bench *bench, const char *text, const char *expected)
{
    ArmcTree *tree = parse(bench, text);
    assert_string_equal(rendered(bench), "");
    assert_int_equal(tree->kid_count, 1);
    assert_string_equal(shown(bench, tree->kids[0]), expected);
}

static void test_statements(void **state)
{
    static const char *const cases[][2] = {
        {"relu", "relu"},
        {"dense 4 bias=false", "(CALL! dense 4 (ARG bias false))"},
        {"v, h = f(v, k = 2)", "(ASSIGN v h (CALL f v (ARG k 2)))"},
        {"image ~ categorical", "(LIKELIHOOD image categorical)"},
        {"image[::2, 1:] ~ mix k=3",
         "(LIKELIHOOD (INDEX image (SLICE - - 2) (SLICE 1 - -)) (CALL! mix (ARG k 3)))"},
        {"return a, b", "(RETURN a b)"},
        {"import nade", "(IMPORT nade)"},
        {"import \"my.arm\"", "(IMPORT 'my.arm')"},
        {"option lr = 1e-3", "(OPTION lr 0.001.)"},
        {"param w [3, n] init=zero", "(PARAM w (LIST 3 n) (ARG init zero))"},
        {"param w[3]", "(PARAM w (LIST 3))"},
        {"input image 28x28x1 levels=10", "(INPUT image (SIZE 28 28 1) (ARG levels 10))"},
        {"given label", "(GIVEN label)"},
        {"given gray=(image | grey)", "(GIVEN (ARG gray (PIPE image grey)))"},
        {"unproved", "(UNPROVED)"},
        {"shared f = { relu }", "(SHARED f (CLOSURE (BODY relu)))"},
        {"repeat 3 { relu | dense 4 }", "(REPEAT 3 (BODY (PIPE relu (CALL! dense 4))))"},
        {"repeat n as i { a; b }", "(REPEAT i n (BODY a b))"},
        {"if a { b } else if c { d } else { }", "(IF a (BODY b) (IF c (BODY d) (BODY)))"},
        {"if a { b }\nelse { c }", "(IF a (BODY b) (BODY c))"},
        {"model m { }", "(MODEL m (PARAMS) (BODY))"},
        {"block f(it, k: A | B = A, n = 3) { it }",
         "(BLOCK f (PARAMS (PARAMETER it - -) (PARAMETER k (ENUMS A B) A) (PARAMETER n - 3)) "
         "(BODY it))"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_tree(*state, cases[i][0], cases[i][1]);
}

static void test_expressions(void **state)
{
    static const char *const cases[][2] = {
        {"a + b * c", "(BINARY + a (BINARY * b c))"},
        {"a - b - c", "(BINARY - (BINARY - a b) c)"},
        {"2 ^ 3 ^ 2", "(BINARY ^ 2 (BINARY ^ 3 2))"},
        {"-2 ^ 2", "(UNARY - (BINARY ^ 2 2))"},
        {"not a == b and c", "(BINARY and (UNARY not (BINARY == a b)) c)"},
        {"if(a) // 2 > 0 { }", "(IF (BINARY > (BINARY // a 2) 0) (BODY))"},
        {"f (-1) [1, 2] 3x4 \"\\\"\\\\\" x[-1] a.b",
         "(CALL! f (UNARY - 1) (LIST 1 2) (SIZE 3 4) '\"\\' (INDEX x (UNARY - 1)) (FIELD b a))"},
        {"f -1", "(BINARY - f 1)"},
        {"f(x)[0][1:2:3]", "(INDEX (INDEX (CALL f x) 0) (SLICE 1 2 3))"},
        {"a.b[0]", "(INDEX (FIELD b a) 0)"},
        {"x[:-1]", "(INDEX x (SLICE - (UNARY - 1) -))"},
        {"1.0 + 1", "(BINARY + 1. 1)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_tree(*state, cases[i][0], cases[i][1]);
}

static void test_pipes(void **state)
{
    static const char *const cases[][2] = {
        {"a\n  # comment\n  | f 1 as g\n  | h", "(PIPE a (AS g (CALL! f 1)) h)"},
        {"residual { relu\n dense 4 } as r | f(1) { a }",
         "(PIPE (AS r (CALL! residual (CLOSURE (BODY relu (CALL! dense 4))))) "
         "(CALL f 1 (CLOSURE (BODY a))))"},
        {"(a | b) | c", "(PIPE (PIPE a b) c)"},
        {"it + (it | body)", "(BINARY + it (PIPE it body))"},
        {"f(\n  a | b,\n  c = d e\n)", "(CALL f (PIPE a b) (ARG c (CALL! d e)))"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_tree(*state, cases[i][0], cases[i][1]);
}

static void test_docs(void **state)
{
    expect_tree(*state, "## One.\n## Two.\nmodel m { }",
                "(MODEL m (PARAMS) (BODY) doc=One.\nTwo.)");
    expect_tree(*state, "## Not this.\n\n## This.\noption a = 1", "(OPTION a 1 doc=This.)");
    expect_tree(*state, "block f(it, ## behind\n  ## units\n  n) { }",
                "(BLOCK f (PARAMS (PARAMETER it - -) (PARAMETER n - - doc=units)) (BODY))");
}

/* The examples of the language's documentation. */
static const char *const scripts[] = {
    "# run with `armc run`\n"
    "import pixelcnn_made                       # stdlib only\n"
    "\n"
    "\n"
    "option data   = \"mnist\"                    # what a command line may replace\n"
    "digits = dataset data levels=levels colour=2 limit=limit      # 28x28x3 in 0..3\n"
    "train  net digits adam lr=1e-3 epochs=epochs batch=128\n"
    "eval   net digits.test\n"
    "field  net at=[14,14,0] to=\"fie#ld.png\"  # quoted\n",
    "## PixelCNN.\n"
    "model pixelcnn_made(filters = 128, blocks = 12) {\n"
    "    input image                            # from the data\n"
    "\n"
    "    image | scale | masked_conv A 7x7 filters\n"
    "    repeat blocks {\n"
    "        residual {\n"
    "            layer_norm | relu | masked_conv B 1x1 (filters // 2)\n"
    "        }\n"
    "    }\n"
    "    made image channels=3\n"
    "    image ~ categorical\n"
    "}\n",
    "model nade(hidden = 500, extra = 0) {      # extra: one more layer\n"
    "  image | scale | flatten\n"
    "  site_dense hidden bias=false | sum_before | bias | sigmoid\n"
    "  if extra > 0 { site_dense extra }\n"
    "  image ~ categorical\n"
    "}\n"
    "block residual(it, body) { it + (it | body) }\n"
    "v, h = gated_pair(v, h, filters = 32)\n",
    "block f(it,\n  ## the kind\n  kind: A | B, # last\n  n=2 # very last\n) {\n"
    "  g(a, # one\n    b) # two\n"
    "  x = a # head\n    # between\n    | b | c\n    | d { # open\n      e }\n"
    "  # the end\n\n}\n# file end",
    "a + (b + c) * -d ^ (2 * e) - (not f or g) < 3; (a | b) | c; -(-2)",
    "(3)[0]; f (a + 1) k=(b | c)",
    "if a {\n}\n# c\nelse {\n # d\n}\nrepeat 2 { }\nshared f = {\n relu\n}\n",
};

static void test_printing_is_stable(void **state)
{
    Bench *bench = *state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        ArmcSource *source = armc_source_new(bench->arena, "s.arm", scripts[i], strlen(scripts[i]));
        ArmcTree *tree = armc_parse(bench->arena, bench->diags, source);
        assert_string_equal(rendered(bench), "");
        const char *once = printed(bench, tree, source);
        ArmcSource *source2 = armc_source_new(bench->arena, "s2.arm", once, strlen(once));
        ArmcTree *tree2 = armc_parse(bench->arena, bench->diags, source2);
        assert_string_equal(rendered(bench), "");
        assert_string_equal(shown(bench, tree2), shown(bench, tree));
        assert_string_equal(printed(bench, tree2, source2), once);
        const char *bare = printed(bench, tree, NULL); /* no source: no comments, the same tree */
        assert_string_equal(shown(bench, parse(bench, bare)), shown(bench, tree));
    }
}

static void expect_printed(Bench *bench, const char *text, const char *expected)
{
    ArmcSource *source = armc_source_new(bench->arena, "s.arm", text, strlen(text));
    assert_string_equal(printed(bench, armc_parse(bench->arena, bench->diags, source), source),
                        expected);
}

static void test_layout(void **state)
{
    expect_printed(*state, "", "");
    expect_printed(*state, "a;b   # c\n\n\n\nd=1+2", "a\nb  # c\n\nd = 1 + 2\n");
    expect_printed(*state, "if a {b;c} else {\n\n d\n\n}", "if a { b; c } else {\n    d\n}\n");
    expect_printed(*state, "x = a\n | b\n # c\n | d", "x = a\n    | b\n    # c\n    | d\n");
    expect_printed(*state, "f(a, # one\n  b)", "f(a, b)  # one\n");
    expect_printed(*state, "block f(a, # one\n ## two\nb) {a}",
                   "block f(\n    a,  # one\n    ## two\n    b\n) { a }\n");
}

/* One line per error: its message, or its code where the message is long. */
static void expect_errors(Bench *bench, const char *text, const char *expected)
{
    armc_diags_clear(bench->diags);
    parse(bench, text);
    const char *all = rendered(bench);
    ArmcBuf heads;
    armc_buf_init(&heads, &bench->fault);
    for (const char *at = all; (at = strstr(at, "t.arm:")) != NULL;) {
        size_t length = strcspn(at, "\n");
        armc_buf_printf(&heads, "%.*s\n", (int)length - 6, at + 6);
        at += length;
    }
    assert_string_equal(heads.data, expected);
    armc_buf_clear(&heads);
}

static void test_errors(void **state)
{
    static const char *const cases[][2] = {
        {"net = * 2", "1:7: error[E0101]: expected a value, but found `*`\n"},
        {"x =\ny = 3", "1:4: error[E0101]: expected a value, but found the end of the line\n"},
        {"x =", "1:4: error[E0101]: expected a value, but found the end of the file\n"},
        {"import 3", "1:8: error[E0101]: expected a name or a string, but found the number `3`\n"},
        {"model if { }", "1:7: error[E0101]: expected a name, but found the word `if`\n"},
        {"f(1 b)", "1:5: error[E0101]: expected `)`, an operator, `|` or `,`, but found `b`\n"},
        {"y = \"abc\nz = * 3", "1:5: error[E0103]: this string has no closing quote on its line\n"
                               "2:5: error[E0101]: expected a value, but found `*`\n"},
        {"a = 4$", "1:6: error[E0104]: the language has no sign `$`\n"},
        {"a = 12b", "1:5: error[E0105]: `12b` is neither a number nor a name\n"},
        {"a = 1e999",
         "1:5: error[E0105]: this number is too large: the largest is about 1.8e308\n"},
        {"a = \"\\q\"",
         "1:6: error[E0107]: a string knows the escapes \\n, \\t, \\\" and \\\\ only\n"},
        /* one error a statement, and the body of a broken header is still read */
        {"model m(a = ) { x = = 3\n y = ok }\nz = (3 4) + (5 6)",
         "1:13: error[E0101]: expected a value, but found `)`\n"
         "1:21: error[E0101]: expected a value, but found `=`\n"
         "3:8: error[E0101]: expected `)`, an operator or `|`, but found the number `4`\n"},
        {"f(a, b = = {\n x\n y })\nok", "1:10: error[E0101]: expected a value, but found `=`\n"},
        /* brackets */
        {"model m {\n  f(a\n  g\n}", "4:1: error[E0102]: expected `)` before `}`\n"},
        {"f(a,\nmodel n { }", "2:1: error[E0102]: expected `)` before `model`\n"},
        {"model m(a {\n x\n}", "1:11: error[E0102]: expected `)` before `{`\n"},
        {"model m {\n repeat 3 {\n}\n",
         "3:2: error[E0102]: expected `}` before the end of the file\n"},
        {"[1, 2)", "1:6: error[E0102]: expected `]` before `)`\n"},
        {"f(a { b )", "1:9: error[E0102]: expected `}` before `)`\n"},
        {"a }", "1:3: error[E0102]: this `}` closes nothing: no `{` is open here\n"},
        {"f(\"abc)\ng", "1:3: error[E0103]: this string has no closing quote on its line\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_errors(*state, cases[i][0], cases[i][1]);
}

static void test_unclosed_bracket_names_its_line(void **state)
{
    Bench *bench = *state;
    parse(bench, "model m {\n  x = f(a\n}\n");
    assert_string_equal(rendered(bench), "t.arm:3:1: error[E0102]: expected `)` before `}`\n"
                                         "  3 | }\n"
                                         "    | ^\n"
                                         "  to close the `(` of line 2:\n"
                                         "  2 |   x = f(a\n"
                                         "    |        ^\n");
}

static char *repeated(Bench *bench, const char *piece, int times, const char *end)
{
    ArmcBuf buf;
    armc_buf_init(&buf, &bench->fault);
    for (int i = 0; i < times; i++)
        armc_buf_puts(&buf, piece);
    armc_buf_puts(&buf, end);
    char *text = armc_arena_strdup(bench->arena, buf.data);
    armc_buf_clear(&buf);
    return text;
}

static void test_nesting_has_an_end(void **state)
{
    static const char *const pieces[] = {"(",  "-", "a+",      "repeat 2 {", "f(", "if a { } else ",
                                         "2^", "[", "f { a | "};
    Bench *bench = *state;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        armc_diags_clear(bench->diags);
        ArmcTree *tree = parse(bench, repeated(bench, pieces[i], 20000, "a"));
        assert_non_null(strstr(rendered(bench), "error[E0106]"));
        assert_true(tree->depth <= ARMC_TREE_DEPTH);
        assert_int_equal(tree->kid_count, 0);
    }
}

static void test_unfinished(void **state)
{
    Bench *bench = *state;
    static const char *const open[] = {"model m {", "f(a,", "x = [1,\n2", "f { a\n b"};
    static const char *const closed[] = {"",      "relu",    "f(a)",       "f(a]",
                                         "x = )", "s = \"(", "model m { }"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        assert_true(armc_parse_is_unfinished(bench->arena, open[i]));
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        assert_false(armc_parse_is_unfinished(bench->arena, closed[i]));
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Damaged scripts: nothing crashes, and what parses without an error prints stably. */
static void test_mutations(void **state)
{
    static const char pieces[] =
        "{}()[]|;:,=~.\"\\#\n\n  -+*/^<>19xae_if not repeat 2 { else as \xC3";
    Bench *bench = *state;
    uint32_t seed = 1;
    const char *rounds_text = getenv("ARMC_TEST_ROUNDS");
    int rounds = rounds_text == NULL ? 2000 : atoi(rounds_text);
    for (int round = 0; round < rounds; round++) {
        const char *script = scripts[next_random(&seed) % (sizeof scripts / sizeof *scripts)];
        ArmcArena *arena = armc_arena_new(&bench->fault);
        size_t length = strlen(script);
        char *text = armc_arena_strndup(arena, script, length);
        for (uint32_t edits = next_random(&seed) % 6; edits > 0; edits--)
            text[next_random(&seed) % length] = pieces[next_random(&seed) % (sizeof pieces - 1)];
        ArmcDiags *diags = armc_diags_new(arena);
        ArmcSource *source = armc_source_new(arena, "t.arm", text, length);
        ArmcTree *tree = armc_parse(arena, diags, source);
        bench->out.length = 0;
        armc_diags_render(diags, &bench->out, (int)(round % 2));
        const char *once = printed(bench, tree, source);
        if (armc_diags_count(diags) == 0) {
            ArmcSource *again = armc_source_new(arena, "u.arm", once, strlen(once));
            ArmcTree *tree2 = armc_parse(arena, diags, again);
            if (armc_diags_count(diags) != 0 ||
                strcmp(shown(bench, tree2), shown(bench, tree)) != 0)
                print_message("--- text\n%s\n--- printed\n%s\n", text, once);
            assert_int_equal(armc_diags_count(diags), 0);
            assert_string_equal(shown(bench, tree2), shown(bench, tree));
            assert_string_equal(printed(bench, tree2, again), once);
        }
        armc_arena_free(arena);
    }
}

/* Every allocation of a parse is made to fail once; each time the fault arrives and nothing leaks.
 */
static void test_out_of_memory(void **state)
{
    (void)state;
    static ArmcFault fault;
    static jmp_buf where;
    static ArmcArena *arena;
    char *text = malloc(120000);
    assert_non_null(text);
    text[0] = '\0';
    for (size_t length = 0; length < 100000; length += strlen(scripts[1]))
        strcpy(text + length, scripts[1]);
    volatile bool done = false;
    for (volatile long n = 1; !done; n++) {
        fault = (ArmcFault){.where = &where, .allocations_left = n};
        arena = NULL;
        if (setjmp(where) == 0) {
            arena = armc_arena_new(&fault);
            ArmcDiags *diags = armc_diags_new(arena);
            armc_parse(arena, diags, armc_source_new(arena, "t.arm", text, strlen(text)));
            done = true;
        } else {
            assert_int_equal(fault.status, ARMC_RESOURCE);
            n += n / 4;
        }
        armc_arena_free(arena);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_statements, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_expressions, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_pipes, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_docs, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_printing_is_stable, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_layout, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_errors, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_unclosed_bracket_names_its_line, bench_open,
                                        bench_close),
        cmocka_unit_test_setup_teardown(test_nesting_has_an_end, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_unfinished, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(test_mutations, bench_open, bench_close),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
