#include <stdbool.h>
#include <string.h>

#include "runtime/base/diag.h"

enum { MAX_LENGTH = 63 }; /* longer words are not worth a guess */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Are a[i-2..i-1] and b[j-2..j-1] the same two letters, swapped? */
static bool is_swap(const char *a, const char *b, size_t i, size_t j)
{
    return i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
}

/* Damerau-Levenshtein (optimal string alignment): the number of letters to insert, drop, replace or
 * swap with the next one. D[i][j] is the distance of a[..i] and b[..j]; three rows of it are kept.
 */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][MAX_LENGTH + 1];
    size_t m = strlen(a), n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            row[j] = least(above[j], row[j - 1]) + 1;
            row[j] = least(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (is_swap(a, b, i, j))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

const char *armc_suggest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t length = strlen(word);
    size_t limit = length / 3;
    if (length > MAX_LENGTH)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(words[i]);
        if (n > MAX_LENGTH || n > length + limit || n + limit < length)
            continue; /* so many letters more, or fewer, are a distance too large */
        size_t d = distance(word, words[i]);
        if (d > limit || (nearest != NULL && d == limit))
            continue;
        nearest = words[i];
        limit = d;
    }
    return nearest;
}
