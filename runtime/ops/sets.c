#include "runtime/ops/sets.h"

const int64_t *armc_sets_of(const ArmcNode *node)
{
    return node->attr[0].count > 0 ? node->attr[0].ints : NULL;
}

ArmcSet armc_set_from(const int64_t *of, int64_t f, int64_t n)
{
    ArmcSet set = {of, f, f, 0, true};
    for (int64_t i = f; i < n; i++)
        if (!of || of[i] == of[f]) {
            set.end = i + 1;
            set.count++;
        }
    set.whole = set.count == set.end - set.begin;
    return set;
}

bool armc_set_next(const ArmcNode *node, int64_t n, ArmcSet *set, int64_t *f)
{
    const int64_t *of = armc_sets_of(node);
    if (!of && *f > 0)
        return false;
    for (; *f < n; ++*f) {
        bool is_known = false;
        for (int64_t i = *f - 1; of && !is_known && i >= 0; i--)
            is_known = of[i] == of[*f];
        if (is_known)
            continue;
        *set = armc_set_from(of, *f, n);
        ++*f;
        return true;
    }
    return false;
}

bool armc_set_next_run(const ArmcSet *set, int64_t *begin, int64_t *end)
{
    *begin = *end > set->begin ? *end : set->begin;
    while (!set->whole && *begin < set->end && set->of[*begin] != set->of[set->begin])
        ++*begin;
    *end = set->whole ? set->end : *begin;
    while (!set->whole && *end < set->end && set->of[*end] == set->of[set->begin])
        ++*end;
    return *begin < *end && *begin < set->end;
}
