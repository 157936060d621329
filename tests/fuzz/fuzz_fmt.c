/* `armc fmt`: what it prints parses again, and comes out as it is. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "grammar/tree.h"
#include "runtime/base/file.h"

typedef struct Text {
    const char *text;
    size_t length;
} Text;

static void clear(void *text)
{
    armc_buf_clear(text);
}

/* The text in the one true layout; NULL: it does not parse. */
static const char *layout(const ArmcDataCall *call, Text text)
{
    const ArmcSource *source = armc_source_new(call->arena, "input", text.text, text.length);
    const ArmcTree *tree = armc_parse(call->arena, call->diags, source);
    if (armc_diags_count(call->diags) > 0)
        return NULL;
    ArmcBuf *out = ARMC_NEW(call->arena, ArmcBuf);
    armc_buf_init(out, armc_arena_fault(call->arena));
    armc_arena_on_free(call->arena, clear, out);
    armc_tree_print(tree, source, out);
    return out->data;
}

static void print_twice(const ArmcDataCall *call)
{
    Text input;
    input.text = armc_file_read(call->arena, call->path, &input.length);
    const char *once = layout(call, input);
    if (once == NULL)
        return;
    const char *twice = layout(call, (Text){once, strlen(once)});
    ARMC_ASSERT(twice != NULL && strcmp(once, twice) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    fuzz_file("input.arm", bytes, length, print_twice);
    return 0;
}
