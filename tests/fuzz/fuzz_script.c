/* Scripts: parser, elaborator, proof and plan, as `armc check --input 2x2x1 --levels 3` has them.
 * Text and library are handed over in memory: to write and read files would take longer than to
 * check most inputs. */
#include "tests/fuzz/fuzz.h"

#include "runtime/api/work.h"

static bool check(ArmcSession *session, void *text)
{
    const ArmcAssumed assumed = {.shape = "2x2x1", .levels = 3};
    ArmcScript script = {.assumed = &assumed};
    session->script = *(const ArmcText *)text;
    session->stdlib = fuzz_library;
    return armc_script_check(session, &script);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    ArmcText text = {"./input.arm", length > 0 ? (const char *)bytes : "", length};
    const ArmcResult result = armc_work(fuzz_session(), check, &text);
    ARMC_ASSERT(result == ARMC_STATUS_DONE || result == ARMC_STATUS_WRONG ||
                result == ARMC_STATUS_RESOURCES);
    return 0;
}
