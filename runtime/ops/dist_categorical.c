/* The categorical distribution over K levels, parametrised by K logits. */
#include "runtime/ops/family.h"
#include "runtime/ops/softmax.h"

/* The level of row r. */
static int64_t target_of(const ArmcRows *rows, int64_t r)
{
    int64_t x = (int64_t)rows->in[1][r * rows->in_step[1]], levels = rows->in_width[0];
    return x < levels ? x : levels - 1;
}

/* -log p(x) = log sum exp(l) - l[x] = log sum exp(l - m) + (m - l[x]), m = max l */
static void nll_rows(const ArmcRows *rows)
{
    const ArmcLogits logits = armc_logits_of(rows);
    ArmcReal m[ARMC_LOGITS_ROWS], log_sum[ARMC_LOGITS_ROWS];
    for (int64_t first = 0; first < rows->n; first += ARMC_LOGITS_ROWS) {
        const ArmcLogits part = armc_logits_part(&logits, first, ARMC_LOGITS_ROWS);
        armc_log_sum_exp(rows->k, &part, m, log_sum);
        for (int64_t r = 0; r < part.rows; r++)
            rows->out[(first + r) * rows->out_step] =
                log_sum[r] + (m[r] - part.x[r * part.step + target_of(rows, first + r)]);
    }
}

static void nll_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(
        grad, node->in[0],
        ARMC_GRAD(grad, node, "categorical_nll_grad", NULL, node->in[0], node->in[1], dy));
}

ARMC_OP(categorical_nll) = {
    .name = "categorical_nll",
    .doc = "-log p of a level under logits, in nats.",
    .sig = "params[d,w] target[d,1] -> [d,1]",
    .flags = ARMC_OP_INTERNAL,
    .probe = "params=3x4 target=3x1:4; params*=3x2 target=3x1:2",
    .vjp = nll_vjp,
    .rows_in = "rr",
    .rows_out = 'r',
    .rows = nll_rows,
};

/* dl = (softmax(l) - [x]) dy */
static void nll_grad_rows(const ArmcRows *rows)
{
    const ArmcLogits logits = armc_logits_of(rows);
    armc_softmax(rows->k, &logits, rows->out, rows->out_step);
    for (int64_t r = 0; r < rows->n; r++) {
        ArmcReal *dl = rows->out + r * rows->out_step;
        dl[target_of(rows, r)] -= 1;
        rows->k->scale(logits.n, rows->in[2][r * rows->in_step[2]], dl, dl);
    }
}

static bool batched_like_target(ArmcInfer *infer)
{
    infer->node->out[0]->shape = infer->node->in[0]->shape;
    return true;
}

ARMC_OP(categorical_nll_grad) = {
    .name = "categorical_nll_grad",
    .doc = "Gradient of categorical_nll with respect to the logits.",
    .sig = "params[d,w] target[d,1] dy -> ?",
    .flags = ARMC_OP_INTERNAL,
    .shape = batched_like_target,
    .rows_in = "rrr",
    .rows_out = 'r',
    .rows = nll_grad_rows,
};

static int64_t width(int levels)
{
    return levels;
}

static bool supports(int levels)
{
    return levels >= 2;
}

/* Levels whose weights are made at once. */
enum { CHUNK = 256 };

/* What the levels from `at` on weigh, a chunk of them at most: exp of (logit - the largest) /
 * temperature. Gives how many. */
static int64_t weigh(const ArmcKernels *k, const ArmcReal *params, int64_t count, int64_t at,
                     double temperature, ArmcReal most, ArmcReal weights[CHUNK])
{
    int64_t n = count - at < CHUNK ? count - at : CHUNK;
    for (int64_t i = 0; i < n; i++)
        weights[i] = (ArmcReal)((double)(params[at + i] - most) / temperature);
    k->exp(n, weights, weights);
    return n;
}

/* Inversion: the first level at which the running sum of weights passes u of the total; sums in
 * double, in order. */
static int sample_one(const ArmcKernels *k, const ArmcReal *params, int64_t count, double u,
                      double temperature)
{
    ArmcReal most = k->max_of(count, params), weights[CHUNK];
    double total = 0, sum = 0;
    int64_t n;
    for (int64_t at = 0; at < count; at += n) {
        n = weigh(k, params, count, at, temperature, most, weights);
        for (int64_t i = 0; i < n; i++)
            total += (double)weights[i];
    }
    for (int64_t at = 0; at < count; at += n) {
        n = count > CHUNK ? weigh(k, params, count, at, temperature, most, weights) : count;
        for (int64_t i = 0; i < n; i++) {
            sum += (double)weights[i];
            if (u * total < sum)
                return (int)(at + i);
        }
    }
    return (int)(count - 1);
}

static void sample(const ArmcKernels *k, const ArmcParamRows *rows, const double *u,
                   double temperature, int *levels)
{
    for (int64_t r = 0; r < rows->n; r++)
        levels[r] = sample_one(k, rows->at + r * rows->step, rows->width, u[r], temperature);
}

static double mean(const ArmcKernels *k, const ArmcReal *params, int64_t count)
{
    ArmcReal most = k->max_of(count, params), weights[CHUNK];
    double total = 0, sum = 0;
    for (int64_t at = 0, n; at < count; at += n) {
        n = weigh(k, params, count, at, 1, most, weights);
        for (int64_t i = 0; i < n; i++) {
            total += (double)weights[i];
            sum += (double)weights[i] * (double)(at + i);
        }
    }
    return sum / total;
}

ARMC_DIST(categorical) = {
    .name = "categorical",
    .doc = "One of K levels; parametrised by K logits (softmax).",
    .width = width,
    .supports = supports,
    .support = "two or more levels",
    .nll = &armc_op_categorical_nll,
    .sample = sample,
    .mean = mean,
};
