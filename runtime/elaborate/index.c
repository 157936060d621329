/* `x[…]`: parts of values, arrays and lists, and of the variable on the left of `~`. */
#include <inttypes.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"

/* What an index picks along each dimension that it names. */
typedef struct Picks {
    int count;
    int64_t begin[ARMC_MAX_RANK], end[ARMC_MAX_RANK], step[ARMC_MAX_RANK];
    bool single[ARMC_MAX_RANK]; /* one entry, written as a number */
} Picks;

static bool out_of_range(ArmcFrame *frame, const ArmcTree *tree, int64_t at, int64_t size)
{
    ArmcDiag *diag =
        armc_diag_add(frame->e->diags, ARMC_E_bad_value, armc_origin(frame, tree->span),
                      "index %" PRId64 " is outside of 0..%" PRId64, at, size - 1);
    armc_diag_help(diag, "indices count from 0; negative ones from the end");
    return false;
}

static bool eval_whole(ArmcFrame *frame, const ArmcTree *tree, int64_t *out)
{
    int count;
    const int64_t *ints;
    ArmcThing *thing = armc_eval(frame, tree);
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    if (!armc_thing_to_ints(frame->e, thing, "an index", -((int64_t)1 << 53), &count, &ints,
                            origin))
        return false;
    if (thing->kind != ARMC_THING_NUMBER) {
        armc_diag_add(frame->e->diags, ARMC_E_bad_kind, origin,
                      "an index is a whole number, this is %s",
                      armc_thing_describe(frame->e, thing));
        return false;
    }
    *out = ints[0];
    return true;
}

static bool pick_single(ArmcFrame *frame, const ArmcTree *tree, int64_t size, Picks *picks)
{
    int64_t at;
    int i = picks->count;
    if (!eval_whole(frame, tree, &at))
        return false;
    if (at < -size || at >= size)
        return out_of_range(frame, tree, at, size);
    picks->begin[i] = at < 0 ? at + size : at;
    picks->end[i] = picks->begin[i] + 1;
    picks->step[i] = 1;
    picks->single[i] = true;
    picks->count++;
    return true;
}

/* A bound of a slice: negative ones count from the end, and it stays within 0..size as in Python.
 */
static bool bound(ArmcFrame *frame, const ArmcTree *tree, int64_t size, int64_t missing,
                  int64_t *out)
{
    *out = missing;
    if (!tree)
        return true;
    if (!eval_whole(frame, tree, out))
        return false;
    if (*out < 0)
        *out += size;
    *out = *out < 0 ? 0 : *out > size ? size : *out;
    return true;
}

static bool pick_slice(ArmcFrame *frame, const ArmcTree *tree, int64_t size, Picks *picks)
{
    int i = picks->count;
    picks->step[i] = 1;
    if (!bound(frame, tree->kids[0], size, 0, &picks->begin[i]) ||
        !bound(frame, tree->kids[1], size, size, &picks->end[i]))
        return false;
    if (tree->kids[2] && !eval_whole(frame, tree->kids[2], &picks->step[i]))
        return false;
    if (picks->step[i] < 1) {
        ArmcDiag *diag = armc_diag_add(
            frame->e->diags, ARMC_E_bad_value, armc_origin(frame, tree->kids[2]->span),
            "the step of a slice is at least 1, this is %" PRId64, picks->step[i]);
        armc_diag_help(diag, "`flip` turns a value round");
        return false;
    }
    if (picks->begin[i] >= picks->end[i]) {
        armc_diag_add(frame->e->diags, ARMC_E_bad_value, armc_origin(frame, tree->span),
                      "this slice is empty: %" PRId64 " up to %" PRId64 " of %" PRId64,
                      picks->begin[i], picks->end[i], size);
        return false;
    }
    picks->count++;
    return true;
}

static bool pick_all(ArmcFrame *frame, const ArmcTree *index, ArmcShape shape, Picks *picks)
{
    if (index->kid_count - 1 > shape.rank) {
        char text[96];
        armc_diag_add(frame->e->diags, ARMC_E_bad_arity, armc_origin(frame, index->span),
                      "%d indices for a shape of %d dimension%s (%s)", index->kid_count - 1,
                      shape.rank, shape.rank == 1 ? "" : "s", armc_shape_text(shape, text));
        return false;
    }
    for (int i = 1; i < index->kid_count; i++) {
        const ArmcTree *kid = index->kids[i];
        int64_t size = shape.dims[i - 1];
        if (!(kid->kind == ARMC_TREE_SLICE ? pick_slice(frame, kid, size, picks)
                                           : pick_single(frame, kid, size, picks)))
            return false;
    }
    return true;
}

/* Dimensions that the index doesn't name are taken whole. */
static void pick_rest(Picks *picks, ArmcShape shape)
{
    for (; picks->count < shape.rank; picks->count++) {
        picks->begin[picks->count] = 0;
        picks->end[picks->count] = shape.dims[picks->count];
        picks->step[picks->count] = 1;
    }
}

static ArmcThing *index_list(ArmcFrame *frame, const ArmcTree *tree, ArmcThing *list)
{
    ArmcElaborator *e = frame->e;
    Picks picks = {0};
    ArmcShape shape = {.rank = 1, .dims = {(int64_t)list->count}};
    if (!pick_all(frame, tree, shape, &picks))
        return armc_thing_none(e);
    if (picks.single[0])
        return list->items[picks.begin[0]];
    ArmcThing **items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, list->count + 1);
    size_t count = 0;
    for (int64_t i = picks.begin[0]; i < picks.end[0]; i += picks.step[0])
        items[count++] = list->items[i];
    return armc_thing_list(e, items, count, armc_origin(frame, tree->span));
}

ArmcThing *armc_value_slice(ArmcFrame *frame, ArmcThing *base, int count, const int64_t *begin,
                            const int64_t *end, const int64_t *step, const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    const int64_t *lists[] = {begin, end, step};
    ArmcThing *things[4] = {base};
    for (int k = 0; k < 3; k++) {
        ArmcThing **items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, count + 1);
        for (int i = 0; i < count; i++)
            items[i] = armc_thing_int(e, lists[k][i], origin);
        things[k + 1] = armc_thing_list(e, items, (size_t)count, origin);
    }
    return armc_call_op(frame, "slice", things, 4, origin);
}

ArmcThing *armc_eval_index(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *base = armc_eval(frame, tree->kids[0]);
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    Picks picks = {0};
    if (armc_thing_is_none(base))
        return base;
    if (base->kind == ARMC_THING_LIST)
        return index_list(frame, tree, base);
    if (base->kind != ARMC_THING_ARRAY && base->kind != ARMC_THING_VALUE) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin,
                      "only lists, arrays and values have parts, this is %s",
                      armc_thing_describe(e, base));
        return armc_thing_none(e);
    }
    if (!pick_all(frame, tree, base->shape, &picks))
        return armc_thing_none(e);
    if (base->kind == ARMC_THING_ARRAY)
        return armc_array_index(e, base, picks.count, picks.begin, picks.end, picks.step,
                                picks.single, origin);
    pick_rest(&picks, base->shape);
    return armc_value_slice(frame, base, picks.count, picks.begin, picks.end, picks.step, origin);
}

bool armc_index_entries(ArmcFrame *frame, const ArmcTree *index, ArmcShape shape,
                        const int64_t **entries, int64_t *count)
{
    Picks picks = {0};
    if (!pick_all(frame, index, shape, &picks))
        return false;
    pick_rest(&picks, shape);
    int64_t size = 1;
    for (int i = 0; i < shape.rank; i++)
        size *= (picks.end[i] - picks.begin[i] + picks.step[i] - 1) / picks.step[i];
    int64_t *out = ARMC_NEW_ARRAY(frame->e->arena, int64_t, size);
    for (int64_t at = 0; at < size; at++) {
        int64_t rest = at, stride = 1;
        for (int i = shape.rank - 1; i >= 0; i--) {
            int64_t length = (picks.end[i] - picks.begin[i] + picks.step[i] - 1) / picks.step[i];
            out[at] += (picks.begin[i] + rest % length * picks.step[i]) * stride;
            rest /= length;
            stride *= shape.dims[i];
        }
    }
    *entries = out;
    *count = size;
    return true;
}
