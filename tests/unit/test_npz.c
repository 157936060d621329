/* NPZ archives right and wrong, made here byte by byte: stored, deflated, ZIP64. */
#define ZLIB_CONST
#include "tests/unit/data_lab.h"

#include <string.h>
#include <zlib.h>

/* An archive while it is made. */
typedef struct Archive {
    unsigned char bytes[8192], directory[2048];
    size_t length, directory_length, count;
    bool deflate, zip64;
} Archive;

static size_t put_number(unsigned char *at, uint64_t value, int n)
{
    for (int i = 0; i < n; i++)
        at[i] = (unsigned char)(value >> 8 * i & 0xff);
    return (size_t)n;
}

/* What is alike in a local header and in an entry of the directory: from the version to the name's
 * length. */
static size_t put_common(const Archive *zip, unsigned char *at, const char *name, uint32_t crc,
                         size_t packed, size_t unpacked)
{
    size_t n = put_number(at, 45, 2);
    n += put_number(at + n, 0, 2);
    n += put_number(at + n, zip->deflate ? 8 : 0, 2);
    n += put_number(at + n, 0, 4); /* time */
    n += put_number(at + n, crc, 4);
    n += put_number(at + n, zip->zip64 ? UINT32_MAX : packed, 4);
    n += put_number(at + n, zip->zip64 ? UINT32_MAX : unpacked, 4);
    return n + put_number(at + n, strlen(name), 2);
}

static size_t put_zip64(const Archive *zip, unsigned char *at, size_t packed, size_t unpacked)
{
    if (!zip->zip64)
        return 0;
    size_t n = put_number(at, 1, 2);
    n += put_number(at + n, 16, 2);
    n += put_number(at + n, unpacked, 8);
    return n + put_number(at + n, packed, 8);
}

static size_t pack(const Archive *zip, unsigned char *out, size_t room, const unsigned char *bytes,
                   size_t n)
{
    z_stream z = {.next_in = bytes, .avail_in = (unsigned)n};
    if (!zip->deflate) {
        memcpy(out, bytes, n);
        return n;
    }
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = out;
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static void add_member(Archive *zip, const char *name, const unsigned char *bytes, size_t n)
{
    unsigned char packed[2048];
    const size_t size = pack(zip, packed, sizeof packed, bytes, n), begin = zip->length;
    const uint32_t crc = (uint32_t)crc32(0, bytes, (unsigned)n);
    unsigned char *local = zip->bytes + begin, *entry = zip->directory + zip->directory_length;
    memcpy(local, "PK\3\4", 4);
    size_t at = 4 + put_common(zip, local + 4, name, crc, size, n);
    at += put_number(local + at, zip->zip64 ? 20 : 0, 2);
    memcpy(local + at, name, strlen(name));
    at += strlen(name);
    at += put_zip64(zip, local + at, size, n);
    memcpy(local + at, packed, size);
    zip->length += at + size;
    memcpy(entry, "PK\1\2\55\0", 6);
    at = 6 + put_common(zip, entry + 6, name, crc, size, n);
    at += put_number(entry + at, zip->zip64 ? 20 : 0, 2);
    at += put_number(entry + at, 0, 4); /* comment, disk */
    at += put_number(entry + at, 0, 6); /* attributes */
    at += put_number(entry + at, begin, 4);
    memcpy(entry + at, name, strlen(name));
    at += strlen(name);
    zip->directory_length += at + put_zip64(zip, entry + at, size, n);
    zip->count++;
}

/* An NPY file as a member: `shape` as in "4, 2", values 0, 1, 2, … */
static void add_array(Archive *zip, const char *name, const char *shape, int n)
{
    unsigned char bytes[1024] = "\x93NUMPY\1\0";
    size_t at = 10;
    const char *parts[] = {"{'descr': '|u1', 'fortran_order': False, 'shape': (", shape, ")}\n"};
    for (size_t i = 0; i < 3; i++) {
        memcpy(bytes + at, parts[i], strlen(parts[i]));
        at += strlen(parts[i]);
    }
    put_number(bytes + 8, at - 10, 2);
    for (int i = 0; i < n; i++)
        bytes[at++] = (unsigned char)i;
    add_member(zip, name, bytes, at);
}

static void finish(Archive *zip, const char *path)
{
    const size_t begin = zip->length;
    memcpy(zip->bytes + begin, zip->directory, zip->directory_length);
    size_t at = begin + zip->directory_length;
    unsigned char *end = zip->bytes + at;
    memset(end, 0, 22);
    memcpy(end, "PK\5\6", 4);
    put_number(end + 8, zip->count, 2);
    put_number(end + 10, zip->count, 2);
    put_number(end + 12, zip->directory_length, 4);
    put_number(end + 16, begin, 4);
    zip->length = at + 22;
    data_lab_write(path, zip->bytes, zip->length);
}

static void reads_each_way_of_packing(void **state)
{
    DataLab *lab = *state;
    for (int way = 0; way < 4; way++) {
        Archive zip = {.deflate = way & 1, .zip64 = way & 2};
        add_array(&zip, "x_train.npy", "6, 2", 12);
        add_array(&zip, "y_train.npy", "6,", 6);
        add_array(&zip, "x_test.npy", "2, 2", 4);
        add_array(&zip, "y_test.npy", "2, 1", 2);
        finish(&zip, "z.npz");
        const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "z.npz", .holdout = 2));
        assert_int_equal(data->count[ARMC_TRAIN], 4);
        assert_int_equal(data->count[ARMC_VALID], 2);
        assert_int_equal(data->count[ARMC_TEST], 2);
        assert_int_equal(data->classes, 6);
        assert_int_equal(data->values[ARMC_VALID][3], 11);
        assert_int_equal(data->labels[ARMC_VALID][1], 5);
        assert_int_equal(data->labels[ARMC_TEST][1], 1);
    }
}

static void names_say_what_is_what(void **state)
{
    DataLab *lab = *state;
    Archive one = {0}, three = {0}, unknown = {0};
    add_array(&one, "whatever.npy", "20, 2, 2", 80);
    finish(&one, "one.npz");
    const ArmcDataset *data = data_lab_dataset(lab, OPTIONS(.name = "one.npz"));
    assert_int_equal(data->rank, 3);
    assert_int_equal(data->count[ARMC_TEST], 2);
    add_array(&three, "test.npy", "1, 2", 2);
    add_array(&three, "valid.npy", "2, 2", 4);
    add_array(&three, "train.npy", "3, 2", 6);
    finish(&three, "three.npz");
    data = data_lab_dataset(lab, OPTIONS(.name = "three.npz"));
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++)
        assert_int_equal(data->count[split], 3 - split);
    add_array(&unknown, "a.npy", "3, 2", 6);
    add_array(&unknown, "b.npy", "3, 2", 6);
    finish(&unknown, "unknown.npz");
    REFUSED(lab, OPTIONS(.name = "unknown.npz"), "E0503", "it holds: a.npy, b.npy", "numpy.savez");
    Archive empty = {0};
    finish(&empty, "empty.npz");
    REFUSED(lab, OPTIONS(.name = "empty.npz"), "E0503", "it holds: nothing");
}

static void refuses_arrays_that_do_not_match(void **state)
{
    DataLab *lab = *state;
    Archive labels = {0}, axes = {0}, objects = {0};
    add_array(&labels, "x.npy", "3, 2", 6);
    add_array(&labels, "y.npy", "2,", 2);
    finish(&labels, "m.npz");
    REFUSED(lab, OPTIONS(.name = "m.npz"), "E0503", "`m.npz/y.npy` holds 2 labels",
            "`m.npz/x.npy` 3 examples");
    add_array(&axes, "x.npy", "3, 2", 6);
    add_array(&axes, "y.npy", "3, 2", 6);
    finish(&axes, "m.npz");
    REFUSED(lab, OPTIONS(.name = "m.npz"), "E0503", "one number an example");
    add_member(&objects, "x.npy",
               (const unsigned char *)"\x93NUMPY\1\0\x30\0{'descr': '|O', 'fortran_order': False, "
                                      "'shape': (1,)}",
               58);
    finish(&objects, "m.npz");
    REFUSED(lab, OPTIONS(.name = "m.npz"), "E0503", "`m.npz/x.npy`");
}

static void refuses_damage(void **state)
{
    DataLab *lab = *state;
    Archive zip = {.deflate = true};
    add_array(&zip, "x.npy", "20, 4", 80);
    finish(&zip, "d.npz");
    data_lab_write("d.npz", zip.bytes, zip.length - 1);
    REFUSED(lab, OPTIONS(.name = "d.npz"), "E0503", "no ZIP archive, or it is cut off");
    zip.bytes[60] ^= 1;
    data_lab_write("d.npz", zip.bytes, zip.length);
    REFUSED(lab, OPTIONS(.name = "d.npz"), "E0503", "`x.npy` in `d.npz` is damaged");
    zip.bytes[60] ^= 1;
    zip.bytes[zip.length - 22 - zip.directory_length + 10] = 12; /* the method */
    data_lab_write("d.npz", zip.bytes, zip.length);
    REFUSED(lab, OPTIONS(.name = "d.npz"), "E0503", "method 12");
    zip.bytes[zip.length - 22] = 'Q';
    data_lab_write("d.npz", zip.bytes, zip.length);
    REFUSED(lab, OPTIONS(.name = "d.npz"), "E0503", "no ZIP archive");
}

static void survives_damage(void **state)
{
    DataLab *lab = *state;
    for (int way = 0; way < 4; way++) {
        Archive zip = {.deflate = way & 1, .zip64 = way & 2};
        add_array(&zip, "train.npy", "6, 2", 12);
        add_array(&zip, "test.npy", "2, 2", 4);
        finish(&zip, "shaken.npz");
        data_lab_shake(lab, "shaken.npz", "./shaken.npz", 300);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATA_TEST(reads_each_way_of_packing),
        DATA_TEST(names_say_what_is_what),
        DATA_TEST(refuses_arrays_that_do_not_match),
        DATA_TEST(refuses_damage),
        DATA_TEST(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
