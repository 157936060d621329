/* What ends a piece of work at once: no memory, a file that can't be read, a bug.
 *
 * The three kinds of error are never mixed (docs/decisions.md): mistakes in the user's script or
 * data are diagnostics (diag.h); lack of resources is a fault, one jump back to the API entry that
 * set `where`; a bug in armc is an assert. */
#ifndef ARMC_BASE_FAULT_H
#define ARMC_BASE_FAULT_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

/* The values are the exit statuses of the program. */
typedef enum ArmcStatus {
    ARMC_OK = 0,
    ARMC_USER = 1,      /* the user's script or data is wrong */
    ARMC_USAGE = 2,     /* the command line is wrong */
    ARMC_RESOURCE = 3,  /* memory, disk, a file that can't be opened */
    ARMC_INTERNAL = 70, /* a bug in armc */
} ArmcStatus;

/* Begins as zero bytes: ArmcFault fault = {0}. */
typedef struct ArmcFault {
    jmp_buf *where; /* set by the API entry with setjmp */
    ArmcStatus status;
    char message[1024];
    long
        allocations_left; /* for tests: the allocation that counts this down to 0 fails; 0: never */
    size_t memory_limit;  /* what the arenas may hold together, in bytes; 0: no limit */
    size_t memory_used;
} ArmcFault;

/* Formats the message and jumps; never returns. */
_Noreturn void armc_fault_raise(ArmcFault *fault, ArmcStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* True when this allocation is the one that a test wants to fail; arenas and buffers ask before
 * each. */
bool armc_fault_fails_allocation(ArmcFault *fault);

/* Asserts are documentation and the fuzzers' oracle: they stay in release builds. The report names
 * file and line. */
_Noreturn void armc_assert_failed(const char *what, const char *file, int line);
#define ARMC_ASSERT(x) ((x) ? (void)0 : armc_assert_failed(#x, __FILE__, __LINE__))

#endif
