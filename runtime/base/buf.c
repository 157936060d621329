#include "runtime/base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void armc_buf_init(ArmcBuf *buf, ArmcFault *fault)
{
    *buf = (ArmcBuf){.fault = fault};
    char *data = armc_fault_fails_allocation(fault) ? NULL : malloc(FIRST_CAPACITY);
    if (data == NULL)
        armc_fault_raise(fault, ARMC_RESOURCE, "out of memory for a piece of text");
    data[0] = '\0';
    buf->data = data;
    buf->capacity = FIRST_CAPACITY;
}

void armc_buf_clear(ArmcBuf *buf)
{
    free(buf->data);
    *buf = (ArmcBuf){.fault = buf->fault};
}

/* Makes room for `more` bytes and the NUL. */
static void reserve(ArmcBuf *buf, size_t more)
{
    if (more < buf->capacity - buf->length)
        return;
    size_t wanted = buf->capacity;
    while (wanted - buf->length <= more && wanted <= SIZE_MAX / 2)
        wanted *= 2;
    bool fits = wanted - buf->length > more && !armc_fault_fails_allocation(buf->fault);
    char *data = fits ? realloc(buf->data, wanted) : NULL;
    if (data == NULL)
        armc_fault_raise(buf->fault, ARMC_RESOURCE, "out of memory for a text of %zu bytes",
                         buf->length);
    buf->data = data;
    buf->capacity = wanted;
}

void armc_buf_append(ArmcBuf *buf, const void *bytes, size_t length)
{
    if (length == 0)
        return;
    reserve(buf, length);
    memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void armc_buf_puts(ArmcBuf *buf, const char *text)
{
    armc_buf_append(buf, text, strlen(text));
}

void armc_buf_printf(ArmcBuf *buf, const char *format, ...)
{
    const size_t room = buf->capacity - buf->length;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(buf->data + buf->length, room, format, args);
    va_end(args);
    ARMC_ASSERT(length >= 0);
    if ((size_t)length >= room) {
        buf->data[buf->length] = '\0'; /* a fault leaves the text as it was */
        reserve(buf, (size_t)length);
        va_start(args, format);
        vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
        va_end(args);
    }
    buf->length += (size_t)length;
}
