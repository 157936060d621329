/* One row a subcommand. */
#include "runtime/cli/cli.h"
#include "runtime/cli/repl.h"

static ArmcResult run(ArmcCli *cli)
{
    return armc_run_file(cli->session, cli->words[0], cli->words + 1, cli->word_count - 1);
}

static ArmcResult check(ArmcCli *cli)
{
    return armc_check_file(cli->session, cli->words[0], cli->words + 1, cli->word_count - 1,
                           &cli->assumed, cli->field);
}

static ArmcResult plan(ArmcCli *cli)
{
    return armc_plan_file(cli->session, cli->words[0], cli->words + 1, cli->word_count - 1,
                          &cli->assumed, cli->steps);
}

static ArmcResult profile(ArmcCli *cli)
{
    return armc_profile_file(cli->session, cli->words[0], cli->words + 1, cli->word_count - 1);
}

static ArmcResult calc(ArmcCli *cli)
{
    ArmcCalculation calculation = cli->calculation;
    calculation.arrays = cli->words + 1;
    calculation.array_count = cli->word_count - 1;
    return armc_calc(cli->session, cli->words[0], &calculation);
}

static ArmcResult fmt(ArmcCli *cli)
{
    return armc_fmt_file(cli->session, cli->words[0], cli->in_place);
}

static ArmcResult expand(ArmcCli *cli)
{
    return armc_expand_file(cli->session, cli->words[0], cli->words + 1, cli->word_count - 1,
                            &cli->assumed);
}

static ArmcResult help(ArmcCli *cli)
{
    return armc_help(cli->session, cli->word_count > 0 ? cli->words[0] : NULL, cli->source);
}

static ArmcResult explain(ArmcCli *cli)
{
    return armc_explain(cli->session, cli->words[0]);
}

static ArmcResult reference(ArmcCli *cli)
{
    return armc_reference_page(cli->session);
}

static ArmcResult version(ArmcCli *cli)
{
    return armc_version(cli->session);
}

static ArmcResult on_checkpoint(ArmcCli *cli)
{
    return armc_command(cli->session, cli->command, cli->words[0], cli->words + 1,
                        cli->word_count - 1);
}

const ArmcSubcommand armc_subcommands[] = {
    {"run",
     "armc run FILE [option=value ...] [--resume]",
     "checks a script, then runs it",
     "FILE is looked for in the working folder, then in models/, then among the built-in models.\n"
     "option=value replaces the value of an `option` of the script.\n"
     "Ctrl-C finishes the step and writes a checkpoint; --resume goes on from there, to the same "
     "bytes.",
     {"--resume", "--checkpoint-every", "--stop-after"},
     1,
     ARMC_CLI_MOST_WORDS - 1,
     run},
    {"check",
     "armc check FILE [option=value ...]",
     "checks a script and shows its models; runs no training",
     "Without its data set at hand, --input 28x28x1 --levels 10 says what to take instead.",
     {"--input", "--levels", "--classes", "--field"},
     1,
     ARMC_CLI_MOST_WORDS - 1,
     check},
    {"plan",
     "armc plan FILE [option=value ...]",
     "where memory and arithmetic of a training go",
     NULL,
     {"--input", "--levels", "--classes", "--steps"},
     1,
     ARMC_CLI_MOST_WORDS - 1,
     plan},
    {"profile",
     "armc profile FILE [option=value ...]",
     "where the time of a training step goes",
     "Makes steps of the script's first training for about two seconds; writes nothing.",
     {0},
     1,
     ARMC_CLI_MOST_WORDS - 1,
     profile},
    {"help",
     "armc help [NAME|FILE]",
     "what an op, block, model, command or script does",
     NULL,
     {"--source"},
     0,
     1,
     help},
    {"fmt",
     "armc fmt FILE",
     "prints a script in the one true layout",
     NULL,
     {"--in-place"},
     1,
     1,
     fmt},
    {"expand",
     "armc expand FILE [option=value ...]",
     "unfolds all blocks and writes defaults out",
     NULL,
     {"--input", "--levels", "--classes"},
     1,
     ARMC_CLI_MOST_WORDS - 1,
     expand},
    {"calc",
     "armc calc EXPR --in NAME=FILE ... --out FILE",
     "an expression of ops and blocks on NPY arrays",
     "  armc calc 'matmul(x, w) | relu' --in x=x.npy w=w.npy --batch x --out y.npy\n"
     "  armc calc 'matmul(x, w)' --in x=x.npy w=w.npy --batch x --grad x,w --cotangent dy.npy --to "
     "dx.npy,dw.npy",
     {"--in", "--import", "--batch", "--out", "--grad", "--cotangent", "--to"},
     1,
     ARMC_CLI_MOST_WORDS - 1,
     calc},
    {"explain", "armc explain CODE", "what an error code means", NULL, {0}, 1, 1, explain},
    {"reference",
     "armc reference",
     "the reference page of all ops and commands, as Markdown",
     NULL,
     {0},
     0,
     0,
     reference},
    {"version", "armc version", "version, commit, kernels", NULL, {0}, 0, 0, version},
    {0},
};

const ArmcSubcommand armc_on_checkpoint = {
    "sample|eval|score|plot|...",
    "armc sample|eval|score|plot|... CHECKPOINT [WORDS]",
    "a command of the language on a trained model",
    "The words are those of the script's statement, behind the model; `armc help sample` tells "
    "them:\n"
    "  armc sample net.safetensors 100 to=samples.png\n"
    "  armc eval net.safetensors\n"
    "  armc score net.safetensors digits.test to=scores.csv",
    {0},
    1,
    ARMC_CLI_MOST_WORDS - 1,
    on_checkpoint,
};

const ArmcSubcommand armc_at_prompt = {
    "prompt", "armc",    "reads statements from the terminal or a pipe and runs them", NULL, {0}, 0,
    0,        armc_repl,
};
