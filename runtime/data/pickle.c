/* Runs a pickle's instructions over a stack and a memo, each of a small fixed size, for a bounded
 * number of steps: a dict of two arrays needs about a hundred. */
#include "runtime/data/pickle.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/data/pickle_objects.h"

enum {
    STEPS = 2000,
    DEPTH = 64,
    MEMO = 256,
    FIRST_PROTOCOL = 2,
    LAST_PROTOCOL = 5,
};

typedef struct Machine {
    ArmcPickle here;
    const uint8_t *bytes;
    size_t length, next; /* next: the byte that is read next */
    int steps;
    ArmcPickled *stack[DEPTH], *memo[MEMO];
    size_t depth, memoized;
} Machine;

#define COMPLAIN(m, ...) armc_pickle_complain(&(m)->here, (m)->here.at, __VA_ARGS__)

/* --- the file ----------------------------------------------------------------------------- */

/* The next n bytes; NULL after a diagnostic where there are fewer. */
static const uint8_t *take(Machine *m, uint64_t n)
{
    const size_t left = m->length - m->next;
    if (n > left) {
        COMPLAIN(m, "%" PRIu64 " bytes more should follow after byte %zu, but %s ends at byte %zu",
                 n, m->next, "the file", m->length);
        return NULL;
    }
    m->next += (size_t)n;
    return m->bytes + m->next - n;
}

/* An unsigned number of n bytes, the lowest first. */
static bool take_number(Machine *m, int n, uint64_t *out)
{
    const uint8_t *bytes = take(m, (uint64_t)n);
    *out = 0;
    for (int i = 0; bytes != NULL && i < n; i++)
        *out |= (uint64_t)bytes[i] << 8 * i;
    return bytes != NULL;
}

/* A number with its sign in the highest of n bytes. */
static int64_t with_sign(uint64_t number, int n)
{
    const uint64_t sign = n > 0 ? UINT64_C(1) << (8 * n - 1) : 0;
    return (int64_t)((number ^ sign) - sign);
}

/* --- the stack ---------------------------------------------------------------------------- */

static bool push(Machine *m, ArmcPickled *object)
{
    if (m->depth == DEPTH)
        return COMPLAIN(m, "more than %d objects wait on the stack", DEPTH);
    m->stack[m->depth++] = object;
    return true;
}

static bool push_new(Machine *m, int kind)
{
    return push(m, armc_pickle_new(&m->here, (ArmcPickleKind)kind));
}

/* Whether n objects, none of them a mark, are on top. */
static bool has(Machine *m, size_t n)
{
    bool enough = m->depth >= n;
    for (size_t i = 0; enough && i < n; i++)
        enough = m->stack[m->depth - 1 - i]->kind != ARMC_PICKLE_MARK;
    return enough || COMPLAIN(m, "the stack lacks the objects that this takes");
}

/* How many objects are above the topmost mark. */
static bool count_to_mark(Machine *m, size_t *n)
{
    *n = 0;
    while (*n < m->depth && m->stack[m->depth - 1 - *n]->kind != ARMC_PICKLE_MARK)
        ++*n;
    return *n < m->depth || COMPLAIN(m, "there is no mark on the stack");
}

/* --- instructions: simple objects --------------------------------------------------------- */

static bool push_truth(Machine *m, int value)
{
    return push_new(m, ARMC_PICKLE_TRUTH) && (m->stack[m->depth - 1]->number = value, true);
}

static bool push_number(Machine *m, uint64_t number, int size)
{
    ArmcPickled *object = armc_pickle_new(&m->here, ARMC_PICKLE_NUMBER);
    object->number = with_sign(number, size);
    return push(m, object);
}

/* One or two bytes are unsigned, four have a sign. */
static bool push_integer(Machine *m, int size)
{
    uint64_t number;
    return take_number(m, size, &number) && push_number(m, number, size < 4 ? 8 : size);
}

static bool push_long(Machine *m, int unused)
{
    (void)unused;
    uint64_t size, number;
    if (!take_number(m, 1, &size))
        return false;
    if (size > 8)
        return COMPLAIN(m, "a number of %" PRIu64 " bytes", size);
    return take_number(m, (int)size, &number) && push_number(m, number, (int)size);
}

/* Bytes after their number, which itself has `size` bytes. */
static bool push_piece(Machine *m, ArmcPickleKind kind, int size)
{
    uint64_t length;
    ArmcPickled *object = armc_pickle_new(&m->here, kind);
    if (!take_number(m, size, &length))
        return false;
    object->bytes = take(m, length);
    object->length = (size_t)length;
    return object->bytes != NULL && push(m, object);
}

static bool push_text(Machine *m, int size)
{
    return push_piece(m, ARMC_PICKLE_TEXT, size);
}

static bool push_bytes(Machine *m, int size)
{
    return push_piece(m, ARMC_PICKLE_BYTES, size);
}

static bool push_string(Machine *m, int size)
{
    return push_piece(m, ARMC_PICKLE_STRING, size);
}

/* --- instructions: tuples, memo ----------------------------------------------------------- */

static bool push_tuple(Machine *m, int count)
{
    if (!has(m, (size_t)count))
        return false;
    ArmcPickled *tuple = armc_pickle_new(&m->here, ARMC_PICKLE_TUPLE);
    tuple->count = (size_t)count;
    tuple->items = ARMC_NEW_ARRAY(m->here.call->arena, ArmcPickled *, count);
    m->depth -= tuple->count;
    if (count > 0)
        memcpy(tuple->items, m->stack + m->depth, tuple->count * sizeof *tuple->items);
    return push(m, tuple);
}

static bool push_tuple_to_mark(Machine *m, int unused)
{
    (void)unused;
    size_t n;
    if (!count_to_mark(m, &n) || !push_tuple(m, (int)n))
        return false;
    m->stack[m->depth - 2] = m->stack[m->depth - 1]; /* in the mark's place */
    m->depth--;
    return true;
}

static bool put_at(Machine *m, uint64_t place)
{
    if (!has(m, 1))
        return false;
    if (place >= MEMO)
        return COMPLAIN(m, "place %" PRIu64 " of the memo; two arrays need less than %d", place,
                        MEMO);
    m->memoized += m->memo[place] == NULL;
    m->memo[place] = m->stack[m->depth - 1];
    return true;
}

static bool put(Machine *m, int size)
{
    uint64_t place;
    return take_number(m, size, &place) && put_at(m, place);
}

static bool memoize(Machine *m, int unused)
{
    (void)unused;
    return put_at(m, m->memoized);
}

static bool get(Machine *m, int size)
{
    uint64_t place;
    if (!take_number(m, size, &place))
        return false;
    if (place >= MEMO || m->memo[place] == NULL)
        return COMPLAIN(m, "nothing was put at place %" PRIu64 " of the memo", place);
    return push(m, m->memo[place]);
}

/* --- instructions: names, calls, items ---------------------------------------------------- */

/* The text up to the end of a line. */
static ArmcPickled *take_line(Machine *m)
{
    ArmcPickled *line = armc_pickle_new(&m->here, ARMC_PICKLE_TEXT);
    const uint8_t *first = m->bytes + m->next;
    const uint8_t *end = m->next < m->length ? memchr(first, '\n', m->length - m->next) : NULL;
    if (end == NULL) {
        COMPLAIN(m, "a name has no end");
        return NULL;
    }
    line->bytes = first;
    line->length = (size_t)(end - first);
    m->next += line->length + 1;
    return line;
}

static bool push_name(Machine *m, int unused)
{
    (void)unused;
    ArmcPickled *module = take_line(m);
    ArmcPickled *name = module != NULL ? take_line(m) : NULL;
    ArmcPickled *found = name != NULL ? armc_pickle_name(&m->here, module, name) : NULL;
    return found != NULL && push(m, found);
}

static bool name_from_stack(Machine *m, int unused)
{
    (void)unused;
    if (!has(m, 2))
        return false;
    const ArmcPickled *module = m->stack[m->depth - 2], *name = m->stack[m->depth - 1];
    if (module->kind != ARMC_PICKLE_TEXT || name->kind != ARMC_PICKLE_TEXT)
        return COMPLAIN(m, "%s and %s are no name", armc_pickle_kind_text(module->kind),
                        armc_pickle_kind_text(name->kind));
    ArmcPickled *found = armc_pickle_name(&m->here, module, name);
    m->depth -= 2;
    return found != NULL && push(m, found);
}

static bool call_name(Machine *m, int unused)
{
    (void)unused;
    if (!has(m, 2))
        return false;
    m->depth -= 2;
    ArmcPickled *made = armc_pickle_call(&m->here, m->stack[m->depth], m->stack[m->depth + 1]);
    return made != NULL && push(m, made);
}

static bool build(Machine *m, int unused)
{
    (void)unused;
    if (!has(m, 2))
        return false;
    m->depth--;
    return armc_pickle_build(&m->here, m->stack[m->depth - 1], m->stack[m->depth]);
}

static bool set_item(Machine *m, int unused)
{
    (void)unused;
    if (!has(m, 3))
        return false;
    m->depth -= 2;
    ArmcPickled **top = m->stack + m->depth;
    return armc_pickle_set(&m->here, top[-1], top[0], top[1]);
}

/* dict mark key value key value … */
static bool set_items(Machine *m, int unused)
{
    (void)unused;
    size_t n;
    if (!count_to_mark(m, &n))
        return false;
    if (n % 2 != 0)
        return COMPLAIN(m, "a key has no value");
    m->depth -= n + 1;
    if (!has(m, 1))
        return false;
    ArmcPickled **top = m->stack + m->depth;
    for (size_t i = 0; i < n; i += 2)
        if (!armc_pickle_set(&m->here, top[-1], top[1 + i], top[2 + i]))
            return false;
    return true;
}

/* --- instructions: the frame -------------------------------------------------------------- */

static bool check_protocol(Machine *m, int unused)
{
    (void)unused;
    uint64_t protocol;
    if (!take_number(m, 1, &protocol))
        return false;
    return (protocol >= FIRST_PROTOCOL && protocol <= LAST_PROTOCOL) ||
           COMPLAIN(m, "protocol %" PRIu64 "; protocols %d to %d are read", protocol,
                    FIRST_PROTOCOL, LAST_PROTOCOL);
}

/* A frame says that so many bytes belong together. It changes nothing. */
static bool check_frame(Machine *m, int unused)
{
    (void)unused;
    uint64_t size;
    if (!take_number(m, 8, &size))
        return false;
    return size <= m->length - m->next ||
           COMPLAIN(m, "a frame of %" PRIu64 " bytes, but the file ends at byte %zu", size,
                    m->length);
}

/* --- the instructions --------------------------------------------------------------------- */

typedef struct Instruction {
    uint8_t code;
    const char *name; /* as in Python's pickletools */
    bool (*run)(Machine *m, int argument);
    int argument;
} Instruction;

enum { STOP = '.', PROTO = 0x80 };

static const Instruction instructions[] = {
    {PROTO, "PROTO", check_protocol, 0},
    {0x95, "FRAME", check_frame, 0},
    {'(', "MARK", push_new, ARMC_PICKLE_MARK},
    {'N', "NONE", push_new, ARMC_PICKLE_NONE},
    {'}', "EMPTY_DICT", push_new, ARMC_PICKLE_DICT},
    {0x88, "NEWTRUE", push_truth, 1},
    {0x89, "NEWFALSE", push_truth, 0},
    {'K', "BININT1", push_integer, 1},
    {'M', "BININT2", push_integer, 2},
    {'J', "BININT", push_integer, 4},
    {0x8a, "LONG1", push_long, 0},
    {'X', "BINUNICODE", push_text, 4},
    {0x8c, "SHORT_BINUNICODE", push_text, 1},
    {0x8d, "BINUNICODE8", push_text, 8},
    {'B', "BINBYTES", push_bytes, 4},
    {'C', "SHORT_BINBYTES", push_bytes, 1},
    {0x8e, "BINBYTES8", push_bytes, 8},
    {0x96, "BYTEARRAY8", push_bytes, 8},
    {'T', "BINSTRING", push_string, 4},
    {'U', "SHORT_BINSTRING", push_string, 1},
    {')', "EMPTY_TUPLE", push_tuple, 0},
    {0x85, "TUPLE1", push_tuple, 1},
    {0x86, "TUPLE2", push_tuple, 2},
    {0x87, "TUPLE3", push_tuple, 3},
    {'t', "TUPLE", push_tuple_to_mark, 0},
    {'q', "BINPUT", put, 1},
    {'r', "LONG_BINPUT", put, 4},
    {0x94, "MEMOIZE", memoize, 0},
    {'h', "BINGET", get, 1},
    {'j', "LONG_BINGET", get, 4},
    {'c', "GLOBAL", push_name, 0},
    {0x93, "STACK_GLOBAL", name_from_stack, 0},
    {'R', "REDUCE", call_name, 0},
    {'b', "BUILD", build, 0},
    {'s', "SETITEM", set_item, 0},
    {'u', "SETITEMS", set_items, 0},
    /* what is never run, by name for the message */
    {'i', "INST", NULL, 0},
    {'o', "OBJ", NULL, 0},
    {0x81, "NEWOBJ", NULL, 0},
    {0x92, "NEWOBJ_EX", NULL, 0},
    {0x82, "EXT1", NULL, 0},
    {0x83, "EXT2", NULL, 0},
    {0x84, "EXT4", NULL, 0},
    {'P', "PERSID", NULL, 0},
    {'Q', "BINPERSID", NULL, 0},
    {0x97, "NEXT_BUFFER", NULL, 0},
    {0x98, "READONLY_BUFFER", NULL, 0},
    {'0', "POP", NULL, 0},
    {'1', "POP_MARK", NULL, 0},
    {'2', "DUP", NULL, 0},
    {']', "EMPTY_LIST", NULL, 0},
    {'l', "LIST", NULL, 0},
    {'a', "APPEND", NULL, 0},
    {'e', "APPENDS", NULL, 0},
    {'d', "DICT", NULL, 0},
    {0x8f, "EMPTY_SET", NULL, 0},
    {0x90, "ADDITEMS", NULL, 0},
    {0x91, "FROZENSET", NULL, 0},
    {'F', "FLOAT", NULL, 0},
    {'G', "BINFLOAT", NULL, 0},
    {'I', "INT", NULL, 0},
    {'L', "LONG", NULL, 0},
    {0x8b, "LONG4", NULL, 0},
    {'S', "STRING", NULL, 0},
    {'V', "UNICODE", NULL, 0},
    {'p', "PUT", NULL, 0},
    {'g', "GET", NULL, 0},
};

static const Instruction *find_instruction(uint8_t code)
{
    for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++)
        if (instructions[i].code == code)
            return &instructions[i];
    return NULL;
}

static bool step(Machine *m, uint8_t code)
{
    const Instruction *instruction = find_instruction(code);
    if (instruction == NULL)
        return COMPLAIN(m, "%02x is no instruction of a pickle", code);
    if (instruction->run == NULL)
        return COMPLAIN(m, "the instruction %s, which no array of NumPy needs; nothing is run",
                        instruction->name);
    if (++m->steps > STEPS)
        return COMPLAIN(m, "more than %d instructions; two arrays need about a hundred", STEPS);
    return instruction->run(m, instruction->argument);
}

/* Up to STOP, which is the file's last byte. */
static bool run(Machine *m)
{
    for (;;) {
        m->here.at = m->next;
        const uint8_t *code = take(m, 1);
        if (code == NULL)
            return false;
        if (*code == STOP)
            break;
        if (!step(m, *code))
            return false;
    }
    return m->next == m->length ||
           COMPLAIN(m, "the pickle ends here, but the file has %zu bytes", m->length);
}

/* What is left on the stack is the dict. */
static bool finish(Machine *m, ArmcNpy *train, ArmcNpy *test)
{
    if (!has(m, 1))
        return false;
    const ArmcPickled *made = m->stack[m->depth - 1];
    if (m->depth > 1 || made->kind != ARMC_PICKLE_DICT)
        return COMPLAIN(m, "the pickle is %s, not a dict",
                        m->depth > 1 ? "more than one object" : armc_pickle_kind_text(made->kind));
    return armc_pickle_arrays(&m->here, made, train, test);
}

bool armc_pickle_read(const ArmcDataCall *call, const char *path, ArmcNpy *train, ArmcNpy *test)
{
    Machine *m = ARMC_NEW(call->arena, Machine);
    m->here = (ArmcPickle){.call = call, .path = path};
    m->bytes = armc_data_map(call, path, &m->length);
    if (m->bytes == NULL)
        return false;
    if (m->length == 0 || m->bytes[0] != PROTO)
        return COMPLAIN(m, "this is no pickle of protocol %d to %d, which begins with the byte %x",
                        FIRST_PROTOCOL, LAST_PROTOCOL, PROTO);
    return run(m) && finish(m, train, test);
}
