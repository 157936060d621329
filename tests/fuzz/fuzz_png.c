/* PNG: a picture as the reader of folders has it. */
#include "tests/fuzz/fuzz.h"

#include "runtime/data/png_read.h"

static void decode(const ArmcDataCall *call)
{
    ArmcPng picture;
    if (!armc_png_open(call, call->arena, call->path, &picture))
        return;
    const int64_t size = picture.height * picture.width * picture.channels;
    uint8_t *pixels = ARMC_NEW_ARRAY(call->arena, uint8_t, size);
    const bool ok = armc_png_decode(call, call->arena, &picture, pixels);
    ARMC_ASSERT(ok == (armc_diags_count(call->diags) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    fuzz_file("1.png", bytes, length, decode);
    return 0;
}
