/* armc calc: an expression of ops and blocks on NPY arrays, and its gradients. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/api/work.h"
#include "runtime/data/npy.h"
#include "runtime/data/npy_write.h"
#include "runtime/exec/compute.h"
#include "runtime/graph/build.h"
#include "runtime/learn/json.h"

/* An array from a file. */
typedef struct Array {
    const char *name, *path;
    int levels; /* 0: real numbers */
    bool batched;
    ArmcShape shape; /* without the batch */
    ArmcReal *data;
} Array;

typedef struct Words {
    const char **items;
    size_t count, capacity;
} Words;

typedef struct Calc {
    ArmcSession *session;
    const char *expression;
    const ArmcCalculation *asked;
    Array *arrays; /* with a dot in their names: parameters */
    size_t count;
    Words import, batch, out, grad, cotangent, to;
    int64_t examples; /* the first axis of batched arrays; 0: none so far */
    ArmcFormula formula;
    ArmcReal **inputs; /* of the graph's inputs */
} Calc;

/* --- what was asked for --- */

/* The call itself is wrong: a diagnostic, and the exit status says so. */
static ArmcDiag *misused(Calc *calc, const char *what, const char *found)
{
    calc->session->status = ARMC_USAGE;
    return armc_diag_add(calc->session->diags, ARMC_E_bad_option, NULL, "%s `%s`", what, found);
}

/* "a,b" as words; NULL: none. */
static Words split(ArmcArena *arena, const char *text)
{
    Words words = {0};
    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ",");
        const char *word = armc_arena_strndup(arena, at, length);
        ARMC_PUSH(arena, words.items, words.count, words.capacity, word);
        at += length + (at[length] == ',');
    }
    return words;
}

static bool is_name(const char *text)
{
    const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const char *others = "0123456789.";
    if (*text == '\0' || strchr(letters, *text) == NULL)
        return false;
    for (const char *at = text; *at != '\0'; at++)
        if (strchr(letters, *at) == NULL && strchr(others, *at) == NULL)
            return false;
    return strcmp(text, "it") != 0;
}

static bool is_parameter(const Array *array)
{
    return strchr(array->name, '.') != NULL;
}

static Array *find_array(const Calc *calc, const char *name)
{
    for (size_t i = 0; i < calc->count; i++)
        if (strcmp(calc->arrays[i].name, name) == 0)
            return &calc->arrays[i];
    return NULL;
}

/* "17" behind the colon of NAME:17=FILE; 0: no such number. */
static int read_levels(const char *text)
{
    int levels = 0;
    for (; *text >= '0' && *text <= '9' && levels <= 65536; text++)
        levels = levels * 10 + (*text - '0');
    return *text == '\0' && levels >= 2 && levels <= 65536 ? levels : 0;
}

/* NAME=FILE or NAME:LEVELS=FILE. */
static bool take_array(Calc *calc, const char *word)
{
    ArmcArena *arena = calc->session->run;
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : 0;
    char *name = armc_arena_strndup(arena, word, length), *colon = strchr(name, ':');
    Array array = {.name = name};
    if (colon != NULL) {
        *colon = '\0';
        array.levels = read_levels(colon + 1);
    }
    if (!is_name(name) || equals[1] == '\0' || (colon != NULL && array.levels == 0)) {
        armc_diag_help(misused(calc, "this does not name an array and its file:", word),
                       "write NAME=FILE.npy, or NAME:LEVELS=FILE.npy for whole numbers from 0 on");
        return false;
    }
    if (find_array(calc, name) != NULL) {
        misused(calc, "two arrays have the name", name);
        return false;
    }
    array.path = armc_arena_strdup(arena, equals + 1);
    calc->arrays[calc->count++] = array;
    return true;
}

static bool same_number(Calc *calc, const char *flag, size_t files, size_t needed, const char *what)
{
    if (files == needed)
        return true;
    calc->session->status = ARMC_USAGE;
    armc_diag_add(calc->session->diags, ARMC_E_bad_option, NULL, "%s has %zu file%s for %zu %s%s",
                  flag, files, files == 1 ? "" : "s", needed, what, needed == 1 ? "" : "s");
    return false;
}

static bool unknown_name(const Calc *calc, const char *flag, const char *name, const char **words,
                         size_t count)
{
    ArmcDiag *diag = armc_diag_add(calc->session->diags, ARMC_E_unknown_name, NULL,
                                   "%s names `%s`, and nothing has that name", flag, name);
    const char *near = armc_suggest(name, words, count);
    if (near != NULL)
        armc_diag_help(diag, "did you mean `%s`?", near);
    return false;
}

static bool mark_batched(const Calc *calc, const char *name)
{
    Array *array = find_array(calc, name);
    const char **words = ARMC_NEW_ARRAY(calc->session->run, const char *, calc->count + 1);
    for (size_t i = 0; i < calc->count; i++)
        words[i] = calc->arrays[i].name;
    if (array == NULL || is_parameter(array))
        return unknown_name(calc, "--batch", name, words, calc->count);
    array->batched = true;
    return true;
}

static bool take_words(Calc *calc)
{
    ArmcArena *arena = calc->session->run;
    const ArmcCalculation *asked = calc->asked;
    calc->import = split(arena, asked->import);
    calc->batch = split(arena, asked->batch);
    calc->out = split(arena, asked->out);
    calc->grad = split(arena, asked->grad);
    calc->cotangent = split(arena, asked->cotangent);
    calc->to = split(arena, asked->to);
    calc->arrays = ARMC_NEW_ARRAY(arena, Array, asked->array_count + 1);
    bool good = same_number(calc, "--to", calc->to.count, calc->grad.count, "gradient");
    for (size_t i = 0; i < asked->array_count; i++)
        good &= take_array(calc, asked->arrays[i]);
    for (size_t i = 0; good && i < calc->batch.count; i++)
        good &= mark_batched(calc, calc->batch.items[i]);
    if (good && calc->out.count + calc->to.count == 0) {
        armc_diag_help(misused(calc, "no file is named for the result of", calc->expression),
                       "--out y.npy writes it");
        return false;
    }
    return good;
}

/* --- files --- */

/* The first axis of a batched array is the batch: the same for all of them. */
static bool take_batch(Calc *calc, const char *path, int64_t examples)
{
    if (calc->examples == 0)
        calc->examples = examples;
    if (calc->examples == examples)
        return true;
    armc_diag_add(calc->session->diags, ARMC_E_shape_mismatch, NULL,
                  "`%s` has a batch of %" PRId64 ", another array one of %" PRId64, path, examples,
                  calc->examples);
    return false;
}

/* The array's shape from the file's. */
static bool take_shape(Calc *calc, Array *array, const ArmcNpy *npy)
{
    int batch = array->batched;
    bool good = npy->rank >= batch && npy->rank - batch <= ARMC_MAX_RANK && npy->count > 0;
    if (good) {
        array->shape = armc_shape_make(npy->rank - batch, npy->dims + batch);
        good = armc_shape_size(array->shape) > 0;
    }
    if (good)
        return !batch || take_batch(calc, array->path, npy->dims[0]);
    ArmcDiag *diag = armc_diag_add(calc->session->diags, ARMC_E_bad_shape, NULL,
                                   "`%s` holds an array of shape %s", array->path,
                                   armc_npy_shape_text(calc->session->run, npy));
    armc_diag_help(diag,
                   "an array has at most %d axes of at least 1 entry each; --batch names those "
                   "whose first axis is the batch, beside these",
                   ARMC_MAX_RANK);
    return false;
}

static bool check_level(Calc *calc, const Array *array, double x, int64_t at)
{
    if (array->levels == 0 || (x >= 0 && x < array->levels && !(floor(x) < x)))
        return true;
    armc_diag_add(calc->session->diags, ARMC_E_bad_file, NULL,
                  "entry %" PRId64 " of `%s` is %g; levels of `%s` are whole numbers from 0 to %d",
                  at, array->path, x, array->name, array->levels - 1);
    return false;
}

static bool load(Calc *calc, Array *array)
{
    ArmcArena *arena = calc->session->run;
    ArmcDataCall call = {.arena = arena, .diags = calc->session->diags};
    ArmcNpy npy;
    if (!armc_npy_open(&call, array->path, &npy) || !take_shape(calc, array, &npy))
        return false;
    double *numbers = ARMC_NEW_ARRAY(arena, double, npy.count);
    array->data = ARMC_NEW_ARRAY(arena, ArmcReal, npy.count);
    armc_npy_doubles(&npy, numbers);
    for (int64_t i = 0; i < npy.count; i++) {
        if (!check_level(calc, array, numbers[i], i))
            return false;
        array->data[i] = (ArmcReal)numbers[i];
    }
    return true;
}

static bool load_all(Calc *calc)
{
    bool good = true;
    for (size_t i = 0; i < calc->count; i++)
        good &= load(calc, &calc->arrays[i]);
    return good;
}

/* "2x3", as JSON "2, 3". */
static const char *dims_text(ArmcArena *arena, int rank, const int64_t *dims, const char *between)
{
    const char *text = "";
    for (int i = 0; i < rank; i++)
        text = armc_arena_printf(arena, "%s%s%" PRId64, text, i > 0 ? between : "", dims[i]);
    return text;
}

/* `of`: what the file holds the gradient of; NULL: a result. */
static void tell_file(ArmcSession *session, const char *path, const char *of, int rank,
                      const int64_t *dims)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    if (session->options.json) {
        const char *gradient = of == NULL ? ""
                                          : armc_arena_printf(scratch, ", \"gradient\": %s",
                                                              armc_json_text(scratch, of));
        armc_say_result(session, "{\"event\": \"calc\", \"to\": %s, \"shape\": [%s]%s}\n",
                        armc_json_text(scratch, path), dims_text(scratch, rank, dims, ", "),
                        gradient);
    } else {
        armc_say_note(session, "%s: %s%s%s\n", path, dims_text(scratch, rank, dims, "x"),
                      of != NULL ? ", the gradient of " : "", of != NULL ? of : "");
    }
    armc_scratch_end(session);
}

static void save(Calc *calc, const char *path, const char *of, const ArmcValue *value,
                 const ArmcReal *data)
{
    int64_t dims[ARMC_MAX_RANK + 1] = {calc->examples};
    int batch = value->batched, rank = value->shape.rank + batch;
    memcpy(dims + batch, value->shape.dims, sizeof value->shape.dims);
    ArmcArena *scratch = armc_scratch_begin(calc->session);
    armc_npy_write(scratch, path, rank, dims, data);
    armc_scratch_end(calc->session);
    tell_file(calc->session, path, of, rank, dims);
}

/* --- the graph --- */

static ArmcParam *find_param(const Calc *calc, const char *path)
{
    const ArmcGraph *graph = calc->formula.graph;
    for (size_t i = 0; i < graph->param_count; i++)
        if (strcmp(graph->params[i]->path, path) == 0)
            return graph->params[i];
    return NULL;
}

static const char **all_paths(const Calc *calc)
{
    const ArmcGraph *graph = calc->formula.graph;
    size_t inputs = graph->input_count;
    const char **words =
        ARMC_NEW_ARRAY(calc->session->run, const char *, graph->param_count + inputs + 1);
    for (size_t i = 0; i < inputs; i++)
        words[i] = graph->inputs[i]->name;
    for (size_t i = 0; i < graph->param_count; i++)
        words[inputs + i] = graph->params[i]->path;
    return words;
}

/* Puts the numbers of a file into a parameter; entries that its mask excludes stay zero. */
static bool set_param(const Calc *calc, const Array *array)
{
    const ArmcGraph *graph = calc->formula.graph;
    ArmcParam *param = find_param(calc, array->name);
    if (param == NULL)
        return unknown_name(calc, "--in", array->name, all_paths(calc),
                            graph->param_count + graph->input_count);
    if (!armc_shape_equal(param->shape, array->shape)) {
        char a[96], b[96];
        armc_diag_add(calc->session->diags, ARMC_E_shape_mismatch, NULL,
                      "the parameter `%s` has the shape %s, `%s` holds %s", param->path,
                      armc_shape_text(param->shape, a), array->path,
                      armc_shape_text(array->shape, b));
        return false;
    }
    for (int64_t i = 0; i < param->size; i++)
        param->data[i] = param->mask == NULL || param->mask[i] ? array->data[i] : 0;
    return true;
}

/* Parameters begin as for a training, those that files were given for with the files' numbers. */
static bool set_params(Calc *calc)
{
    ArmcGraph *graph = calc->formula.graph;
    bool good = true;
    size_t inputs = 0;
    calc->inputs = ARMC_NEW_ARRAY(calc->session->run, ArmcReal *,
                                  calc->asked->array_count + calc->cotangent.count + 1);
    armc_params_init(graph, calc->session->options.seed);
    for (size_t i = 0; i < calc->count; i++)
        if (calc->arrays[i].batched)
            calc->inputs[inputs++] = calc->arrays[i].data;
        else
            good &= set_param(calc, &calc->arrays[i]);
    return good;
}

/* A module with the names of stdlib and of the imported files. */
static bool open_module(Calc *calc)
{
    ArmcSession *session = calc->session;
    session->module =
        armc_module_new(session->run, session->diags, armc_script_host(session), NULL, 0);
    bool good = true;
    for (size_t i = 0; i < calc->import.count; i++)
        good &= armc_module_import(session->module, calc->import.items[i]);
    return good;
}

static bool build(Calc *calc)
{
    ArmcSession *session = calc->session;
    if (!open_module(calc))
        return false;
    const ArmcTree *body = armc_script_parse(session, "<expression>", calc->expression);
    ArmcFormula *formula = &calc->formula;
    formula->names = ARMC_NEW_ARRAY(session->run, ArmcFormulaName, calc->count + 1);
    for (size_t i = 0; i < calc->count; i++) {
        const Array *array = &calc->arrays[i];
        if (!is_parameter(array))
            formula->names[formula->name_count++] =
                (ArmcFormulaName){array->name, array->shape, array->batched, array->levels, NULL};
    }
    return body != NULL && armc_module_formula(session->module, body, formula) && set_params(calc);
}

/* --- gradients --- */

/* dy of one result: a leaf of the graph with the file's numbers, of y's full shape. */
static ArmcValue *load_cotangent(Calc *calc, const ArmcValue *y, const char *path)
{
    ArmcGraph *graph = calc->formula.graph;
    Array array = {.name = path, .path = path, .batched = y->batched};
    if (!load(calc, &array))
        return NULL;
    if (!armc_shape_equal(array.shape, y->shape)) {
        char a[96], b[96];
        armc_diag_add(calc->session->diags, ARMC_E_shape_mismatch, NULL,
                      "`%s` holds %s%s, the result is %s", path, armc_shape_text(array.shape, a),
                      y->batched ? " for each example" : "", armc_shape_text(y->shape, b));
        return NULL;
    }
    if (!y->batched) {
        ArmcValue *value = armc_graph_param(graph, &(ArmcParam){.path = path, .shape = y->shape});
        graph->params[graph->param_count - 1]->data = array.data;
        return value;
    }
    calc->inputs[graph->input_count] = array.data;
    return armc_graph_input(graph, &(ArmcInput){.name = path, .shape = y->shape});
}

static ArmcValue *find_value(const Calc *calc, const char *name)
{
    const ArmcGraph *graph = calc->formula.graph;
    for (size_t i = 0; i < graph->input_count; i++)
        if (strcmp(graph->inputs[i]->name, name) == 0)
            return graph->inputs[i]->value;
    const ArmcParam *param = find_param(calc, name);
    return param != NULL ? param->value : NULL;
}

static bool find_all(const Calc *calc, ArmcValue **at)
{
    const ArmcGraph *graph = calc->formula.graph;
    bool good = true;
    for (size_t i = 0; i < calc->grad.count; i++) {
        at[i] = find_value(calc, calc->grad.items[i]);
        if (at[i] == NULL)
            good = unknown_name(calc, "--grad", calc->grad.items[i], all_paths(calc),
                                graph->param_count + graph->input_count);
    }
    return good;
}

static bool check_flow(const Calc *calc, ArmcValue *const *gradients)
{
    bool good = true;
    for (size_t i = 0; i < calc->grad.count; i++) {
        if (gradients[i] != NULL)
            continue;
        ArmcDiag *diag =
            armc_diag_add(calc->session->diags, ARMC_E_bad_kind, NULL,
                          "no gradient flows from the result to `%s`", calc->grad.items[i]);
        armc_diag_help(diag, "the result does not depend on it");
        good = false;
    }
    return good;
}

/* Appends the backward pass; gradients[i] is that of calc->grad. */
static bool differentiate(Calc *calc, ArmcValue **gradients)
{
    ArmcArena *arena = calc->session->run;
    const ArmcFormula *formula = &calc->formula;
    ArmcValue **at = ARMC_NEW_ARRAY(arena, ArmcValue *, calc->grad.count + 1);
    ArmcValue **dy = ARMC_NEW_ARRAY(arena, ArmcValue *, formula->result_count + 1);
    if (calc->grad.count == 0 && calc->cotangent.count == 0)
        return true;
    bool good = find_all(calc, at) && same_number(calc, "--cotangent", calc->cotangent.count,
                                                  formula->result_count, "result");
    for (size_t i = 0; good && i < formula->result_count; i++) {
        dy[i] = load_cotangent(calc, formula->results[i], calc->cotangent.items[i]);
        good = dy[i] != NULL;
    }
    if (!good)
        return false;
    armc_differentiate(formula->graph, formula->result_count, formula->results, dy,
                       calc->grad.count, at, gradients);
    return check_flow(calc, gradients);
}

/* --- all of it --- */

/* Where a mask excludes an entry there is no parameter to differentiate by. */
static void mask_gradient(const Calc *calc, const char *name, ArmcReal *gradient)
{
    const ArmcParam *param = find_param(calc, name);
    for (int64_t i = 0; param != NULL && param->mask != NULL && i < param->size; i++)
        gradient[i] = param->mask[i] ? gradient[i] : 0;
}

static void evaluate(Calc *calc, ArmcOutputs *outputs)
{
    ArmcSession *session = calc->session;
    ArmcGraph *graph =
        armc_simplify(session->run, calc->formula.graph, outputs, false, session->kernels);
    ArmcComputation computation = {
        .graph = graph,
        .model = calc->formula.graph,
        .inputs = calc->inputs,
        .batch = calc->examples > 0 ? calc->examples : 1,
        .kernels = session->kernels,
        .exact = session->options.exact,
    };
    ArmcReal **of = armc_compute(session->run, &computation);
    for (size_t i = 0; i < calc->out.count; i++)
        save(calc, calc->out.items[i], NULL, outputs->values[i], of[outputs->values[i]->id]);
    for (size_t i = 0; i < calc->to.count; i++) {
        const ArmcValue *gradient = outputs->values[calc->formula.result_count + i];
        mask_gradient(calc, calc->grad.items[i], of[gradient->id]);
        save(calc, calc->to.items[i], calc->grad.items[i], gradient, of[gradient->id]);
    }
}

static bool calculate(ArmcSession *session, void *context)
{
    Calc *calc = context;
    calc->session = session;
    if (!take_words(calc) || !load_all(calc) || !build(calc))
        return false;
    const ArmcFormula *formula = &calc->formula;
    size_t count = formula->result_count;
    if (calc->out.count > 0 && !same_number(calc, "--out", calc->out.count, count, "result"))
        return false;
    ArmcOutputs outputs = {
        .values = ARMC_NEW_ARRAY(session->run, ArmcValue *, count + calc->grad.count + 1),
        .count = count + calc->grad.count};
    memcpy(outputs.values, formula->results, count * sizeof *outputs.values);
    if (!differentiate(calc, outputs.values + count))
        return false;
    evaluate(calc, &outputs);
    return true;
}

ArmcResult armc_calc(ArmcSession *session, const char *expression, const ArmcCalculation *asked)
{
    Calc calc = {.expression = expression, .asked = asked};
    return armc_work(session, calculate, &calc);
}
