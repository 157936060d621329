/* `given label`: what a model is conditioned on. The label comes with the data, one for each
 * example, so its value is an input that the proof leaves out and that sampling is told. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

static const ArmcSpec specs[] = {
    {.name = "name", .kind = ARMC_SPEC_ANY, .doc = "label"},
    {.name = "classes",
     .kind = ARMC_SPEC_INT,
     .preset = "",
     .low = 2,
     .high = 256,
     .doc = "labels are 0..classes-1; without it the data says"},
    {.kind = ARMC_SPEC_END},
};
enum { NAME, CLASSES };

static const char *const condition = "label", *const constant = "classes";

static ArmcDiag *complain(ArmcFrame *frame, const ArmcTree *tree, const char *what)
{
    return armc_diag_add(frame->e->diags, ARMC_E_given, armc_origin(frame, tree->span), "%s", what);
}

/* --- where it stands --- */

/* `input` failed, and that was reported. */
static bool lost_input(const ArmcFrame *frame)
{
    const ArmcName *name = armc_scope_own(frame->scope, "levels");
    return name && armc_thing_is_none(name->thing);
}

static bool stands_right(ArmcFrame *frame, const ArmcTree *tree)
{
    const ArmcBuild *build = frame->build;
    const char *why = NULL;
    if (frame->body == ARMC_BODY_BLOCK || frame->body == ARMC_BODY_CLOSURE)
        why = "`given` stands in a model's body or at the top level, not in a block";
    else if (!build || !build->variable)
        why = "`given` says what a variable is conditioned on, and no `input` came before";
    else if (build->graph->input_count > 1)
        why = "a model has one condition, this is a second `given`";
    if (why && !lost_input(frame))
        complain(frame, tree, why);
    return why == NULL;
}

/* --- what it says --- */

/* The name that an argument's value goes by: gray=…; NULL for none, and for `classes`. */
static const char *computed_name(const ArmcTree *kid)
{
    return kid->kind == ARMC_TREE_ARG && strcmp(kid->name, constant) != 0 ? kid->name : NULL;
}

static bool names_label(ArmcFrame *frame, const ArmcTree *tree)
{
    for (int i = 0; i < tree->kid_count; i++)
        if (computed_name(tree->kids[i])) {
            ArmcDiag *diag = complain(frame, tree->kids[i],
                                      "a condition can't be computed from the variable yet");
            armc_diag_help(diag, "what data sets have is a label for each example: given label");
            return false;
        }
    const ArmcTree *first = tree->kids[0];
    if (first->kind == ARMC_TREE_NAME && strcmp(first->name, condition) == 0)
        return true;
    ArmcDiag *diag =
        complain(frame, first, "data sets have labels, and nothing else to condition on");
    armc_diag_help(diag, "given label");
    return false;
}

static bool read_classes(ArmcFrame *frame, const ArmcTree *tree, ArmcAttr *classes)
{
    static const ArmcBuiltin row = {.name = "given", .args = specs};
    ArmcElaborator *e = frame->e;
    ArmcClosure callee = {.kind = ARMC_CALLEE_BUILTIN, .name = "given", .builtin = &row};
    ArmcTree *call = ARMC_NEW(e->arena, ArmcTree);
    *call = *tree;
    call->kind = ARMC_TREE_CALL;
    ArmcCallSite *site = armc_site_new(frame, armc_thing_callee(e, &callee, NULL)->block, call,
                                       armc_origin(frame, tree->span));
    return armc_site_fill(frame, site, NULL, 0) &&
           armc_argument_attr(frame, site, CLASSES, classes);
}

/* --- what the data says --- */

static bool lacks_labels(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcBuild *build = frame->build;
    if (build->classes > 1)
        return false;
    if (frame->body == ARMC_BODY_FILE)
        armc_diag_help(complain(frame, tree, "the number of classes is not known here"),
                       "at the top level it is written out: given label classes=10");
    else if (build->classes == 1)
        complain(frame, tree, "all labels of the data are 0: there is nothing to tell apart");
    else
        armc_diag_help(complain(frame, tree, "the data has no labels, or not in every split"),
                       "labels= of `dataset` says where those of a file are; without the data at "
                       "hand, --classes 10 says how many there are");
    return true;
}

static bool agree_classes(ArmcFrame *frame, const ArmcTree *tree, const ArmcAttr *attr)
{
    ArmcBuild *build = frame->build;
    if (!attr->given)
        return !lacks_labels(frame, tree);
    if (frame->body != ARMC_BODY_FILE && build->classes == 0)
        return !lacks_labels(frame, tree);
    if (build->classes > attr->i) {
        armc_diag_add(frame->e->diags, ARMC_E_shape_mismatch, armc_origin(frame, tree->span),
                      "the label is declared with %d classes, the data has %d", (int)attr->i,
                      build->classes);
        return false;
    }
    build->classes = (int)attr->i;
    return true;
}

static ArmcValue *make_label(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcBuild *build = frame->build;
    ArmcAttr classes = {0};
    if (!names_label(frame, tree) || !read_classes(frame, tree, &classes) ||
        !agree_classes(frame, tree, &classes))
        return NULL;
    ArmcInput input = {.name = condition,
                       .shape = armc_shape_make(2, (int64_t[]){1, 1}),
                       .levels = build->classes,
                       .given = true,
                       .origin = armc_origin(frame, tree->span)};
    return armc_graph_input(build->graph, &input);
}

void armc_run_given(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcValue *label = stands_right(frame, tree) ? make_label(frame, tree) : NULL;
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    const char *name = tree->kids[0]->name ? tree->kids[0]->name : condition;
    armc_scope_bind(e, frame->scope, name,
                    label ? armc_thing_value(e, label, origin) : armc_thing_none(e));
    armc_scope_bind(e, frame->scope, constant,
                    label ? armc_thing_int(e, frame->build->classes, origin) : armc_thing_none(e));
}
