#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/api/work.h"
#include "runtime/base/embed.h"
#include "runtime/base/file.h"
#include "runtime/data/npy.h"

enum { MOST_WORDS = 64 };

static const char *find_embedded(const char *name, size_t *length)
{
    for (const ArmcEmbedded *file = armc_model_files; file->name != NULL; file++)
        if (strcmp(file->name, name) == 0) {
            *length = file->length;
            return file->text;
        }
    return NULL;
}

static const char *find_under(ArmcSession *session, const char *name, const char **path,
                              size_t *length)
{
    *path = name;
    const char *text = armc_file_read(session->run, name, length);
    if (text != NULL || strchr(name, '/') != NULL)
        return text;
    *path = armc_arena_printf(session->run, "models/%s", name);
    text = armc_file_read(session->run, *path, length);
    if (text != NULL)
        return text;
    *path = armc_arena_printf(session->run, "<models>/%s", name);
    return find_embedded(name, length);
}

/* The ending .arm may be left out. */
static const char *find_script(ArmcSession *session, const char *name, const char **path,
                               size_t *length)
{
    const char *text = find_under(session, name, path, length);
    if (text == NULL && !armc_path_has_ending(name, ".arm"))
        text = find_under(session, armc_arena_printf(session->run, "%s.arm", name), path, length);
    return text;
}

static void no_such_script(ArmcSession *session, const char *name, int error)
{
    const char *words[MOST_WORDS];
    size_t count = 0;
    while (count < MOST_WORDS && armc_model_files[count].name != NULL) {
        words[count] = armc_model_files[count].name;
        count++;
    }
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_missing_file, NULL,
                                   "cannot open `%s`: %s", name, strerror(error));
    const char *near = armc_suggest(name, words, count);
    if (near != NULL)
        armc_diag_help(diag, "there is a built-in model `%s`", near);
    else
        armc_diag_help(diag, "a script is looked for in the working folder, in models/ and among "
                             "the built-in models");
}

static bool read_script(ArmcSession *session, const char *name)
{
    const char *path;
    size_t length = 0;
    errno = 0;
    const char *text = find_script(session, name, &path, &length);
    if (text == NULL) {
        no_such_script(session, name, errno != 0 ? errno : ENOENT);
        return false;
    }
    session->script = (ArmcText){path, text, length};
    return true;
}

static const ArmcTree *parse(ArmcSession *session, ArmcText text)
{
    ArmcSource *source = armc_source_new(session->run, text.name, text.text, text.length);
    const ArmcTree *tree = armc_parse(session->run, session->diags, source);
    return armc_diags_count(session->diags) == 0 ? tree : NULL;
}

const ArmcTree *armc_script_parse(ArmcSession *session, const char *name, const char *text)
{
    return parse(session, (ArmcText){name, text, strlen(text)});
}

static bool take_override(ArmcSession *session, const char *word, ArmcOverride *override)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL || equals == word) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_option, NULL,
                                       "`%s` does not say what an option becomes", word);
        armc_diag_help(diag, "write it as option=value");
        session->status = ARMC_USAGE;
        return false;
    }
    override->name = armc_arena_strndup(session->run, word, (size_t)(equals - word));
    override->value = armc_arena_strdup(session->run, equals + 1);
    return true;
}

static bool take_overrides(ArmcSession *session, ArmcScript *script)
{
    script->overrides = ARMC_NEW_ARRAY(session->run, ArmcOverride, script->word_count + 1);
    bool good = true;
    for (size_t i = 0; i < script->word_count; i++)
        good &= take_override(session, script->words[i], &script->overrides[i]);
    return good;
}

bool armc_shape_read(const char *text, ArmcShape *shape)
{
    *shape = (ArmcShape){0};
    for (const char *at = text; shape->rank < ARMC_DATA_MAX_RANK; at++) {
        int64_t dim = 0;
        for (; *at >= '0' && *at <= '9' && dim < (int64_t)1 << 40; at++)
            dim = dim * 10 + (*at - '0');
        if (dim < 1)
            return false;
        shape->dims[shape->rank++] = dim;
        if (*at != 'x')
            return *at == '\0' && armc_shape_size(*shape) > 0;
    }
    return false;
}

static bool take_assumed(ArmcSession *session, const ArmcAssumed *assumed)
{
    if (assumed == NULL || assumed->shape == NULL)
        return true;
    if (armc_shape_read(assumed->shape, &session->assumed_shape) && assumed->levels >= 2 &&
        assumed->levels <= ARMC_MOST_LEVELS) {
        session->assumed_levels = assumed->levels;
        session->assumed_classes = assumed->classes;
        return true;
    }
    ArmcDiag *diag =
        armc_diag_add(session->diags, ARMC_E_bad_option, NULL,
                      "an input of `%s` with %d levels can't be", assumed->shape, assumed->levels);
    armc_diag_help(diag, "for instance --input 28x28x1 --levels 10");
    session->status = ARMC_USAGE;
    return false;
}

bool armc_script_open(ArmcSession *session, ArmcScript *script)
{
    bool good = session->script.text != NULL || read_script(session, script->path);
    good &= take_overrides(session, script);
    good &= take_assumed(session, script->assumed);
    if (!good)
        return false;
    script->tree = parse(session, session->script);
    return script->tree != NULL;
}

/* --- what the elaborator asks of the session --- */

static void data_shape(const ArmcThing *data, ArmcShape *shape, int *levels)
{
    const ArmcDataset *set = data->data;
    *shape = armc_dataset_shape(set);
    *levels = set->levels;
}

static const char *find_import(const ArmcSession *session, const char *path, size_t *length)
{
    for (size_t i = 0; i < session->import_count; i++)
        if (strcmp(session->imports[i].name, path) == 0) {
            *length = session->imports[i].length;
            return session->imports[i].text;
        }
    return NULL;
}

static void keep_import(ArmcSession *session, const char *path, const char *text, size_t length)
{
    ARMC_PUSH(session->run, session->imports, session->import_count, session->import_capacity,
              ((ArmcText){armc_arena_strdup(session->run, path), text, length}));
}

/* Texts are kept: a checkpoint carries them, and a script that came out of one finds them here. */
static const char *read_import(ArmcSession *session, const char *path, size_t *length)
{
    const char *text = find_import(session, path, length);
    if (text != NULL)
        return text;
    text = armc_file_read(session->run, path, length);
    if (text != NULL)
        keep_import(session, path, text, *length);
    return text;
}

/* An array of numbers is kept as a text of them, a space before each, and its shape in a line of
 * its own. */
static const char *read_array(ArmcSession *session, const char *path, const ArmcOrigin *origin)
{
    ArmcDataCall call = {.arena = session->run, .diags = session->diags, .origin = origin};
    ArmcNpy npy;
    if (!armc_data_is_file(path)) {
        armc_diag_add(session->diags, ARMC_E_missing_numbers, origin, "there is no file \"%s\"",
                      path);
        return NULL;
    }
    if (!armc_npy_open(&call, path, &npy))
        return NULL;
    double *numbers = ARMC_NEW_ARRAY(session->run, double, npy.count + 1);
    armc_npy_doubles(&npy, numbers);
    enum { MOST = 26 }; /* characters of a number */
    const char *shape = armc_npy_shape_text(session->run, &npy);
    char *text = ARMC_NEW_ARRAY(session->run, char, npy.count *MOST + (int64_t)strlen(shape) + 2),
         *end = text;
    for (int64_t i = 0; i < npy.count; i++)
        end += snprintf(end, MOST, " %.17g", numbers[i]);
    end += sprintf(end, "\n%s", shape);
    keep_import(session, path, text, (size_t)(end - text));
    return text;
}

/* From what stands behind the numbers; checkpoints that were written before the shape was kept have
 * nothing there. Of more axes than values have the numbers are a row. */
static ArmcShape read_shape(const char *text, int64_t count)
{
    ArmcShape shape = {0};
    if (*text != '\n')
        return armc_shape_make(1, &count);
    char *end;
    for (text++; *text >= '0' && *text <= '9' && shape.rank < ARMC_MAX_RANK;
         text = end + (*end == 'x'))
        shape.dims[shape.rank++] = strtoll(text, &end, 10);
    return armc_shape_size(shape) == count ? shape : armc_shape_make(1, &count);
}

static const double *read_numbers(ArmcSession *session, const char *path, const ArmcOrigin *origin,
                                  ArmcShape *shape)
{
    size_t length;
    const char *text = find_import(session, path, &length);
    if (text == NULL)
        text = read_array(session, path, origin);
    if (text == NULL)
        return NULL;
    int64_t count = 0;
    for (const char *at = text; *at; at++)
        count += *at == ' ';
    double *numbers = ARMC_NEW_ARRAY(session->run, double, count + 1);
    char *end;
    for (int64_t i = 0; i < count; i++, text = end)
        numbers[i] = strtod(text, &end);
    *shape = read_shape(text, count);
    return numbers;
}

bool armc_command_takes(const ArmcCommand *command, ArmcSpecKind kind)
{
    for (const ArmcSpec *spec = command->args; spec->kind != ARMC_SPEC_END; spec++)
        if (spec->kind == kind)
            return true;
    return false;
}

/* Of a checkpoint's script only names and models are wanted, and data where a command will look at
 * it. */
static bool wants(ArmcSession *session, const ArmcCommand *command)
{
    switch (session->mode) {
    case ARMC_MODE_LOAD:
        return false;
    case ARMC_MODE_LOAD_DATA:
        return !armc_command_takes(command, ARMC_SPEC_MODEL);
    default:
        return true;
    }
}

ArmcHost *armc_script_host(ArmcSession *session)
{
    ArmcHost *host = ARMC_NEW(session->run, ArmcHost);
    *host = (ArmcHost){
        .session = session,
        .data_shape = data_shape,
        .read_import = read_import,
        .read_numbers = read_numbers,
        .wants = wants,
    };
    host->stdlib = armc_stdlib_read(session);
    host->stdlib_folder = session->options.stdlib;
    if (session->prompt != NULL)
        host->stage = armc_prompt_stage;
    return host;
}

bool armc_script_pass(ArmcSession *session, const ArmcScript *script, ArmcMode mode)
{
    ArmcHost *host = armc_script_host(session);
    session->mode = mode;
    session->net_count = 0;
    session->written_count = 0;
    session->module =
        armc_module_new(session->run, session->diags, host, script->overrides, script->word_count);
    armc_module_run(session->module, script->tree);
    if (!session->interrupted)
        armc_module_finish(session->module);
    return armc_work_is_fine(session);
}

ArmcThing *armc_script_own_model(ArmcSession *session)
{
    ArmcModelRef *model = armc_module_model(session->module);
    if (model == NULL)
        return NULL;
    ArmcThing *thing = ARMC_NEW(session->run, ArmcThing);
    thing->kind = ARMC_THING_MODEL;
    thing->model = model;
    return thing;
}
