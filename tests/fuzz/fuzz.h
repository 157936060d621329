/* What the fuzz targets share. A target is a file fuzz_NAME.c with LLVMFuzzerTestOneInput; a file
 * mutate_NAME.c beside it changes inputs where blind changes would end at a checksum. Inputs become
 * a file of the working folder: so the readers are tried the way they are used. */
#ifndef ARMC_TESTS_FUZZ_H
#define ARMC_TESTS_FUZZ_H

#include "include/armc.h"
#include "runtime/base/embed.h"
#include "runtime/data/dataset.h"

enum { /* bytes that one input may make us take */
       FUZZ_FILE_MEMORY = 64 << 20,
       FUZZ_SCRIPT_MEMORY = 2 << 20
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
/* libFuzzer calls it, if it is there, in place of LLVMFuzzerMutate, which it offers. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t length, size_t room);

void fuzz_write(const char *path, const uint8_t *bytes, size_t length);

/* Writes the input to `path` and calls `work` with that path, an arena and diagnostics of its own,
 * which are rendered afterwards. A fault for lack of memory is fine. */
void fuzz_file(const char *path, const uint8_t *bytes, size_t length,
               void (*work)(const ArmcDataCall *call));

/* For fuzz_file: opens a data set and reads its last training example. */
void fuzz_open_dataset(const ArmcDataCall *call);

/* In place of the standard library, as rows and as the folder `library`: to parse all of that for
 * each input would take most of the time. */
extern const ArmcEmbedded fuzz_library[];

/* A session that says nothing and is the same for all inputs; its library is the folder. */
ArmcSession *fuzz_session(void);

#endif
