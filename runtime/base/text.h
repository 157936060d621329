/* Texts that end with a zero byte. */
#ifndef ARMC_BASE_TEXT_H
#define ARMC_BASE_TEXT_H

#include <stdbool.h>
#include <string.h>

/* Are they the same? For searches through many, nearly all of which begin with another letter. */
static inline bool armc_same_text(const char *a, const char *b)
{
    return *a == *b && strcmp(a, b) == 0;
}

#endif
