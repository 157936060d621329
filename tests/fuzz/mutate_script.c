/* Half of the changes keep a script's form, so that more of them get past the parser: another word
 * or number in the place of one, a line once more somewhere else, a line less. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/elaborate/builtin.h"
#include "runtime/graph/op.h"
#include "tests/fuzz/fuzz.h"

typedef struct Text {
    uint8_t *bytes;
    size_t length, room;
    unsigned seed;
} Text;

typedef struct Part {
    size_t begin, end;
} Part;

/* 0..n-1; an LCG: the same changes for the same seed. */
static size_t draw(Text *text, size_t n)
{
    text->seed = text->seed * 1103515245u + 12345u;
    return n == 0 ? 0 : (text->seed >> 8) % n;
}

static bool is_word(uint8_t c)
{
    return isalnum(c) || c == '_';
}

static bool is_no_newline(uint8_t c)
{
    return c != '\n';
}

/* What is of one kind around a byte; empty where that byte is of another. */
static Part part_at(const Text *text, size_t at, bool (*is_kind)(uint8_t c))
{
    Part part = {at, at};
    while (part.begin > 0 && is_kind(text->bytes[part.begin - 1]))
        part.begin--;
    while (part.end < text->length && is_kind(text->bytes[part.end]))
        part.end++;
    return part;
}

/* Puts bytes in the place of a part, if there is room for them. */
static void replace(Text *text, Part part, const void *bytes, size_t n)
{
    if (text->length - (part.end - part.begin) + n > text->room)
        return;
    memmove(text->bytes + part.begin + n, text->bytes + part.end, text->length - part.end);
    memcpy(text->bytes + part.begin, bytes, n);
    text->length = text->length - (part.end - part.begin) + n;
}

/* Puts a part of the text in the place of another. */
static void copy_part(Text *text, Part from, Part to)
{
    uint8_t copy[256];
    const size_t n = from.end - from.begin;
    if (n > sizeof copy)
        return;
    memcpy(copy, text->bytes + from.begin, n);
    replace(text, to, copy, n);
}

static const char *draw_name(Text *text)
{
    size_t ops = 0, builtins = 0;
    while (armc_ops[ops] != NULL)
        ops++;
    while (armc_builtins[builtins] != NULL)
        builtins++;
    const size_t at = draw(text, ops + builtins);
    return at < ops ? armc_ops[at]->name : armc_builtins[at - ops]->name;
}

static void change_number(Text *text, Part number)
{
    static const char *const numbers[] = {"0", "1", "2", "3", "4", "0.5", "-1", "16", "1e9"};
    const char *other = numbers[draw(text, sizeof numbers / sizeof *numbers)];
    replace(text, number, other, strlen(other));
}

static void change_word(Text *text)
{
    const Part word = part_at(text, draw(text, text->length), is_word);
    if (word.begin == word.end)
        return;
    if (isdigit(text->bytes[word.begin])) {
        change_number(text, word);
    } else if (draw(text, 2) == 0) {
        const char *name = draw_name(text);
        replace(text, word, name, strlen(name));
    } else {
        copy_part(text, part_at(text, draw(text, text->length), is_word), word);
    }
}

/* A line with its newline. */
static Part draw_line(Text *text)
{
    Part line = part_at(text, draw(text, text->length), is_no_newline);
    line.end += line.end < text->length;
    return line;
}

static void change_lines(Text *text)
{
    const Part line = draw_line(text);
    const size_t to = draw_line(text).begin;
    if (draw(text, 3) == 0)
        replace(text, line, "", 0);
    else
        copy_part(text, line, (Part){to, to});
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t room, unsigned seed)
{
    Text text = {bytes, length, room, seed};
    if (length == 0 || draw(&text, 2) == 0)
        return LLVMFuzzerMutate(bytes, length, room);
    for (size_t changes = 1 + draw(&text, 3); changes > 0 && text.length > 0; changes--)
        if (draw(&text, 3) > 0)
            change_word(&text);
        else
            change_lines(&text);
    return text.length > 0 ? text.length : LLVMFuzzerMutate(bytes, length, room);
}
