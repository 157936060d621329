/* Rows moved along by their index: what lies on a diagonal of a picture becomes a column. */
#include <inttypes.h>

#include "runtime/graph/reads.h"
#include "runtime/ops/family.h"

static bool is_picture(ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    char text[96];
    if (node->in[0]->shape.rank == 3)
        return true;
    armc_infer_error(infer,
                     "`%s` moves the rows of a value of height x width x features, not of %s",
                     node->op->name, armc_shape_text(node->in[0]->shape, text));
    return false;
}

/* Entry (y,x) of the result is (y, x + by y) of the input; zeros come in. */
static void map_rows(ArmcInfer *infer, int64_t width, int64_t by)
{
    ArmcNode *node = infer->node;
    ArmcShape from = node->in[0]->shape, to = from;
    to.dims[1] = width;
    node->out[0]->shape = to;
    if (armc_shape_size(to) < 0)
        return; /* reported as too large */
    int64_t *map = armc_move_map(infer), features = from.dims[2];
    for (int64_t o = 0; o < armc_shape_size(to); o++) {
        int64_t y = o / features / width, x = o / features % width + by * y;
        bool inside = x >= 0 && x < from.dims[1];
        map[o] = inside ? (y * from.dims[1] + x) * features + o % features : -1;
    }
}

static bool skew_shape(ArmcInfer *infer)
{
    if (!is_picture(infer))
        return false;
    ArmcShape from = infer->node->in[0]->shape;
    map_rows(infer, from.dims[1] + from.dims[0] - 1, -1);
    return true;
}

static bool unskew_shape(ArmcInfer *infer)
{
    if (!is_picture(infer))
        return false;
    ArmcShape from = infer->node->in[0]->shape;
    if (from.dims[1] < from.dims[0]) {
        armc_infer_error(infer,
                         "`unskew` undoes `skew`: %" PRId64
                         " rows need a width of at least %" PRId64 ", this one has %" PRId64,
                         from.dims[0], from.dims[0], from.dims[1]);
        return false;
    }
    map_rows(infer, from.dims[1] - from.dims[0] + 1, 1);
    return true;
}

ARMC_OP(skew) = {
    ARMC_MOVE_FIELDS(skew, 0),
    .doc = "Row y of a picture moved to the right by y, in a picture that is wider by its height "
           "less 1: diagonals become columns. Zeros come in.",
    .sig = "x -> ?",
    .probe = "x=3x2x2; x=1x4x1; x=4x1x3",
};

ARMC_OP(unskew) = {
    ARMC_MOVE_FIELDS(unskew, 0),
    .doc = "Undoes skew: row y moved to the left by y, and the width that skew has added left out.",
    .sig = "x -> ?",
    .probe = "x=3x4x2; x=1x4x1; x=4x4x3",
};
