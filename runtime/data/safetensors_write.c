#include "runtime/data/safetensors.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/base/file.h"

enum {
    LENGTH_BYTES = 8, /* of the header's length, before the header */
    ALIGNMENT = 64,   /* of the first tensor */
};

/* The bytes of the UTF-8 sequence at `s` (RFC 3629: no overlong forms, no surrogates); 0: none. */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    unsigned char low = 0x80, high = 0xbf; /* of the second byte */
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    if (s[0] == 0xed)
        high = 0x9f;
    if (s[0] == 0xf0)
        low = 0x90;
    if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static void write_string(FILE *out, const char *text)
{
    putc('"', out);
    for (const char *s = text; *s != '\0';) {
        size_t n = utf8_length((const unsigned char *)s);
        if (n == 0)
            fputs("\xef\xbf\xbd", out);
        else if ((unsigned char)*s < 0x20)
            fprintf(out, "\\u%04x", (unsigned)*s);
        else if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else
            fwrite(s, 1, n, out);
        s += n == 0 ? 1 : n;
    }
    putc('"', out);
}

static void write_metadata(FILE *out, const ArmcSafetensors *file)
{
    fputs("\"__metadata__\":{", out);
    for (size_t i = 0; i < file->metadata_count; i++) {
        fputs(i == 0 ? "" : ",", out);
        write_string(out, file->keys[i]);
        putc(':', out);
        write_string(out, file->values[i]);
    }
    putc('}', out);
}

static void write_tensor_info(FILE *out, const ArmcTensorEntry *tensor, size_t offset)
{
    write_string(out, tensor->name);
    fputs(":{\"dtype\":", out);
    write_string(out, tensor->dtype);
    fputs(",\"shape\":[", out);
    for (int i = 0; i < tensor->rank; i++)
        fprintf(out, "%s%" PRId64, i == 0 ? "" : ",", tensor->dims[i]);
    fprintf(out, "],\"data_offsets\":[%zu,%zu]}", offset, offset + tensor->bytes);
}

static void write_header(FILE *out, const ArmcSafetensors *file)
{
    const char *comma = "";
    size_t offset = 0;
    putc('{', out);
    if (file->metadata_count > 0) {
        write_metadata(out, file);
        comma = ",";
    }
    for (size_t i = 0; i < file->count; i++, comma = ",") {
        fputs(comma, out);
        write_tensor_info(out, &file->tensors[i], offset);
        offset += file->tensors[i].bytes;
    }
    putc('}', out);
}

/* Spaces up to the alignment; then the header's length goes where room was left for it. False
 * where the file can't be written at a place of choice. */
static bool finish_header(FILE *out)
{
    long end = ftell(out);
    for (; end > 0 && end % ALIGNMENT != 0; end++)
        putc(' ', out);
    if (end < 0 || fseek(out, 0, SEEK_SET) != 0)
        return false;
    uint64_t length = (uint64_t)end - LENGTH_BYTES;
    for (int i = 0; i < LENGTH_BYTES; i++)
        putc((int)(length >> 8 * i & 0xff), out);
    return fseek(out, 0, SEEK_END) == 0;
}

void armc_safetensors_write(ArmcArena *scratch, const char *path, const ArmcSafetensors *file)
{
    static const char room[LENGTH_BYTES] = {0};
    ArmcNewFile new_file;
    armc_file_create(scratch, &new_file, path);
    FILE *out = new_file.stream;
    fwrite(room, 1, sizeof room, out);
    write_header(out, file);
    if (!finish_header(out) && !ferror(out)) { /* a full disk is commit's to report */
        armc_file_drop(&new_file);
        armc_fault_raise(new_file.fault, ARMC_RESOURCE,
                         "can't write `%s`: a pipe can't hold a safetensors file", path);
    }
    for (size_t i = 0; i < file->count; i++)
        if (file->tensors[i].bytes > 0)
            fwrite(file->tensors[i].data, 1, file->tensors[i].bytes, out);
    armc_file_commit(&new_file);
}
