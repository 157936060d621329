/* armc expand: a model's graph written as a script again, without blocks, repeats and defaults. */
#include <inttypes.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"
#include "runtime/elaborate/help.h"

typedef struct Expand {
    const ArmcGraph *graph;
    ArmcBuf *out;
    const char *prefix; /* of the names made here */
    bool *wanted;       /* by node id: something needs it */
} Expand;

/* Only what leads to a likelihood is written. Inputs stand before the nodes that use them: one pass
 * from the end will do. */
static void find_wanted(Expand *x)
{
    const ArmcGraph *graph = x->graph;
    for (size_t i = 0; i < graph->likelihood_count; i++)
        x->wanted[graph->likelihoods[i]->params->node->id] = true;
    for (size_t n = graph->node_count; n-- > 0;)
        for (int i = 0; x->wanted[n] && i < graph->nodes[n]->in_count; i++)
            x->wanted[graph->nodes[n]->in[i]->node->id] = true;
}

static void print_name(const Expand *x, const ArmcValue *value)
{
    if (strcmp(value->node->op->name, "input") == 0)
        armc_buf_puts(x->out, ((const ArmcInput *)value->node->leaf)->name);
    else
        armc_buf_printf(x->out, "%s%d", x->prefix, value->id);
}

static void print_dims(const Expand *x, ArmcShape shape)
{
    armc_buf_puts(x->out, "[");
    for (int i = 0; i < shape.rank; i++)
        armc_buf_printf(x->out, "%s%" PRId64, i ? ", " : "", shape.dims[i]);
    armc_buf_puts(x->out, "]");
}

/* --- arrays --- */

/* A mask as the lengths of its runs of 0 and 1. */
static void print_runs(const Expand *x, ArmcShape shape, const uint8_t *mask)
{
    int64_t size = armc_shape_size(shape), run = 0;
    uint8_t now = 0;
    armc_buf_puts(x->out, "runs(");
    print_dims(x, shape);
    armc_buf_puts(x->out, ", [");
    for (int64_t i = 0; i < size; i++) {
        if (mask[i] != now) {
            armc_buf_printf(x->out, "%" PRId64 ", ", run);
            now = mask[i];
            run = 0;
        }
        run++;
    }
    armc_buf_printf(x->out, "%" PRId64 "])", run);
}

static bool is_binary(const ArmcReal *data, int64_t size)
{
    for (int64_t i = 0; i < size; i++)
        if (data[i] < 0 || (data[i] > 0 && data[i] < 1) || data[i] > 1)
            return false;
    return true;
}

/* As many digits as bring the same number back. */
static void print_number(const Expand *x, double number)
{
    armc_buf_printf(x->out, "%.*g", ARMC_REAL_IS_DOUBLE ? 17 : 9, number);
}

static void print_rows(const Expand *x, ArmcShape shape, int dim, const ArmcReal *data)
{
    if (dim == shape.rank) {
        print_number(x, (double)data[0]);
        return;
    }
    int64_t step = 1;
    for (int i = dim + 1; i < shape.rank; i++)
        step *= shape.dims[i];
    armc_buf_puts(x->out, "[");
    for (int64_t i = 0; i < shape.dims[dim]; i++) {
        armc_buf_puts(x->out, i ? ", " : "");
        print_rows(x, shape, dim + 1, data + i * step);
    }
    armc_buf_puts(x->out, "]");
}

static void print_constant(const Expand *x, const ArmcValue *value)
{
    const ArmcReal *data = value->node->leaf;
    int64_t size = armc_shape_size(value->shape);
    if (size > 1 && is_binary(data, size))
        print_runs(x, value->shape, value->mask);
    else
        print_rows(x, value->shape, 0, data);
}

/* --- statements --- */

static void print_param(const Expand *x, const ArmcParam *param)
{
    static const char *const inits[] = {
        [ARMC_INIT_ZERO] = "zero", [ARMC_INIT_ONE] = "one",       [ARMC_INIT_LECUN] = "lecun",
        [ARMC_INIT_HE] = "he",     [ARMC_INIT_GLOROT] = "glorot", [ARMC_INIT_NORMAL] = "normal",
    };
    armc_buf_puts(x->out, "    param ");
    print_name(x, param->value);
    armc_buf_puts(x->out, " ");
    print_dims(x, param->shape);
    armc_buf_printf(x->out, " init=%s scale=%.17g decay=%s", inits[param->init], param->scale,
                    param->decay ? "true" : "false");
    if (param->value->mask) {
        armc_buf_puts(x->out, " mask=");
        print_runs(x, param->shape, param->value->mask);
    }
    armc_buf_printf(x->out, " path=\"%s\"\n", param->path);
}

static void print_attr(const Expand *x, const ArmcSpec *spec, const ArmcAttr *attr)
{
    bool is_left_out = !attr->given && spec->preset && !*spec->preset;
    if (is_left_out)
        return;
    armc_buf_printf(x->out, ", %s=", spec->name);
    if (spec->kind == ARMC_SPEC_INT)
        armc_buf_printf(x->out, "%" PRId64, attr->i);
    else if (spec->kind == ARMC_SPEC_REAL)
        armc_buf_printf(x->out, "%.17g", attr->r);
    else if (spec->kind == ARMC_SPEC_BOOL)
        armc_buf_puts(x->out, attr->i ? "true" : "false");
    else if (spec->kind == ARMC_SPEC_INTS && (attr->count > 0 || !spec->symbols)) {
        armc_buf_puts(x->out, "[");
        for (int i = 0; i < attr->count; i++)
            armc_buf_printf(x->out, "%s%" PRId64, i ? ", " : "", attr->ints[i]);
        armc_buf_puts(x->out, "]");
    } else
        armc_buf_puts(x->out, attr->text);
}

static void print_call(const Expand *x, const ArmcNode *node)
{
    armc_buf_puts(x->out, "    ");
    print_name(x, node->out[0]);
    armc_buf_printf(x->out, " = %s(", node->op->name);
    for (int i = 0; i < node->in_count; i++) {
        armc_buf_puts(x->out, i ? ", " : "");
        print_name(x, node->in[i]);
    }
    const ArmcSpec *spec = node->op->attrs;
    for (int i = 0; spec && spec[i].kind != ARMC_SPEC_END; i++)
        print_attr(x, &spec[i], &node->attr[i]);
    armc_buf_puts(x->out, ")\n");
}

static void print_node(const Expand *x, const ArmcNode *node)
{
    const char *op = node->op->name;
    if (strcmp(op, "input") == 0 || strcmp(op, "masked") == 0) /* the parameter has its mask */
        return;
    if (strcmp(op, "parameter") == 0) {
        print_param(x, node->leaf);
    } else if (strcmp(op, "constant") == 0) {
        armc_buf_puts(x->out, "    ");
        print_name(x, node->out[0]);
        armc_buf_puts(x->out, " = ");
        print_constant(x, node->out[0]);
        armc_buf_puts(x->out, "\n");
    } else {
        print_call(x, node);
    }
}

/* --- likelihoods --- */

/* The coordinate of an entry along a dimension. */
static int64_t coordinate(ArmcShape shape, int dim, int64_t entry)
{
    for (int i = shape.rank - 1; i > dim; i--)
        entry /= shape.dims[i];
    return entry % shape.dims[dim];
}

/* Entries come from slices, so along each dimension they are begin, begin + step, …, last. */
static void print_part(const Expand *x, ArmcShape shape, const ArmcLikelihood *likelihood)
{
    armc_buf_puts(x->out, "[");
    for (int d = 0; d < shape.rank; d++) {
        int64_t first = coordinate(shape, d, likelihood->entries[0]), step = 0, last = first;
        for (int64_t i = 0; i < likelihood->count; i++) {
            int64_t at = coordinate(shape, d, likelihood->entries[i]);
            last = at > last ? at : last;
            step = step == 0 && at > first ? at - first : step;
        }
        armc_buf_printf(x->out, "%s%" PRId64 ":%" PRId64 ":%" PRId64, d ? ", " : "", first,
                        last + 1, step ? step : 1);
    }
    armc_buf_puts(x->out, "]");
}

static void print_likelihood(const Expand *x, const ArmcLikelihood *likelihood)
{
    const ArmcInput *input = x->graph->inputs[0];
    armc_buf_puts(x->out, "    ");
    print_name(x, likelihood->params);
    armc_buf_printf(x->out, "\n    %s", input->name);
    if (likelihood->entries)
        print_part(x, input->shape, likelihood);
    armc_buf_printf(x->out, " ~ %s\n", likelihood->dist->name);
}

/* As it is visited: whatever it was made from, a list says it. */
static void print_order(const Expand *x, const ArmcOrder *order)
{
    armc_buf_puts(x->out, order ? "[" : "raster");
    for (int64_t r = 0; order && r < order->count; r++)
        armc_buf_printf(x->out, "%s%" PRId64, r ? ", " : "", order->at[r]);
    armc_buf_puts(x->out, order ? "]\n" : "\n");
}

/* A prefix that no name in the script can begin with by chance: the variable's is the only one
 * besides. */
static const char *choose_prefix(const char *variable)
{
    return variable[0] == 'v' ? "w" : "v";
}

void armc_model_expand(const ArmcModelRef *model, const ArmcGraph *graph, ArmcBuf *out)
{
    const ArmcInput *input = graph->inputs[0];
    Expand x = {.graph = graph, .out = out, .prefix = choose_prefix(input->name)};
    x.wanted = ARMC_NEW_ARRAY(graph->arena, bool, graph->node_count + 1);
    char size[96];
    find_wanted(&x);
    if (graph->member_count > 1)
        armc_buf_printf(out, "# The first of %d members.\n", graph->member_count);
    armc_buf_printf(out, "model %s {\n    input %s %s levels=%d order=", model->name, input->name,
                    armc_shape_text(input->shape, size), input->levels);
    print_order(&x, input->order);
    for (size_t i = 1; i < graph->input_count; i++)
        armc_buf_printf(out, "    given %s classes=%d\n", graph->inputs[i]->name,
                        graph->inputs[i]->levels);
    if (graph->may_leak)
        armc_buf_puts(out, "    unproved\n");
    for (size_t n = 0; n < graph->node_count; n++)
        if (x.wanted[n])
            print_node(&x, graph->nodes[n]);
    for (size_t i = 0; i < graph->likelihood_count; i++)
        print_likelihood(&x, graph->likelihoods[i]);
    armc_buf_puts(out, "}\n");
}
