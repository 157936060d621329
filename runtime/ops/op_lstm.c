/* The recurrent scan with LSTM cells (Hochreiter and Schmidhuber, 1997). Letters: s sites, t taps,
 * h units, k features, g = 4 h gates in the order i, f, g, o. */
#include "runtime/ops/recurrent.h"

enum { GATES = 4, FORGET = 1 };

static void lstm_step(const ArmcKernels *k, const ArmcCells *cells)
{
    k->lstm(cells);
}

static void lstm_step_back(const ArmcKernels *k, const ArmcCellsBack *cells)
{
    k->lstm_back(cells);
}

/* Where nothing stands before the first step there is nothing to forget. */
static const ArmcCellKind lstm = {GATES, GATES, FORGET, true, lstm_step, lstm_step_back};

static bool lstm_shape(ArmcInfer *infer)
{
    return armc_scan_shape(infer, &lstm);
}

static void lstm_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    armc_scan_reads(node, &lstm, site, group, read, context);
}

static int64_t lstm_tasks(const ArmcCall *call)
{
    ArmcScan scan = armc_scan_of_node(call->node, &lstm);
    return armc_scan_tasks(&scan, call);
}

static void lstm_forward(const ArmcCall *call, int64_t task)
{
    armc_scan_forward(call, &lstm, task);
}

static int64_t lstm_scratch(const ArmcNode *node)
{
    return armc_scan_scratch(node, &lstm);
}

static const void *lstm_prepare(const ArmcPrepare *prepare)
{
    return armc_scan_prepare(prepare, &lstm);
}

static void lstm_at(const ArmcAt *at)
{
    armc_scan_at(at, &lstm);
}

static int64_t lstm_cost(const ArmcNode *node, int64_t site, const ArmcPart *part)
{
    return armc_scan_cost(node, &lstm, site, part);
}

static void lstm_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    static const char *const back[] = {"lstm_scan_back", "lstm_layer_back"};
    armc_scan_vjp(grad, node, dy, &lstm, back);
}

#define LSTM_FIELDS                                                                                \
    .attrs = armc_scan_attrs, .shape = lstm_shape, .groups = armc_scan_groups,                     \
    .reads = lstm_reads, .order = +1, .state = "c", .kept = "gates", .vjp = lstm_vjp,              \
    .at = lstm_at, .prepare = lstm_prepare, .scratch = lstm_scratch, .tasks = lstm_tasks,          \
    .forward = lstm_forward, .cost = lstm_cost

ARMC_OP(lstm_scan) = {
    .name = "lstm_scan",
    .doc =
        "LSTM cells along one dimension of the sites: at each step i, f, o = sigmoid and g = "
        "tanh of gates + offset + the results of the step before times weight; c = f c + i g; "
        "the result is o tanh(c). Features hold the four gates in the order i, f, g, o. With "
        "taps the product is a convolution along the other dimension. Starts from zeros, or from "
        "`start`: a row for each site of the other dimension (else one), h results and h states c.",
    .sig = "gates[*s,g] weight[t,h,g] offset[g] start?[p,d] -> [*s,h]",
    .probe = "gates=3x4 weight=1x1x4 offset=4; gates=4x12 weight=1x3x12 offset=12 | reverse=true; "
             "gates=2x3x8 weight=3x2x8 offset=8 | taps=[-1,0,1]; "
             "gates=3x2x8 weight=2x2x8 offset=8 | axis=1 taps=[0,-1]; "
             "gates=3x2x4 weight=2x1x4 offset=4 | taps=[-1,0]; "
             "gates=2x68 weight=1x17x68 offset=68; "
             "gates=3x8 weight=1x2x8 offset=8 start=1x4; "
             "gates=2x3x4 weight=3x1x4 offset=4 start*=3x2 | taps=[-1,0,1]; "
             "gates=3x2x8 weight=2x2x8 offset=8 start=3x4 | axis=1 taps=[0,-1] reverse=true; "
             "gates=3x2x8 weight=2x2x8 offset=8 start=3x4 | axis=1 taps=[0,-1] skew=1; "
             "gates=2x4x4 weight=2x1x4 offset=4 | axis=1 taps=[-1,0] skew=-1",
    .rows_in = "rwwr",
    LSTM_FIELDS,
};

ARMC_OP(lstm_layer) = {
    .name = "lstm_layer",
    .doc =
        "lstm_scan(matmul(x, reading), weight, offset), in one pass: nothing as wide as the gates "
        "is stored for each site.",
    .sig = "x[*s,k] reading[k,g] weight[t,h,g] offset[g] start?[p,d] -> [*s,h]",
    .probe = "x=4x2 reading=2x8 weight=1x2x8 offset=8; "
             "x=2x3x1 reading=1x8 weight=2x2x8 offset=8 | taps=[0,-1]; "
             "x=2x3x2 reading=2x4 weight=2x1x4 offset=4 | axis=1 taps=[1,0] reverse=true; "
             "x=2x18 reading=18x72 weight=1x18x72 offset=72; "
             "x=3x2 reading=2x8 weight=1x2x8 offset=8 start=1x4; "
             "x=2x3x2 reading=2x4 weight=2x1x4 offset=4 start*=2x2 | axis=1 taps=[1,0]; "
             "x=3x4x2 reading=2x8 weight=2x2x8 offset=8 start*=3x4 | axis=1 taps=[0,-1] skew=-1",
    .rows_in = "rwwwr",
    LSTM_FIELDS,
};

static bool lstm_scan_back_shape(ArmcInfer *infer)
{
    return armc_scan_back_shape(infer, &lstm, false);
}

static void lstm_scan_back_forward(const ArmcCall *call, int64_t task)
{
    (void)task;
    armc_scan_back(call, &lstm, false);
}

static bool lstm_layer_back_shape(ArmcInfer *infer)
{
    return armc_scan_back_shape(infer, &lstm, true);
}

static void lstm_layer_back_forward(const ArmcCall *call, int64_t task)
{
    (void)task;
    armc_scan_back(call, &lstm, true);
}

ARMC_OP(lstm_scan_back) = {
    .name = "lstm_scan_back",
    .doc = "Gradients of lstm_scan.",
    .flags = ARMC_OP_INTERNAL,
    .attrs = armc_scan_attrs,
    .state = "room",
    .kept = "weights",
    .shape = lstm_scan_back_shape,
    .forward = lstm_scan_back_forward,
    .sig = "dy[*s,h] y[*s,h] c[*s,h] kept[*s,j] turned[j,k] start?[p,d] -> ?",
};

ARMC_OP(lstm_layer_back) = {
    .name = "lstm_layer_back",
    .doc = "Gradients of lstm_layer.",
    .flags = ARMC_OP_INTERNAL,
    .attrs = armc_scan_attrs,
    .state = "room",
    .kept = "weights",
    .shape = lstm_layer_back_shape,
    .forward = lstm_layer_back_forward,
    .sig = "dy[*s,h] y[*s,h] c[*s,h] kept[*s,j] turned[j,k] x[*s,n] start?[p,d] -> ?",
};
