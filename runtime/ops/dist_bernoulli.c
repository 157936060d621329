/* The Bernoulli distribution over {0, 1}, parametrised by one logit. */
#include "runtime/ops/family.h"

enum { CHUNK = 256 };

/* -log p(x) = softplus((1 - 2x) l): log(1 + exp(-l)) for x = 1, log(1 + exp(l)) for x = 0. */
static void nll_rows(const ArmcRows *rows)
{
    ArmcReal signed_logit[CHUNK];
    for (int64_t at = 0; at < rows->n; at += CHUNK) {
        int64_t n = rows->n - at < CHUNK ? rows->n - at : CHUNK;
        for (int64_t r = 0; r < n; r++) {
            ArmcReal l = rows->in[0][(at + r) * rows->in_step[0]];
            signed_logit[r] = rows->in[1][(at + r) * rows->in_step[1]] > ARMC_R(0.5) ? -l : l;
        }
        rows->k->softplus(n, signed_logit, signed_logit);
        for (int64_t r = 0; r < n; r++)
            rows->out[(at + r) * rows->out_step] = signed_logit[r];
    }
}

static void nll_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0],
                  ARMC_GRAD(grad, node, "bernoulli_nll_grad", NULL, node->in[0], node->in[1], dy));
}

ARMC_OP(bernoulli_nll) = {
    .name = "bernoulli_nll",
    .doc = "-log p of a bit under a logit, in nats.",
    .sig = "params[d,1] target[d,1] -> [d,1]",
    .flags = ARMC_OP_INTERNAL,
    .probe = "params=5x1 target=5x1:2; params*=3x1 target=3x1:2",
    .vjp = nll_vjp,
    .rows_in = "rr",
    .rows_out = 'r',
    .rows = nll_rows,
};

/* dl = (sigmoid(l) - x) dy */
static void nll_grad_rows(const ArmcRows *rows)
{
    ArmcReal p[CHUNK];
    for (int64_t at = 0; at < rows->n; at += CHUNK) {
        int64_t n = rows->n - at < CHUNK ? rows->n - at : CHUNK;
        for (int64_t r = 0; r < n; r++)
            p[r] = rows->in[0][(at + r) * rows->in_step[0]];
        rows->k->sigmoid(n, p, p);
        for (int64_t r = 0; r < n; r++)
            rows->out[(at + r) * rows->out_step] =
                (p[r] - rows->in[1][(at + r) * rows->in_step[1]]) *
                rows->in[2][(at + r) * rows->in_step[2]];
    }
}

static bool like_params(ArmcInfer *infer)
{
    infer->node->out[0]->shape = infer->node->in[0]->shape;
    return true;
}

ARMC_OP(bernoulli_nll_grad) = {
    .name = "bernoulli_nll_grad",
    .doc = "Gradient of bernoulli_nll with respect to the logit.",
    .sig = "params[d,1] target[d,1] dy -> ?",
    .flags = ARMC_OP_INTERNAL,
    .shape = like_params,
    .rows_in = "rrr",
    .rows_out = 'r',
    .rows = nll_grad_rows,
};

static int64_t width(int levels)
{
    (void)levels;
    return 1;
}

static bool supports(int levels)
{
    return levels == 2;
}

/* The probability of level 1. */
static double probability(const ArmcKernels *k, ArmcReal logit)
{
    ArmcReal p;
    k->sigmoid(1, &logit, &p);
    return (double)p;
}

static void sample(const ArmcKernels *k, const ArmcParamRows *rows, const double *u,
                   double temperature, int *levels)
{
    ArmcReal p[CHUNK];
    for (int64_t at = 0; at < rows->n; at += CHUNK) {
        int64_t n = rows->n - at < CHUNK ? rows->n - at : CHUNK;
        const ArmcReal *logits = rows->at + at * rows->step;
        bool as_they_are = rows->step == 1 && temperature >= 1 && temperature <= 1;
        for (int64_t r = 0; !as_they_are && r < n; r++)
            p[r] = (ArmcReal)((double)logits[r * rows->step] / temperature);
        k->sigmoid(n, as_they_are ? logits : p, p);
        for (int64_t r = 0; r < n; r++)
            levels[at + r] = u[at + r] >= 1 - (double)p[r];
    }
}

static double mean(const ArmcKernels *k, const ArmcReal *params, int64_t count)
{
    (void)count;
    return probability(k, params[0]);
}

ARMC_DIST(bernoulli) = {
    .name = "bernoulli",
    .doc = "One of two levels; parametrised by one logit, that of level 1.",
    .width = width,
    .supports = supports,
    .support = "two levels",
    .nll = &armc_op_bernoulli_nll,
    .sample = sample,
    .mean = mean,
};
