/* An arena is a list of chunks. Small pieces are cut off the newest chunk one after the other; a
 * large piece gets a chunk of its own, so that it wastes none of the shared ones. Shared chunks
 * begin small and double: zeroing a full one takes longer than most scratch arenas live. */
#include "runtime/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGNMENT = 64,          /* a cache line, and the widest vector */
    FIRST_BYTES = 4 * 1024,  /* payload of the first shared chunk */
    CHUNK_BYTES = 64 * 1024, /* and of the largest */
    LARGE_BYTES = CHUNK_BYTES / 4,
    FIRST_CAPACITY = 8,
    SHORT_TEXT = 128,
};

typedef struct Chunk {
    struct Chunk *next;
    char *begin; /* the first aligned byte after this header */
    size_t used, size;
} Chunk;

typedef struct Release {
    struct Release *next;
    void (*release)(void *context);
    void *context;
} Release;

struct ArmcArena {
    ArmcFault *fault;
    Chunk *shared; /* the newest chunk of small pieces, then the older ones */
    Chunk *large;
    Release *releases; /* live in the arena themselves */
};

_Noreturn static void out_of_memory(ArmcFault *fault, size_t bytes)
{
    armc_fault_raise(fault, ARMC_RESOURCE, "out of memory: %zu more bytes were asked for", bytes);
}

/* Whether the arenas may hold so much more. */
static bool is_allowed(const ArmcFault *fault, size_t bytes)
{
    return fault->memory_limit == 0 || (fault->memory_used <= fault->memory_limit &&
                                        bytes <= fault->memory_limit - fault->memory_used);
}

/* calloc hands out large blocks as fresh mappings, whose pages cost nothing until they are used. */
static void *get_zeroed(ArmcFault *fault, size_t bytes)
{
    bool fails = armc_fault_fails_allocation(fault) || !is_allowed(fault, bytes);
    void *memory = fails ? NULL : calloc(1, bytes);
    if (memory == NULL)
        out_of_memory(fault, bytes);
    return memory;
}

static char *align_up(char *at, size_t alignment)
{
    size_t over = (uintptr_t)at % alignment;
    return over == 0 ? at : at + (alignment - over);
}

/* A chunk with at least `size` aligned bytes, put at the front of the list. */
static Chunk *add_chunk(ArmcArena *arena, Chunk **list, size_t size)
{
    if (size > SIZE_MAX - sizeof(Chunk) - ALIGNMENT)
        out_of_memory(arena->fault, size);
    Chunk *chunk = get_zeroed(arena->fault, sizeof(Chunk) + ALIGNMENT + size);
    chunk->begin = align_up((char *)(chunk + 1), ALIGNMENT);
    chunk->size = size;
    arena->fault->memory_used += size;
    chunk->next = *list;
    *list = chunk;
    return chunk;
}

static void *take_from(Chunk *chunk, size_t bytes, size_t alignment)
{
    size_t begin = (chunk->used + alignment - 1) / alignment * alignment;
    if (begin > chunk->size || bytes > chunk->size - begin)
        return NULL;
    chunk->used = begin + bytes;
    return chunk->begin + begin;
}

/* A shared chunk twice as large as the last one, with room for `bytes`. */
static Chunk *add_shared(ArmcArena *arena, size_t bytes)
{
    size_t size = arena->shared->size;
    do
        size *= 2;
    while (size < bytes);
    return add_chunk(arena, &arena->shared, size < CHUNK_BYTES ? size : CHUNK_BYTES);
}

static void *take(ArmcArena *arena, size_t bytes, size_t alignment)
{
    if (bytes > LARGE_BYTES)
        return take_from(add_chunk(arena, &arena->large, bytes), bytes, alignment);
    void *memory = take_from(arena->shared, bytes, alignment);
    if (memory == NULL)
        memory = take_from(add_shared(arena, bytes), bytes, alignment);
    return memory;
}

ArmcArena *armc_arena_new(ArmcFault *fault)
{
    ArmcArena *arena = armc_fault_fails_allocation(fault) ? NULL : calloc(1, sizeof *arena);
    Chunk *chunk = arena == NULL || armc_fault_fails_allocation(fault)
                       ? NULL
                       : calloc(1, sizeof *chunk + ALIGNMENT + FIRST_BYTES);
    if (chunk == NULL) {
        free(arena); /* nobody else knows of it yet */
        out_of_memory(fault, FIRST_BYTES);
    }
    chunk->begin = align_up((char *)(chunk + 1), ALIGNMENT);
    chunk->size = FIRST_BYTES;
    arena->fault = fault;
    fault->memory_used += FIRST_BYTES;
    arena->shared = chunk;
    return arena;
}

static void free_chunks(ArmcFault *fault, Chunk *chunk)
{
    while (chunk != NULL) {
        Chunk *next = chunk->next;
        fault->memory_used -= chunk->size;
        free(chunk);
        chunk = next;
    }
}

void armc_arena_free(ArmcArena *arena)
{
    if (arena == NULL)
        return;
    for (Release *r = arena->releases; r != NULL; r = r->next)
        r->release(r->context);
    free_chunks(arena->fault, arena->shared);
    free_chunks(arena->fault, arena->large);
    free(arena);
}

ArmcFault *armc_arena_fault(const ArmcArena *arena)
{
    return arena->fault;
}

void armc_arena_on_free(ArmcArena *arena, void (*release)(void *context), void *context)
{
    Release *r = ARMC_NEW(arena, Release);
    *r = (Release){.next = arena->releases, .release = release, .context = context};
    arena->releases = r;
}

void *armc_arena_alloc(ArmcArena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory(arena->fault, SIZE_MAX);
    return take(arena, bytes, ALIGNMENT);
}

char *armc_arena_strndup(ArmcArena *arena, const char *text, size_t length)
{
    char *copy = take(arena, length + 1, 1);
    memcpy(copy, text, length);
    return copy; /* the arena's zero bytes end it */
}

char *armc_arena_strdup(ArmcArena *arena, const char *text)
{
    return armc_arena_strndup(arena, text, strlen(text));
}

char *armc_arena_vprintf(ArmcArena *arena, const char *format, va_list args)
{
    char shorter[SHORT_TEXT]; /* most are, and need formatting once only */
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(shorter, sizeof shorter, format, args);
    ARMC_ASSERT(length >= 0);
    char *text = take(arena, (size_t)length + 1, 1);
    if ((size_t)length < sizeof shorter)
        memcpy(text, shorter, (size_t)length);
    else
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *armc_arena_printf(ArmcArena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = armc_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

/* Doubling leaves the old arrays behind in the arena: together they are no larger than the last. */
void *armc_arena_grow(ArmcArena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity == 0 ? FIRST_CAPACITY : *capacity;
    while (wanted <= count)
        if (__builtin_mul_overflow(wanted, (size_t)2, &wanted))
            out_of_memory(arena->fault, SIZE_MAX);
    void *grown = armc_arena_alloc(arena, wanted, size);
    if (count > 0)
        memcpy(grown, items, count * size);
    *capacity = wanted;
    return grown;
}
