/* NPY files that are written: read again they hold the same, and NumPy's rules for the header hold.
 */
#include "tests/unit/lab.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/data/npy.h"
#include "runtime/data/npy_write.h"

static const char path[] = "written.npy";

static void check_header(Lab *lab, size_t numbers)
{
    size_t length;
    const char *bytes = armc_file_read(lab->arena, path, &length);
    assert_non_null(bytes);
    size_t header = length - numbers * sizeof(ArmcReal);
    assert_int_equal(header % 64, 0);
    assert_int_equal((unsigned char)bytes[8] + 256 * (unsigned char)bytes[9] + 10, header);
    assert_int_equal(bytes[header - 1], '\n');
}

static void round_trip(Lab *lab, int rank, const int64_t *dims)
{
    ArmcReal data[64];
    double found[64];
    int64_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= dims[i];
    for (int i = 0; i < 64; i++)
        data[i] = ARMC_R(lab_random(5, (uint64_t)i));
    armc_npy_write(lab->arena, path, rank, dims, data);
    check_header(lab, (size_t)count);
    ArmcNpy npy;
    assert_true(
        armc_npy_open(&(ArmcDataCall){.arena = lab->arena, .diags = lab->diags}, path, &npy));
    assert_int_equal(npy.rank, rank);
    assert_int_equal(npy.count, count);
    assert_int_equal(npy.size, sizeof(ArmcReal));
    for (int i = 0; i < rank; i++)
        assert_int_equal(npy.dims[i], dims[i]);
    armc_npy_doubles(&npy, found);
    for (int64_t i = 0; i < count; i++)
        assert_true((ArmcReal)found[i] <= data[i] && (ArmcReal)found[i] >= data[i]);
    unlink(path);
}

static void test_shapes(void **state)
{
    (void)state;
    Lab lab;
    lab_open(&lab, 1);
    round_trip(&lab, 0, NULL);
    round_trip(&lab, 1, (int64_t[]){5});
    round_trip(&lab, 3, (int64_t[]){2, 1, 7});
    round_trip(&lab, 7, (int64_t[]){2, 2, 2, 2, 2, 1, 2});
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
