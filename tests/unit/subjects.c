#include "tests/unit/subjects.h"

#include <string.h>

#include "runtime/api/work.h"
#include "runtime/base/embed.h"
#include "runtime/base/rng.h"

enum { MOST_WORLDS = 1 << 20 };

/* --- the models and their variants --- */

typedef struct Calls {
    ArmcSession *session;
    const char **items; /* what stands behind `net =` */
    size_t count, capacity;
} Calls;

static void add_call(Calls *calls, const char *model, const char *name, const char *value)
{
    ArmcArena *arena = calls->session->run;
    const char *call = armc_arena_printf(arena, name ? "%s %s=%s" : "%s", model, name, value);
    ARMC_PUSH(arena, calls->items, calls->count, calls->capacity, call);
}

static bool is_word(const ArmcTree *tree, const char *word)
{
    return tree->kind == ARMC_TREE_NAME && strcmp(tree->name, word) == 0;
}

/* Under the sanitizers arithmetic takes ten times as long. More units than a few vectors have go
 * through the same code once more, which the other builds do. */
#ifdef __SANITIZE_ADDRESS__
enum { MOST_HIDDEN = 24 };
#else
enum { MOST_HIDDEN = 1000 };
#endif

/* Sizes that tests can pay for. */
static const struct {
    const char *name;
    double most;
} small[] = {{"filters", 8}, {"blocks", 1}, {"layers", 2}, {"hidden", MOST_HIDDEN}};

/* The small size of a parameter whose default is larger; 0: it is as it should be. */
static double smaller(const ArmcTree *parameter)
{
    const ArmcTree *preset = parameter->kids[1];
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (strcmp(parameter->name, small[i].name) == 0 && preset->number > small[i].most)
            return small[i].most;
    return 0;
}

/* A call of the model with small sizes. */
static const char *small_call(const Calls *calls, const ArmcTree *model)
{
    const char *call = model->name;
    for (int p = 0; p < model->kids[0]->kid_count; p++) {
        const ArmcTree *parameter = model->kids[0]->kids[p];
        if (smaller(parameter) > 0)
            call = armc_arena_printf(calls->session->run, "%s %s=%g", call, parameter->name,
                                     smaller(parameter));
    }
    return call;
}

/* Every other symbol, the other truth, a list of two small numbers, and two more where the default
 * is a small number (a number of layers). */
static void vary(Calls *calls, const char *model, const ArmcTree *parameter)
{
    const ArmcTree *symbols = parameter->kids[0], *preset = parameter->kids[1];
    for (int i = 0; symbols && i < symbols->kid_count; i++)
        if (!preset || !is_word(preset, symbols->kids[i]->name))
            add_call(calls, model, parameter->name, symbols->kids[i]->name);
    if (!preset || symbols || smaller(parameter) > 0)
        return;
    if (is_word(preset, "true") || is_word(preset, "false"))
        add_call(calls, model, parameter->name, is_word(preset, "true") ? "false" : "true");
    if (preset->kind == ARMC_TREE_LIST) /* sizes of layers: two small ones */
        add_call(calls, model, parameter->name, "[7, 5]");
    if (preset->kind == ARMC_TREE_NUMBER && preset->is_integer && preset->number < 10)
        add_call(calls, model, parameter->name,
                 armc_arena_printf(calls->session->run, "%d", (int)preset->number + 2));
}

/* Parameters that matter together only. */
static const char *const combined[] = {
    "made_net hidden=[7, 5] degrees=random direct=true",
    "made_net hidden=[3, 8, 4] degrees=random seed=5 read=one_hot direct=true",
    "made_net hidden=1",
    "nade read=real extra=3",
    "nade conditional=true read=real extra=2 order=random order_seed=4",
    "made_net conditional=true hidden=[7, 5] degrees=random direct=true",
    "made_net conditional=true hidden=9 read=one_hot order=snake",
    "nade read=real extra=2 order=random order_seed=9",
    "made_net hidden=[7, 5] degrees=random read=one_hot direct=true order=spiral",
    "made_net hidden=[7, 5] degrees=random direct=true order=random members=3",
    "nade hidden=20 extra=3 order=random members=3",
    "pixelcnn filters=4 blocks=2 size=3 order=columns",
    "pixelcnn_rgb filters=10 blocks=1 size=5 order=columns",
    "pixelcnn_made filters=5 blocks=1 hidden=[7, 5] order=columns",
    "gated_pixelcnn filters=5 layers=1 size=3 colours=false conditional=true",
    "row_lstm hidden=5 layers=2 size=3",
    "diagonal_bilstm hidden=5 layers=2 size=3",
    "multiscale hidden=5 layers=2 size=3 step=3",
};

static Calls find_calls(ArmcSession *session)
{
    Calls calls = {.session = session};
    for (size_t i = 0; i < sizeof combined / sizeof *combined; i++)
        add_call(&calls, combined[i], NULL, NULL);
    for (const ArmcEmbedded *file = armc_stdlib_files; file->name; file++) {
        const ArmcTree *body = armc_script_parse(session, file->name, file->text);
        assert_non_null(body);
        for (int i = 0; i < body->kid_count; i++) {
            const ArmcTree *model = body->kids[i];
            if (model->kind != ARMC_TREE_MODEL)
                continue;
            const char *call = small_call(&calls, model);
            add_call(&calls, call, NULL, NULL);
            for (int p = 0; p < model->kids[0]->kid_count; p++)
                vary(&calls, call, model->kids[0]->kids[p]);
        }
    }
    return calls;
}

/* --- binding --- */

void subject_weights(const Subject *subject, double deviation)
{
    armc_net_need_weights(subject->session, subject->net);
    for (size_t p = 0; p < subject->net->graph->param_count; p++) {
        const ArmcParam *param = subject->net->graph->params[p];
        uint64_t path = armc_rng_hash(param->path);
        for (int64_t i = 0; i < param->size; i++)
            if (!param->mask || param->mask[i])
                param->data[i] =
                    (ArmcReal)(deviation * armc_rng_normal(11, ARMC_RNG_TEST, path, (uint64_t)i));
    }
}

Subject subject_bind(ArmcSession *session, const char *text, World world)
{
    Subject subject = {.session = session, .worlds = 1, .world = world, .script = text};
    ArmcShape shape;
    assert_true(armc_shape_read(world.shape, &shape));
    ArmcScript script = {.tree = armc_script_parse(session, "test", text)};
    assert_true(script.tree && armc_script_pass(session, &script, ARMC_MODE_RUN));
    const ArmcThing *model = armc_module_find(session->module, "net");
    assert_non_null(model);
    subject.net = armc_net_bind_shape(session, model, shape, world.levels, SUBJECT_CLASSES, NULL);
    if (!subject.net)
        fail_msg("no net of %s", text);
    for (int64_t i = 0; i < subject.net->variables && subject.worlds < MOST_WORLDS; i++)
        subject.worlds *= world.levels;
    return subject;
}

static Subject bind_call(ArmcSession *session, const char *call, World world)
{
    ArmcArena *arena = session->run;
    Subject subject = subject_bind(session, armc_arena_printf(arena, "net = %s\n", call), world);
    subject.text = armc_arena_printf(arena, "%s of %s, %d levels", call, world.shape, world.levels);
    return subject;
}

ArmcPrograms subject_compile(const Subject *subject, ArmcProgramKind kind, int64_t batch,
                             bool exact)
{
    ArmcPrograms programs;
    assert_true(armc_net_compile(subject->session, subject->session->run, subject->net, kind, batch,
                                 exact, 0, NULL, &programs));
    armc_programs_prepare(&programs, armc_session_pool(subject->session));
    return programs;
}

/* What is done with every subject. */
typedef struct Round {
    const World *worlds;
    SubjectCheck check;
} Round;

static bool check_all(ArmcSession *session, void *context)
{
    const Round *round = context;
    Calls calls = find_calls(session);
    assert_true(calls.count > 0);
    for (size_t c = 0; c < calls.count; c++)
        for (const World *world = round->worlds; world->shape; world++) {
            Subject subject = bind_call(session, calls.items[c], *world);
            round->check(&subject);
        }
    return true;
}

static void show_error(void *user, const char *text)
{
    (void)user;
    print_error("%s", text);
}

void each_model(const World *worlds, SubjectCheck check)
{
    const ArmcOptions options = {.threads = 2};
    const ArmcCallbacks callbacks = {.error = show_error};
    ArmcSession *session = armc_session_new(&options, &callbacks);
    Round round = {worlds, check};
    assert_non_null(session);
    assert_int_equal(armc_work(session, check_all, &round), ARMC_STATUS_DONE);
    armc_session_free(session);
}
