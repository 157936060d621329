#include "grammar/tree.h"

#include <stdlib.h>

#include "grammar/parse.h"

const char *armc_tree_kind_name(ArmcTreeKind kind)
{
    static const char *const names[] = {
#define ARMC_TREE(name, what) #name,
#include "grammar/tree.def"
#undef ARMC_TREE
    };
    ARMC_ASSERT((size_t)kind < ARMC_TREE_KIND_COUNT);
    return names[kind];
}

static int compare_begin(const void *begin, const void *token)
{
    size_t a = *(const size_t *)begin, b = ((const ArmcToken *)token)->span.begin;
    return a < b ? -1 : a > b;
}

/* A node's documentation stands before its first token. */
static const char *find_doc(const ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span)
{
    bool has_doc = kind == ARMC_TREE_MODEL || kind == ARMC_TREE_BLOCK || kind == ARMC_TREE_OPTION ||
                   kind == ARMC_TREE_PARAM || kind == ARMC_TREE_PARAMETER;
    if (!has_doc)
        return NULL;
    const ArmcToken *token = bsearch(&span.begin, parse->raw.items, parse->raw.count,
                                     sizeof *parse->raw.items, compare_begin);
    return token == NULL ? NULL : token->doc;
}

ArmcTreeList *armc_tree_add(ArmcParse *parse, ArmcTreeList *list, ArmcTree *kid)
{
    if (kid == NULL)
        return list;
    if (list == NULL)
        list = ARMC_NEW(parse->arena, ArmcTreeList);
    ARMC_PUSH(parse->arena, list->items, list->count, list->capacity, kid);
    return list;
}

ArmcTreeList *armc_tree_prepend(ArmcParse *parse, ArmcTree *kid, ArmcTreeList *list)
{
    ArmcTreeList *longer = armc_tree_add(parse, NULL, kid);
    for (size_t i = 0; list != NULL && i < list->count; i++)
        longer = armc_tree_add(parse, longer, list->items[i]);
    return longer;
}

/* A node that lies too deep is reported here; armc_parse leaves out the statement that holds it. */
static ArmcTree *make(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, ArmcTree **kids,
                      size_t count)
{
    ArmcTree *tree = ARMC_NEW(parse->arena, ArmcTree);
    tree->kind = kind;
    tree->span = span;
    tree->doc = find_doc(parse, kind, span);
    tree->kids = kids;
    tree->kid_count = (int)count;
    for (size_t i = 0; i < count; i++)
        if (kids[i] != NULL && kids[i]->depth >= tree->depth)
            tree->depth = kids[i]->depth + 1;
    if (tree->depth == ARMC_TREE_DEPTH + 1)
        armc_syntax_too_nested(parse, span);
    return tree;
}

ArmcTree *armc_tree_of(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, const char *name,
                       ArmcTreeList *kids)
{
    ArmcTree *tree = kids == NULL ? make(parse, kind, span, NULL, 0)
                                  : make(parse, kind, span, kids->items, kids->count);
    tree->name = name;
    return tree;
}

ArmcTree *armc_tree_leaf(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, const char *name)
{
    return armc_tree_of(parse, kind, span, name, NULL);
}

ArmcTree *armc_tree_one(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, const char *name,
                        ArmcTree *a)
{
    return armc_tree_of(parse, kind, span, name, armc_tree_add(parse, NULL, a));
}

ArmcTree *armc_tree_two(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, const char *name,
                        ArmcTree *a, ArmcTree *b)
{
    ArmcTree **kids = ARMC_NEW_ARRAY(parse->arena, ArmcTree *, 2);
    kids[0] = a;
    kids[1] = b;
    ArmcTree *tree = make(parse, kind, span, kids, 2);
    tree->name = name;
    return tree;
}

ArmcTree *armc_tree_three(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, ArmcTree *a,
                          ArmcTree *b, ArmcTree *c)
{
    ArmcTree **kids = ARMC_NEW_ARRAY(parse->arena, ArmcTree *, 3);
    kids[0] = a;
    kids[1] = b;
    kids[2] = c;
    return make(parse, kind, span, kids, 3);
}

ArmcTree *armc_tree_stage(ArmcParse *parse, ArmcSpan span, const char *name, ArmcTreeList *args,
                          ArmcTree *closure)
{
    ArmcTree *tree = armc_tree_call(parse, span, name, args, closure);
    tree->is_stage = true;
    return tree;
}

ArmcTree *armc_tree_call(ArmcParse *parse, ArmcSpan span, const char *name, ArmcTreeList *args,
                         ArmcTree *closure)
{
    return armc_tree_of(parse, ARMC_TREE_CALL, span, name, armc_tree_add(parse, args, closure));
}

ArmcTree *armc_tree_element(ArmcParse *parse, ArmcSpan open, ArmcSpan close, const char *name,
                            ArmcTreeList *subscripts)
{
    ArmcSpan name_span = {open.source, open.begin, open.end - 1};
    ArmcTree *base = armc_tree_leaf(parse, ARMC_TREE_NAME, name_span, name);
    return armc_tree_of(parse, ARMC_TREE_INDEX, armc_span_join(open, close), NULL,
                        armc_tree_prepend(parse, base, subscripts));
}

ArmcTree *armc_tree_dims(ArmcParse *parse, ArmcSpan open, ArmcSpan close, ArmcTreeList *dims)
{
    ArmcSpan span = {open.source, open.end - 1, close.end};
    return armc_tree_of(parse, ARMC_TREE_LIST, span, NULL, dims);
}
