/* Kernels over n contiguous entries. Each walks whole vectors, then the part of a vector that is
 * left. */
#ifndef ARMC_KERNELS_BODY_ELEMENTWISE_H
#define ARMC_KERNELS_BODY_ELEMENTWISE_H

/* y = f(x); the compiler puts f inside the loop. */
ALWAYS_INLINE void map(int64_t n, const ArmcReal *x, ArmcReal *y, Vec (*f)(Vec))
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(y + i, f(vec_load(x + i)));
    if (i < n) {
        const Part part = part_make(n - i);
        part_store(y + i, part, f(part_load(x + i, part)));
    }
}

/* y = f(a, b) */
ALWAYS_INLINE void map2(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y,
                        Vec (*f)(Vec, Vec))
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(y + i, f(vec_load(a + i), vec_load(b + i)));
    if (i < n) {
        const Part part = part_make(n - i);
        part_store(y + i, part, f(part_load(a + i, part), part_load(b + i, part)));
    }
}

#define MAP(name)                                                                                  \
    static void name##_kernel(int64_t n, const ArmcReal *x, ArmcReal *y)                           \
    {                                                                                              \
        map(n, x, y, name##_vec);                                                                  \
    }
#define MAP2(name)                                                                                 \
    static void name##_kernel(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y)        \
    {                                                                                              \
        map2(n, a, b, y, name##_vec);                                                              \
    }

ALWAYS_INLINE Vec add_vec(Vec a, Vec b)
{
    return a + b;
}

ALWAYS_INLINE Vec sub_vec(Vec a, Vec b)
{
    return a - b;
}

ALWAYS_INLINE Vec mul_vec(Vec a, Vec b)
{
    return a * b;
}

ALWAYS_INLINE Vec div_vec(Vec a, Vec b)
{
    return a / b;
}

ALWAYS_INLINE Vec sqrt_vec(Vec x)
{
    return vec_sqrt(x);
}

ALWAYS_INLINE Vec max_vec(Vec a, Vec b)
{
    return vec_max(a, b);
}

ALWAYS_INLINE Vec min_vec(Vec a, Vec b)
{
    return vec_min(a, b);
}

/* The gradients take the result y and dy. */
ALWAYS_INLINE Vec sigmoid_grad_vec(Vec y, Vec dy)
{
    return dy * (y * (splat(1) - y));
}

ALWAYS_INLINE Vec tanh_grad_vec(Vec y, Vec dy)
{
    return dy * vec_fma(-y, y, splat(1));
}

ALWAYS_INLINE Vec relu_grad_vec(Vec y, Vec dy)
{
    return select((IVec)(y > splat(0)), dy, splat(0));
}

/* Given x, not y. */
ALWAYS_INLINE Vec softplus_grad_vec(Vec x, Vec dy)
{
    return dy * sigmoid_vec(x);
}

MAP(exp)
MAP(log)
MAP(tanh)
MAP(softplus)
MAP(relu)
MAP(sqrt)
MAP2(add)
MAP2(sub)
MAP2(mul)
MAP2(div)
MAP2(max)
MAP2(min)
MAP2(sigmoid_grad)
MAP2(tanh_grad)
MAP2(relu_grad)
MAP2(softplus_grad)

/* Left to the compiler: bytes become lanes by an instruction that the extensions don't have. */
static void masked_kernel(int64_t n, const uint8_t *mask, const ArmcReal *x, ArmcReal *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = mask[i] ? x[i] : 0;
}

static void sigmoid_kernel(int64_t n, const ArmcReal *x, ArmcReal *y)
{
    const int count = SIDE_BY_SIDE;
    int64_t i = 0;
    for (; i + SIDE_BY_SIDE * LANES <= n; i += SIDE_BY_SIDE * LANES) {
        Vec xs[SIDE_BY_SIDE], ys[SIDE_BY_SIDE];
        EACH_VEC xs[v] = vec_load(x + i + v * LANES);
        sigmoid_vecs(count, xs, ys);
        EACH_VEC vec_store(y + i + v * LANES, ys[v]);
    }
    if (i < n) {
        Vec xs[SIDE_BY_SIDE], ys[SIDE_BY_SIDE];
        EACH_VEC xs[v] = part_load(x + i + v * LANES, group_part(n - i, v));
        sigmoid_vecs(count, xs, ys);
        EACH_VEC part_store(y + i + v * LANES, group_part(n - i, v), ys[v]);
    }
}

static void fill_kernel(int64_t n, ArmcReal a, ArmcReal *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(y + i, splat(a));
    if (i < n)
        part_store(y + i, part_make(n - i), splat(a));
}

static void scale_kernel(int64_t n, ArmcReal a, const ArmcReal *x, ArmcReal *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(y + i, splat(a) * vec_load(x + i));
    if (i < n) {
        const Part part = part_make(n - i);
        part_store(y + i, part, splat(a) * part_load(x + i, part));
    }
}

static void axpy_kernel(int64_t n, ArmcReal a, const ArmcReal *x, ArmcReal *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(y + i, vec_fma(splat(a), vec_load(x + i), vec_load(y + i)));
    if (i < n) {
        const Part part = part_make(n - i);
        part_store(y + i, part, vec_fma(splat(a), part_load(x + i, part), part_load(y + i, part)));
    }
}

typedef struct AdamRates {
    Vec rate, b1, c1, b2, c2, epsilon; /* c = 1 - b */
} AdamRates;

/* m = b1 m + c1 g; v = b2 v + c2 g²; w -= rate m / (sqrt(v) + epsilon) */
ALWAYS_INLINE Vec adam_vec(const AdamRates *r, Vec g, Vec *m, Vec *v, Vec w)
{
    *m = vec_fma(r->b1, *m, r->c1 * g);
    *v = vec_fma(r->b2, *v, r->c2 * g * g);
    return w - r->rate * *m / (vec_sqrt(*v) + r->epsilon);
}

static void adam_kernel(int64_t n, ArmcReal rate, ArmcReal b1, ArmcReal b2, ArmcReal epsilon,
                        const ArmcReal *g, ArmcReal *m, ArmcReal *v, ArmcReal *w)
{
    const AdamRates rates = {splat(rate), splat(b1),     splat(1 - b1),
                             splat(b2),   splat(1 - b2), splat(epsilon)};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        Vec mi = vec_load(m + i), vi = vec_load(v + i);
        vec_store(w + i, adam_vec(&rates, vec_load(g + i), &mi, &vi, vec_load(w + i)));
        vec_store(m + i, mi);
        vec_store(v + i, vi);
    }
    if (i < n) {
        const Part part = part_make(n - i);
        Vec mi = part_load(m + i, part), vi = part_load(v + i, part);
        part_store(w + i, part,
                   adam_vec(&rates, part_load(g + i, part), &mi, &vi, part_load(w + i, part)));
        part_store(m + i, part, mi);
        part_store(v + i, part, vi);
    }
}

#endif
