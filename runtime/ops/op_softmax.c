/* Softmax over the features of a site, and the distributions' -log p that rest on it. */
#include "runtime/ops/family.h"
#include "runtime/ops/softmax.h"

enum { CHUNK = 512 };

ArmcLogits armc_logits_part(const ArmcLogits *logits, int64_t first, int64_t rows)
{
    int64_t left = logits->rows - first;
    return (ArmcLogits){rows < left ? rows : left, logits->n, logits->x + first * logits->step,
                        logits->step};
}

/* How many rows are made together. */
static int64_t rows_at_once(int64_t n)
{
    int64_t rows = n > 0 && n < CHUNK ? CHUNK / n : 1;
    return rows < ARMC_LOGITS_ROWS ? rows : ARMC_LOGITS_ROWS;
}

/* exp(x - m) of entries from..from+some-1 of each row, one row of `some` after the other. */
static void shifted_exp(const ArmcKernels *k, const ArmcLogits *logits, const ArmcReal *m,
                        int64_t from, int64_t some, ArmcReal *to)
{
    for (int64_t r = 0; r < logits->rows; r++) {
        const ArmcReal *x = logits->x + r * logits->step + from;
        for (int64_t i = 0; i < some; i++)
            to[r * some + i] = x[i] - m[r];
    }
    k->exp(logits->rows * some, to, to);
}

static void largest(const ArmcKernels *k, const ArmcLogits *logits, ArmcReal *m)
{
    for (int64_t r = 0; r < logits->rows; r++)
        m[r] = k->max_of(logits->n, logits->x + r * logits->step);
}

/* Sums over each row of exp(x - m), a chunk at a time. */
static void sum_exp(const ArmcKernels *k, const ArmcLogits *logits, const ArmcReal *m,
                    ArmcReal *total)
{
    ArmcReal some[CHUNK];
    for (int64_t r = 0; r < logits->rows; r++)
        total[r] = 0;
    for (int64_t at = 0, width; at < logits->n; at += width) {
        width = logits->n - at < CHUNK ? logits->n - at : CHUNK;
        shifted_exp(k, logits, m, at, width, some);
        for (int64_t r = 0; r < logits->rows; r++)
            total[r] += k->sum(width, some + r * width);
    }
}

void armc_log_sum_exp(const ArmcKernels *k, const ArmcLogits *logits, ArmcReal *m,
                      ArmcReal *log_sum)
{
    const int64_t each = rows_at_once(logits->n);
    largest(k, logits, m);
    for (int64_t first = 0; first < logits->rows; first += each) {
        const ArmcLogits part = armc_logits_part(logits, first, each);
        sum_exp(k, &part, m + first, log_sum + first);
    }
    k->log(logits->rows, log_sum, log_sum);
}

/* Of rows that are made together. */
static void softmax_part(const ArmcKernels *k, const ArmcLogits *part, ArmcReal *y, int64_t y_step)
{
    ArmcReal some[CHUNK], m[ARMC_LOGITS_ROWS];
    const int64_t n = part->n;
    largest(k, part, m);
    if (n > CHUNK) {
        shifted_exp(k, part, m, 0, n, y);
        k->scale(n, 1 / k->sum(n, y), y, y);
        return;
    }
    shifted_exp(k, part, m, 0, n, some);
    for (int64_t r = 0; r < part->rows; r++)
        k->scale(n, 1 / k->sum(n, some + r * n), some + r * n, y + r * y_step);
}

void armc_softmax(const ArmcKernels *k, const ArmcLogits *logits, ArmcReal *y, int64_t y_step)
{
    const int64_t each = rows_at_once(logits->n);
    for (int64_t first = 0; first < logits->rows; first += each) {
        const ArmcLogits part = armc_logits_part(logits, first, each);
        softmax_part(k, &part, y + first * y_step, y_step);
    }
}

ArmcLogits armc_logits_of(const ArmcRows *rows)
{
    return (ArmcLogits){rows->n, rows->in_width[0], rows->in[0], rows->in_step[0]};
}

static void softmax_rows(const ArmcRows *rows)
{
    const ArmcLogits logits = armc_logits_of(rows);
    armc_softmax(rows->k, &logits, rows->out, rows->out_step);
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

static void log_softmax_part(const ArmcRows *rows, const ArmcLogits *part, ArmcReal *y)
{
    ArmcReal m[ARMC_LOGITS_ROWS], log_sum[ARMC_LOGITS_ROWS];
    armc_log_sum_exp(rows->k, part, m, log_sum);
    for (int64_t r = 0; r < part->rows; r++)
        for (int64_t i = 0; i < part->n; i++)
            y[r * rows->out_step + i] = (part->x[r * part->step + i] - m[r]) - log_sum[r];
}

static void log_softmax_rows(const ArmcRows *rows)
{
    const ArmcLogits logits = armc_logits_of(rows);
    for (int64_t first = 0; first < rows->n; first += ARMC_LOGITS_ROWS) {
        const ArmcLogits part = armc_logits_part(&logits, first, ARMC_LOGITS_ROWS);
        log_softmax_part(rows, &part, rows->out + first * rows->out_step);
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
