#include "runtime/base/source.h"

static void find_lines(ArmcArena *arena, ArmcSource *source)
{
    size_t lines = 1;
    for (size_t i = 0; i < source->length; i++)
        lines += source->text[i] == '\n';
    source->line_starts = ARMC_NEW_ARRAY(arena, size_t, lines);
    source->line_count = lines;
    size_t line = 1;
    for (size_t i = 0; i < source->length; i++)
        if (source->text[i] == '\n')
            source->line_starts[line++] = i + 1;
}

/* Copies name and text. A text that ends in a newline has an empty last line. */
ArmcSource *armc_source_new(ArmcArena *arena, const char *name, const char *text, size_t length)
{
    ArmcSource *source = ARMC_NEW(arena, ArmcSource);
    source->name = armc_arena_strdup(arena, name);
    source->text = armc_arena_strndup(arena, text, length);
    source->length = length;
    find_lines(arena, source);
    return source;
}

/* The index of the last line that starts at or before the offset. */
static size_t find_line(const ArmcSource *source, size_t offset)
{
    size_t low = 0, high = source->line_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int armc_source_line(const ArmcSource *source, size_t offset)
{
    return (int)find_line(source, offset < source->length ? offset : source->length) + 1;
}

void armc_source_locate(const ArmcSource *source, size_t offset, int *line, int *column)
{
    if (offset > source->length)
        offset = source->length;
    size_t index = find_line(source, offset);
    int points = 1;
    for (size_t i = source->line_starts[index]; i < offset; i++)
        points += ((unsigned char)source->text[i] & 0xC0) != 0x80; /* not a UTF-8 continuation */
    *line = (int)index + 1;
    *column = points;
}

ArmcSpan armc_span_join(ArmcSpan a, ArmcSpan b)
{
    if (a.source == NULL || a.source != b.source)
        return a.source != NULL ? a : b;
    return (ArmcSpan){
        .source = a.source,
        .begin = a.begin < b.begin ? a.begin : b.begin,
        .end = a.end > b.end ? a.end : b.end,
    };
}

const ArmcOrigin *armc_origin_user(const ArmcOrigin *origin)
{
    for (const ArmcOrigin *o = origin; o != NULL; o = o->caller)
        if (o->span.source != NULL && !o->span.source->is_stdlib)
            return o;
    return origin;
}
