#include "runtime/data/binarize.h"

#include "runtime/base/fault.h"
#include "runtime/base/rng.h"

enum { WORDS = 4 }; /* of 32 bits, that one Philox block gives */

/* u / 2^32 < v / (K - 1) for a uniform word u, in whole numbers: 0 is never drawn as 1, K - 1
 * always. */
static uint8_t draw_one(uint32_t u, uint8_t v, int levels)
{
    return (uint64_t)u * (uint64_t)(levels - 1) < (uint64_t)v << 32;
}

void armc_binarize(ArmcBinaryDraw draw, int levels, int64_t first, int64_t n, const uint8_t *values,
                   uint8_t *out)
{
    ARMC_ASSERT(first % WORDS == 0);
    const uint64_t stream = draw.round << 1 | draw.part;
    const uint64_t example = (uint64_t)draw.example << 32;
    for (int64_t begin = 0; begin < n; begin += WORDS) {
        uint32_t words[WORDS];
        uint64_t block = (uint64_t)(first + begin) / WORDS;
        armc_rng_words(0, ARMC_RNG_BINARIZE, stream, example | block, words);
        for (int64_t k = 0; k < WORDS && begin + k < n; k++)
            out[begin + k] = draw_one(words[k], values[begin + k], levels);
    }
}
