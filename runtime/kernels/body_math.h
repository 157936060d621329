/* exp, log, tanh, sigmoid and softplus of a vector: own polynomials with every fused multiply-add
 * written out, so that all instruction sets give the same bits. Errors stay below about 2 units in
 * the last place.
 *
 * The polynomials interpolate at Chebyshev nodes (computed with 60 digits): EXP_Q is (e^r - 1 - r)
 * / r² on |r| <= ln2/2, LOG_P is (2 atanh(s) - 2s) / s³ as a function of z = s² on s <= (sqrt2 - 1)
 * / (sqrt2 + 1). */
#ifndef ARMC_KERNELS_BODY_MATH_H
#define ARMC_KERNELS_BODY_MATH_H

#if ARMC_REAL_IS_DOUBLE
enum { MANTISSA = 52, EXPONENT_BIAS = 1023, TINY_SHIFT = 54 };
#define ROUNDER          0x1.8p52 /* adding it leaves a whole number in the low bits */
#define SIGN_BIT         INT64_MIN
#define MIN_NORMAL       0x1p-1022
#define LN2_HI           0x1.62e42fee00000p-1 /* 32 bits: times a whole exponent exact */
#define LN2_LO           0x1.a39ef35793c76p-33
#define EXP_MIN          (-746.0) /* below: 0 */
#define EXP_MAX          710.0    /* above: infinity */
#define SIGMOID_MAX      707.0
#define RECIPROCAL_GUESS INT64_C(0x7fde623822fc16e6)
enum { RECIPROCAL_STEPS = 3 };
#define TANH_MAX 44.0 /* 2x above which tanh x rounds to 1 */
static const ArmcReal exp_q[] = {
    0x1.0000000000000p-1,  0x1.5555555555557p-3,  0x1.5555555555556p-5,  0x1.11111111100dcp-7,
    0x1.6c16c16c162d4p-10, 0x1.a01a01abe7fe1p-13, 0x1.a01a01a6d889cp-16, 0x1.71de0231960ebp-19,
    0x1.27e4db646b17ep-22, 0x1.af4de97ca4194p-26, 0x1.1f730349868cep-29,
};
static const ArmcReal log_p[] = {
    0x1.5555555555558p-1, 0x1.9999999995273p-2, 0x1.2492492dfd86cp-2, 0x1.c71c62d5e53e0p-3,
    0x1.7462b91b8df65p-3, 0x1.39fdcceb4bb45p-3, 0x1.2b5f68a50d903p-3,
};
#else
enum { MANTISSA = 23, EXPONENT_BIAS = 127, TINY_SHIFT = 25 };
#define ROUNDER          0x1.8p23f /* adding it leaves a whole number in the low bits */
#define SIGN_BIT         INT32_MIN
#define MIN_NORMAL       0x1p-126f
#define LN2_HI           0x1.62e4p-1f /* 16 bits: times a whole exponent exact */
#define LN2_LO           0x1.7f7d1cp-20f
#define EXP_MIN          (-104.0f) /* below: 0 */
#define EXP_MAX          89.0f     /* above: infinity */
#define SIGMOID_MAX      87.0f
#define RECIPROCAL_GUESS 0x7ef311c3
enum { RECIPROCAL_STEPS = 2 };
#define TANH_MAX         20.0f /* 2x above which tanh x rounds to 1 */
static const ArmcReal exp_q[] = {0x1p-1f, 0x1.5554dcp-3f, 0x1.55551ap-5f, 0x1.120b6ep-7f,
                                 0x1.6d110ap-10f};
static const ArmcReal log_p[] = {0x1.55555cp-1f, 0x1.997c22p-2f, 0x1.2ee8c8p-2f};
#endif
enum { EXP_TERMS = (int)(sizeof exp_q / sizeof *exp_q) };

#define LOG2_E    ARMC_R(0x1.71547652b82fep+0)
#define SQRT_HALF ARMC_R(0x1.6a09e667f3bcdp-1)
#define INFINITE  ARMC_R(__builtin_inf())

/* c[0] + c[1] x + ..., by Horner's rule. */
ALWAYS_INLINE Vec polynomial(Vec x, const ArmcReal *c, int count)
{
    Vec sum = splat(c[count - 1]);
    for (int i = count - 2; i >= 0; i--)
        sum = vec_fma(sum, x, splat(c[i]));
    return sum;
}
#define POLYNOMIAL(x, c) polynomial(x, c, (int)(sizeof(c) / sizeof *(c)))

ALWAYS_INLINE Vec vec_abs(Vec x)
{
    return (Vec)((IVec)x & ~isplat(SIGN_BIT));
}

/* The larger one; NaN where either is. */
ALWAYS_INLINE Vec vec_max(Vec a, Vec b)
{
    return select((IVec)(a > b) | (IVec)(a != a), a, b);
}

ALWAYS_INLINE Vec vec_min(Vec a, Vec b)
{
    return select((IVec)(a < b) | (IVec)(a != a), a, b);
}

/* 2^n for n within the normal exponents. */
ALWAYS_INLINE Vec power_of_2(IVec n)
{
    return (Vec)((UVec)(n + isplat(EXPONENT_BIAS)) << MANTISSA);
}

/* A whole number of moderate size as a real. */
ALWAYS_INLINE Vec to_real(IVec n)
{
    return (Vec)((UVec)splat(ROUNDER) + (UVec)n) - splat(ROUNDER);
}

/* x = n ln2 + r with |r| <= ln2/2: gives e^r - 1, and n. */
ALWAYS_INLINE Vec expm1_reduced(Vec x, IVec *n)
{
    const Vec t = vec_fma(x, splat(LOG2_E), splat(ROUNDER));
    *n = (IVec)((UVec)t - (UVec)splat(ROUNDER));
    const Vec k = t - splat(ROUNDER);
    const Vec r = vec_fma(k, splat(-LN2_LO), vec_fma(k, splat(-LN2_HI), x));
    return vec_fma(r * r, POLYNOMIAL(r, exp_q), r);
}

ALWAYS_INLINE Vec exp_vec(Vec x)
{
    x = select((IVec)(x > splat(EXP_MAX)), splat(EXP_MAX), x);
    x = select((IVec)(x < splat(EXP_MIN)), splat(EXP_MIN), x);
    IVec n;
    const Vec e = splat(1) + expm1_reduced(x, &n);
    /* In two factors, so that n may lie beyond the normal exponents; only the second product
     * rounds. */
    const IVec half = n >> 1;
    return e * power_of_2(half) * power_of_2(n - half);
}

/* k ln2 + log(1 + f) for 1 + f within sqrt(1/2)..sqrt(2). With s = f / (2 + f), log(1 + f) = 2
 * atanh(s), written as f - (f²/2 - s (f²/2 + R)) so that the largest term is exact. */
ALWAYS_INLINE Vec log_reduced(Vec k, Vec f)
{
    const Vec s = f / (splat(2) + f);
    const Vec z = s * s;
    const Vec rest = z * POLYNOMIAL(z, log_p);
    const Vec half = splat(ARMC_R(0.5)) * f * f;
    const Vec low = vec_fma(s, half + rest, k * splat(LN2_LO));
    return k * splat(LN2_HI) - ((half - low) - f);
}

/* log 0 is -infinity, of a negative number NaN. */
ALWAYS_INLINE Vec log_vec(Vec x)
{
    const IVec tiny = (IVec)(x < splat(MIN_NORMAL));
    const Vec grown = x * splat(ARMC_R(INT64_C(1) << TINY_SHIFT));
    const UVec bits = (UVec)select(tiny, grown, x);
    const IVec exponent = (IVec)(bits - (UVec)splat(SQRT_HALF)) >> MANTISSA;
    const Vec f = (Vec)(bits - ((UVec)exponent << MANTISSA)) - splat(1);
    const Vec y = log_reduced(to_real(exponent - (tiny & isplat(TINY_SHIFT))), f);

    const Vec below = select((IVec)(x < splat(0)), splat(ARMC_R(__builtin_nan(""))), x);
    const Vec edge = select((IVec)(x == splat(0)), splat(-INFINITE), below);
    return select((IVec)(x > splat(0)) & (IVec)(x < splat(INFINITE)), y, edge);
}

/* The functions that follow work on a few vectors side by side, each statement for all of them: one
 * vector's chain of products alone leaves the multipliers idle for most of their latency. */
#define EACH_VEC UNROLL for (int v = 0; v < count; v++)
enum { SIDE_BY_SIDE = 4 };

/* x = 1 + e^-x for |x| <= SIGMOID_MAX. -x = n ln2 - s with |s| <= ln2/2; e^-s by Horner's rule with
 * 1, 1 as the lowest coefficients. The rounder holds the bias: what adding it leaves in the low
 * bits is the exponent field of 2^n. */
ALWAYS_INLINE void one_plus_exp_minus(const int count, Vec *x)
{
    Vec t[SIDE_BY_SIDE], e[SIDE_BY_SIDE];
    EACH_VEC t[v] = vec_fnma(x[v], splat(LOG2_E), splat(ROUNDER + EXPONENT_BIAS));
    EACH_VEC e[v] = t[v] - splat(ROUNDER + EXPONENT_BIAS);
    EACH_VEC x[v] = vec_fma(e[v], splat(LN2_HI), x[v]);
    EACH_VEC x[v] = vec_fma(e[v], splat(LN2_LO), x[v]);
    EACH_VEC e[v] = splat(exp_q[EXP_TERMS - 1]);
    for (int i = EXP_TERMS - 2; i >= -2; i--)
        EACH_VEC e[v] = vec_fnma(e[v], x[v], i < 0 ? splat(1) : splat(exp_q[i]));
    EACH_VEC x[v] = vec_fma(e[v], (Vec)((UVec)t[v] << MANTISSA), splat(1));
}

/* d = 1 / d for 1 <= d <= 2^126 (2^1021 in double), a third of what a division costs: a first guess
 * from the bits, 12 % off, then steps that cube the error (Halley): with e = 1 - d y, y (1 + e +
 * e²). Fused multiply-adds only, so the same bits everywhere. */
ALWAYS_INLINE void reciprocal(const int count, Vec *d)
{
    Vec y[SIDE_BY_SIDE], e[SIDE_BY_SIDE];
    EACH_VEC y[v] = (Vec)((UVec)isplat(RECIPROCAL_GUESS) - (UVec)d[v]);
    for (int step = 0; step < RECIPROCAL_STEPS; step++) {
        EACH_VEC e[v] = vec_fnma(d[v], y[v], splat(1));
        EACH_VEC e[v] = vec_fma(e[v], e[v], e[v]);
        EACH_VEC y[v] = vec_fma(y[v], e[v], y[v]);
    }
    EACH_VEC d[v] = y[v];
}

/* y = 1 / (1 + e^-x); 0 where that is below the normal numbers. Held this way round, NaN stays NaN.
 */
ALWAYS_INLINE void sigmoid_vecs(const int count, const Vec *x, Vec *y)
{
    EACH_VEC y[v] = vec_greater(splat(-SIGMOID_MAX), vec_lesser(splat(SIGMOID_MAX), x[v]));
    one_plus_exp_minus(count, y);
    reciprocal(count, y);
    EACH_VEC y[v] = select((IVec)(x[v] < splat(-SIGMOID_MAX)), splat(0), y[v]);
}

ALWAYS_INLINE Vec sigmoid_vec(Vec x)
{
    Vec y;
    sigmoid_vecs(1, &x, &y);
    return y;
}

/* tanh x = (e^2x - 1) / (e^2x + 1), with the sign taken apart so that e^2x >= 1. The quotient gets
 * what the reciprocal leaves of the upper part. */
ALWAYS_INLINE void tanh_vecs(const int count, const Vec *x, Vec *y)
{
    Vec below[SIDE_BY_SIDE], above[SIDE_BY_SIDE], part[SIDE_BY_SIDE];
    EACH_VEC
    {
        Vec t = vec_abs(x[v]) * splat(2);
        t = select((IVec)(t > splat(TANH_MAX)), splat(TANH_MAX), t);
        IVec n;
        const Vec e = expm1_reduced(t, &n), scale = power_of_2(n);
        above[v] = vec_fma(e, scale, scale - splat(1));
        below[v] = above[v] + splat(2);
        part[v] = below[v];
    }
    reciprocal(count, part);
    EACH_VEC
    {
        const Vec quotient = above[v] * part[v];
        const Vec whole = vec_fma(vec_fnma(quotient, below[v], above[v]), part[v], quotient);
        y[v] = (Vec)((IVec)whole | ((IVec)x[v] & isplat(SIGN_BIT)));
    }
}

ALWAYS_INLINE Vec tanh_vec(Vec x)
{
    Vec y;
    tanh_vecs(1, &x, &y);
    return y;
}

ALWAYS_INLINE Vec relu_vec(Vec x)
{
    return select((IVec)(x <= splat(0)), splat(0), x); /* this way round NaN stays NaN */
}

/* log(1 + e^x) = max(x, 0) + log(1 + e), e = e^-|x|; where e is large, 1 + e = 2 (1 + (e - 1) / 2).
 */
ALWAYS_INLINE Vec softplus_vec(Vec x)
{
    const Vec e = exp_vec(-vec_abs(x));
    const IVec large = (IVec)(e > splat(2 * SQRT_HALF - 1));
    const Vec k = select(large, splat(1), splat(0));
    const Vec f = select(large, (e - splat(1)) * splat(ARMC_R(0.5)), e);
    return relu_vec(x) + log_reduced(k, f);
}

#endif
