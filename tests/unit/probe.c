#define _POSIX_C_SOURCE 200809L
#include "tests/unit/probe.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/graph/sig.h"

/* --- attributes --- */

/* The place of a word in "sgd|adam"; -1 if it isn't there. */
static int symbol_index(const char *symbols, const char *word)
{
    int index = 0;
    for (const char *at = symbols; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL, index++)
        if (strncmp(at, word, strlen(word)) == 0 && strchr("|", at[strlen(word)]))
            return index;
    return -1;
}

static ArmcAttr read_attr(Lab *lab, const ArmcSpec *spec, const char *text)
{
    switch (spec->kind) {
    case ARMC_SPEC_INT:
        return lab_int(strtoll(text, NULL, 10));
    case ARMC_SPEC_REAL:
        return lab_real(strtod(text, NULL));
    case ARMC_SPEC_BOOL:
        return lab_int(strcmp(text, "true") == 0);
    case ARMC_SPEC_INTS:
        if (spec->symbols && symbol_index(spec->symbols, text) >= 0)
            return (ArmcAttr){.given = true, .text = text};
        return lab_ints(lab, text);
    case ARMC_SPEC_SYMBOL:
        return (ArmcAttr){.given = true, .i = symbol_index(spec->symbols, text), .text = text};
    default:
        fail_msg("attribute %s has a kind that ops don't have", spec->name);
        return (ArmcAttr){0};
    }
}

static void preset_attrs(Lab *lab, Probe *probe)
{
    const ArmcSpec *spec = probe->op->attrs;
    for (int i = 0; spec && spec[i].kind != ARMC_SPEC_END; i++)
        if (spec[i].preset && spec[i].preset[0]) {
            probe->attr[i] = read_attr(lab, &spec[i], spec[i].preset);
            probe->attr[i].given = false;
        }
}

static void parse_attr(Lab *lab, Probe *probe, char *word)
{
    char *value = strchr(word, '=');
    const ArmcSpec *spec = probe->op->attrs;
    assert_non_null(value);
    *value++ = '\0';
    for (int i = 0; spec && spec[i].kind != ARMC_SPEC_END; i++)
        if (strcmp(spec[i].name, word) == 0) {
            probe->attr[i] = read_attr(lab, &spec[i], value);
            return;
        }
    fail_msg("%s has no attribute %s", probe->op->name, word);
}

/* --- inputs --- */

static void parse_input(Probe *probe, char *word)
{
    assert_true(probe->in_count < ARMC_MAX_INPUTS);
    ProbeInput *in = &probe->in[probe->in_count];
    char *shape = strchr(word, '=');
    assert_non_null(shape);
    *shape++ = '\0';
    char *mask = strchr(shape, '~');
    if (mask)
        *mask++ = '\0';
    char *kind = strchr(shape, ':');
    if (kind)
        *kind++ = '\0';
    size_t length = strlen(word);
    *in = (ProbeInput){.name = word, .shape = shape, .mask = mask};
    in->shared = mask || word[length - 1] == '*';
    if (word[length - 1] == '*')
        word[length - 1] = '\0';
    in->positive = kind && strcmp(kind, "positive") == 0;
    in->levels = kind && !in->positive ? atoi(kind) : 0;
    const char *letters = probe->op->rows_in;
    if (letters)
        in->shared |= letters[probe->in_count] != 'r';
    probe->in_count++;
}

static void check_names(const Probe *probe)
{
    ArmcSig sig;
    armc_sig_parse(probe->op->sig, &sig);
    assert_in_range(probe->in_count, sig.must, sig.in_count);
    for (int i = 0; i < probe->in_count; i++)
        assert_string_equal(sig.in_names[i], probe->in[i].name);
}

static void parse_world(Lab *lab, Probe *probe, char *world)
{
    char *rest = NULL, *attrs = strchr(world, '|');
    if (attrs)
        *attrs++ = '\0';
    for (char *word = strtok_r(world, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        parse_input(probe, word);
    check_names(probe);
    preset_attrs(lab, probe);
    rest = NULL;
    for (char *word = attrs ? strtok_r(attrs, " ", &rest) : NULL; word;
         word = strtok_r(NULL, " ", &rest))
        parse_attr(lab, probe, word);
}

size_t probe_parse(Lab *lab, const ArmcOp *op, Probe probes[PROBE_WORLDS])
{
    size_t count = 0;
    char *rest = NULL, *worlds = armc_arena_strdup(lab->arena, op->probe);
    for (char *world = strtok_r(worlds, ";", &rest); world; world = strtok_r(NULL, ";", &rest)) {
        assert_true(count < PROBE_WORLDS);
        probes[count] = (Probe){.op = op, .text = armc_arena_strdup(lab->arena, world)};
        parse_world(lab, &probes[count++], world);
    }
    return count;
}

bool probe_has_levels(const Probe *probe)
{
    for (int i = 0; i < probe->in_count; i++)
        if (probe->in[i].levels)
            return true;
    return false;
}

static void make_positive(Lab *lab, const ArmcValue *leaf)
{
    int64_t count;
    ArmcReal *data = lab_data(lab, leaf, &count);
    for (int64_t i = 0; i < count; i++)
        data[i] = data[i] < 0 ? ARMC_R(0.4) - data[i] : data[i] + ARMC_R(0.4);
}

void probe_clear_dead(const ArmcValue *value, ArmcReal *data)
{
    for (int64_t i = 0; value->mask && i < armc_shape_size(value->shape); i++)
        if (!value->mask[i])
            data[i] = 0;
}

void probe_leaves(Lab *lab, const Probe *probe, bool all_shared, ArmcValue **in)
{
    for (int i = 0; i < probe->in_count; i++) {
        const ProbeInput *from = &probe->in[i];
        if (from->shared || all_shared)
            in[i] = lab_param(lab, from->name, from->shape, from->mask);
        else
            in[i] = lab_input(lab, from->name, from->shape, from->levels);
        lab_fill(lab, in[i], (uint64_t)i + 10);
        if (from->positive)
            make_positive(lab, in[i]);
        probe_clear_dead(in[i], lab_data(lab, in[i], &(int64_t){0}));
    }
}

/* Worlds are parsed again for each of them: attributes live in the lab's arena. */
void probe_each(int64_t batch, void (*check)(Lab *lab, const Probe *probe))
{
    for (size_t i = 0; armc_ops[i]; i++) {
        size_t count = armc_ops[i]->probe ? 1 : 0;
        for (size_t w = 0; w < count; w++) {
            Lab lab;
            Probe probes[PROBE_WORLDS];
            lab_open(&lab, batch);
            count = probe_parse(&lab, armc_ops[i], probes);
            check(&lab, &probes[w]);
            lab_close(&lab);
        }
    }
}
