/* A prompt: statements that come one at a time, and the way back from those that fail. */
#include "runtime/api/prompt.h"

#include <ctype.h>
#include <string.h>

static const char source_name[] = "<prompt>";

/* --- points to go back to --- */

static const ArmcPoint *make_point(ArmcSession *session)
{
    ArmcPoint *point = ARMC_NEW(session->run, ArmcPoint);
    *point = (ArmcPoint){
        .mark = armc_module_mark(session->module),
        .typed_count = session->prompt->typed_count,
        .net_count = session->net_count,
        .import_count = session->import_count,
        .written_count = session->written_count,
        .nets = ARMC_NEW_ARRAY(session->run, ArmcNet *, session->net_count + 1),
    };
    for (size_t i = 0; i < session->net_count; i++)
        point->nets[i] = session->nets[i];
    return point;
}

/* Data sets that were opened stay open: they depend on nothing that was typed. */
static void go_to(ArmcSession *session, const ArmcPoint *point)
{
    armc_module_return_to(session->module, point->mark);
    session->prompt->typed_count = point->typed_count;
    session->net_count = point->net_count;
    session->import_count = point->import_count;
    session->written_count = point->written_count;
    for (size_t i = 0; i < point->net_count; i++)
        session->nets[i] = point->nets[i];
}

/* --- the statements in force, as a script --- */

static bool is_definition(const ArmcTree *tree)
{
    return tree->kind == ARMC_TREE_BLOCK || tree->kind == ARMC_TREE_MODEL ||
           tree->kind == ARMC_TREE_OPTION;
}

static void type(ArmcSession *session, const ArmcTree *tree, const char *text)
{
    ArmcPrompt *prompt = session->prompt;
    ArmcTyped typed = {text, is_definition(tree) ? tree->name : NULL};
    ARMC_PUSH(session->run, prompt->typed, prompt->typed_count, prompt->typed_capacity, typed);
}

/* All of them as one text, with `text` in place of the index-th. */
static const char *script_text(ArmcSession *session, size_t index, const char *text)
{
    const ArmcPrompt *prompt = session->prompt;
    ArmcBuf *all = armc_work_text(session);
    for (size_t i = 0; i < prompt->typed_count; i++)
        armc_buf_printf(all, "%s\n", i == index ? text : prompt->typed[i].text);
    return armc_arena_strndup(session->run, all->data, all->length);
}

static void set_script(ArmcSession *session)
{
    const char *text = script_text(session, SIZE_MAX, NULL);
    session->script = (ArmcText){source_name, text, strlen(text)};
}

/* --- running --- */

static bool run_in(ArmcSession *session, ArmcMode mode, bool is_quiet, const ArmcTree *body)
{
    session->mode = mode;
    session->prompt->is_quiet = is_quiet;
    session->prompt->rows = 0;
    armc_module_run(session->module, body);
    return armc_work_is_fine(session);
}

static ArmcTree body_of(const ArmcTree *file, int index)
{
    return (ArmcTree){.kind = ARMC_TREE_BODY,
                      .span = file->kids[index]->span,
                      .kids = &file->kids[index],
                      .kid_count = 1};
}

static bool is_command(const ArmcTree *tree)
{
    if (tree->kind != ARMC_TREE_CALL && tree->kind != ARMC_TREE_NAME)
        return false;
    for (const ArmcCommand *const *row = armc_commands; *row != NULL; row++)
        if (strcmp((*row)->name, tree->name) == 0)
            return true;
    return false;
}

/* Does it run a command, alone or for its result? */
static bool holds_command(const ArmcTree *tree)
{
    if (tree->kind == ARMC_TREE_ASSIGN)
        return is_command(tree->kids[tree->kid_count - 1]);
    return is_command(tree->kind == ARMC_TREE_PIPE ? tree->kids[0] : tree);
}

/* A model that meets its data for the first time is shown; of the top level's own one the stages
 * were shown as they were typed. */
static void tell_new_nets(ArmcSession *session, size_t before)
{
    for (size_t i = before; i < session->net_count; i++) {
        const ArmcNet *net = session->nets[i];
        if (net->model == armc_module_model(session->module))
            armc_tell_sum(session, armc_say_note, net, 2);
        else
            armc_tell_net(session, armc_say_note, net);
    }
}

/* A command is checked as in a script before it runs. */
static bool try_command(ArmcSession *session, const ArmcTree *body, const ArmcPoint *before)
{
    if (!run_in(session, ARMC_MODE_CHECK, true, body))
        return false;
    tell_new_nets(session, before->net_count);
    go_to(session, before);
    return true;
}

/* --- a definition in place of an earlier one --- */

static size_t find_definition(const ArmcPrompt *prompt, const ArmcTree *tree)
{
    for (size_t i = 0; is_definition(tree) && i < prompt->typed_count; i++)
        if (prompt->typed[i].defines != NULL && strcmp(prompt->typed[i].defines, tree->name) == 0)
            return i;
    return SIZE_MAX;
}

/* As if the script had been edited: everything is made again, with the new definition in the old
 * one's place. Commands on models are not run again. */
static bool redefine(ArmcSession *session, size_t index, const char *text)
{
    ArmcPrompt *prompt = session->prompt;
    size_t nets = session->net_count, typed = prompt->typed_count;
    const char *script = script_text(session, index, text);
    const ArmcTree *tree = armc_script_parse(session, source_name, script);
    if (tree == NULL)
        return false;
    go_to(session, prompt->begin);
    if (!run_in(session, ARMC_MODE_LOAD_DATA, true, tree))
        return false;
    prompt->typed_count = typed;
    prompt->typed[index].text = text;
    prompt->before = NULL;
    prompt->attempt = NULL;
    if (nets > 0)
        armc_say_note(session, "  defined anew: models begin with new weights\n");
    return true;
}

/* --- a statement --- */

/* Of a statement, with the comments before it. */
static const char *text_of(ArmcSession *session, const ArmcTree *file, int index)
{
    ArmcSpan span = file->kids[index]->span;
    const char *text = span.source->text;
    size_t begin = index > 0 ? file->kids[index - 1]->span.end : 0;
    while (begin < span.begin && (isspace((unsigned char)text[begin]) || text[begin] == ';'))
        begin++;
    return armc_arena_strndup(session->run, text + begin, span.end - begin);
}

static bool run_statement(ArmcSession *session, const ArmcTree *tree, const ArmcTree *body,
                          const char *text)
{
    type(session, tree, text);
    if (holds_command(tree))
        set_script(session);
    const ArmcThing *it = armc_module_it(session->module);
    bool done = run_in(session, ARMC_MODE_RUN, false, body);
    if (done && !is_command(tree))
        armc_prompt_tell(session, tree, it);
    return done && armc_work_is_fine(session);
}

/* What an interrupted training has reached stays. */
static bool do_statement(ArmcSession *session, const ArmcTree *file, int index)
{
    ArmcPrompt *prompt = session->prompt;
    const ArmcTree *tree = file->kids[index];
    const ArmcTree body = body_of(file, index);
    const char *text = text_of(session, file, index);
    const ArmcPoint *before = make_point(session);
    size_t old = find_definition(prompt, tree);
    if (prompt->attempt == NULL)
        prompt->attempt = before;
    if (old != SIZE_MAX)
        return redefine(session, old, text);
    if (is_command(tree) && !try_command(session, &body, before))
        return false;
    bool done = run_statement(session, tree, &body, text);
    if (armc_diags_count(session->diags) > 0)
        return false;
    prompt->before = is_command(tree) ? NULL : before;
    prompt->last = text;
    prompt->attempt = NULL;
    return done;
}

static bool amends(const char *text)
{
    text += strspn(text, " \t");
    return *text == '|' ||
           (strncmp(text, "else", 4) == 0 && !isalnum((unsigned char)text[4]) && text[4] != '_');
}

/* The last statement and the line that amends it are parsed and run as one; where that fails, the
 * statement stays as it was. */
static const ArmcTree *parse_text(ArmcSession *session, const char *text)
{
    ArmcPrompt *prompt = session->prompt;
    bool is_amended = prompt->before != NULL && amends(text);
    prompt->told_from = is_amended ? strlen(prompt->last) : 0;
    text = is_amended ? armc_arena_printf(session->run, "%s\n%s", prompt->last, text)
                      : armc_arena_strdup(session->run, text);
    const ArmcTree *file = armc_script_parse(session, source_name, text);
    if (file != NULL && is_amended) {
        prompt->attempt = make_point(session);
        go_to(session, prompt->before);
    }
    return file;
}

static bool run(ArmcSession *session, void *context)
{
    const char *const *text = context;
    const ArmcTree *file = parse_text(session, *text);
    for (int i = 0; file != NULL && i < file->kid_count; i++)
        if (!do_statement(session, file, i))
            return false;
    return file != NULL;
}

ArmcResult armc_prompt_run(ArmcSession *session, const char *text)
{
    ArmcPrompt *prompt = session->prompt;
    if (prompt == NULL)
        return ARMC_STATUS_USAGE;
    armc_diags_clear(session->diags);
    session->interrupted = false;
    session->status = ARMC_USER;
    ArmcResult result = armc_work_on(session, run, &text);
    if (prompt->attempt != NULL)
        go_to(session, prompt->attempt);
    prompt->attempt = NULL;
    return result;
}

/* --- the prompt itself --- */

static bool open(ArmcSession *session, void *context)
{
    (void)context;
    session->prompt = ARMC_NEW(session->run, ArmcPrompt);
    const ArmcScript script = {.tree = armc_script_parse(session, source_name, "")};
    if (!armc_script_pass(session, &script, ARMC_MODE_RUN))
        return false;
    session->writes = true;
    session->prompt->begin = make_point(session);
    return true;
}

ArmcResult armc_prompt_open(ArmcSession *session)
{
    armc_work_end(session);
    armc_work_begin(session);
    return armc_work_on(session, open, NULL);
}

typedef struct Question {
    const char *text;
    int answer;
} Question;

static bool is_unfinished(ArmcSession *session, void *context)
{
    Question *question = context;
    ArmcArena *scratch = armc_scratch_begin(session);
    question->answer = armc_parse_is_unfinished(scratch, question->text);
    armc_scratch_end(session);
    return true;
}

int armc_prompt_is_unfinished(ArmcSession *session, const char *text)
{
    Question question = {text, 0};
    if (session->prompt == NULL)
        return 0;
    armc_diags_clear(session->diags);
    return armc_work_on(session, is_unfinished, &question) == ARMC_STATUS_DONE && question.answer;
}

typedef struct Completion {
    const char *text;
    void (*word)(void *user, const char *word);
    void *user;
    int is_string;
    size_t begin;
} Completion;

static size_t begin_of_string(const char *text)
{
    const char *quote = strrchr(text, '"');
    return quote != NULL ? (size_t)(quote - text) + 1 : 0;
}

static bool complete(ArmcSession *session, void *context)
{
    Completion *c = context;
    size_t length = strlen(c->text);
    c->is_string = armc_text_is_in_string(c->text, length);
    if (!c->is_string) {
        c->begin = armc_module_complete(session->module, c->text, length, c->word, c->user);
        return true;
    }
    c->begin = begin_of_string(c->text);
    for (const ArmcDataSource *const *row = armc_data_sources; *row != NULL; row++)
        if (strncmp((*row)->name, c->text + c->begin, length - c->begin) == 0)
            c->word(c->user, (*row)->name);
    return true;
}

size_t armc_prompt_complete(ArmcSession *session, const char *text,
                            void (*word)(void *user, const char *word), void *user, int *is_string)
{
    Completion completion = {.text = text, .word = word, .user = user, .begin = strlen(text)};
    if (session->prompt == NULL)
        return completion.begin;
    armc_diags_clear(session->diags);
    armc_work_on(session, complete, &completion);
    *is_string = completion.is_string;
    return completion.begin;
}
