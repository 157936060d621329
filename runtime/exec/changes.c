#include "runtime/exec/changes.h"

#include <string.h>

void armc_changes_all(ArmcChanges *changes, int64_t n)
{
    changes->count = 1;
    changes->runs[0] = (ArmcStretch){0, (int)n};
}

static bool is_zero(const ArmcReal *x, int64_t width)
{
    for (int64_t f = 0; f < width; f++)
        if (!(x[f] >= 0 && x[f] <= 0)) /* NaN is not zero */
            return false;
    return true;
}

void armc_changes_nonzero(ArmcChanges *changes, const ArmcRows *rows)
{
    bool goes_on = false;
    changes->count = 0;
    for (int64_t r = 0; r < rows->n; r++) {
        bool changed = !is_zero(rows->in[0] + r * rows->in_step[0], rows->in_width[0]);
        if (changed && goes_on)
            changes->runs[changes->count - 1].n++;
        else if (changed)
            changes->runs[changes->count++] = (ArmcStretch){(int)r, 1};
        goes_on = changed;
    }
}

void armc_changes_copy(ArmcChanges *to, const ArmcChanges *from)
{
    to->count = from->count;
    memcpy(to->runs, from->runs, (size_t)from->count * sizeof *from->runs);
}

/* On to the row that is `by` rows further. */
static void go_on(ArmcRows *rows, int by)
{
    rows->first += by;
    rows->out += by * rows->out_step;
    for (int i = 0; i < rows->node->in_count; i++)
        rows->in[i] += by * rows->in_step[i];
    if (rows->state) {
        rows->state += by * rows->state_step;
        rows->next += by * rows->state_step;
    }
}

static void run_all(const ArmcWork *works, int count, int by, int n)
{
    for (int w = 0; w < count; w++) {
        go_on(works[w].rows, by);
        works[w].rows->n = n;
        works[w].run(works[w].rows);
    }
}

void armc_changes_run(const ArmcChanges *changes, const ArmcWork *works, int count, int rows)
{
    int at = 0;
    for (int i = 0; i < changes->count; i++) {
        const ArmcStretch *run = &changes->runs[i];
        int end = run->begin + run->n;
        for (int begin = run->begin, n; begin < end; begin += n) {
            n = end - begin < rows ? end - begin : rows;
            run_all(works, count, begin - at, n);
            at = begin;
        }
    }
}
