/* A folder that stands in for the standard library inside the program. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/api/work.h"
#include "runtime/base/file.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ArmcEmbedded *)a)->name, ((const ArmcEmbedded *)b)->name);
}

static void unreadable(ArmcSession *session, const char *path)
{
    armc_fault_raise(&session->fault, ARMC_RESOURCE, "can't read the standard library %s: %s", path,
                     strerror(errno));
}

static ArmcEmbedded read_row(ArmcSession *session, const char *name)
{
    const char *path = armc_arena_printf(session->run, "%s/%s", session->options.stdlib, name);
    ArmcEmbedded row = {.name = armc_arena_strdup(session->run, name)};
    row.text = armc_file_read(session->run, path, &row.length);
    if (row.text == NULL)
        unreadable(session, path);
    return row;
}

static void close_folder(void *folder)
{
    closedir((DIR *)folder);
}

/* The rows as the program's own are: sorted by name, with an empty one at the end. */
static const ArmcEmbedded *read_folder(ArmcSession *session)
{
    ArmcEmbedded *rows = NULL;
    size_t count = 0, capacity = 0;
    DIR *folder = opendir(session->options.stdlib);
    if (folder == NULL)
        unreadable(session, session->options.stdlib);
    armc_arena_on_free(session->run, close_folder, folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (armc_path_has_ending(entry->d_name, ".arm"))
            ARMC_PUSH(session->run, rows, count, capacity, read_row(session, entry->d_name));
    qsort(rows, count, sizeof *rows, by_name);
    ARMC_PUSH(session->run, rows, count, capacity, (ArmcEmbedded){0});
    return rows;
}

const ArmcEmbedded *armc_stdlib_read(ArmcSession *session)
{
    if (session->stdlib == NULL && session->options.stdlib != NULL)
        session->stdlib = read_folder(session);
    return session->stdlib;
}
