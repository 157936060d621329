/* Two rules, each in whole numbers only, so that the pictures are the same on every machine.
 * docs/data.md says them in words. Fractions are in units of 2^-16. */
#include "runtime/data/colour.h"

#include <inttypes.h>

#include "runtime/base/fault.h"
#include "runtime/base/rng.h"

enum { CHANNELS = 3, WORDS = 4 }; /* of 32 bits, that one Philox block gives */

enum {
    NODES = 3,          /* the background's brightness is free at so many points a side */
    FIRST_NODES = 1,    /* blocks of words: 0 is the picture's, 1 to 3 are the nodes', */
    FIRST_PIXELS = 8,   /* from 8 on a word is a pixel's */
    LOW = 28500,        /* the least brightness; */
    OF_PICTURE = 10000, /* how much more the picture adds at most, */
    OF_NODE = 12200,    /* its nodes, */
    OF_PIXEL = 1000,    /* and a pixel, twice */
    TOP = 65535,
    LEAST_TINT = 16384, /* a quarter */
};

/* What a channel has more than the brightness: a background is reddish. */
static const int64_t offsets[CHANNELS] = {8900, 0, 5000};

/* --- what is asked for -------------------------------------------------------------------- */

/* The sources that have a rule. */
static const char *list_sources(ArmcArena *arena)
{
    const char *list = "";
    for (size_t i = 0; armc_data_sources[i] != NULL; i++)
        if (armc_data_sources[i]->colour != ARMC_COLOUR_NO)
            list = armc_arena_printf(arena, "%s%s%s", list, *list != '\0' ? ", " : "",
                                     armc_data_sources[i]->name);
    return list;
}

bool armc_colour_choose(const ArmcDataCall *call, const ArmcDataOptions *options,
                        const ArmcDataSource *source, ArmcDataset *data)
{
    if (options->colour == 0)
        return true;
    if (source->colour == ARMC_COLOUR_NO) {
        ArmcDiag *diag =
            armc_diag_add(call->diags, ARMC_E_bad_value, call->origin,
                          "there is no rule that colours the pictures of `%s`", data->name);
        armc_diag_help(diag, "colour= goes with %s", list_sources(call->arena));
        return false;
    }
    if (options->binarize != ARMC_BINARIZE_NO) {
        ArmcDiag *diag =
            armc_diag_add(call->diags, ARMC_E_bad_value, call->origin,
                          "colour=%" PRId64 " makes %d levels a channel; binarize makes 2 of grey",
                          options->colour, 1 << options->colour);
        armc_diag_help(diag, "leave one of the two out; colour=1 makes 2 levels a channel");
        return false;
    }
    ARMC_ASSERT(data->rank == 3 && data->dims[2] == 1);
    data->colour = source->colour;
    data->ink = source->ink;
    data->grey_levels = data->source_levels;
    data->dims[2] = CHANNELS;
    data->source_levels = 1 << options->colour;
    return true;
}

/* --- random numbers ----------------------------------------------------------------------- */

/* Four words of an example. */
static void draw_words(ArmcBinaryDraw draw, uint64_t block, uint32_t words[static WORDS])
{
    armc_rng_words(0, ARMC_RNG_COLOUR, draw.part, (uint64_t)draw.example << 32 | block, words);
}

/* A share of `most`: none for the word 0, nearly all for the largest. */
static int64_t share(uint32_t word, int64_t most)
{
    return (int64_t)(word >> 16) * most >> 16;
}

/* --- backgrounds -------------------------------------------------------------------------- */

typedef struct Background {
    int64_t brightness;          /* of the picture */
    int64_t nodes[NODES][NODES]; /* added to it at the nodes, which are evenly spread */
} Background;

static Background draw_background(ArmcBinaryDraw draw)
{
    Background made;
    uint32_t words[WORDS];
    draw_words(draw, 0, words);
    made.brightness = LOW + share(words[0], OF_PICTURE);
    for (int y = 0; y < NODES; y++) {
        draw_words(draw, (uint64_t)(FIRST_NODES + y), words);
        for (int x = 0; x < NODES; x++)
            made.nodes[y][x] = share(words[x], OF_NODE);
    }
    return made;
}

/* Where the middle of pixel i of n lies between the nodes: the node before it, and how far it is on
 * the way to the next one, in 0..255; a smooth step, 3 f^2 - 2 f^3. */
static int64_t locate(int64_t i, int64_t n, int64_t *way)
{
    int64_t at = (2 * i + 1) * (NODES - 1) * 256 / (2 * n), f = at & 255;
    *way = f * f * (768 - 2 * f) >> 16;
    return at >> 8;
}

static int64_t mix(int64_t a, int64_t b, int64_t way)
{
    return (a * (256 - way) + b * way) >> 8;
}

/* Without what is the pixel's own. */
static int64_t brightness_at(const Background *b, const ArmcDataset *data, int64_t pixel)
{
    int64_t down, right;
    int64_t y = locate(pixel / data->dims[1], data->dims[0], &down);
    int64_t x = locate(pixel % data->dims[1], data->dims[1], &right);
    int64_t above = mix(b->nodes[y][x], b->nodes[y][x + 1], right);
    int64_t below = mix(b->nodes[y + 1][x], b->nodes[y + 1][x + 1], right);
    return b->brightness + mix(above, below, down);
}

/* A digit's pixels take the complement of the background. */
static void put_on_background(const ArmcDataset *data, ArmcBinaryDraw draw, int64_t first,
                              int64_t n, const uint8_t *grey, uint8_t *out)
{
    const Background background = draw_background(draw);
    uint32_t words[WORDS];
    for (int64_t i = 0; i < n; i++) {
        if (i % WORDS == 0)
            draw_words(draw, (uint64_t)((first + i) / WORDS + FIRST_PIXELS), words);
        uint32_t own = words[i % WORDS];
        int64_t brightness = brightness_at(&background, data, first + i) + share(own, OF_PIXEL) +
                             share(own << 16, OF_PIXEL);
        for (int c = 0; c < CHANNELS; c++) {
            int64_t v = brightness + offsets[c];
            int64_t level = (v < TOP ? v : TOP) * data->source_levels >> 16;
            out[i * CHANNELS + c] =
                (uint8_t)(grey[i] < data->ink ? level : data->source_levels - 1 - level);
        }
    }
}

/* --- tints -------------------------------------------------------------------------------- */

static void tint(const ArmcDataset *data, ArmcBinaryDraw draw, int64_t n, const uint8_t *grey,
                 uint8_t *out)
{
    const int64_t white = (int64_t)data->grey_levels << 16;
    uint32_t words[WORDS];
    draw_words(draw, 0, words);
    for (int c = 0; c < CHANNELS; c++) {
        int64_t tint = LEAST_TINT + share(words[c], TOP + 1 - LEAST_TINT);
        for (int64_t i = 0; i < n; i++)
            out[i * CHANNELS + c] = (uint8_t)(grey[i] * tint * data->source_levels / white);
    }
}

void armc_colour_pixels(const ArmcDataset *data, ArmcBinaryDraw draw, int64_t first, int64_t n,
                        const uint8_t *grey, uint8_t *out)
{
    ARMC_ASSERT(first % WORDS == 0);
    if (data->colour == ARMC_COLOUR_BACKGROUND)
        put_on_background(data, draw, first, n, grey, out);
    else
        tint(data, draw, n, grey, out);
}
