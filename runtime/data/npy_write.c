/* Writes NPY files: magic, version, a header that is a Python dict, the numbers. */
#include "runtime/data/npy_write.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/base/file.h"

enum {
    PREAMBLE = 10,  /* magic, version, length of the header */
    ALIGNMENT = 64, /* of the numbers */
};

static const char *dict(ArmcArena *arena, int rank, const int64_t *dims)
{
    const char *shape = "";
    for (int i = 0; i < rank; i++)
        shape = armc_arena_printf(arena, "%s%" PRId64 "%s", shape, dims[i],
                                  i + 1 < rank ? ", "
                                  : rank == 1  ? ","
                                               : "");
    return armc_arena_printf(arena, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%s), }",
                             (int)sizeof(ArmcReal), shape);
}

static void write_header(FILE *out, const char *text)
{
    size_t length = strlen(text), total = PREAMBLE + length + 1;
    size_t blanks = (ALIGNMENT - total % ALIGNMENT) % ALIGNMENT, header = length + blanks + 1;
    fwrite("\x93NUMPY\x01\x00", 1, 8, out);
    putc((int)(header & 0xff), out);
    putc((int)(header >> 8), out);
    fprintf(out, "%s%*s\n", text, (int)blanks, "");
}

/* The least significant byte first, whatever the machine does. */
static void write_number(FILE *out, ArmcReal x)
{
    unsigned char bytes[sizeof x];
    uint64_t bits = 0;
#if ARMC_REAL_IS_DOUBLE
    memcpy(&bits, &x, sizeof x);
#else
    uint32_t half;
    memcpy(&half, &x, sizeof x);
    bits = half;
#endif
    for (size_t i = 0; i < sizeof x; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i & 0xff);
    fwrite(bytes, 1, sizeof bytes, out);
}

void armc_npy_write(ArmcArena *scratch, const char *path, int rank, const int64_t *dims,
                    const ArmcReal *data)
{
    ArmcNewFile file;
    int64_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= dims[i];
    const char *text = dict(scratch, rank, dims);
    armc_file_create(scratch, &file, path);
    write_header(file.stream, text);
    for (int64_t i = 0; i < count; i++)
        write_number(file.stream, data[i]);
    armc_file_commit(&file);
}
