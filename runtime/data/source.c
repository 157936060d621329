#define _POSIX_C_SOURCE 200809L
#include "runtime/data/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/data/reader.h"

/* --- rows --------------------------------------------------------------------------------- */

static const ArmcDataSource *find_named(const char *name)
{
    for (size_t i = 0; armc_data_sources[i] != NULL; i++)
        if (armc_data_sources[i]->claims == NULL && strcmp(armc_data_sources[i]->name, name) == 0)
            return armc_data_sources[i];
    return NULL;
}

static const ArmcDataSource *find_format(ArmcArena *arena, const char *path)
{
    for (size_t i = 0; armc_data_sources[i] != NULL; i++) {
        const ArmcDataSource *source = armc_data_sources[i];
        if (source->claims != NULL && source->claims(arena, path))
            return source;
    }
    return NULL;
}

/* The names of the sources or of the formats, ended by NULL. */
static const char **names_of(ArmcArena *arena, bool formats)
{
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = 0; armc_data_sources[i] != NULL; i++)
        if ((armc_data_sources[i]->claims != NULL) == formats)
            ARMC_PUSH(arena, names, count, capacity, armc_data_sources[i]->name);
    ARMC_PUSH(arena, names, count, capacity, NULL);
    return names;
}

static const char *list_of(ArmcArena *arena, const char *const *names)
{
    const char *list = names[0] != NULL ? names[0] : "";
    for (size_t i = 1; names[0] != NULL && names[i] != NULL; i++)
        list = armc_arena_printf(arena, "%s, %s", list, names[i]);
    return list;
}

static size_t length_of(const char *const *names)
{
    size_t n = 0;
    while (names[n] != NULL)
        n++;
    return n;
}

/* --- what is not there -------------------------------------------------------------------- */

static bool unknown_name(const ArmcDataCall *call, const char *name)
{
    const char **names = names_of(call->arena, false);
    ArmcDiag *diag = armc_diag_add(call->diags, ARMC_E_unknown_data, call->origin,
                                   "there is no data set `%s`", name);
    const char *near = armc_suggest(name, names, length_of(names));
    if (near != NULL)
        armc_diag_help(diag, "did you mean `%s`?", near);
    else
        armc_diag_help(diag, "known data sets: %s; or the path of a file or folder (formats: %s)",
                       list_of(call->arena, names),
                       list_of(call->arena, names_of(call->arena, true)));
    return false;
}

static bool unknown_format(const ArmcDataCall *call, const char *path)
{
    ArmcDiag *diag =
        armc_diag_add(call->diags, ARMC_E_bad_file, call->origin, "`%s` is no %s of a known format",
                      path, armc_data_is_folder(path) ? "folder" : "file");
    armc_diag_help(diag,
                   "known formats: %s; a format is known by a file's ending, its first bytes, "
                   "or the names in a folder",
                   list_of(call->arena, names_of(call->arena, true)));
    return false;
}

static bool not_found(const ArmcDataCall *call, const char *name)
{
    if (access(name, F_OK) == 0)
        return unknown_format(call, name);
    if (strpbrk(name, "/.") == NULL)
        return unknown_name(call, name);
    return armc_data_complain(call, ARMC_E_missing_file, "`%s` can't be read: %s", name,
                              strerror(ENOENT));
}

/* --- a path ------------------------------------------------------------------------------- */

void armc_data_list_places(ArmcArena *arena, const char *name, const char *places[4])
{
    const char *root = getenv("ARMC_DATA");
    size_t n = 0;
    places[n++] = name;
    if (name[0] != '/' && name[0] != '.') {
        places[n++] = armc_arena_printf(arena, "data/%s", name);
        if (root != NULL && *root != '\0')
            places[n++] = armc_arena_printf(arena, "%s/%s", root, name);
    }
    places[n] = NULL;
}

/* Opens what stands at call->path, or a source with a name; gives the source, or NULL. */
static const ArmcDataSource *open_with(const ArmcDataSource *source, const ArmcDataCall *call,
                                       ArmcDataset *data)
{
    if (call->labels == NULL || source->takes_labels)
        return source->open(call, data) ? source : NULL;
    ArmcDiag *diag = armc_diag_add(call->diags, ARMC_E_bad_value, call->origin,
                                   "`%s` takes no labels from elsewhere", data->name);
    armc_diag_help(diag, "labels= goes with a single NPY or CSV file; in an NPZ file they are the "
                         "array y, y_train or train_labels");
    return NULL;
}

static const ArmcDataSource *open_path(const ArmcDataCall *call, ArmcDataset *data)
{
    const char *places[4];
    armc_data_list_places(call->arena, data->name, places);
    for (size_t i = 0; places[i] != NULL; i++) {
        const ArmcDataSource *format = find_format(call->arena, places[i]);
        if (format == NULL)
            continue;
        ArmcDataCall there = *call;
        there.path = places[i];
        return open_with(format, &there, data);
    }
    not_found(call, data->name);
    return NULL;
}

const ArmcDataSource *armc_data_open_source(const ArmcDataCall *call, ArmcDataset *data)
{
    const ArmcDataSource *source = find_named(data->name);
    return source != NULL ? open_with(source, call, data) : open_path(call, data);
}
