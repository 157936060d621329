#include "tests/unit/data_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int data_lab_open(void **state)
{
    DataLab *lab = calloc(1, sizeof *lab);
    assert_non_null(lab);
    lab->arena = armc_arena_new(&lab->fault);
    lab->diags = armc_diags_new(lab->arena);
    *state = lab;
    return 0;
}

int data_lab_close(void **state)
{
    DataLab *lab = *state;
    armc_arena_free(lab->arena);
    free(lab);
    return 0;
}

void data_lab_write(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

void data_lab_write_text(const char *path, const char *text)
{
    data_lab_write(path, text, strlen(text));
}

/* The diagnostics, which are cleared. */
static const char *message(DataLab *lab)
{
    ArmcBuf text;
    armc_buf_init(&text, &lab->fault);
    armc_diags_render(lab->diags, &text, 0);
    const char *copy = armc_arena_strdup(lab->arena, text.data != NULL ? text.data : "");
    armc_buf_clear(&text);
    armc_diags_clear(lab->diags);
    return copy;
}

ArmcDataset *data_lab_dataset(DataLab *lab, ArmcDataOptions options)
{
    ArmcDataset *data = armc_dataset_open(lab->arena, lab->diags, NULL, &options);
    if (data == NULL)
        fail_msg("%s", message(lab));
    return data;
}

void data_lab_refused(DataLab *lab, ArmcDataOptions options, const char *const *parts)
{
    armc_diags_clear(lab->diags);
    assert_null(armc_dataset_open(lab->arena, lab->diags, NULL, &options));
    assert_int_equal(armc_diags_count(lab->diags), 1);
    const char *text = message(lab);
    for (size_t i = 0; parts[i] != NULL; i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("expected \"%s\" in: %s", parts[i], text);
}

/* A round of data_lab_shake, in an arena of its own: lack of memory is fine, too. */
static void try_once(const char *name)
{
    void *state = NULL;
    data_lab_open(&state);
    DataLab *lab = state;
    const ArmcDataOptions options = OPTIONS(.name = name);
    jmp_buf jump;
    lab->fault.where = &jump;
    if (setjmp(jump) == 0) {
        const ArmcDataset *data = armc_dataset_open(lab->arena, lab->diags, NULL, &options);
        const int64_t last = data != NULL ? data->count[ARMC_TRAIN] - 1 : 0;
        if (data != NULL)
            armc_dataset_get(data, ARMC_TRAIN, &last, 1, 0,
                             ARMC_NEW_ARRAY(lab->arena, ArmcReal, data->variables));
    } else {
        assert_int_equal(lab->fault.status, ARMC_RESOURCE);
    }
    data_lab_close(&state);
}

void data_lab_shake(DataLab *lab, const char *path, const char *name, int rounds)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    unsigned char right[4096], wrong[4096];
    const size_t n = fread(right, 1, sizeof right, file);
    fclose(file);
    data_lab_dataset(lab, OPTIONS(.name = name));
    uint32_t random = 1;
    for (int round = 0; round < rounds; round++) {
        memcpy(wrong, right, n);
        for (int i = 0; i < 3; i++) {
            random = random * 1664525 + 1013904223;
            wrong[(random >> 16) % n] = (unsigned char)(random >> 8);
        }
        data_lab_write(path, wrong, random >> 30 == 0 ? (random >> 4) % n : n);
        try_once(name);
    }
    data_lab_write(path, right, n);
}

/* Whether the data set opened before the allocation that is made to fail. */
static bool opens_before(const char *name, long failing)
{
    void *state = NULL;
    data_lab_open(&state);
    DataLab *lab = state;
    const ArmcDataOptions options = OPTIONS(.name = name);
    jmp_buf jump;
    volatile bool opened = false;
    lab->fault.where = &jump;
    lab->fault.allocations_left = failing;
    if (setjmp(jump) == 0)
        opened = armc_dataset_open(lab->arena, lab->diags, NULL, &options) != NULL;
    assert_true(opened || lab->fault.status == ARMC_RESOURCE);
    data_lab_close(&state);
    return opened;
}

void data_lab_starve(const char *name)
{
    long failing = 1;
    while (!opens_before(name, failing))
        failing++;
    assert_true(failing > 1);
}
