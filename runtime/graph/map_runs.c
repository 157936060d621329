#include "runtime/graph/graph.h"

enum { LEAST_MEAN = 4 }; /* entries of a run, for runs to be worth a call each */

static int64_t run_length(const int64_t *map, int64_t left, int64_t border)
{
    int64_t length = 1;
    while (length < left &&
           (map[0] < 0 ? map[length] < 0 : map[length] == map[0] + length && map[length] != border))
        length++;
    return length;
}

const ArmcMapRun *armc_map_runs(ArmcArena *arena, const int64_t *map, int64_t size, int64_t border)
{
    ArmcMapRun *runs = NULL;
    size_t count = 0, capacity = 0;
    for (int64_t o = 0, length; o < size; o += length) {
        length = run_length(map + o, size - o, border);
        if ((int64_t)count * LEAST_MEAN > size)
            return NULL;
        ARMC_PUSH(arena, runs, count, capacity,
                  ((ArmcMapRun){o, map[o] < 0 ? -1 : map[o], length}));
    }
    if (size < (int64_t)count * LEAST_MEAN)
        return NULL;
    ARMC_PUSH(arena, runs, count, capacity, ((ArmcMapRun){0}));
    return runs;
}
