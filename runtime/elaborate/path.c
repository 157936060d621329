/* Parameters' paths: stable, readable, the keys in checkpoints. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

ArmcPath *armc_path_new(ArmcArena *arena, const char *prefix, bool shared)
{
    ArmcPath *path = ARMC_NEW(arena, ArmcPath);
    path->prefix = prefix;
    path->shared = shared;
    return path;
}

bool armc_path_is_used(const ArmcPath *path, const char *name)
{
    for (size_t i = 0; i < path->count; i++)
        if (strcmp(path->used[i], name) == 0)
            return true;
    return false;
}

static const char *join(ArmcArena *arena, const char *prefix, const char *name)
{
    return *prefix ? armc_arena_printf(arena, "%s.%s", prefix, name) : name;
}

const char *armc_path_name(ArmcArena *arena, ArmcPath *path, const char *base)
{
    if (!path)
        return NULL;
    const char *name = base;
    for (int n = 2; armc_path_is_used(path, name); n++)
        name = armc_arena_printf(arena, "%s%d", base, n);
    ARMC_PUSH(arena, path->used, path->count, path->capacity, name);
    return join(arena, path->prefix, name);
}

ArmcPath *armc_path_enter(ArmcArena *arena, ArmcPath *path, const char *base)
{
    return path ? armc_path_new(arena, armc_path_name(arena, path, base), path->shared) : NULL;
}
