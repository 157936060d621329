/* Arenas own what lives as long as a session, a module or a run: everything is freed together,
 * nobody frees one node. */
#ifndef ARMC_BASE_ARENA_H
#define ARMC_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "runtime/base/fault.h"

typedef struct ArmcArena ArmcArena;

/* A fault is raised when memory runs out, also by new itself. */
ArmcArena *armc_arena_new(ArmcFault *fault);
void armc_arena_free(ArmcArena *arena); /* NULL is fine */
ArmcFault *armc_arena_fault(const ArmcArena *arena);
/* What the arena's owner does not own by itself (a mapped file, a library's object) goes when the
 * arena goes: last asked, first released. */
void armc_arena_on_free(ArmcArena *arena, void (*release)(void *context), void *context);

/* Zeroed memory, aligned to 64 bytes. Large blocks get a mapping of their own. */
void *armc_arena_alloc(ArmcArena *arena, size_t count, size_t size);
#define ARMC_NEW(arena, type) ((type *)armc_arena_alloc((arena), 1, sizeof(type)))
#define ARMC_NEW_ARRAY(arena, type, n)                                                             \
    ((type *)armc_arena_alloc((arena), (size_t)(n), sizeof(type)))

char *armc_arena_strdup(ArmcArena *arena, const char *text);
char *armc_arena_strndup(ArmcArena *arena, const char *text, size_t length);
char *armc_arena_printf(ArmcArena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *armc_arena_vprintf(ArmcArena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Appends to an arena-owned growable array: ARMC_PUSH(arena, list.items, list.count, list.capacity,
 * item). */
void *armc_arena_grow(ArmcArena *arena, void *items, size_t count, size_t *capacity, size_t size);
#define ARMC_PUSH(arena, items, count, capacity, item)                                             \
    ((items) = armc_arena_grow((arena), (items), (count), &(capacity), sizeof *(items)),           \
     (items)[(count)++] = (item))

#endif
