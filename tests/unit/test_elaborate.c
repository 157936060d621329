/* From tree to graph: names, constants, calls, parameters' paths, models, options, imports, help.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/diag_data.h"
#include "runtime/elaborate/help.h"

/* A script under test, with what it needs around it. */
typedef struct World {
    ArmcFault fault;
    jmp_buf where;
    ArmcArena *arena;
    ArmcDiags *diags;
    ArmcHost host;
    ArmcOverride overrides[4];
    size_t override_count;
    ArmcModule *module;
    ArmcModelRef *model;
    ArmcGraph *graph;
} World;

static void no_shape(const ArmcThing *data, ArmcShape *shape, int *levels)
{
    (void)data;
    *shape = (ArmcShape){.rank = 1, .dims = {1}};
    *levels = 2;
}

/* Two files that a script may import, and one that imports itself. */
static const char *read_import(ArmcSession *session, const char *path, size_t *length)
{
    static const char *const files[][2] = {
        {"lib/a.arm", "import \"b.arm\"\nblock from_a(it) { it | from_b }\nanswer = 42\n"},
        {"lib/b.arm", "block from_b(it) { it + it }\n"},
        {"round.arm", "import \"round.arm\"\n"},
        {"acts.arm", "repeat 2 { n = 3 }\n"},
    };
    (void)session;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(path, files[i][0]) == 0) {
            *length = strlen(files[i][1]);
            return files[i][1];
        }
    return NULL;
}

static bool no_command(ArmcSession *session, const ArmcCommand *command)
{
    (void)session;
    (void)command;
    return false;
}

static void open_world(World *w)
{
    w->fault = (ArmcFault){.where = &w->where, .allocations_left = w->fault.allocations_left};
    w->arena = armc_arena_new(&w->fault);
    w->diags = armc_diags_new(w->arena);
    w->host = (ArmcHost){.data_shape = no_shape, .read_import = read_import, .wants = no_command};
    w->module = armc_module_new(w->arena, w->diags, &w->host, w->overrides, w->override_count);
}

static void run_text(World *w, const char *text)
{
    const ArmcSource *source = armc_source_new(w->arena, "test.arm", text, strlen(text));
    armc_module_run(w->module, armc_parse(w->arena, w->diags, source));
}

/* Builds the model `m`, or that of the top level, for an image of size x size with these levels. */
static void bind(World *w, int64_t size, int levels)
{
    ArmcThing *thing = armc_module_find(w->module, "m");
    w->model =
        thing && thing->kind == ARMC_THING_MODEL ? thing->model : armc_module_model(w->module);
    w->graph = w->model ? armc_model_bind(w->model, armc_shape_make(3, (int64_t[]){size, size, 1}),
                                          levels, 0, NULL)
                        : NULL;
}

static void begin(World *w, const char *text)
{
    memset(w, 0, sizeof *w);
    assert_int_equal(setjmp(w->where), 0);
    open_world(w);
    run_text(w, text);
}

static void end(World *w)
{
    armc_arena_free(w->arena);
}

/* The script runs without a word of complaint. */
static void begin_fine(World *w, const char *text)
{
    begin(w, text);
    if (armc_diags_count(w->diags))
        fail_msg("%s: %s", text, w->diags->items[0]->message);
}

static void check_number(const char *expression, double expected)
{
    World w;
    char text[512];
    snprintf(text, sizeof text, "x = %s", expression);
    begin_fine(&w, text);
    const ArmcThing *x = armc_module_find(w.module, "x");
    assert_int_equal(x->kind, ARMC_THING_NUMBER);
    if (x->number < expected || x->number > expected)
        fail_msg("%s is %g, expected %g", expression, x->number, expected);
    end(&w);
}

/* The script (and, where it has one, its model m on 4x4 with 3 levels) gives this error and no
 * other. */
static void check_error(const char *text, ArmcDiagCode code)
{
    World w;
    begin(&w, text);
    if (armc_diags_count(w.diags) == 0)
        bind(&w, 4, 3);
    if (armc_diags_count(w.diags) != 1 || w.diags->items[0]->code != code)
        fail_msg("%s: %zu errors, the first is %s", text, armc_diags_count(w.diags),
                 armc_diags_count(w.diags) ? w.diags->items[0]->message : "missing");
    end(&w);
}

static const ArmcParam *find_param(const ArmcGraph *graph, const char *path)
{
    for (size_t i = 0; i < graph->param_count; i++)
        if (strcmp(graph->params[i]->path, path) == 0)
            return graph->params[i];
    return NULL;
}

/* --- constants --- */

static void numbers(void **state)
{
    (void)state;
    check_number("7 // 2 * 2 + 7 % 4 ^ 2", 13);
    check_number("(-7) // 2", -4);
    check_number("(-7) % 3", 2);
    check_number("6 / 3", 2);
    check_number("1.0 / 4", 0.25);
    check_number("2 ^ 10 - 1", 1023);
    check_number("-2 ^ 2", -4);
    check_number("floor(2.7) + max(2, 3) + min(2, 3)", 7);
    check_number("length([1, 2] + [3]) * [4, 5, 6][-1]", 18);
    check_number("length(append([1], 2))", 2);
}

static void arrays(void **state)
{
    (void)state;
    check_number("range(5)[3] + range(3, start=1, step=2)[2]", 8);
    check_number("outer(range(3), range(4), less)[1, 3]", 1);
    check_number("outer(range(3), range(4), less)[2, 2]", 0);
    check_number("where(range(3) > 0, 5, range(3) + 7)[0]", 7);
    check_number("([[1, 2], [3, 4]] * [10, 100])[1, 1]", 400);
    check_number("tile(range(2), 3)[5]", 1);
    check_number("length(range(10)[2:8:3])", 2);
    check_number("runs([2, 3], [1, 3, 2])[1, 0]", 1);
    check_number("random([3], seed=7)[1] - random([5], seed=7)[1]", 0);
}

static void bad_constants(void **state)
{
    (void)state;
    check_error("x = 7 / 2", ARMC_E_not_exact);
    check_error("x = 1 // 0", ARMC_E_bad_value);
    check_error("x = 10 ^ 400", ARMC_E_bad_value);
    check_error("x = [1, 2][2]", ARMC_E_bad_value);
    check_error("x = 1 + true", ARMC_E_bad_kind);
    check_error("x = range(2) + range(3)", ARMC_E_shape_mismatch);
    check_error("x = range(100000000000)", ARMC_E_bad_value);
}

/* --- names --- */

static void scopes(void **state)
{
    World w;
    (void)state;
    begin_fine(&w, "n = 1\nblock f(k) { n + k }\nn = 5\na = f(2)\nif true { b = 3 }\nrepeat 4 as i "
                   "{ c = i }\n");
    assert_int_equal((int)armc_module_find(w.module, "a")->number, 7);
    assert_int_equal((int)armc_module_find(w.module, "b")->number, 3);
    assert_int_equal((int)armc_module_find(w.module, "c")->number, 3);
    end(&w);
}

static void a_constant_never_hides_a_stage(void **state)
{
    World w;
    (void)state;
    begin_fine(
        &w, "input image 4x4 levels=2\nscale = 3\nimage | scale | dense scale\nn = features(it)\n");
    assert_int_equal((int)armc_module_find(w.module, "n")->number, 3);
    end(&w);
}

static void bad_names(void **state)
{
    (void)state;
    check_error("x = y", ARMC_E_unknown_name);
    check_error("input image 4x4 levels=3\nimage | flaten", ARMC_E_unknown_name);
    check_error("input image 4x4 levels=3\nblock b(it) { it + image }\nimage | b",
                ARMC_E_unknown_name);
    check_error("block b(it) { it }\nblock b(it) { it }", ARMC_E_redefined);
    check_error("option n = 3\nn = 4", ARMC_E_redefined);
    check_error("block f(n) { f(n + 1) }\nx = f(1)", ARMC_E_too_deep);
    check_error("repeat 100000 { repeat 100000 { n = 1 } }", ARMC_E_too_long);
    check_error("relu", ARMC_E_no_current_value);
    check_error("block b(it) { option n = 3 }\nx = b(1)", ARMC_E_misplaced);
}

/* A mistake is told once, whatever follows from it. */
static void poison(void **state)
{
    (void)state;
    check_error("x = y\nz = x + 1\nw = [z, z]\nif x { a = w }\nrepeat x { b = 1 }",
                ARMC_E_unknown_name);
    check_error("input image 4x4 levels=3\nrepeat 12 { image | dens 3 | relu }",
                ARMC_E_unknown_name);
    check_error("input image 4x4 levels=3\nimage | dense \"3\"\nrelu\nimage ~ categorical",
                ARMC_E_bad_shape);
    check_error("input image\nimage | flatten | dense levels\nimage ~ categorical",
                ARMC_E_bad_shape);
}

/* --- calls --- */

static void bad_calls(void **state)
{
    (void)state;
    check_error("input image 4x4 levels=3\nimage | relu 3", ARMC_E_bad_arity);
    check_error("input image 4x4 levels=3\nimage | dense", ARMC_E_missing_argument);
    check_error("input image 4x4 levels=3\nimage | dense 3 bais=true", ARMC_E_unknown_argument);
    check_error("input image 4x4 levels=3\nimage | dense 3 n=4", ARMC_E_duplicate_argument);
    check_error("input image 4x4 levels=3\nimage | dense 3 init=best", ARMC_E_bad_symbol);
    check_error("input image 4x4 levels=3\nimage | dense 3 bias=1", ARMC_E_bad_kind);
    check_error("input image 4x4 levels=3\nimage | dropout 2", ARMC_E_bad_value);
    check_error("input image 4x4 levels=3\nimage | relu { tanh }", ARMC_E_bad_arity);
    check_error("input image 4x4 levels=3\na, b = relu(image)", ARMC_E_bad_arity);
    check_error("n = 3\ninput image 4x4 levels=3\nimage | n", ARMC_E_bad_kind);
    check_error("block f(it, k: a | b = a) { if k == c { it } else { it } }\nx = f(1)",
                ARMC_E_bad_symbol);
}

static void symbols_are_passed_on(void **state)
{
    World w;
    (void)state;
    begin_fine(&w, "block f(it, kind: one | two = one) { if kind == two { it * 2 } else { it } }\n"
                   "block g(it, kind: one | two) { f kind }\nx = g(21, two)\n");
    assert_int_equal((int)armc_module_find(w.module, "x")->number, 42);
    end(&w);
}

/* --- parameters --- */

static const char *const paths_script =
    "model m(depth = 2) {\n"
    "    input image\n"
    "    image | flatten | scale | shift 1 | dense 4 | dense 4 | dense 4 as last\n"
    "    repeat depth { residual { dense 8 | relu | dense 4 as out } }\n"
    "    shared twin = { dense 4 }\n"
    "    twin | twin\n"
    "    param w [4, levels] init=normal scale=0.5 mask=outer(range(4), range(levels), less)\n"
    "    matmul(it, w)\n"
    "    image ~ categorical\n"
    "}\nm = m\n";

static void paths(void **state)
{
    static const char *const expected[] = {
        "dense.weight",
        "dense.offset",
        "dense2.weight",
        "dense2.offset",
        "last.weight",
        "last.offset",
        "repeat.0.residual.dense.weight",
        "repeat.0.residual.dense.offset",
        "repeat.0.residual.out.weight",
        "repeat.0.residual.out.offset",
        "repeat.1.residual.dense.weight",
        "repeat.1.residual.dense.offset",
        "repeat.1.residual.out.weight",
        "repeat.1.residual.out.offset",
        "twin.dense.weight",
        "twin.dense.offset",
        "w",
    };
    World w;
    (void)state;
    begin_fine(&w, paths_script);
    bind(&w, 4, 3);
    assert_non_null(w.graph);
    assert_int_equal(w.graph->param_count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < w.graph->param_count; i++)
        assert_string_equal(w.graph->params[i]->path, expected[i]);
    const ArmcParam *masked = find_param(w.graph, "w");
    assert_int_equal(masked->live, 3);
    assert_int_equal(masked->size, 12);
    assert_int_equal(masked->init, ARMC_INIT_NORMAL);
    end(&w);
}

static void bad_params(void **state)
{
    (void)state;
    check_error("param p [3]", ARMC_E_no_input);
    check_error("input image 4x4 levels=3\nparam p []", ARMC_E_bad_shape);
    check_error("input image 4x4 levels=3\nparam p [0]", ARMC_E_bad_shape);
    check_error("input image 4x4 levels=3\nparam p [3] mask=range(3)", ARMC_E_bad_value);
    check_error("input image 4x4 levels=3\nparam p [3] mask=range(2)", ARMC_E_shape_mismatch);
    check_error("input image 4x4 levels=3\nshared f = { dense 2 }\nimage | f | f",
                ARMC_E_shape_mismatch);
}

/* --- models --- */

static void binding_again_gives_the_same_graph(void **state)
{
    World w;
    (void)state;
    begin_fine(&w, paths_script);
    bind(&w, 4, 3);
    const ArmcGraph *first = w.graph;
    bind(&w, 4, 3);
    assert_ptr_equal(first, w.graph);
    bind(&w, 5, 3);
    assert_ptr_not_equal(first, w.graph);
    assert_string_equal(armc_model_name(w.model), "m");
    end(&w);
}

static void every_model_of_stdlib_builds(void **state)
{
    static const char *const scripts[] = {"m = nade", "m = nade hidden=7 extra=3 read=real",
                                          "m = fvsbn", "m = independent",
                                          "m = ar_mlp hidden=3 layers=2"};
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        for (int levels = 2; levels <= 3; levels++) {
            World w;
            begin_fine(&w, scripts[i]);
            bind(&w, 3, levels);
            assert_non_null(w.graph);
            assert_int_equal(w.graph->likelihood_count, 1);
            end(&w);
        }
}

/* Stages tell only what is their own; functions of constants are none. */
static void stages(void **state)
{
    World w;
    const ArmcStageRow *rows;
    (void)state;
    begin_fine(&w, "model m { input image; image | flatten | scale | shift 1 | residual { dense 3 "
                   "} | dense (levels * "
                   "1); image ~ categorical }\nm = m");
    bind(&w, 4, 3);
    assert_non_null(w.graph);
    assert_int_equal(armc_model_stages(w.model, &rows), 6);
    assert_int_equal(rows[3].depth, 0);
    assert_int_equal(rows[3].parameters, 0);
    assert_int_equal(rows[4].depth, 1);
    assert_int_equal(rows[4].parameters, 1 * 3 + 3);
    assert_int_equal(rows[5].parameters, 3 * 3 + 3);
    assert_int_equal(armc_shape_features(rows[5].shape), 3);
    end(&w);
}

static void parts_of_the_variable(void **state)
{
    World w;
    (void)state;
    begin_fine(&w, "model m {\n input image\n param p [8, levels]\n p\n image[::2] ~ categorical\n "
                   "image[1::2] ~ categorical\n}\nm = m");
    bind(&w, 4, 3);
    assert_non_null(w.graph);
    assert_int_equal(w.graph->likelihood_count, 2);
    assert_int_equal(w.graph->likelihoods[1]->entries[0], 4);
    end(&w);
}

static void bad_models(void **state)
{
    (void)state;
    check_error("model m { n = 3 }\nm = m", ARMC_E_no_input);
    check_error("model m { input image; image | dense levels }\nm = m", ARMC_E_likelihood_missing);
    check_error("model m { input image; image | dense 2; image ~ categorical }\nm = m",
                ARMC_E_likelihood_width);
    check_error("model m { input image; image | dense 1; image ~ bernoulli }\nm = m",
                ARMC_E_likelihood_support);
    check_error("model m { input image; image | dense levels; image ~ categorial }\nm = m",
                ARMC_E_unknown_name);
    check_error("model m { input image 5x5; image }\nm = m", ARMC_E_shape_mismatch);
    check_error("model m { input image; input other }\nm = m", ARMC_E_input_place);
    check_error("model m { input image; given label }\nm = m", ARMC_E_given);
    check_error("model m(n) { input image }\nm = m", ARMC_E_missing_argument);
    check_error("model m { input image order=snak }\nm = m", ARMC_E_bad_symbol);
}

/* --- options and imports --- */

static void options(void **state)
{
    World w = {.overrides = {{"epochs", "7", false}, {"name", "fashion", false}},
               .override_count = 2};
    const ArmcTree *const *trees;
    const ArmcThing *const *values;
    (void)state;
    assert_int_equal(setjmp(w.where), 0);
    open_world(&w);
    run_text(&w, "option epochs = 3\noption name = \"mnist\"\noption rate = 0.5\n");
    assert_true(armc_module_finish(w.module));
    assert_int_equal(armc_module_options(w.module, &trees, &values), 3);
    assert_int_equal((int)values[0]->number, 7);
    assert_string_equal(values[1]->text, "fashion");
    end(&w);
}

static void bad_options(void **state)
{
    World w = {.overrides = {{"epochs", "many", false}, {"epoch", "3", false}},
               .override_count = 2};
    (void)state;
    assert_int_equal(setjmp(w.where), 0);
    open_world(&w);
    run_text(&w, "option epochs = 3\n");
    assert_false(armc_module_finish(w.module));
    assert_int_equal(armc_diags_count(w.diags), 2);
    assert_int_equal(w.diags->items[0]->code, ARMC_E_bad_option);
    assert_int_equal(w.diags->items[1]->code, ARMC_E_unknown_option);
    end(&w);
}

static void imports(void **state)
{
    World w;
    (void)state;
    begin_fine(&w, "import \"lib/a.arm\"\nimport nade\nx = from_a(answer)\n");
    assert_int_equal((int)armc_module_find(w.module, "x")->number, 84);
    end(&w);
    check_error("import nad", ARMC_E_unknown_import);
    check_error("import \"no.arm\"", ARMC_E_import_file);
    check_error("import \"round.arm\"", ARMC_E_import_file);
    check_error("import \"acts.arm\"", ARMC_E_misplaced);
}

/* At the prompt a body follows a body, and one goes on after an error. */
static void one_statement_after_the_other(void **state)
{
    World w;
    (void)state;
    begin_fine(&w, "input image 4x4 levels=3");
    run_text(&w, "image | scale");
    run_text(&w, "dens 4");
    assert_int_equal(armc_diags_count(w.diags), 1);
    armc_diags_clear(w.diags);
    run_text(&w, "image | flatten | scale | shift 1 | dense levels");
    run_text(&w, "image ~ categorical");
    run_text(&w, "block b(it) { it }");
    run_text(&w, "block b(it) { it + it }");
    assert_int_equal(armc_diags_count(w.diags), 0);
    bind(&w, 4, 3);
    assert_non_null(w.graph);
    end(&w);
}

/* --- help and expand --- */

static void help(void **state)
{
    static const char *const names[] = {"dense",       "nade",  "matmul",
                                        "categorical", "range", "residual"};
    World w;
    ArmcBuf out;
    (void)state;
    begin_fine(&w, "");
    armc_buf_init(&out, &w.fault);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(armc_help_text(w.module, names[i], true, &out));
        assert_non_null(strstr(out.data, names[i]));
    }
    assert_false(armc_help_text(w.module, "no_such_name", false, &out));
    assert_string_equal(armc_help_nearest(w.module, "dens"), "dense");
    armc_help_names(w.module, &out);
    armc_reference(w.module, &out);
    armc_buf_clear(&out);
    end(&w);
}

/* What expand prints builds the same parameters again. */
static void expand(void **state)
{
    World w, again;
    ArmcBuf out;
    (void)state;
    begin_fine(&w, paths_script);
    bind(&w, 4, 3);
    armc_buf_init(&out, &w.fault);
    armc_model_expand(w.model, w.graph, &out);
    armc_buf_puts(&out, "m = m\n");
    begin_fine(&again, out.data);
    bind(&again, 4, 3);
    assert_non_null(again.graph);
    assert_int_equal(again.graph->param_count, w.graph->param_count);
    for (size_t i = 0; i < w.graph->param_count; i++) {
        const ArmcParam *a = w.graph->params[i], *b = find_param(again.graph, a->path);
        assert_non_null(b);
        assert_true(armc_shape_equal(a->shape, b->shape));
        assert_int_equal(a->live, b->live);
        assert_int_equal(a->fan_in, b->fan_in);
    }
    end(&again);
    armc_buf_clear(&out);
    end(&w);
}

/* --- memory --- */

/* Every allocation made to fail once: each time one jump, and nothing leaks. */
static void out_of_memory(void **state)
{
    World w;
    (void)state;
    for (volatile long n = 1; n < 100000; n += 1 + n / 16) {
        memset(&w, 0, sizeof w);
        w.fault.allocations_left = n;
        if (setjmp(w.where) == 0) {
            open_world(&w);
            run_text(&w, paths_script);
            bind(&w, 4, 3);
            bool done = w.graph != NULL;
            armc_arena_free(w.arena);
            if (done)
                return;
        } else {
            assert_int_equal(w.fault.status, ARMC_RESOURCE);
            armc_arena_free(w.arena);
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(arrays),
        cmocka_unit_test(bad_constants),
        cmocka_unit_test(scopes),
        cmocka_unit_test(a_constant_never_hides_a_stage),
        cmocka_unit_test(bad_names),
        cmocka_unit_test(poison),
        cmocka_unit_test(bad_calls),
        cmocka_unit_test(symbols_are_passed_on),
        cmocka_unit_test(paths),
        cmocka_unit_test(bad_params),
        cmocka_unit_test(binding_again_gives_the_same_graph),
        cmocka_unit_test(every_model_of_stdlib_builds),
        cmocka_unit_test(stages),
        cmocka_unit_test(parts_of_the_variable),
        cmocka_unit_test(bad_models),
        cmocka_unit_test(options),
        cmocka_unit_test(bad_options),
        cmocka_unit_test(imports),
        cmocka_unit_test(one_statement_after_the_other),
        cmocka_unit_test(help),
        cmocka_unit_test(expand),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
