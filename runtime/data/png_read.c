#include "runtime/data/png_read.h"

#include <errno.h>
#include <inttypes.h>
#include <png.h>
#include <string.h>

#include "runtime/base/file.h"

enum {
    HEADER_BYTES = 29, /* the signature and the IHDR chunk up to its last field */
    MAX_SIDE = 1000 * 1000,
    GREY = 0, /* colour types */
    RGB = 2,
    DEFLATE_LIMIT = 1032, /* to 1: more than this no PNG packs */
};

/* --- the header --------------------------------------------------------------------------- */

static int64_t big_endian(const uint8_t *b)
{
    return (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | (int64_t)b[3];
}

static const char *kind_name(int colour_type)
{
    switch (colour_type) {
    case GREY:
        return "grey";
    case RGB:
        return "RGB";
    case 3:
        return "with a palette";
    case 4:
        return "grey with alpha";
    case 6:
        return "RGB with alpha";
    default:
        return "of an unknown colour type";
    }
}

static bool check_header(const ArmcDataCall *call, const ArmcPng *picture)
{
    const uint8_t *b = picture->bytes;
    const int depth = b[24], colour = b[25];
    const int64_t height = picture->height, width = picture->width;
    if (depth != 8 || (colour != GREY && colour != RGB))
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` is %s, %d bits a sample; pictures of 8-bit grey or RGB are "
                                  "read",
                                  picture->path, kind_name(colour), depth);
    bool possible = height > 0 && width > 0 && height <= MAX_SIDE && width <= MAX_SIDE &&
                    (uint64_t)(height * width) / DEFLATE_LIMIT <= picture->length;
    return possible || armc_data_complain(call, ARMC_E_bad_file,
                                          "`%s` has %zu bytes, but by its header %" PRId64
                                          "x%" PRId64 " pixels",
                                          picture->path, picture->length, height, width);
}

bool armc_png_open(const ArmcDataCall *call, ArmcArena *scratch, const char *path, ArmcPng *out)
{
    *out = (ArmcPng){.path = path};
    out->bytes = armc_file_map(scratch, path, &out->length);
    if (out->bytes == NULL)
        return armc_data_complain(call, ARMC_E_missing_file, "`%s` can't be read: %s", path,
                                  errno != 0 ? strerror(errno) : "it is damaged gzip data");
    if (out->length < HEADER_BYTES || memcmp(out->bytes, "\x89PNG\r\n\x1a\n", 8) != 0 ||
        memcmp(out->bytes + 12, "IHDR", 4) != 0)
        return armc_data_complain(call, ARMC_E_bad_file, "`%s` is no PNG file: it begins otherwise",
                                  path);
    out->width = big_endian(out->bytes + 16);
    out->height = big_endian(out->bytes + 20);
    out->channels = out->bytes[25] == RGB ? 3 : 1;
    return check_header(call, out);
}

/* --- the pixels --------------------------------------------------------------------------- */

/* What libpng is handed: bytes to read, and room for what it complains about. */
typedef struct Stream {
    const uint8_t *bytes;
    size_t left;
    char message[128];
} Stream;

static void on_error(png_structp png, png_const_charp message)
{
    Stream *stream = png_get_error_ptr(png);
    strncpy(stream->message, message, sizeof stream->message - 1);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message; /* about chunks that we don't use */
}

static void read_bytes(png_structp png, png_bytep out, size_t n)
{
    Stream *stream = png_get_io_ptr(png);
    if (n > stream->left)
        png_error(png, "the file is cut off");
    memcpy(out, stream->bytes, n);
    stream->bytes += n;
    stream->left -= n;
}

/* Nothing in here may raise a fault: libpng's memory would stay. */
static bool decode(Stream *stream, png_bytepp rows)
{
    png_infop info = NULL;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, stream, on_error, on_warning);
    if (png != NULL)
        info = png_create_info_struct(png);
    if (info == NULL || setjmp(png_jmpbuf(png)) != 0) {
        png_destroy_read_struct(&png, &info, NULL);
        return false;
    }
    /* Chunks that we don't use are skipped, not unpacked: a few bytes can claim gigabytes. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_read_fn(png, stream, read_bytes);
    png_read_info(png, info);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    png_read_image(png, rows);
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    return true;
}

bool armc_png_decode(const ArmcDataCall *call, ArmcArena *scratch, const ArmcPng *picture,
                     uint8_t *pixels)
{
    Stream stream = {.bytes = picture->bytes, .left = picture->length};
    png_bytepp rows = ARMC_NEW_ARRAY(scratch, png_bytep, picture->height);
    for (int64_t y = 0; y < picture->height; y++)
        rows[y] = pixels + y * picture->width * picture->channels;
    if (decode(&stream, rows))
        return true;
    return armc_data_complain(call, ARMC_E_bad_file, "`%s` is damaged: %s", picture->path,
                              stream.message[0] != '\0' ? stream.message : "out of memory");
}
