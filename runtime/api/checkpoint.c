#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/api/work.h"
#include "runtime/learn/checkpoint.h"

typedef struct CommandWork {
    const char *command, *path;
    const char *const *words;
    size_t word_count;
} CommandWork;

/* A checkpoint, taken apart. */
typedef struct Opened {
    const ArmcSafetensors *file;
    ArmcScript script;
    const char *model, *shape, *levels, *report, *fingerprint;
} Opened;

/* The commands that work on a model, and so on a checkpoint. */
static const ArmcCommand *find_command(const char *name)
{
    for (const ArmcCommand *const *row = armc_commands; *row != NULL; row++)
        if (strcmp((*row)->name, name) == 0 && armc_command_takes(*row, ARMC_SPEC_MODEL))
            return *row;
    return NULL;
}

int armc_command_exists(const char *command)
{
    return find_command(command) != NULL;
}

/* --- from the file back to the script --- */

static void take_imports_and_options(ArmcSession *session, Opened *o)
{
    const ArmcSafetensors *file = o->file;
    o->script.overrides = ARMC_NEW_ARRAY(session->run, ArmcOverride, file->metadata_count + 1);
    for (size_t i = 0; i < file->metadata_count; i++) {
        const char *key = file->keys[i], *text = file->values[i];
        if (strncmp(key, "import.", 7) == 0)
            ARMC_PUSH(session->run, session->imports, session->import_count,
                      session->import_capacity, ((ArmcText){key + 7, text, strlen(text)}));
        else if (strncmp(key, "option.", 7) == 0)
            o->script.overrides[o->script.word_count++] =
                (ArmcOverride){.name = key + 7, .value = text};
    }
}

static bool read_texts(ArmcSession *session, Opened *o, const char *path)
{
    const char *name = NULL, *text = NULL;
    const struct {
        const char *key, **to;
    } wanted[] = {
        {"script.name", &name},
        {"script", &text},
        {"model", &o->model},
        {"data.shape", &o->shape},
        {"data.levels", &o->levels},
        {"data", &o->report},
        {"data.fingerprint", &o->fingerprint},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if ((*wanted[i].to = armc_checkpoint_text(session, o->file, path, wanted[i].key)) == NULL)
            return false;
    session->script = (ArmcText){name, text, strlen(text)};
    return true;
}

static bool open_file(ArmcSession *session, Opened *o, const char *path)
{
    o->file = armc_safetensors_read(session->run, session->diags, NULL, path);
    if (o->file == NULL || !read_texts(session, o, path))
        return false;
    take_imports_and_options(session, o);
    o->script.tree = armc_script_parse(session, session->script.name, session->script.text);
    return o->script.tree != NULL;
}

/* --- the model with its weights --- */

/* The model that the training was about: by its name, or the script's own statements. */
static ArmcThing *find_model(ArmcSession *session, const char *name)
{
    ArmcThing *thing = armc_module_find(session->module, name);
    return thing != NULL && thing->kind == ARMC_THING_MODEL ? thing
                                                            : armc_script_own_model(session);
}

/* The same data again, if the script could open it. */
static const ArmcDataset *find_data(const ArmcSession *session, const char *fingerprint)
{
    uint64_t wanted = strtoull(fingerprint, NULL, 16);
    for (size_t i = 0; i < session->dataset_count; i++)
        if (session->datasets[i].data->fingerprint == wanted)
            return session->datasets[i].data;
    return NULL;
}

/* "10"; 0 for anything that is no number of levels or classes. */
static int read_levels(const char *text)
{
    char *end;
    long levels = strtol(text, &end, 10);
    return *end == '\0' && levels >= 2 && levels <= ARMC_MOST_LEVELS ? (int)levels : 0;
}

static bool load_net(ArmcSession *session, const Opened *o, const char *path)
{
    ArmcShape shape;
    ArmcThing *model = find_model(session, o->model);
    const int levels = read_levels(o->levels);
    const char *classes = armc_safetensors_metadata(o->file, "data.classes");
    if (model == NULL || !armc_shape_read(o->shape, &shape) || levels == 0) {
        armc_diag_add(session->diags, ARMC_E_bad_file, NULL, "`%s` does not hold the model `%s`",
                      path, o->model);
        return false;
    }
    ArmcNet *net = armc_net_bind_shape(session, model, shape, levels,
                                       classes != NULL ? read_levels(classes) : 0, NULL);
    if (net == NULL)
        return false;
    armc_params_init(net->graph, session->options.seed);
    net->report = armc_net_report(session, net, o->report);
    net->data = find_data(session, o->fingerprint);
    return armc_checkpoint_load(session, net, o->file, path);
}

/* --- the command as a statement --- */

static bool is_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    return length > 0 && !isdigit((unsigned char)text[0]);
}

static const ArmcSpec *find_spec(const ArmcCommand *command, const char *name, size_t length)
{
    for (const ArmcSpec *spec = command->args; spec->kind != ARMC_SPEC_END; spec++)
        if (strlen(spec->name) == length && memcmp(spec->name, name, length) == 0)
            return spec;
    return NULL;
}

/* A shell takes quotes away: strings get theirs back. */
static void put_value(ArmcBuf *text, const ArmcSpec *spec, const char *value)
{
    if (spec == NULL || spec->kind != ARMC_SPEC_STRING) {
        armc_buf_puts(text, value);
        return;
    }
    armc_buf_puts(text, "\"");
    for (; *value != '\0'; value++)
        armc_buf_printf(text, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
    armc_buf_puts(text, "\"");
}

/* The next argument that a word without a name stands for. */
static const ArmcSpec *next_place(const ArmcSpec **place)
{
    while ((*place)->kind == ARMC_SPEC_MODEL)
        (*place)++;
    return (*place)->kind != ARMC_SPEC_END ? (*place)++ : NULL;
}

static void put_words(ArmcBuf *text, const ArmcCommand *command, const CommandWork *work)
{
    const ArmcSpec *place = command->args;
    for (size_t i = 0; i < work->word_count; i++) {
        const char *word = work->words[i], *equals = strchr(word, '=');
        size_t length = equals != NULL ? (size_t)(equals - word) : 0;
        armc_buf_puts(text, " ");
        if (equals == NULL || !is_name(word, length)) {
            put_value(text, next_place(&place), word);
            continue;
        }
        armc_buf_append(text, word, length + 1);
        put_value(text, find_spec(command, word, length), equals + 1);
    }
}

static const char *statement(ArmcSession *session, const ArmcCommand *command, const char *model,
                             const CommandWork *work)
{
    ArmcBuf *text = armc_work_text(session);
    armc_buf_puts(text, command->name);
    if (armc_module_find(session->module, model) != NULL)
        armc_buf_printf(text, " %s", model);
    put_words(text, command, work);
    armc_buf_puts(text, "\n");
    const char *copy = armc_arena_strndup(session->run, text->data, text->length);
    return copy;
}

static bool run_statement(ArmcSession *session, const char *text)
{
    const ArmcTree *tree = armc_script_parse(session, "<command line>", text);
    session->mode = ARMC_MODE_RUN;
    session->writes = true;
    return tree != NULL && armc_module_run(session->module, tree) && armc_work_is_fine(session);
}

static bool run(ArmcSession *session, void *context)
{
    CommandWork *work = context;
    const ArmcCommand *command = find_command(work->command);
    Opened o = {0};
    if (!open_file(session, &o, work->path))
        return false;
    ArmcMode mode =
        armc_command_takes(command, ARMC_SPEC_DATA) ? ARMC_MODE_LOAD_DATA : ARMC_MODE_LOAD;
    if (!armc_script_pass(session, &o.script, mode) || !load_net(session, &o, work->path))
        return false;
    return run_statement(session, statement(session, command, o.model, work));
}

ArmcResult armc_command(ArmcSession *session, const char *command, const char *checkpoint,
                        const char *const *words, size_t count)
{
    if (!armc_command_exists(command))
        return ARMC_STATUS_USAGE;
    CommandWork work = {command, checkpoint, words, count};
    return armc_work(session, run, &work);
}
