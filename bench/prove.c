/* How long the proof takes: a network of residual blocks over an image, whose masked convolutions
 * are sums of shifted products, each with the weights of one tap. Features belong to the channels
 * of the picture in turns; a feature sees those of earlier channels at its own site, and, behind
 * the first layer, of its own. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/graph/build.h"
#include "runtime/graph/prove.h"

enum { BLOCKS = 12, HIDDEN = 128, CHANNELS = 3, LEVELS = 256, TAPS = 5, ROUNDS = 5 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static ArmcValue *call(ArmcGraph *graph, const char *op, int count, ArmcValue *a, ArmcValue *b,
                       const ArmcAttr *attr)
{
    ArmcValue *value =
        armc_graph_call(graph, armc_op_get(op), count, (ArmcValue *[]){a, b}, attr, NULL);
    if (!value) {
        fprintf(stderr, "prove: %s was refused\n", op);
        exit(EXIT_FAILURE);
    }
    return value;
}

/* Weights [from, to] of a tap. At the site itself (strict or not) masked by channel; `lay` features
 * of each channel lie together in the result. */
static ArmcValue *tap_weight(ArmcGraph *graph, int64_t from, int64_t to, int64_t lay, bool own,
                             bool strict)
{
    ArmcParam param = {.path = "weight", .shape = armc_shape_make(2, (int64_t[]){from, to})};
    uint8_t *mask = own ? ARMC_NEW_ARRAY(graph->arena, uint8_t, from * to) : NULL;
    for (int64_t i = 0; own && i < from * to; i++)
        mask[i] = i / to % CHANNELS + strict <= i % to / lay % CHANNELS;
    param.mask = mask;
    return armc_graph_param(graph, &param);
}

/* The sum over the taps: the site, its left neighbour and the three sites above. */
static ArmcValue *convolution(ArmcGraph *graph, ArmcValue *x, int64_t to, bool strict)
{
    const int64_t side = x->shape.dims[1], offset[TAPS] = {0, 1, side - 1, side, side + 1};
    ArmcValue *sum = NULL;
    for (int t = 0; t < TAPS; t++) {
        ArmcAttr sites = {.given = true, .i = offset[t], .r = (double)offset[t]};
        ArmcValue *from = t ? call(graph, "shift", 1, x, NULL, &sites) : x;
        ArmcValue *weight = tap_weight(graph, armc_shape_features(x->shape), to, 1, t == 0, strict);
        ArmcValue *product = call(graph, "matmul", 2, from, weight, NULL);
        sum = sum ? call(graph, "add", 2, sum, product, NULL) : product;
    }
    return sum;
}

static void build(ArmcGraph *graph, int64_t side)
{
    ArmcInput input = {.name = "image",
                       .shape = armc_shape_make(3, (int64_t[]){side, side, CHANNELS}),
                       .levels = LEVELS};
    ArmcValue *x = call(graph, "scale", 1, armc_graph_input(graph, &input), NULL, NULL);
    x = convolution(graph, x, HIDDEN, true);
    for (int b = 0; b < BLOCKS; b++) {
        ArmcValue *inner = call(graph, "relu", 1, x, NULL, NULL);
        x = call(graph, "add", 2, x, convolution(graph, inner, HIDDEN, false), NULL);
    }
    ArmcValue *weight = tap_weight(graph, HIDDEN, CHANNELS * LEVELS, LEVELS, true, false);
    x = call(graph, "matmul", 2, x, weight, NULL);
    if (!armc_graph_likelihood(graph, armc_dist_find("categorical"), NULL, 0, x, NULL)) {
        fprintf(stderr, "prove: the likelihood was refused\n");
        exit(EXIT_FAILURE);
    }
}

/* Builds the network and proves it; false where the proof takes longer than `most` milliseconds. */
static bool measure(int64_t side, double most)
{
    ArmcFault fault = {0};
    ArmcArena *arena = armc_arena_new(&fault);
    ArmcGraph *graph = armc_graph_new(arena, armc_diags_new(arena));
    double begin = now(), best = 1e300;
    build(graph, side);
    double built = now() - begin;
    for (int i = 0; i < ROUNDS; i++) {
        begin = now();
        if (!armc_prove(graph, NULL)) {
            fprintf(stderr, "prove: the network was refused\n");
            exit(EXIT_FAILURE);
        }
        double took = now() - begin;
        best = took < best ? took : best;
    }
    printf("%dx%dx%d, %d blocks of %d: %zu nodes, built with shapes and groups in %.0f ms, proved "
           "in %.1f ms (at most %.0f)\n",
           (int)side, (int)side, CHANNELS, BLOCKS, HIDDEN, graph->node_count, built, best, most);
    armc_arena_free(arena);
    return best <= most;
}

int main(void)
{
    bool small = measure(28, 100), large = measure(64, 1000);
    return small && large ? EXIT_SUCCESS : EXIT_FAILURE;
}
