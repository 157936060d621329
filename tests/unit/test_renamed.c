/* Nothing in armc knows a model by its name: with every block, model and parameter of the standard
 * library renamed, and with a model unfolded to ops, the same weights give the same proof, the same
 * samples and the same multiply-adds. */
#include <ctype.h>
#include <string.h>

#include "runtime/base/embed.h"
#include "runtime/base/rng.h"
#include "runtime/elaborate/builtin.h"
#include "runtime/elaborate/help.h"
#include "runtime/exec/sampler.h"
#include "runtime/learn/sample.h"
#include "tests/unit/subjects.h"

enum { N = 12 };

static const World worlds[] = {{"4x3x1", 3}, {"3x5x1", 2}, {NULL, 0}};

/* --- renaming --- */

/* Words and what stands for them. */
typedef struct Names {
    ArmcArena *arena;
    const char **from, **to;
    size_t count, capacity, to_count, to_capacity;
} Names;

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t word_length(const char *text)
{
    size_t n = 0;
    while (is_letter(text[n]))
        n++;
    return n;
}

static const char *new_name(const Names *names, const char *word, size_t length)
{
    for (size_t i = 0; i < names->count; i++)
        if (strlen(names->from[i]) == length && strncmp(names->from[i], word, length) == 0)
            return names->to[i];
    return NULL;
}

static bool is_builtin(const char *word)
{
    for (const ArmcBuiltin *const *row = armc_builtins; *row; row++)
        if (strcmp((*row)->name, word) == 0)
            return true;
    return false;
}

static void add_name(Names *names, const char *word, size_t length)
{
    const char *name = armc_arena_strndup(names->arena, word, length);
    if (isdigit((unsigned char)*word) || new_name(names, word, length) || armc_op_find(name) ||
        armc_dist_find(name) || is_builtin(name))
        return;
    ARMC_PUSH(names->arena, names->from, names->count, names->capacity, name);
    unsigned number = (unsigned)(armc_rng_hash(name) % 90000 + 10000);
    ARMC_PUSH(names->arena, names->to, names->to_count, names->to_capacity,
              armc_arena_printf(names->arena, "q%u_%zu", number, names->count));
}

/* Names behind `block`, `model` and `param`. */
static void collect(Names *names, const char *text)
{
    for (const char *c = text; *c; c++) {
        size_t n = word_length(c);
        bool defines = (n == 5 && (strncmp(c, "block", n) == 0 || strncmp(c, "model", n) == 0 ||
                                   strncmp(c, "param", n) == 0)) &&
                       c[n] == ' ' && word_length(c + n + 1) > 0;
        if (defines)
            add_name(names, c + n + 1, word_length(c + n + 1));
        c += n > 0 ? n - 1 : 0;
    }
}

static const char *rename_all(const Names *names, const char *text)
{
    ArmcBuf out;
    armc_buf_init(&out, armc_arena_fault(names->arena));
    for (const char *c = text; *c;) {
        size_t n = word_length(c);
        const char *name = n > 0 ? new_name(names, c, n) : NULL;
        if (name)
            armc_buf_puts(&out, name);
        else
            armc_buf_printf(&out, "%.*s", (int)(n > 0 ? n : 1), c);
        c += n > 0 ? n : 1;
    }
    const char *copy = armc_arena_strdup(names->arena, out.data);
    armc_buf_clear(&out);
    return copy;
}

static Names names_of_stdlib(ArmcArena *arena)
{
    Names names = {.arena = arena};
    for (const ArmcEmbedded *file = armc_stdlib_files; file->name; file++)
        collect(&names, file->text);
    assert_true(names.count > 10);
    return names;
}

static const ArmcEmbedded *renamed_stdlib(const Names *names)
{
    size_t count = 0, i = 0;
    while (armc_stdlib_files[count].name)
        count++;
    ArmcEmbedded *files = ARMC_NEW_ARRAY(names->arena, ArmcEmbedded, count + 1);
    for (; i < count; i++) {
        files[i].name = rename_all(names, armc_stdlib_files[i].name);
        files[i].text = rename_all(names, armc_stdlib_files[i].text);
        files[i].length = strlen(files[i].text);
    }
    return files;
}

/* --- the same weights, whatever they are called --- */

static void set_weights(const Subject *subject)
{
    armc_net_need_weights(subject->session, subject->net);
    for (size_t p = 0; p < subject->net->graph->param_count; p++) {
        const ArmcParam *param = subject->net->graph->params[p];
        for (int64_t i = 0; i < param->size; i++)
            if (!param->mask || param->mask[i])
                param->data[i] =
                    (ArmcReal)(0.4 * armc_rng_normal(3, ARMC_RNG_TEST, p, (uint64_t)i));
    }
}

static const ArmcReal *draw(const Subject *subject)
{
    ArmcReal *x = ARMC_NEW_ARRAY(subject->session->run, ArmcReal, N * subject->net->variables);
    set_weights(subject);
    assert_true(armc_sample(subject->session, subject->net,
                            &(ArmcSampling){.n = N, .temperature = 1}, NULL, x));
    return x;
}

static ArmcSamplerPlan plan(const Subject *subject)
{
    const ArmcSampler *sampler =
        armc_sampler_new(subject->session->run, subject->net->graph, subject->session->kernels);
    assert_non_null(sampler); /* proved */
    return armc_sampler_plan(sampler);
}

static void expect_same(const Subject *a, const Subject *b, const char *how)
{
    ArmcSamplerPlan before = plan(a), after = plan(b);
    if (a->net->graph->param_count != b->net->graph->param_count)
        fail_msg("%s: not as many parameters when %s", a->text, how);
    if (memcmp(draw(a), draw(b), (size_t)(N * a->net->variables) * sizeof(ArmcReal)) != 0)
        fail_msg("%s: other samples when %s", a->text, how);
    if (before.multiply_adds != after.multiply_adds || before.rows != after.rows ||
        before.slots != after.slots)
        fail_msg("%s: another timetable when %s", a->text, how);
}

/* --- the tests --- */

static void check_renamed(const Subject *subject)
{
    ArmcSession *session = subject->session;
    Names names = names_of_stdlib(session->run);
    session->stdlib = renamed_stdlib(&names);
    const char *script = rename_all(&names, subject->script);
    assert_string_not_equal(script, subject->script);
    Subject renamed = subject_bind(session, script, subject->world);
    session->stdlib = NULL;
    expect_same(subject, &renamed, "renamed");
}

static void test_names_of_blocks_and_parameters_say_nothing(void **state)
{
    (void)state;
    each_model(worlds, check_renamed);
}

static void check_unfolded(const Subject *subject)
{
    ArmcSession *session = subject->session;
    if (subject->net->graph->member_count > 1) /* unfolded is the first member alone */
        return;
    ArmcBuf text;
    armc_buf_init(&text, armc_arena_fault(session->run));
    armc_model_expand(subject->net->model, subject->net->graph, &text);
    Names names = {.arena = session->run};
    add_name(&names, "net", 3);
    for (size_t p = 0; p < subject->net->graph->param_count; p++) {
        const char *path = subject->net->graph->params[p]->path;
        for (const char *c = path; *c; c += strspn(c, ".")) {
            add_name(&names, c, word_length(c));
            c += word_length(c);
        }
    }
    const char *script = rename_all(&names, text.data);
    armc_buf_clear(&text);
    script = armc_arena_printf(session->run, "%s\nnet = %s\n", script, new_name(&names, "net", 3));
    Subject unfolded = subject_bind(session, script, subject->world);
    expect_same(subject, &unfolded, "unfolded");
}

static void test_unfolded_models_are_the_same(void **state)
{
    (void)state;
    each_model(worlds, check_unfolded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_blocks_and_parameters_say_nothing),
        cmocka_unit_test(test_unfolded_models_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
