/* replay FILE…: what a fuzzer does with these inputs, once each, without a fuzzer. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    const size_t length = (size_t)ftell(file);
    uint8_t *bytes = malloc(length + 1); /* of its own, so that a read past its end is noticed */
    rewind(file);
    if (bytes == NULL || fread(bytes, 1, length, file) != length)
        exit(1);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, length);
    free(bytes);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        printf("%s\n", argv[i]); /* the last one is the culprit, should it crash */
        fflush(stdout);
        replay(argv[i]);
    }
    return 0;
}
