/* Softmax over the features of a site, and the distributions' -log p that rest on it. */
#include "runtime/ops/family.h"
#include "runtime/ops/softmax.h"

enum { CHUNK = 512 };

/* Sum over i of exp(x[i] - m), a chunk at a time. */
static ArmcReal sum_exp(const ArmcKernels *k, int64_t n, const ArmcReal *x, ArmcReal m)
{
    ArmcReal shifted[CHUNK], total = 0;
    for (int64_t at = 0; at < n; at += CHUNK) {
        int64_t some = n - at < CHUNK ? n - at : CHUNK;
        for (int64_t i = 0; i < some; i++)
            shifted[i] = x[at + i] - m;
        k->exp(some, shifted, shifted);
        total += k->sum(some, shifted);
    }
    return total;
}

ArmcReal armc_log_sum_exp(const ArmcKernels *k, int64_t n, const ArmcReal *x, ArmcReal *m)
{
    ArmcReal log_sum;
    *m = k->max_of(n, x);
    ArmcReal total = sum_exp(k, n, x, *m);
    k->log(1, &total, &log_sum);
    return log_sum;
}

void armc_softmax_row(const ArmcKernels *k, int64_t n, const ArmcReal *x, ArmcReal *y)
{
    ArmcReal m = k->max_of(n, x);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] - m;
    k->exp(n, y, y);
    k->scale(n, 1 / k->sum(n, y), y, y);
}

static void softmax_rows(const ArmcRows *rows)
{
    for (int64_t r = 0; r < rows->n; r++)
        armc_softmax_row(rows->k, rows->out_width, rows->in[0] + r * rows->in_step[0],
                         rows->out + r * rows->out_step);
}

static void softmax_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0], ARMC_GRAD(grad, node, "softmax_grad", NULL, node->out[0], dy));
}

ARMC_OP(softmax) = {
    .name = "softmax",
    .doc = "exp(x) over its sum over the features of the site.",
    .sig = "x -> x",
    .probe = "x=3x4; x=2x2x17",
    .vjp = softmax_vjp,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = softmax_rows,
};

/* dx = y (dy - sum y dy) */
static void softmax_grad_rows(const ArmcRows *rows)
{
    int64_t n = rows->out_width;
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *y = rows->in[0] + r * rows->in_step[0],
                       *dy = rows->in[1] + r * rows->in_step[1];
        ArmcReal *dx = rows->out + r * rows->out_step, mean = rows->k->dot(n, y, dy);
        for (int64_t i = 0; i < n; i++)
            dx[i] = y[i] * (dy[i] - mean);
    }
}

ARMC_OP(softmax_grad) = {
    .name = "softmax_grad",
    .doc = "Gradient of softmax from its result.",
    .sig = "y[*s,n] dy[*s,n] -> y",
    .flags = ARMC_OP_INTERNAL,
    .rows_in = "rr",
    .rows_out = 'r',
    .rows = softmax_grad_rows,
};

static void log_softmax_rows(const ArmcRows *rows)
{
    int64_t n = rows->out_width;
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *x = rows->in[0] + r * rows->in_step[0];
        ArmcReal *y = rows->out + r * rows->out_step, m;
        ArmcReal log_sum = armc_log_sum_exp(rows->k, n, x, &m);
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - m) - log_sum;
    }
}

static void log_softmax_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    armc_grad_add(grad, node->in[0],
                  ARMC_GRAD(grad, node, "log_softmax_grad", NULL, node->out[0], dy));
}

ARMC_OP(log_softmax) = {
    .name = "log_softmax",
    .doc = "The logarithm of softmax, without overflow.",
    .sig = "x -> x",
    .probe = "x=3x4; x=2x2x17",
    .vjp = log_softmax_vjp,
    .rows_in = "r",
    .rows_out = 'r',
    .rows = log_softmax_rows,
};

/* dx = dy - exp(y) sum dy */
static void log_softmax_grad_rows(const ArmcRows *rows)
{
    int64_t n = rows->out_width;
    for (int64_t r = 0; r < rows->n; r++) {
        const ArmcReal *dy = rows->in[1] + r * rows->in_step[1];
        ArmcReal *dx = rows->out + r * rows->out_step, total = rows->k->sum(n, dy);
        rows->k->exp(n, rows->in[0] + r * rows->in_step[0], dx);
        for (int64_t i = 0; i < n; i++)
            dx[i] = dy[i] - dx[i] * total;
    }
}

ARMC_OP(log_softmax_grad) = {
    .name = "log_softmax_grad",
    .doc = "Gradient of log_softmax from its result.",
    .sig = "y[*s,n] dy[*s,n] -> y",
    .flags = ARMC_OP_INTERNAL,
    .rows_in = "rr",
    .rows_out = 'r',
    .rows = log_softmax_grad_rows,
};
