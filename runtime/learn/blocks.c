#include "runtime/learn/blocks.h"

static int64_t blocks_of(const ArmcParam *param)
{
    return (param->size + ARMC_BLOCK_SIZE - 1) / ARMC_BLOCK_SIZE;
}

static void cut(ArmcArena *arena, ArmcBlocks *blocks)
{
    const ArmcGraph *graph = blocks->graph;
    for (size_t i = 0; i < graph->param_count; i++)
        blocks->count += blocks_of(graph->params[i]);
    blocks->items = ARMC_NEW_ARRAY(arena, ArmcBlock, blocks->count);
    ArmcBlock *next = blocks->items;
    for (size_t i = 0; i < graph->param_count; i++) {
        int64_t size = graph->params[i]->size;
        for (int64_t first = 0; first < size; first += ARMC_BLOCK_SIZE) {
            int64_t left = size - first;
            *next++ = (ArmcBlock){i, first, left < ARMC_BLOCK_SIZE ? left : ARMC_BLOCK_SIZE};
        }
    }
}

ArmcBlocks *armc_blocks_new(ArmcArena *arena, const ArmcGraph *graph, const ArmcKernels *kernels,
                            ArmcPool *pool)
{
    ArmcBlocks *blocks = ARMC_NEW(arena, ArmcBlocks);
    *blocks = (ArmcBlocks){.graph = graph, .kernels = kernels, .pool = pool};
    cut(arena, blocks);
    blocks->scratch = ARMC_NEW_ARRAY(arena, ArmcReal, ARMC_BLOCK_SIZE * armc_pool_threads(pool));
    return blocks;
}

ArmcReal *armc_blocks_scratch(const ArmcBlocks *blocks, int worker)
{
    return blocks->scratch + (int64_t)worker * ARMC_BLOCK_SIZE;
}

ArmcReal **armc_blocks_arrays(ArmcArena *arena, const ArmcBlocks *blocks)
{
    ArmcReal **arrays = ARMC_NEW_ARRAY(arena, ArmcReal *, blocks->graph->param_count);
    for (size_t i = 0; i < blocks->graph->param_count; i++)
        arrays[i] = ARMC_NEW_ARRAY(arena, ArmcReal, blocks->graph->params[i]->size);
    return arrays;
}

int64_t armc_blocks_entries(const ArmcGraph *graph)
{
    int64_t entries = 0;
    for (size_t i = 0; i < graph->param_count; i++)
        entries += graph->params[i]->size;
    return entries;
}
