/* Pickles of two arrays, as NumPy writes them and as nobody should. */
#include "tests/unit/data_lab.h"

#include <string.h>

/* An array of rows x 2 and its type, in pieces. */
#define NAMES "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
#define NEW                                                                                        \
    NAMES "K\0\x85"                                                                                \
          "C\1b\x87R"
#define TYPE                   "cnumpy\ndtype\n\x8c\2u1\x89\x88\x87R"
#define STATE                  "(K\3\x8c\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
#define UINT8                  TYPE STATE
#define FILLED(rows, contents) NEW "(K\1K" rows "K\2\x86" UINT8 "\x89" contents "tb"
#define SIX                    FILLED("\3", "C\6\0\1\2\3\0\1")
#define TWO                    FILLED("\1", "C\2\2\1")
#define DICT(train, test)      "\x80\4}(\x8c\5train" train "\x8c\4test" test "u."

#define PICKLE         "x.pkl"
#define WRITE(literal) data_lab_write(PICKLE, (literal), sizeof(literal) - 1)
#define REFUSES(literal, ...)                                                                      \
    do {                                                                                           \
        WRITE(literal);                                                                            \
        REFUSED(*state, OPTIONS(.name = PICKLE), "E0503", "`x.pkl`", __VA_ARGS__);                 \
    } while (0)

static void opens_as(void **state, const uint8_t *train, const uint8_t *test)
{
    const ArmcDataset *data = data_lab_dataset(*state, OPTIONS(.name = PICKLE));
    assert_int_equal(data->count[ARMC_TRAIN], 3);
    assert_int_equal(data->count[ARMC_TEST], 1);
    assert_int_equal(data->variables, 2);
    assert_memory_equal(data->values[ARMC_TRAIN], train, 6);
    assert_memory_equal(data->values[ARMC_TEST], test, 2);
}

static void reads_two_arrays(void **state)
{
    WRITE(DICT(SIX, TWO));
    opens_as(state, (const uint8_t *)"\0\1\2\3\0\1", (const uint8_t *)"\2\1");
    assert_int_equal(data_lab_dataset(*state, OPTIONS(.name = PICKLE))->levels, 4);
}

/* Protocol 2 of Python 3: bytes as characters. */
static void reads_bytes_as_text(void **state)
{
    WRITE(DICT(
        FILLED("\3", "c_codecs\nencode\nX\10\0\0\0\0\x7f\xc2\x80\xc3\xbf\1\2X\6\0\0\0latin1\x86R"),
        TWO));
    opens_as(state, (const uint8_t *)"\0\x7f\x80\xff\1\2", (const uint8_t *)"\2\1");
}

/* Python 2: strings that are bytes and keys. */
static void reads_strings(void **state)
{
    WRITE("\x80\2}(U\5train" FILLED("\3", "U\6\0\1\2\3\0\1") "U\4test" FILLED(
        "\1", "T\2\0\0\0\2\1") "u.");
    opens_as(state, (const uint8_t *)"\0\1\2\3\0\1", (const uint8_t *)"\2\1");
}

/* Protocol 5, with names from the stack, a memo, and one item at a time. */
static void reads_buffers(void **state)
{
    WRITE("\x80\5\x95\4\0\0\0\0\0\0\0}\x94\x8c\5train"
          "\x8c\23numpy._core.numeric\x8c\13_frombuffer\x93\x94"
          "(\x96\6\0\0\0\0\0\0\0\0\1\2\3\0\1" UINT8 "\x94K\3K\2\x86\x8c\1C\x94tRs"
          "\x8c\4testh\1(\x8e\2\0\0\0\0\0\0\0\2\1h\2K\1\x8a\1\2\x86h\3tRs.");
    opens_as(state, (const uint8_t *)"\0\1\2\3\0\1", (const uint8_t *)"\2\1");
}

static void runs_nothing(void **state)
{
    REFUSES("\x80\2cos\nsystem\nX\4\0\0\0true\x85R.", "byte 2 of", "asks for `os.system`");
    REFUSES("\x80\4\x8c\10builtins\x8c\4eval\x93.", "byte 18 of", "`builtins.eval`");
    REFUSES("\x80\2cnumpy\nndarray\n)R.", "a name can't be called");
    REFUSES("\x80\2}(K\1u.", "a key has no value");
    REFUSES("\x80\2)\x81.", "byte 3 of", "NEWOBJ");
    REFUSES("\x80\2ios\nsystem\n.", "INST");
    REFUSES("\x80\2\x82\1.", "EXT1");
    REFUSES("\x80\2P1\n.", "PERSID");
    REFUSES("\x80\2\xff.", "ff is no instruction");
    REFUSES("\x80\2c`\x1b[31m\nx\n.", "`??[31m.x`");
    REFUSES("\x80\2cos", "a name has no end");
}

static void refuses_other_objects(void **state)
{
    REFUSES("(dp0\n.", "byte 0 of", "no pickle of protocol 2 to 5");
    REFUSES("\x80\6}.", "protocol 6");
    REFUSES("", "no pickle");
    REFUSES("\x80\4N.", "is None, not a dict");
    REFUSES("\x80\4}}.", "more than one object");
    REFUSES("\x80\4.", "lacks");
    REFUSES("\x80\4}\x8c\5train" SIX "s.", "has no 'test'");
    REFUSES("\x80\4}\x8c\5valid" SIX "s.", "byte 3 of", "a key text `valid`");
    REFUSES("\x80\4}K\5" SIX "s.", "a key a number");
    REFUSES(DICT(SIX, "N"), "'test' is None");
    REFUSES(DICT(SIX, NEW), "an array without contents");
    REFUSES("\x80\4}\x8c\5train" SIX "s\x8c\5train" SIX "s.", "two keys 'train'");
    REFUSES("\x80\4NNNs.", "None has no items");
    REFUSES("\x80\4NNb.", "None has no state");
    REFUSES(DICT(SIX, TWO) "x", "the pickle ends here");
}

static void refuses_other_arrays(void **state)
{
    REFUSES(DICT(SIX, FILLED("\2", "C\2\2\1")), "an array of 2x2 holds 2 bytes");
    REFUSES(DICT(SIX, NEW "(K\1K\1J\xff\xff\xff\xff\x86" UINT8 "\x89"
                          "C\0tb"),
            "axis 2 of an array");
    REFUSES(DICT(SIX, NEW "(K\1\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7fK\2\x86" UINT8 "\x89"
                          "C\0tb"),
            "too large");
    REFUSES(DICT(SIX, NEW "(K\1K\1K\2\x86" UINT8 "\x88"
                          "C\2\2\1tb"),
            "Fortran order");
    REFUSES("\x80\4cnumpy\ndtype\n\x8c\2f4\x89\x88\x87R.", "type `f4`; uint8 is read");
    REFUSES("\x80\4" TYPE "(K\3\x8c\1>NNNK\0K\0K\0tb.", "describes the type uint8");
    REFUSES("\x80\4cnumpy\ndtype\nN\x85R.", "dtype is called otherwise");
    REFUSES("\x80\4c_codecs\nencode\n\x8c\1x\x8c\4zlib\x86R.", "encode is called otherwise");
    REFUSES("\x80\4" NEW "Nb.", "how NumPy describes an array");
    REFUSES("\x80\4" TWO "(K\1)" UINT8 "\x89"
            "C\1\2tb.",
            "is filled twice");
    REFUSES(DICT(SIX, FILLED("\1", "c_codecs\nencode\nX\3\0\0\0\0\xc4\x80X\6\0\0\0latin1\x86R")),
            "holds other than 2 bytes");
}

static void refuses_another_shape(void **state)
{
    WRITE(DICT(SIX, NEW "(K\1K\1K\1K\2\x87" UINT8 "\x89"
                        "C\2\2\1tb"));
    REFUSED(*state, OPTIONS(.name = PICKLE), "E0503", "`x.pkl/train` are 2,", "`x.pkl/test` 1x2x1");
    WRITE(DICT(SIX, NEW "(K\1)" UINT8 "\x89"
                        "C\1\2tb"));
    REFUSED(*state, OPTIONS(.name = PICKLE), "E0503", "`x.pkl/test` has the shape ()");
}

static void refuses_what_is_too_much(void **state)
{
    enum { MANY = 5000 };
    unsigned char deep[MANY] = "\x80\4", nested[MANY] = "\x80\4)";
    memset(deep + 2, 'N', sizeof deep - 2);
    data_lab_write(PICKLE, deep, sizeof deep);
    REFUSED(*state, OPTIONS(.name = PICKLE), "byte 66 of", "64 objects wait on the stack");
    memset(nested + 3, 0x85, sizeof nested - 3);
    data_lab_write(PICKLE, nested, sizeof nested);
    REFUSED(*state, OPTIONS(.name = PICKLE), "more than 2000 instructions");
    REFUSES("\x80\4Nr\xff\xff\xff\xff.", "place 4294967295 of the memo");
    REFUSES("\x80\4h\7.", "nothing was put at place 7");
    REFUSES("\x80\4\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
            "abc",
            "18446744073709551615 bytes more", "ends at byte 14");
    REFUSES("\x80\4\x95\xff\0\0\0\0\0\0\0.", "a frame of 255 bytes");
    REFUSES("\x80\4K", "1 bytes more should follow after byte 3");
    REFUSES("\x80\4\x8a\11\1\1\1\1\1\1\1\1\1.", "a number of 9 bytes");
    REFUSES("\x80\4t.", "no mark");
    REFUSES("\x80\4(q\0.", "lacks");
}

static void survives_damage(void **state)
{
    WRITE(DICT(SIX, TWO));
    data_lab_shake(*state, PICKLE, PICKLE, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATA_TEST(reads_two_arrays),
        DATA_TEST(reads_bytes_as_text),
        DATA_TEST(reads_strings),
        DATA_TEST(reads_buffers),
        DATA_TEST(runs_nothing),
        DATA_TEST(refuses_other_objects),
        DATA_TEST(refuses_other_arrays),
        DATA_TEST(refuses_another_shape),
        DATA_TEST(refuses_what_is_too_much),
        DATA_TEST(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
