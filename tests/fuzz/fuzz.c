#define _POSIX_C_SOURCE 200809L
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/buf.h"

void fuzz_write(const char *path, const uint8_t *bytes, size_t length)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    ARMC_ASSERT(file >= 0);
    ARMC_ASSERT(length == 0 || write(file, bytes, length) == (ssize_t)length);
    close(file);
}

static void render(ArmcDiags *diags, ArmcFault *fault)
{
    ArmcBuf text;
    armc_buf_init(&text, fault);
    armc_diags_render(diags, &text, 0);
    armc_buf_clear(&text);
}

void fuzz_file(const char *path, const uint8_t *bytes, size_t length,
               void (*work)(const ArmcDataCall *call))
{
    fuzz_write(path, bytes, length);
    jmp_buf jump;
    ArmcFault fault = {.where = &jump, .memory_limit = FUZZ_FILE_MEMORY};
    ArmcArena *volatile arena = NULL;
    if (setjmp(jump) == 0) {
        arena = armc_arena_new(&fault);
        const ArmcDataCall call = {.arena = arena, .diags = armc_diags_new(arena), .path = path};
        work(&call);
        render(call.diags, &fault);
    } else {
        ARMC_ASSERT(fault.status == ARMC_RESOURCE);
    }
    armc_arena_free(arena);
    ARMC_ASSERT(fault.memory_used == 0);
}

void fuzz_open_dataset(const ArmcDataCall *call)
{
    const ArmcDataOptions options = {.name = call->path};
    const ArmcDataset *data = armc_dataset_open(call->arena, call->diags, NULL, &options);
    ARMC_ASSERT((data == NULL) == (armc_diags_count(call->diags) > 0));
    if (data == NULL)
        return;
    const int64_t last = data->count[ARMC_TRAIN] - 1;
    ArmcReal *numbers = ARMC_NEW_ARRAY(call->arena, ArmcReal, data->variables);
    armc_dataset_get(data, ARMC_TRAIN, &last, 1, 0, numbers);
    for (int64_t i = 0; i < data->variables; i++)
        ARMC_ASSERT(numbers[i] >= 0 && numbers[i] < ARMC_R(data->levels));
}

static const char library[] = "block bias(it) { param offset [features(it)] init=zero\n"
                              "    it + offset }\n"
                              "block site_dense(it, n, init: zero | lecun = lecun) {\n"
                              "    param weight [shape(it)[:-1], n, features(it)] init=init\n"
                              "    site_matmul(it, weight) }\n"
                              "block site_table(it, n) {\n"
                              "    param table [shape(it)[:-1], levels(it), n] init=normal\n"
                              "    site_embed(it, table) }\n"
                              "model nade(hidden = 3) { input image\n"
                              "    image | flatten | site_table hidden | sum_before | bias\n"
                              "    sigmoid | site_dense levels\n"
                              "    image ~ categorical }\n";

const ArmcEmbedded fuzz_library[] = {{"library.arm", library, sizeof library - 1}, {0}};

ArmcSession *fuzz_session(void)
{
    static ArmcSession *session;
    if (session == NULL) {
        mkdir("library", 0777);
        fuzz_write("library/library.arm", (const uint8_t *)library, sizeof library - 1);
        const ArmcOptions options = {.threads = 1,
                                     .cpu = "generic",
                                     .memory_limit = FUZZ_SCRIPT_MEMORY,
                                     .stdlib = "library"};
        session = armc_session_new(&options, &(ArmcCallbacks){0});
    }
    ARMC_ASSERT(session != NULL);
    return session;
}
