#include "runtime/base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void armc_fault_raise(ArmcFault *fault, ArmcStatus status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fault->message, sizeof fault->message, format, args);
    va_end(args);
    fault->status = status;
    ARMC_ASSERT(fault->where != NULL);
    longjmp(*fault->where, 1);
}

bool armc_fault_fails_allocation(ArmcFault *fault)
{
    return fault->allocations_left > 0 && --fault->allocations_left == 0;
}

/* The one place outside the command line that writes to stderr and ends the process: after a failed
 * assertion nothing that the program knows about itself can be trusted. */
void armc_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "armc: internal error at %s:%d: %s\n", file, line, what);
    fprintf(stderr, "this is a bug in armc, not in your script: please report it\n");
    abort();
}
