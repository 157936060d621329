/* Counter-based random numbers (Philox4x32-10, Salmon et al. 2011, from Random123): a draw is a
 * pure function of its key, so it never depends on batch size, threads or order of evaluation. */
#ifndef ARMC_BASE_RNG_H
#define ARMC_BASE_RNG_H

#include <stdint.h>

/* What a stream of draws is for; part of the key. Never renumber: stored runs depend on it. */
typedef enum ArmcRngPurpose {
    ARMC_RNG_INIT = 1,
    ARMC_RNG_SHUFFLE = 2,
    ARMC_RNG_DROPOUT = 3,
    ARMC_RNG_SAMPLE = 4,
    ARMC_RNG_BINARIZE = 5,
    ARMC_RNG_SPLIT = 6,
    ARMC_RNG_CONSTANT = 7, /* random(...) in a script */
    ARMC_RNG_TEST = 8,
    ARMC_RNG_ORDER = 9,   /* `order=random` */
    ARMC_RNG_FIELD = 10,  /* parameters and levels at which `field` takes gradients */
    ARMC_RNG_MEMBER = 11, /* which member of an ensemble a sample is drawn from */
    ARMC_RNG_COLOUR = 12, /* backgrounds and tints of `colour=` */
} ArmcRngPurpose;

/* 64-bit FNV-1a of a text: parameter paths as part of a key. */
uint64_t armc_rng_hash(const char *text);

/* What seed and purpose make: for the kernel that gives many uniforms at a time. */
uint64_t armc_rng_key(uint64_t seed, ArmcRngPurpose purpose);
/* Four 32-bit words for (seed, purpose, a, b, c): the key is made of seed and purpose, the counter
 * of a, b, c. */
void armc_rng_words(uint64_t seed, ArmcRngPurpose purpose, uint64_t a, uint64_t b, uint32_t out[4]);
/* A uniform in (0,1) with 53 bits from words 0 and 1. */
double armc_rng_uniform(uint64_t seed, ArmcRngPurpose purpose, uint64_t a, uint64_t b);
/* A standard normal (Box-Muller on words 0..3, own log/cos so that it is the same on every
 * machine). */
double armc_rng_normal(uint64_t seed, ArmcRngPurpose purpose, uint64_t a, uint64_t b);
/* A permutation of 0..n-1 into out, by Fisher-Yates; keyed by (seed, purpose, a). */
void armc_rng_permutation(uint64_t seed, ArmcRngPurpose purpose, uint64_t a, int64_t n,
                          int64_t *out);

#endif
