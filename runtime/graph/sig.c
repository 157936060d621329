#include "runtime/graph/sig.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at)
{
    while (*at == ' ')
        at++;
    return at;
}

/* Parses "[*s,k,3]" at `at`; returns what follows. */
static const char *parse_shape(const char *at, ArmcSigShape *shape)
{
    *shape = (ArmcSigShape){.any = *at != '['};
    if (shape->any)
        return at;
    at++;
    while (*at != ']') {
        if (*at == '*') {
            ARMC_ASSERT(shape->count == 0 && isalpha((unsigned char)at[1]));
            shape->run = true;
            at += 2;
        } else if (isdigit((unsigned char)*at)) {
            char *end;
            shape->numbers[shape->count++] = strtoll(at, &end, 10);
            at = end;
        } else {
            ARMC_ASSERT(isalpha((unsigned char)*at) && shape->count < ARMC_MAX_RANK);
            shape->names[shape->count++] = *at++;
        }
        if (*at == ',')
            at++;
    }
    return at + 1;
}

static const char *parse_name(const char *at, char name[24])
{
    size_t length = 0;
    while (isalnum((unsigned char)*at) || *at == '_') {
        ARMC_ASSERT(length < 23);
        name[length++] = *at++;
    }
    name[length] = '\0';
    return at;
}

static void parse_result(const char *at, ArmcSig *sig)
{
    sig->out_same_as = -1;
    if (*at == '[') {
        parse_shape(at, &sig->out);
        return;
    }
    if (*at == '?') {
        sig->out_hook = true;
        return;
    }
    char name[24];
    parse_name(at, name);
    sig->out_broadcast = strcmp(name, "broadcast") == 0;
    for (int i = 0; i < sig->in_count && !sig->out_broadcast; i++)
        if (strcmp(name, sig->in_names[i]) == 0)
            sig->out_same_as = i;
    ARMC_ASSERT(sig->out_broadcast || sig->out_same_as >= 0);
}

void armc_sig_parse(const char *text, ArmcSig *sig)
{
    *sig = (ArmcSig){0};
    const char *at = skip_space(text);
    while (strncmp(at, "->", 2) != 0) {
        ARMC_ASSERT(sig->in_count < ARMC_MAX_INPUTS && *at);
        at = parse_name(at, sig->in_names[sig->in_count]);
        bool optional = *at == '?';
        at += optional;
        sig->must += !optional;
        ARMC_ASSERT(optional || sig->must == sig->in_count + 1);
        at = skip_space(parse_shape(at, &sig->in[sig->in_count]));
        sig->in_count++;
    }
    parse_result(skip_space(at + 2), sig);
}

/* What letters and the run stand for so far. */
typedef struct Binding {
    int64_t size[128]; /* 0: not bound */
    int by[128];       /* the input that bound it */
    ArmcShape run;
    int run_by; /* -1: not bound */
} Binding;

static bool rank_misfit(ArmcInfer *infer, const ArmcSig *sig, int i)
{
    char text[96];
    ArmcDiag *diag =
        armc_infer_error(infer, "`%s` takes `%s` with %s%d dimension%s, this one has shape %s",
                         infer->node->op->name, sig->in_names[i], sig->in[i].run ? "at least " : "",
                         sig->in[i].count, sig->in[i].count == 1 ? "" : "s",
                         armc_shape_text(infer->node->in[i]->shape, text));
    armc_diag_help(diag, "%s: %s", infer->node->op->name, infer->node->op->sig);
    return false;
}

static bool dim_misfit(ArmcInfer *infer, const ArmcSig *sig, int i, int64_t found, int64_t expected,
                       int by)
{
    char here[96], there[96];
    ArmcValue *const *in = infer->node->in;
    ArmcDiag *diag;
    if (by < 0 || by == i)
        diag = armc_infer_error(
            infer, "`%s` of `%s` has %" PRId64 " where %" PRId64 " is needed (its shape is %s)",
            sig->in_names[i], infer->node->op->name, found, expected,
            armc_shape_text(in[i]->shape, here));
    else
        diag = armc_infer_error(
            infer, "shapes don't fit: `%s` is %s, `%s` is %s (%" PRId64 " against %" PRId64 ")",
            sig->in_names[by], armc_shape_text(in[by]->shape, there), sig->in_names[i],
            armc_shape_text(in[i]->shape, here), expected, found);
    armc_diag_help(diag, "%s: %s", infer->node->op->name, infer->node->op->sig);
    return false;
}

static bool bind_run(ArmcInfer *infer, const ArmcSig *sig, int i, Binding *binding)
{
    ArmcShape run = infer->node->in[i]->shape;
    run.rank -= sig->in[i].count;
    if (binding->run_by < 0) {
        binding->run = run;
        binding->run_by = i;
        return true;
    }
    if (armc_shape_equal(run, binding->run))
        return true;
    return dim_misfit(infer, sig, i, armc_shape_size(run), armc_shape_size(binding->run),
                      binding->run_by);
}

static bool bind_input(ArmcInfer *infer, const ArmcSig *sig, int i, Binding *binding)
{
    const ArmcSigShape *want = &sig->in[i];
    ArmcShape shape = infer->node->in[i]->shape;
    if (want->any)
        return true;
    int lead = shape.rank - want->count;
    if (want->run ? lead < 0 : lead != 0)
        return rank_misfit(infer, sig, i);
    if (want->run && !bind_run(infer, sig, i, binding))
        return false;
    for (int d = 0; d < want->count; d++) {
        int64_t found = shape.dims[lead + d];
        size_t letter = (unsigned char)want->names[d];
        if (!letter) {
            if (found != want->numbers[d])
                return dim_misfit(infer, sig, i, found, want->numbers[d], -1);
        } else if (!binding->size[letter]) {
            binding->size[letter] = found;
            binding->by[letter] = i;
        } else if (found != binding->size[letter]) {
            return dim_misfit(infer, sig, i, found, binding->size[letter], binding->by[letter]);
        }
    }
    return true;
}

static bool infer_broadcast(const ArmcSig *sig, ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape shape = node->in[0]->shape;
    for (int i = 1; i < node->in_count; i++)
        if (!armc_shape_broadcast(shape, node->in[i]->shape, &shape)) {
            char a[96], b[96];
            armc_infer_error(infer, "`%s` can't combine shapes: `%s` is %s, `%s` is %s",
                             node->op->name, sig->in_names[0],
                             armc_shape_text(node->in[0]->shape, a), sig->in_names[i],
                             armc_shape_text(node->in[i]->shape, b));
            return false;
        }
    node->out[0]->shape = shape;
    return true;
}

bool armc_sig_infer(const ArmcSig *sig, ArmcInfer *infer)
{
    Binding binding = {.run_by = -1};
    for (int i = 0; i < infer->node->in_count; i++)
        if (!bind_input(infer, sig, i, &binding))
            return false;
    ArmcValue *out = infer->node->out[0];
    if (sig->out_hook)
        return true;
    if (sig->out_broadcast)
        return infer_broadcast(sig, infer);
    if (sig->out_same_as >= 0) {
        out->shape = infer->node->in[sig->out_same_as]->shape;
        return true;
    }
    out->shape = sig->out.run ? binding.run : (ArmcShape){0};
    for (int d = 0; d < sig->out.count; d++) {
        size_t letter = (unsigned char)sig->out.names[d];
        out->shape.dims[out->shape.rank++] = letter ? binding.size[letter] : sig->out.numbers[d];
    }
    return true;
}
