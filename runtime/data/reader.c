#define _POSIX_C_SOURCE 200809L
#include "runtime/data/reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/file.h"

bool armc_data_complain(const ArmcDataCall *call, ArmcDiagCode code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = armc_arena_vprintf(call->arena, format, args);
    va_end(args);
    armc_diag_add(call->diags, code, call->origin, "%s", message);
    return false;
}

const uint8_t *armc_data_map(const ArmcDataCall *call, const char *path, size_t *length)
{
    const uint8_t *bytes = armc_file_map(call->arena, path, length);
    if (bytes == NULL && errno == 0)
        armc_data_complain(call, ARMC_E_bad_file, "the gzip data of `%s` are damaged or cut off",
                           path);
    else if (bytes == NULL)
        armc_data_complain(call, ARMC_E_missing_file, "`%s` can't be read: %s", path,
                           strerror(errno));
    return bytes;
}

bool armc_data_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool armc_data_is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool armc_data_has_ending(const char *path, const char *ending)
{
    size_t length = strlen(path), n = strlen(ending);
    return length > n && strcmp(path + length - n, ending) == 0;
}

bool armc_data_begins_with(const char *path, const void *bytes, size_t n)
{
    unsigned char begin[16];
    ARMC_ASSERT(n <= sizeof begin);
    FILE *file = armc_data_is_file(path) ? fopen(path, "rb") : NULL;
    if (file == NULL)
        return false;
    size_t got = fread(begin, 1, n, file);
    fclose(file);
    return got == n && memcmp(begin, bytes, n) == 0;
}

const char *armc_data_split_file(ArmcArena *arena, const char *path, ArmcSplit split,
                                 const char *const *endings)
{
    static const char *const names[ARMC_SPLITS] = {"train", "valid", "test"};
    const char *const joints = armc_data_is_folder(path) ? "./" : ".";
    for (; *endings != NULL; endings++) {
        for (const char *joint = joints; *joint != '\0'; joint++) {
            const char *file =
                armc_arena_printf(arena, "%s%c%s%s", path, *joint, names[split], *endings);
            if (armc_data_is_file(file))
                return file;
        }
    }
    return NULL;
}
