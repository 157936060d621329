/* The recurrent scan with gated recurrent units (Cho et al., 2014; the reset gate behind the
 * product, as in cuDNN). Letters: s sites, t taps, h units, k features, g = 3 h gates in the order
 * r, z, n. */
#include "runtime/ops/recurrent.h"

enum { GATES = 3, KEPT = 4, NONE = -1 };

static void gru_step(const ArmcKernels *k, const ArmcCells *cells)
{
    k->gru(cells);
}

static void gru_step_back(const ArmcKernels *k, const ArmcCellsBack *cells)
{
    k->gru_back(cells);
}

static const ArmcCellKind gru = {GATES, KEPT, NONE, false, gru_step, gru_step_back};

static bool gru_shape(ArmcInfer *infer)
{
    return armc_scan_shape(infer, &gru);
}

static void gru_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    armc_scan_reads(node, &gru, site, group, read, context);
}

static int64_t gru_tasks(const ArmcCall *call)
{
    ArmcScan scan = armc_scan_of_node(call->node, &gru);
    return armc_scan_tasks(&scan, call);
}

static void gru_forward(const ArmcCall *call, int64_t task)
{
    armc_scan_forward(call, &gru, task);
}

static int64_t gru_scratch(const ArmcNode *node)
{
    return armc_scan_scratch(node, &gru);
}

static const void *gru_prepare(const ArmcPrepare *prepare)
{
    return armc_scan_prepare(prepare, &gru);
}

static void gru_at(const ArmcAt *at)
{
    armc_scan_at(at, &gru);
}

static int64_t gru_cost(const ArmcNode *node, int64_t site, const ArmcPart *part)
{
    return armc_scan_cost(node, &gru, site, part);
}

static void gru_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    static const char *const back[] = {"gru_scan_back", "gru_layer_back"};
    armc_scan_vjp(grad, node, dy, &gru, back);
}

#define GRU_FIELDS                                                                                 \
    .attrs = armc_scan_attrs, .shape = gru_shape, .groups = armc_scan_groups, .reads = gru_reads,  \
    .order = +1, .kept = "gates", .vjp = gru_vjp, .at = gru_at, .prepare = gru_prepare,            \
    .scratch = gru_scratch, .tasks = gru_tasks, .forward = gru_forward, .cost = gru_cost

ARMC_OP(gru_scan) = {
    .name = "gru_scan",
    .doc =
        "GRU cells along one dimension of the sites: at each step p, the results of the step "
        "before times weight, plus offset; r and z = sigmoid(gates + p), n = tanh(gates + r p); "
        "the result is (1 - z) n + z times the one before. Features hold the three gates in "
        "the order r, z, n. With taps the product is a convolution along the other dimension. "
        "Starts from zeros, or from `start`: a row of h for each site of the other dimension (else "
        "one).",
    .sig = "gates[*s,g] weight[t,h,g] offset[g] start?[p,d] -> [*s,h]",
    .probe = "gates=3x3 weight=1x1x3 offset=3; gates=4x9 weight=1x3x9 offset=9 | reverse=true; "
             "gates=2x3x6 weight=3x2x6 offset=6 | taps=[-1,0,1]; "
             "gates=3x2x6 weight=2x2x6 offset=6 | axis=1 taps=[0,-1]; "
             "gates=2x51 weight=1x17x51 offset=51; "
             "gates=3x6 weight=1x2x6 offset=6 start=1x2; "
             "gates=2x3x3 weight=3x1x3 offset=3 start*=3x1 | taps=[-1,0,1]; "
             "gates=3x2x6 weight=2x2x6 offset=6 start=3x2 | axis=1 taps=[0,-1] reverse=true; "
             "gates=3x2x6 weight=2x2x6 offset=6 start=3x2 | axis=1 taps=[0,-1] skew=1",
    .rows_in = "rwwr",
    GRU_FIELDS,
};

ARMC_OP(gru_layer) = {
    .name = "gru_layer",
    .doc =
        "gru_scan(matmul(x, reading), weight, offset), in one pass: nothing as wide as the gates "
        "is stored for each site.",
    .sig = "x[*s,k] reading[k,g] weight[t,h,g] offset[g] start?[p,d] -> [*s,h]",
    .probe = "x=4x2 reading=2x6 weight=1x2x6 offset=6; "
             "x=2x3x1 reading=1x6 weight=2x2x6 offset=6 | taps=[0,-1]; "
             "x=2x3x2 reading=2x3 weight=2x1x3 offset=3 | axis=1 taps=[1,0] reverse=true; "
             "x=2x18 reading=18x54 weight=1x18x54 offset=54; "
             "x=3x2 reading=2x6 weight=1x2x6 offset=6 start=1x2; "
             "x=2x3x2 reading=2x3 weight=2x1x3 offset=3 start*=2x1 | axis=1 taps=[1,0]",
    .rows_in = "rwwwr",
    GRU_FIELDS,
};

static bool gru_scan_back_shape(ArmcInfer *infer)
{
    return armc_scan_back_shape(infer, &gru, false);
}

static void gru_scan_back_forward(const ArmcCall *call, int64_t task)
{
    (void)task;
    armc_scan_back(call, &gru, false);
}

static bool gru_layer_back_shape(ArmcInfer *infer)
{
    return armc_scan_back_shape(infer, &gru, true);
}

static void gru_layer_back_forward(const ArmcCall *call, int64_t task)
{
    (void)task;
    armc_scan_back(call, &gru, true);
}

ARMC_OP(gru_scan_back) = {
    .name = "gru_scan_back",
    .doc = "Gradients of gru_scan.",
    .flags = ARMC_OP_INTERNAL,
    .attrs = armc_scan_attrs,
    .state = "room",
    .kept = "weights",
    .shape = gru_scan_back_shape,
    .forward = gru_scan_back_forward,
    .sig = "dy[*s,h] y[*s,h] c[*s,h] kept[*s,j] turned[j,k] start?[p,d] -> ?",
};

ARMC_OP(gru_layer_back) = {
    .name = "gru_layer_back",
    .doc = "Gradients of gru_layer.",
    .flags = ARMC_OP_INTERNAL,
    .attrs = armc_scan_attrs,
    .state = "room",
    .kept = "weights",
    .shape = gru_layer_back_shape,
    .forward = gru_layer_back_forward,
    .sig = "dy[*s,h] y[*s,h] c[*s,h] kept[*s,j] turned[j,k] x[*s,n] start?[p,d] -> ?",
};
