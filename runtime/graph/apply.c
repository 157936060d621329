/* One node on whole arrays, alone. Also: how rows nodes address their inputs, which every executor
 * shares. */
#include <string.h>

#include "runtime/graph/op.h"

ArmcAddress armc_row_address(const ArmcValue *value, int64_t sites)
{
    ArmcAddress address = {.width = armc_shape_features(value->shape)};
    int64_t own = armc_shape_sites(value->shape);
    address.example_step = value->batched ? own * address.width : 0;
    address.site_step = own == sites && sites > 1 ? address.width : 0;
    return address;
}

int64_t armc_rows_sites(const ArmcNode *node)
{
    if (node->op->rows_out == 'r')
        return armc_shape_sites(node->out[0]->shape);
    int64_t sites = 1;
    for (int i = 0; i < node->in_count; i++)
        if (node->op->rows_in[i] == 'r' && armc_shape_sites(node->in[i]->shape) > sites)
            sites = armc_shape_sites(node->in[i]->shape);
    return sites;
}

bool armc_rows_batched(const ArmcNode *node)
{
    bool batched = node->out[0]->batched;
    for (int i = 0; i < node->in_count; i++)
        batched |= node->in[i]->batched;
    return batched;
}

void armc_rows_locate(const ArmcRows *rows, int64_t r, int64_t *example, int64_t *site)
{
    *example = rows->site >= 0 ? rows->first + r : (rows->first + r) / rows->sites;
    *site = rows->site >= 0 ? rows->site : (rows->first + r) % rows->sites;
}

/* The rows of one site, for all examples. */
static void apply_site(const ArmcCall *call, ArmcRows *rows, int64_t site, bool first)
{
    const ArmcNode *node = call->node;
    rows->site = site;
    for (int i = 0; i < node->in_count; i++) {
        char kind = node->op->rows_in[i];
        ArmcAddress address = armc_row_address(node->in[i], rows->sites);
        rows->in[i] = call->in[i];
        if (kind == 's')
            rows->in[i] += site * (armc_shape_size(node->in[i]->shape) / rows->sites);
        if (kind != 'r')
            continue;
        rows->in[i] += site * address.site_step;
        rows->in_step[i] = address.example_step;
        rows->in_width[i] = address.width;
    }
    int64_t slice = armc_shape_size(node->out[0]->shape) / rows->sites;
    rows->out = call->out[0] + (node->op->rows_out == 'W' ? 0 : site * slice);
    rows->out_width = armc_shape_features(node->out[0]->shape);
    rows->out_step = rows->out_width * rows->sites;
    if (first && node->op->begin)
        node->op->begin(rows);
    node->op->rows(rows);
    if (node->op->advance)
        node->op->advance(rows);
}

/* Scratch for a scan's state: the caller's second output buffer. */
static void apply_rows(const ArmcCall *call)
{
    const ArmcNode *node = call->node;
    int64_t n = armc_rows_batched(node) ? call->batch : 1;
    ArmcRows rows = {
        .node = node, .k = call->k, .info = call->info, .n = n, .sites = armc_rows_sites(node)};
    if (node->op->rows_out != 'r')
        memset(call->out[0], 0, (size_t)armc_shape_size(node->out[0]->shape) * sizeof(ArmcReal));
    if (node->op->advance) {
        rows.state = rows.next = call->out[1];
        rows.state_step = armc_shape_features(node->out[0]->shape);
        memset(rows.state, 0,
               (size_t)(rows.n * armc_shape_features(node->out[0]->shape)) * sizeof(ArmcReal));
    }
    for (int64_t s = 0; s < rows.sites; s++) {
        int64_t rank = node->op->order < 0 ? rows.sites - 1 - s : s;
        apply_site(call, &rows, armc_order_at(node->order, rank), s == 0);
    }
}

void armc_apply(const ArmcCall *call)
{
    const ArmcOp *op = call->node->op;
    if (op->forward) {
        int64_t tasks = op->tasks ? op->tasks(call) : 1;
        for (int64_t t = 0; t < tasks; t++)
            op->forward(call, t);
    } else {
        apply_rows(call);
    }
}

int64_t armc_node_cost(const ArmcNode *node)
{
    ArmcPart all = {.end = armc_shape_features(node->out[0]->shape)};
    return node->op->cost ? node->op->cost(node, -1, &all) : 0;
}
