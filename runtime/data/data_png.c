/* A folder of pictures, sorted by name; or its folders train, valid and test. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/parts.h"
#include "runtime/data/png_read.h"

/* --- folders ------------------------------------------------------------------------------ */

static bool is_png(const char *name)
{
    return name[0] != '.' &&
           (armc_data_has_ending(name, ".png") || armc_data_has_ending(name, ".PNG"));
}

static bool has_png(const char *folder)
{
    bool found = false;
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(listing)) != NULL;)
        found = is_png(entry->d_name);
    closedir(listing);
    return found;
}

static bool claims(ArmcArena *arena, const char *path)
{
    return has_png(path) || has_png(armc_arena_printf(arena, "%s/train", path));
}

static void close_listing(void *context)
{
    DIR **listing = context;
    if (*listing != NULL)
        closedir(*listing);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The paths of the pictures of a folder, sorted. */
static const char **list_pictures(ArmcArena *arena, const char *folder, size_t *count)
{
    const char **paths = NULL;
    size_t capacity = 0;
    DIR **listing = ARMC_NEW(arena, DIR *);
    armc_arena_on_free(arena, close_listing, listing); /* the arena may run out in between */
    *count = 0;
    *listing = opendir(folder);
    for (struct dirent *entry; *listing != NULL && (entry = readdir(*listing)) != NULL;)
        if (is_png(entry->d_name))
            ARMC_PUSH(arena, paths, *count, capacity,
                      armc_arena_printf(arena, "%s/%s", folder, entry->d_name));
    close_listing(listing);
    *listing = NULL;
    if (*count > 0)
        qsort(paths, *count, sizeof *paths, by_name);
    return paths;
}

/* --- pictures ----------------------------------------------------------------------------- */

/* The pictures of a folder while they are read. Each is mapped into an arena of its own: there may
 * be more of them than a process can map at once. */
typedef struct Reader {
    const ArmcDataCall *call;
    ArmcArena **scratch;
    const char **paths;
    size_t count;
    ArmcPng first; /* the others must be like it */
    uint8_t *values;
} Reader;

static void free_scratch(void *context)
{
    ArmcArena **scratch = context;
    armc_arena_free(*scratch);
    *scratch = NULL;
}

static bool check_like_first(const Reader *r, const ArmcPng *picture)
{
    const ArmcPng *first = &r->first;
    if (picture->height == first->height && picture->width == first->width &&
        picture->channels == first->channels)
        return true;
    return armc_data_complain(r->call, ARMC_E_bad_file,
                              "`%s` is %" PRId64 "x%" PRId64 "x%d, but `%s` is %" PRId64 "x%" PRId64
                              "x%d; pictures of a data set have one size",
                              picture->path, picture->height, picture->width, picture->channels,
                              first->path, first->height, first->width, first->channels);
}

/* Room for all pictures, once the first one's size is known. */
static bool make_room(Reader *r, const ArmcPng *first)
{
    const int64_t size = first->height * first->width * first->channels;
    int64_t all;
    if (__builtin_mul_overflow(size, (int64_t)r->count, &all))
        return armc_data_complain(r->call, ARMC_E_bad_file,
                                  "%zu pictures as large as `%s` are too many", r->count,
                                  first->path);
    r->first = *first;
    r->values = ARMC_NEW_ARRAY(r->call->arena, uint8_t, all);
    return true;
}

static bool read_picture(Reader *r, size_t i)
{
    ArmcPng picture;
    *r->scratch = armc_arena_new(armc_arena_fault(r->call->arena));
    bool ok = armc_png_open(r->call, *r->scratch, r->paths[i], &picture) &&
              (i > 0 || make_room(r, &picture)) && check_like_first(r, &picture);
    int64_t size = r->first.height * r->first.width * r->first.channels;
    ok = ok && armc_png_decode(r->call, *r->scratch, &picture, r->values + (int64_t)i * size);
    free_scratch(r->scratch);
    return ok;
}

static bool read_folder(const ArmcDataCall *call, const char *folder, ArmcDataPart *out)
{
    Reader r = {.call = call, .scratch = ARMC_NEW(call->arena, ArmcArena *)};
    armc_arena_on_free(call->arena, free_scratch, r.scratch); /* where a fault jumps away */
    r.paths = list_pictures(call->arena, folder, &r.count);
    for (size_t i = 0; i < r.count; i++)
        if (!read_picture(&r, i))
            return false;
    *out = (ArmcDataPart){
        .name = folder,
        .rank = 3,
        .dims = {r.first.height, r.first.width, r.first.channels},
        .count = (int64_t)r.count,
        .values = r.values,
        .levels = ARMC_DATA_MAX_LEVELS,
    };
    return true;
}

static bool open_png(const ArmcDataCall *call, ArmcDataset *out)
{
    static const char *const names[ARMC_SPLITS] = {"train", "valid", "test"};
    ArmcDataPart parts[ARMC_SPLITS] = {0};
    bool one = has_png(call->path);
    for (ArmcSplit split = 0; split < (one ? 1 : ARMC_SPLITS); split++) {
        const char *folder =
            one ? call->path : armc_arena_printf(call->arena, "%s/%s", call->path, names[split]);
        if ((one || has_png(folder)) && !read_folder(call, folder, &parts[split]))
            return false;
    }
    return armc_data_take_parts(call, parts, out);
}

ARMC_DATA(png) = {
    .name = "png",
    .doc = "a folder of PNG pictures of one size, 8-bit grey or RGB, sorted by name; or with such "
           "folders train, valid, test in it",
    .claims = claims,
    .open = open_png,
};
