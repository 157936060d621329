#include "runtime/base/diag.h"

#include <string.h>

#include "runtime/base/diag_data.h"

typedef struct Row {
    const char *code;
    const char *page; /* what `armc explain` prints */
} Row;

static const Row rows[] = {
#define ARMC_DIAG(name, code, title, explanation) {code, code ": " title "\n\n" explanation "\n"},
#include "runtime/base/diag.def"
#undef ARMC_DIAG
};

const char *armc_diag_code_text(ArmcDiagCode code)
{
    return rows[code].code;
}

const char *armc_diag_explain(const char *code)
{
    for (size_t i = 0; i < ARMC_E_COUNT; i++)
        if (strcmp(rows[i].code, code) == 0)
            return rows[i].page;
    return NULL;
}

ArmcDiags *armc_diags_new(ArmcArena *arena)
{
    ArmcDiags *diags = ARMC_NEW(arena, ArmcDiags);
    diags->arena = arena;
    return diags;
}

size_t armc_diags_count(const ArmcDiags *diags)
{
    return diags->kept + diags->left_out;
}

void armc_diags_clear(ArmcDiags *diags)
{
    diags->kept = 0;
    diags->left_out = 0;
}

ArmcDiag *armc_diags_find(const ArmcDiags *diags, ArmcDiagCode code)
{
    for (size_t i = 0; i < diags->kept; i++)
        if (diags->items[i]->code == code)
            return diags->items[i];
    return NULL;
}

/* Callers build origins on their stack, so the whole chain is copied. */
static const ArmcOrigin *copy_origin(ArmcArena *arena, const ArmcOrigin *origin)
{
    const ArmcOrigin *first = NULL;
    const ArmcOrigin **link = &first;
    for (; origin != NULL; origin = origin->caller) {
        ArmcOrigin *copy = ARMC_NEW(arena, ArmcOrigin);
        copy->span = origin->span;
        *link = copy;
        link = &copy->caller;
    }
    return first;
}

static bool is_same_span(ArmcSpan a, ArmcSpan b)
{
    return a.source == b.source && a.begin == b.begin && a.end == b.end;
}

static bool is_same_place(const ArmcOrigin *a, const ArmcOrigin *b)
{
    for (; a != NULL && b != NULL; a = a->caller, b = b->caller)
        if (!is_same_span(a->span, b->span))
            return false;
    return a == b;
}

/* A body that is repeated reports each of its mistakes once. */
static bool is_known(const ArmcDiags *diags, ArmcDiagCode code, const ArmcOrigin *origin,
                     const char *message)
{
    for (size_t i = 0; origin != NULL && i < diags->kept; i++) {
        const ArmcDiag *other = diags->items[i];
        if (other->code == code && is_same_place(other->origin, origin) &&
            strcmp(other->message, message) == 0)
            return true;
    }
    return false;
}

/* All that are not kept share one: a wrong file may give millions. */
static ArmcDiag *make_unkept(ArmcDiags *diags)
{
    if (diags->unkept == NULL)
        diags->unkept = ARMC_NEW(diags->arena, ArmcDiag);
    *diags->unkept = (ArmcDiag){0};
    return diags->unkept;
}

static ArmcDiag *make_kept(ArmcDiags *diags, const ArmcOrigin *origin)
{
    ArmcDiag *diag = ARMC_NEW(diags->arena, ArmcDiag);
    diag->origin = copy_origin(diags->arena, origin);
    diags->items[diags->kept++] = diag;
    return diag;
}

/* The caller gets a diagnostic to decorate also where it is not kept. */
static ArmcDiag *add(ArmcDiags *diags, ArmcDiagCode code, const ArmcOrigin *origin,
                     const char *message)
{
    ARMC_ASSERT((size_t)code < ARMC_E_COUNT);
    const bool known = is_known(diags, code, origin, message);
    const bool keeps = !known && diags->kept < ARMC_DIAG_LIMIT;
    diags->left_out += !known && !keeps;
    ArmcDiag *diag = keeps ? make_kept(diags, origin) : make_unkept(diags);
    diag->arena = diags->arena;
    diag->code = code;
    diag->message = message;
    return diag;
}

ArmcDiag *armc_diag_add(ArmcDiags *diags, ArmcDiagCode code, const ArmcOrigin *origin,
                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = armc_arena_vprintf(diags->arena, format, args);
    va_end(args);
    return add(diags, code, origin, message);
}

ArmcDiag *armc_diag_at(ArmcDiags *diags, ArmcDiagCode code, ArmcSpan span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = armc_arena_vprintf(diags->arena, format, args);
    va_end(args);
    const ArmcOrigin origin = {.span = span};
    return add(diags, code, span.source == NULL ? NULL : &origin, message);
}

void armc_diag_head(ArmcDiag *diag, const ArmcSource *text)
{
    diag->head = text;
}

void armc_diag_warn(ArmcDiag *diag)
{
    diag->is_warning = true;
}

void armc_diag_label(ArmcDiag *diag, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diag->label = armc_arena_vprintf(diag->arena, format, args);
    va_end(args);
}

static void add_note(ArmcDiag *diag, ArmcDiagNote note)
{
    ARMC_PUSH(diag->arena, diag->notes, diag->note_count, diag->note_capacity, note);
}

void armc_diag_note(ArmcDiag *diag, ArmcSpan span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_note(diag,
             (ArmcDiagNote){.span = span, .text = armc_arena_vprintf(diag->arena, format, args)});
    va_end(args);
}

static bool is_noted(const ArmcDiag *diag, const ArmcDiagNote *note)
{
    for (size_t i = 0; i < diag->note_count; i++)
        if (is_same_span(diag->notes[i].span, note->span) &&
            strcmp(diag->notes[i].text, note->text) == 0)
            return true;
    return false;
}

void armc_diag_note_origin(ArmcDiag *diag, const ArmcOrigin *origin, const char *format, ...)
{
    if (origin == NULL)
        return;
    const ArmcOrigin *own = armc_origin_user(diag->origin), *place = armc_origin_user(origin);
    if (own != NULL && is_same_span(own->span, place->span))
        place = origin;
    va_list args;
    va_start(args, format);
    ArmcDiagNote note = {.span = place->span,
                         .text = armc_arena_vprintf(diag->arena, format, args)};
    va_end(args);
    if (!is_noted(diag, &note))
        add_note(diag, note);
}

/* A second help is a line below the first. */
void armc_diag_help(ArmcDiag *diag, const char *format, ...)
{
    if (diag == NULL || format == NULL)
        return;
    va_list args;
    va_start(args, format);
    const char *help = armc_arena_vprintf(diag->arena, format, args);
    va_end(args);
    diag->help =
        diag->help == NULL ? help : armc_arena_printf(diag->arena, "%s\n%s", diag->help, help);
}

static size_t begin_of(const ArmcDiag *diag)
{
    return diag->origin == NULL ? 0 : diag->origin->span.begin;
}

/* Insertion sort: there are few, and those of one place keep their order. */
void armc_diags_sort(ArmcDiags *diags, size_t first)
{
    for (size_t i = first + 1; i < diags->kept; i++) {
        ArmcDiag *diag = diags->items[i];
        size_t at = i;
        for (; at > first && begin_of(diags->items[at - 1]) > begin_of(diag); at--)
            diags->items[at] = diags->items[at - 1];
        diags->items[at] = diag;
    }
}
