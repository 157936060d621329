/* The program armc: takes the command line apart, makes a session, calls the API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cli/cli.h"

enum { MOST_NAMES = 64, COMMAND_LENGTH = 4096 };

static const ArmcSubcommand *find_subcommand(const char *name)
{
    for (const ArmcSubcommand *row = armc_subcommands; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return armc_command_exists(name) ? &armc_on_checkpoint : NULL;
}

static int unknown_subcommand(const char *word)
{
    const char *names[MOST_NAMES] = {"sample", "eval", "score", "plot", "losses"};
    size_t count = 5;
    for (const ArmcSubcommand *row = armc_subcommands; row->name != NULL && count < MOST_NAMES;
         row++)
        names[count++] = row->name;
    armc_cli_complain("there is no command", word, armc_nearest(word, names, count));
    return ARMC_STATUS_USAGE;
}

/* What was typed, on one line; --resume is left out, so that a resumed run leaves the same metrics
 * behind. */
static void join(char *text, int argc, char **argv)
{
    size_t length = (size_t)snprintf(text, COMMAND_LENGTH, "armc");
    for (int i = 1; i < argc; i++) {
        const char *quote = argv[i][strcspn(argv[i], " \t\n'\"$")] != '\0' ? "'" : "";
        if (strcmp(argv[i], "--resume") == 0 || length + strlen(argv[i]) + 16 > COMMAND_LENGTH)
            continue;
        length += (size_t)snprintf(text + length, COMMAND_LENGTH - length, " %s%s%s", quote,
                                   argv[i], quote);
    }
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
}

static bool wants_colour(const ArmcCli *cli)
{
    const char *term = getenv("TERM");
    if (cli->no_colour || cli->options.colour)
        return cli->options.colour && !cli->no_colour;
    return cli->console.is_terminal && getenv("NO_COLOR") == NULL && term != NULL &&
           strcmp(term, "dumb") != 0;
}

static int finish(ArmcCli *cli, ArmcResult result)
{
    armc_session_free(cli->session);
    armc_console_close(&cli->console);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("error: cannot write the output");
        return ARMC_STATUS_RESOURCES;
    }
    return result == ARMC_STATUS_INTERRUPTED ? 128 + cli->console.signal : (int)result;
}

static int run_session(ArmcCli *cli, const ArmcSubcommand *subcommand, int argc, char **argv)
{
    char command[COMMAND_LENGTH], advice[COMMAND_LENGTH + 16];
    join(command, argc, argv);
    snprintf(advice, sizeof advice, "%s --resume", command);
    armc_console_open(&cli->console);
    cli->options.colour = wants_colour(cli);
    cli->options.cpu = getenv("ARMC_CPU");
    cli->options.conv = getenv("ARMC_CONV");
    cli->options.stdlib = getenv("ARMC_STDLIB");
    cli->options.command = command;
    cli->options.resume_advice =
        cli->command != NULL && strcmp(cli->command, "run") == 0 ? advice : NULL;
    ArmcCallbacks callbacks = armc_console_callbacks(&cli->console);
    cli->session = armc_session_new(&cli->options, &callbacks);
    if (cli->session == NULL) {
        fputs("error: out of memory\n", stderr);
        return ARMC_STATUS_RESOURCES;
    }
    return finish(cli, subcommand->run(cli));
}

/* `armc` with nothing but flags is the prompt. */
static int run_prompt(int argc, char **argv)
{
    ArmcCli cli = {0};
    if (!armc_cli_parse(&cli, &armc_at_prompt, 1, argc, argv))
        return ARMC_STATUS_USAGE;
    return run_session(&cli, &armc_at_prompt, argc, argv);
}

int main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        armc_cli_print_usage();
        return ARMC_STATUS_DONE;
    }
    char version[] = "version";
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        argv[1] = version;
    if (argc < 2 || strncmp(argv[1], "--", 2) == 0)
        return run_prompt(argc, argv);
    const ArmcSubcommand *subcommand = find_subcommand(argv[1]);
    if (subcommand == NULL)
        return unknown_subcommand(argv[1]);
    ArmcCli cli = {0};
    if (!armc_cli_parse(&cli, subcommand, 2, argc, argv))
        return ARMC_STATUS_USAGE;
    if (cli.wants_help) {
        armc_cli_print_help(subcommand);
        return ARMC_STATUS_DONE;
    }
    cli.command = argv[1];
    return run_session(&cli, subcommand, argc, argv);
}
