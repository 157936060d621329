/* A growable piece of text. The bytes are always NUL-terminated. Memory comes from malloc, so that
 * one buffer can be reused across arenas; a fault is raised when it runs out. */
#ifndef ARMC_BASE_BUF_H
#define ARMC_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "runtime/base/fault.h"

typedef struct ArmcBuf {
    char *data;
    size_t length, capacity;
    ArmcFault *fault;
} ArmcBuf;

void armc_buf_init(ArmcBuf *buf, ArmcFault *fault);
void armc_buf_clear(ArmcBuf *buf); /* frees; the buffer may be used again after init */
void armc_buf_append(ArmcBuf *buf, const void *bytes, size_t length);
void armc_buf_puts(ArmcBuf *buf, const char *text);
void armc_buf_printf(ArmcBuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
