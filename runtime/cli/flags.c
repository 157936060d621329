#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cli/cli.h"

typedef struct Flag {
    const char *name, *value; /* value: what stands for it in the help; NULL: takes none */
    const char *doc;
    bool global;
    bool (*set)(ArmcCli *cli, const char *value);
} Flag;

static bool take_number(const char *text, long long low, long long high, long long *number)
{
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= low && *number <= high;
}

static bool set_json(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->options.json = 1;
    return true;
}

static bool set_quiet(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->console.quiet = true;
    return true;
}

static bool set_exact(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->options.exact = 1;
    return true;
}

static bool set_colour(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->options.colour = 1;
    return true;
}

static bool set_no_colour(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->no_colour = true;
    return true;
}

static bool set_help(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->wants_help = true;
    return true;
}

static bool set_threads(ArmcCli *cli, const char *value)
{
    long long number;
    bool good = take_number(value, 1, 1024, &number);
    cli->options.threads = good ? (int)number : 0;
    return good;
}

static bool set_seed(ArmcCli *cli, const char *value)
{
    long long number;
    bool good = take_number(value, 0, INT64_MAX, &number);
    cli->options.seed = good ? (uint64_t)number : 0;
    return good;
}

static bool set_resume(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->options.resume = 1;
    return true;
}

static bool set_checkpoint_every(ArmcCli *cli, const char *value)
{
    long long number;
    bool good = take_number(value, 1, INT64_MAX, &number);
    cli->options.checkpoint_every = good ? number : 0;
    return good;
}

static bool set_stop_after(ArmcCli *cli, const char *value)
{
    long long number;
    bool good = take_number(value, 1, INT64_MAX, &number);
    cli->options.stop_after = good ? number : 0;
    return good;
}

static bool set_input(ArmcCli *cli, const char *value)
{
    cli->assumed.shape = value;
    return true;
}

static bool set_levels(ArmcCli *cli, const char *value)
{
    long long number;
    bool good = take_number(value, 2, 1 << 16, &number);
    cli->assumed.levels = good ? (int)number : 0;
    return good;
}

static bool set_classes(ArmcCli *cli, const char *value)
{
    long long number;
    bool good = take_number(value, 2, 256, &number);
    cli->assumed.classes = good ? (int)number : 0;
    return good;
}

static bool set_steps(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->steps = true;
    return true;
}

static bool set_source(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->source = true;
    return true;
}

static bool set_field(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->field = true;
    return true;
}

/* The arrays are words behind the expression; the flag tells where they begin. */
static bool set_in(ArmcCli *cli, const char *value)
{
    bool good = cli->word_count > 0 && cli->word_count < ARMC_CLI_MOST_WORDS;
    if (good)
        cli->words[cli->word_count++] = value;
    return good;
}

static bool set_import(ArmcCli *cli, const char *value)
{
    cli->calculation.import = value;
    return true;
}

static bool set_out(ArmcCli *cli, const char *value)
{
    cli->calculation.out = value;
    return true;
}

static bool set_batch(ArmcCli *cli, const char *value)
{
    cli->calculation.batch = value;
    return true;
}

static bool set_grad(ArmcCli *cli, const char *value)
{
    cli->calculation.grad = value;
    return true;
}

static bool set_cotangent(ArmcCli *cli, const char *value)
{
    cli->calculation.cotangent = value;
    return true;
}

static bool set_to(ArmcCli *cli, const char *value)
{
    cli->calculation.to = value;
    return true;
}

static bool set_in_place(ArmcCli *cli, const char *value)
{
    (void)value;
    cli->in_place = true;
    return true;
}

static const Flag flags[] = {
    {"--json", NULL, "results as one JSON object a line", true, set_json},
    {"--quiet", NULL, "no progress, no notes", true, set_quiet},
    {"--threads", "N", "threads to compute with; else as many as there are processors", true,
     set_threads},
    {"--seed", "N", "seed of all random draws; else 0", true, set_seed},
    {"--exact", NULL, "kernels of fixed order: the same bits on any processor", true, set_exact},
    {"--colour", NULL, "colour in messages, also where they don't go to a terminal", true,
     set_colour},
    {"--no-colour", NULL, "no colour", true, set_no_colour},
    {"--help", NULL, "what the command does", true, set_help},
    {"--resume", NULL, "training goes on from its checkpoint where there is one", false,
     set_resume},
    {"--checkpoint-every", "N", "a checkpoint every N steps, too", false, set_checkpoint_every},
    {"--stop-after", "N", "training stops after N steps, and tells the nats of each", false,
     set_stop_after},
    {"--input", "SHAPE", "take this shape where no data is at hand: 28x28x1", false, set_input},
    {"--levels", "K", "the levels that go with --input", false, set_levels},
    {"--classes", "K", "the classes of the labels that go with --input", false, set_classes},
    {"--steps", NULL, "the steps of the program, too", false, set_steps},
    {"--source", NULL, "how it is written", false, set_source},
    {"--field", NULL, "what the middle and the last variable can see, too", false, set_field},
    {"--in", "NAME=FILE", "arrays, behind the expression: --in x=x.npy w=w.npy", false, set_in},
    {"--import", "FILES", "files with blocks of your own: my.arm,more.arm", false, set_import},
    {"--out", "FILE", "where the result goes; one file for each, with commas", false, set_out},
    {"--batch", "NAMES", "arrays whose first axis is the batch: x,y", false, set_batch},
    {"--grad", "NAMES", "what to differentiate by: x,w", false, set_grad},
    {"--cotangent", "FILE", "dy, of the result's shape", false, set_cotangent},
    {"--to", "FILES", "where the gradients go: dx.npy,dw.npy", false, set_to},
    {"--in-place", NULL, "change the file instead of printing", false, set_in_place},
};
enum { FLAGS = sizeof flags / sizeof *flags };

static const Flag *find_flag(const char *name, size_t length)
{
    for (size_t i = 0; i < FLAGS; i++)
        if (strlen(flags[i].name) == length && memcmp(flags[i].name, name, length) == 0)
            return &flags[i];
    return NULL;
}

static bool takes(const ArmcSubcommand *subcommand, const Flag *flag)
{
    if (flag->global)
        return true;
    for (size_t i = 0; i < sizeof subcommand->flags / sizeof *subcommand->flags; i++)
        if (subcommand->flags[i] != NULL && strcmp(subcommand->flags[i], flag->name) == 0)
            return true;
    return false;
}

static bool unknown_flag(const ArmcSubcommand *subcommand, const char *word)
{
    const char *names[FLAGS];
    size_t count = 0;
    for (size_t i = 0; i < FLAGS; i++)
        if (takes(subcommand, &flags[i]))
            names[count++] = flags[i].name;
    char what[80];
    snprintf(what, sizeof what, "`armc %s` takes no flag", subcommand->name);
    armc_cli_complain(what, word, armc_nearest(word, names, count));
    return false;
}

/* One flag at argv[*at]; a value may follow `=` or be the next word. */
static bool take_flag(ArmcCli *cli, const ArmcSubcommand *subcommand, int argc, char **argv,
                      int *at)
{
    const char *word = argv[*at], *equals = strchr(word, '=');
    const Flag *flag = find_flag(word, equals != NULL ? (size_t)(equals - word) : strlen(word));
    if (flag == NULL || !takes(subcommand, flag))
        return unknown_flag(subcommand, word);
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (flag->value != NULL && value == NULL && *at + 1 < argc)
        value = argv[++*at];
    if ((flag->value != NULL) == (value != NULL) && flag->set(cli, value))
        return true;
    fprintf(stderr, "error: %s %s%s: %s\n", flag->name,
            flag->value != NULL ? "takes " : "takes no value",
            flag->value != NULL ? flag->value : "", flag->doc);
    return false;
}

static bool check_words(const ArmcCli *cli, const ArmcSubcommand *subcommand)
{
    if (cli->wants_help ||
        (cli->word_count >= subcommand->least && cli->word_count <= subcommand->most))
        return true;
    fprintf(stderr, "error: %s\n  help: %s\n",
            cli->word_count < subcommand->least ? "something is missing behind the command"
                                                : "too many words",
            subcommand->usage);
    return false;
}

bool armc_cli_parse(ArmcCli *cli, const ArmcSubcommand *subcommand, int first, int argc,
                    char **argv)
{
    bool only_words = false; /* behind -- */
    for (int i = first; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] == '-') {
            if (!take_flag(cli, subcommand, argc, argv, &i))
                return false;
        } else if (cli->word_count < ARMC_CLI_MOST_WORDS) {
            cli->words[cli->word_count++] = argv[i];
        }
    }
    return check_words(cli, subcommand);
}

static void print_flags(const ArmcSubcommand *subcommand, bool global)
{
    for (size_t i = 0; i < FLAGS; i++) {
        char name[40];
        if (flags[i].global != global || !takes(subcommand, &flags[i]))
            continue;
        snprintf(name, sizeof name, "%s%s%s", flags[i].name, flags[i].value != NULL ? " " : "",
                 flags[i].value != NULL ? flags[i].value : "");
        printf("  %-22s %s\n", name, flags[i].doc);
    }
}

void armc_cli_print_help(const ArmcSubcommand *subcommand)
{
    printf("%s\n\n%s\n", subcommand->usage, subcommand->doc);
    if (subcommand->help != NULL)
        printf("\n%s\n", subcommand->help);
    putchar('\n');
    print_flags(subcommand, false);
    print_flags(subcommand, true);
}

void armc_cli_print_usage(void)
{
    puts("armc: autoregressive generative models from a script\n");
    printf("  %-44s %s\n", armc_at_prompt.usage, armc_at_prompt.doc);
    for (const ArmcSubcommand *row = armc_subcommands; row->name != NULL; row++)
        printf("  %-44s %s\n", row->usage, row->doc);
    printf("  %-44s %s\n", armc_on_checkpoint.usage, armc_on_checkpoint.doc);
    puts("\nFlags of all commands:");
    print_flags(&armc_on_checkpoint, true);
    puts("\n`armc run nade.arm` trains a built-in model on built-in data. `armc COMMAND --help` "
         "tells more.");
}

void armc_cli_complain(const char *what, const char *word, const char *near)
{
    fprintf(stderr, "error: %s `%s`\n", what, word);
    if (near != NULL)
        fprintf(stderr, "  help: did you mean `%s`?\n", near);
    else
        fprintf(stderr, "  help: `armc --help` lists what there is\n");
}
