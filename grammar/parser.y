/* The grammar: it builds the tree and nothing else. Every action is one constructor of tree.c.
 *
 * Line ends reach the parser only where they end a statement (brackets.c), and there is one before each `}` and before
 * the end of the file, so that every statement ends with one. CALL is `name(`, INDEX `name[`, without a space between;
 * SUBSCRIPT is a `[` directly behind a closing bracket. */
%require "3.8"
%define api.pure full
%define api.prefix {armc_yy}
%define api.token.prefix {ARMC_T_}
%define api.location.type {ArmcSpan}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param { ArmcParse *parse }

%code requires { #include "grammar/parse.h" }

%union {
    ArmcTree *tree;
    ArmcTreeList *list;
    const char *name;
}

%code {
/* The parser's stack has its full size from the start: it never grows, and nothing of it can leak. */
#define YYINITDEPTH 2000
#define YYMAXDEPTH 2000

#define YYLLOC_DEFAULT(current, rhs, n)                                                            \
    ((current) = (n) > 0 ? armc_span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n))                      \
                         : (ArmcSpan){YYRHSLOC(rhs, 0).source, YYRHSLOC(rhs, 0).end,               \
                                      YYRHSLOC(rhs, 0).end})

#define LEAF(kind, at, name) armc_tree_leaf(parse, ARMC_TREE_##kind, at, name)
#define LIST(kind, at, name, kids) armc_tree_of(parse, ARMC_TREE_##kind, at, name, kids)
#define ONE(kind, at, name, a) armc_tree_one(parse, ARMC_TREE_##kind, at, name, a)
#define TWO(kind, at, name, a, b) armc_tree_two(parse, ARMC_TREE_##kind, at, name, a, b)
#define THREE(kind, at, a, b, c) armc_tree_three(parse, ARMC_TREE_##kind, at, a, b, c)
#define ADD(list, kid) armc_tree_add(parse, list, kid)
#define FIRST(kid, list) armc_tree_prepend(parse, kid, list)
#define PAIR(from, to) armc_span_join(from, to)
#define STAGE(at, name, args, closure) armc_tree_stage(parse, at, name, args, closure)
#define CALLED(at, name, args, closure) armc_tree_call(parse, at, name, args, closure)
#define ELEMENT(open, close, name, kids) armc_tree_element(parse, open, close, name, kids)
#define DIMS(open, close, kids) armc_tree_dims(parse, open, close, kids)

int armc_yylex(ARMC_YYSTYPE *value, ArmcSpan *span, ArmcParse *parse);
static void armc_yyerror(const ArmcSpan *span, ArmcParse *parse, const char *message);
}

%token <name> NAME "a name" CALL "a call" INDEX "an element"
%token <tree> NUMBER "a number" STRING "a string" SIZE "a size"
%token MODEL "`model`" BLOCK "`block`" OPTION "`option`" IMPORT "`import`" PARAM "`param`" SHARED "`shared`"
%token INPUT "`input`" GIVEN "`given`" UNPROVED "`unproved`" REPEAT "`repeat`" AS "`as`" IF "`if`" ELSE "`else`" RETURN "`return`"
%token OR "`or`" AND "`and`" NOT "`not`" DSLASH "`//`" LE "`<=`" GE "`>=`" EQ "`==`" NE "`!=`"
%token NEWLINE "the end of the line" SUBSCRIPT "a subscript"
%token END 0 "the end of the file"

%left OR
%left AND
%precedence NOT
%nonassoc '<' '>' LE GE EQ NE
%left '+' '-'
%left '*' '/' '%' DSLASH
%precedence NEGATIVE
%right '^'


%type <tree> statement model block if body closure pipe first stage core distribution parameter
%type <tree> argument passed named atom list expr subscript maybe
%type <list> lines parameters parameter_list enums names returned stages arguments arguments_opt
%type <list> passed_list passed_opt named_opt subscripts exprs

%%

file:
    lines                                   { parse->statements = $1; }
;

lines:
    %empty                                  { $$ = NULL; }
|   lines NEWLINE                           { $$ = $1; }
|   lines statement NEWLINE                 { $$ = ADD($1, $2); }
|   lines error NEWLINE                     { $$ = $1; yyerrok; }
;

body:
    '{' lines '}'                           { $$ = LIST(BODY, @$, NULL, $2); }
;

closure:
    body                                    { $$ = ONE(CLOSURE, @$, NULL, $1); }
;

statement:
    pipe
|   names '=' pipe                          { $$ = LIST(ASSIGN, @$, NULL, ADD($1, $3)); }
|   NAME '~' distribution                   { $$ = TWO(LIKELIHOOD, @$, NULL, LEAF(NAME, @1, $1), $3); }
|   INDEX subscripts ']' '~' distribution   { $$ = TWO(LIKELIHOOD, @$, NULL, ELEMENT(@1, @3, $1, $2), $5); }
|   RETURN returned                         { $$ = LIST(RETURN, @$, NULL, $2); }
|   IMPORT NAME                             { $$ = ONE(IMPORT, @$, NULL, LEAF(NAME, @2, $2)); }
|   IMPORT STRING                           { $$ = ONE(IMPORT, @$, NULL, $2); }
|   OPTION NAME '=' expr                    { $$ = ONE(OPTION, @$, $2, $4); }
|   PARAM NAME list named_opt               { $$ = LIST(PARAM, @$, $2, FIRST($3, $4)); }
|   PARAM INDEX exprs ']' named_opt         { $$ = LIST(PARAM, @$, $2, FIRST(DIMS(@2, @4, $3), $5)); }
|   SHARED NAME '=' closure                 { $$ = ONE(SHARED, @$, $2, $4); }
|   INPUT NAME arguments_opt                { $$ = LIST(INPUT, @$, NULL, FIRST(LEAF(NAME, @2, $2), $3)); }
|   GIVEN arguments                         { $$ = LIST(GIVEN, @$, NULL, $2); }
|   UNPROVED                                { $$ = LEAF(UNPROVED, @$, NULL); }
|   REPEAT expr body                        { $$ = TWO(REPEAT, @$, NULL, $2, $3); }
|   REPEAT expr AS NAME body                { $$ = TWO(REPEAT, @$, $4, $2, $5); }
|   if
|   model
|   block
|   broken                                  { $$ = NULL; yyerrok; }
;

/* After an error in front of a body, the body is still read for errors of its own. */
broken:
    MODEL error
|   MODEL error body
|   BLOCK error
|   BLOCK error body
|   REPEAT error
|   REPEAT error body
|   IF error
|   IF error body
|   IF error body ELSE body
|   IF error body ELSE if
;

if:
    IF expr body                            { $$ = TWO(IF, @$, NULL, $2, $3); }
|   IF expr body ELSE body                  { $$ = THREE(IF, @$, $2, $3, $5); }
|   IF expr body ELSE if                    { $$ = THREE(IF, @$, $2, $3, $5); }
;

model:
    MODEL NAME body                         { $$ = TWO(MODEL, @$, $2, LIST(PARAMS, @2, NULL, NULL), $3); }
|   MODEL CALL parameters ')' body          { $$ = TWO(MODEL, @$, $2, LIST(PARAMS, PAIR(@2, @4), NULL, $3), $5); }
;

block:
    BLOCK NAME body                         { $$ = TWO(BLOCK, @$, $2, LIST(PARAMS, @2, NULL, NULL), $3); }
|   BLOCK CALL parameters ')' body          { $$ = TWO(BLOCK, @$, $2, LIST(PARAMS, PAIR(@2, @4), NULL, $3), $5); }
;

parameters:
    %empty                                  { $$ = NULL; }
|   parameter_list
;

parameter_list:
    parameter                               { $$ = ADD(NULL, $1); }
|   parameter_list ',' parameter            { $$ = ADD($1, $3); }
;

parameter:
    NAME                                    { $$ = TWO(PARAMETER, @$, $1, NULL, NULL); }
|   NAME '=' expr                           { $$ = TWO(PARAMETER, @$, $1, NULL, $3); }
|   NAME ':' enums                          { $$ = TWO(PARAMETER, @$, $1, LIST(ENUMS, @3, NULL, $3), NULL); }
|   NAME ':' enums '=' expr                 { $$ = TWO(PARAMETER, @$, $1, LIST(ENUMS, @3, NULL, $3), $5); }
;

enums:
    NAME                                    { $$ = ADD(NULL, LEAF(NAME, @1, $1)); }
|   enums '|' NAME                          { $$ = ADD($1, LEAF(NAME, @3, $3)); }
;

names:
    NAME                                    { $$ = ADD(NULL, LEAF(NAME, @1, $1)); }
|   names ',' NAME                          { $$ = ADD($1, LEAF(NAME, @3, $3)); }
;

returned:
    pipe                                    { $$ = ADD(NULL, $1); }
|   returned ',' pipe                       { $$ = ADD($1, $3); }
;

pipe:
    first
|   first '|' stages                        { $$ = LIST(PIPE, @$, NULL, FIRST($1, $3)); }
;

stages:
    stage                                   { $$ = ADD(NULL, $1); }
|   stages '|' stage                        { $$ = ADD($1, $3); }
;

/* At a pipe's head a lone name or call is an expression; everywhere behind it is a stage. */
first:
    expr
|   core
|   core AS NAME                            { $$ = ONE(AS, @$, $3, $1); }
|   NAME AS NAME                            { $$ = ONE(AS, @$, $3, LEAF(NAME, @1, $1)); }
|   CALL passed_opt ')' AS NAME             { $$ = ONE(AS, @$, $5, CALLED(PAIR(@1, @3), $1, $2, NULL)); }
;

stage:
    core
|   core AS NAME                            { $$ = ONE(AS, @$, $3, $1); }
|   NAME                                    { $$ = LEAF(NAME, @1, $1); }
|   NAME AS NAME                            { $$ = ONE(AS, @$, $3, LEAF(NAME, @1, $1)); }
|   CALL passed_opt ')'                     { $$ = CALLED(@$, $1, $2, NULL); }
|   CALL passed_opt ')' AS NAME             { $$ = ONE(AS, @$, $5, CALLED(PAIR(@1, @3), $1, $2, NULL)); }
;

/* What can be nothing but a stage. */
core:
    NAME arguments                          { $$ = STAGE(@$, $1, $2, NULL); }
|   NAME arguments closure                  { $$ = STAGE(@$, $1, $2, $3); }
|   NAME closure                            { $$ = STAGE(@$, $1, NULL, $2); }
|   CALL passed_opt ')' closure             { $$ = CALLED(@$, $1, $2, $4); }
;

distribution:
    NAME                                    { $$ = LEAF(NAME, @1, $1); }
|   NAME arguments                          { $$ = STAGE(@$, $1, $2, NULL); }
|   CALL passed_opt ')'                     { $$ = CALLED(@$, $1, $2, NULL); }
;

arguments_opt:
    %empty                                  { $$ = NULL; }
|   arguments
;

arguments:
    argument                                { $$ = ADD(NULL, $1); }
|   arguments argument                      { $$ = ADD($1, $2); }
;

argument:
    atom
|   named
;

named:
    NAME '=' expr                           { $$ = ONE(ARG, @$, $1, $3); }
;

named_opt:
    %empty                                  { $$ = NULL; }
|   named_opt named                         { $$ = ADD($1, $2); }
;

passed_opt:
    %empty                                  { $$ = NULL; }
|   passed_list
;

passed_list:
    passed                                  { $$ = ADD(NULL, $1); }
|   passed_list ',' passed                  { $$ = ADD($1, $3); }
;

passed:
    pipe
|   NAME '=' pipe                           { $$ = ONE(ARG, @$, $1, $3); }
;

atom:
    NAME                                    { $$ = LEAF(NAME, @1, $1); }
|   NUMBER
|   STRING
|   SIZE
|   list
|   '(' pipe ')'                            { $$ = $2; }
|   CALL passed_opt ')'                     { $$ = CALLED(@$, $1, $2, NULL); }
|   INDEX subscripts ']'                    { $$ = ELEMENT(@1, @3, $1, $2); }
|   atom SUBSCRIPT subscripts ']'           { $$ = LIST(INDEX, @$, NULL, FIRST($1, $3)); }
|   atom '.' NAME                           { $$ = ONE(FIELD, @$, $3, $1); }
|   atom '.' INDEX subscripts ']'           { $$ = LIST(INDEX, @$, NULL, FIRST(ONE(FIELD, PAIR(@1, @3), $3, $1), $4)); }
;

list:
    '[' ']'                                 { $$ = LIST(LIST, @$, NULL, NULL); }
|   '[' exprs ']'                           { $$ = LIST(LIST, @$, NULL, $2); }
;

exprs:
    expr                                    { $$ = ADD(NULL, $1); }
|   exprs ',' expr                          { $$ = ADD($1, $3); }
;

subscripts:
    subscript                               { $$ = ADD(NULL, $1); }
|   subscripts ',' subscript                { $$ = ADD($1, $3); }
;

subscript:
    expr
|   maybe ':' maybe                         { $$ = THREE(SLICE, @$, $1, $3, NULL); }
|   maybe ':' maybe ':' maybe               { $$ = THREE(SLICE, @$, $1, $3, $5); }
;

maybe:
    %empty                                  { $$ = NULL; }
|   expr
;

expr:
    atom
|   expr '+' expr                           { $$ = TWO(BINARY, @$, "+", $1, $3); }
|   expr '-' expr                           { $$ = TWO(BINARY, @$, "-", $1, $3); }
|   expr '*' expr                           { $$ = TWO(BINARY, @$, "*", $1, $3); }
|   expr '/' expr                           { $$ = TWO(BINARY, @$, "/", $1, $3); }
|   expr DSLASH expr                        { $$ = TWO(BINARY, @$, "//", $1, $3); }
|   expr '%' expr                           { $$ = TWO(BINARY, @$, "%", $1, $3); }
|   expr '^' expr                           { $$ = TWO(BINARY, @$, "^", $1, $3); }
|   expr '<' expr                           { $$ = TWO(BINARY, @$, "<", $1, $3); }
|   expr '>' expr                           { $$ = TWO(BINARY, @$, ">", $1, $3); }
|   expr LE expr                            { $$ = TWO(BINARY, @$, "<=", $1, $3); }
|   expr GE expr                            { $$ = TWO(BINARY, @$, ">=", $1, $3); }
|   expr EQ expr                            { $$ = TWO(BINARY, @$, "==", $1, $3); }
|   expr NE expr                            { $$ = TWO(BINARY, @$, "!=", $1, $3); }
|   expr AND expr                           { $$ = TWO(BINARY, @$, "and", $1, $3); }
|   expr OR expr                            { $$ = TWO(BINARY, @$, "or", $1, $3); }
|   '-' expr %prec NEGATIVE                 { $$ = ONE(UNARY, @$, "-", $2); }
|   NOT expr                                { $$ = ONE(UNARY, @$, "not", $2); }
;

%%

/* The expected tokens are asked for with room for all of them: with less room the answer is none. */
static int yyreport_syntax_error(const yypcontext_t *context, ArmcParse *parse)
{
    yysymbol_kind_t kinds[YYNTOKENS];
    const char *names[YYNTOKENS];
    int count = yypcontext_expected_tokens(context, kinds, YYNTOKENS);
    for (int i = 0; i < count; i++)
        names[i] = yysymbol_name(kinds[i]);
    armc_syntax_error(parse, names, count);
    return 0;
}

/* With errors of our own this is called only when the stack is full. */
static void armc_yyerror(const ArmcSpan *span, ArmcParse *parse, const char *message)
{
    (void)message;
    armc_syntax_too_nested(parse, *span);
}
