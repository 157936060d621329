# Exit statuses, and the nearest word for what is not there.
expect() { # STATUS WORDS armc ARGUMENTS…: that status, and the words somewhere in the output
    want=$1 words=$2
    shift 2
    status=0
    "$@" > out 2>&1 || status=$?
    if [ $status != "$want" ] || ! grep -q -e "$words" out; then
        echo "$*: status $status, not $want, or no \"$words\":"
        cat out
        exit 1
    fi
}
expect 0 'armc run FILE' armc --help
expect 0 'armc run FILE' armc run --help
expect 2 'did you mean `run`' armc rnu
expect 2 'did you mean `--threads`' armc run nade.arm --thread 3
expect 2 'takes N' armc run nade.arm --threads none
expect 2 'takes N' armc run nade.arm --seed
expect 2 'takes no value' armc run nade.arm --json=1
expect 2 'no flag `--resume`' armc check nade.arm --resume
expect 2 'missing' armc run
expect 2 'too many' armc explain E0101 E0102
expect 2 'option=value' armc run nade.arm epochs
expect 1 'did you mean `epochs`' armc run nade.arm epoch=1
expect 3 'built-in model `nade.arm`' armc run nad.arm
expect 3 'cannot open' armc run no/such/file.arm
expect 0 'E0101: ' armc explain E0101
expect 2 'no error code' armc explain E9999
expect 0 '^armc ' armc version
expect 0 '^armc ' armc --version
expect 2 'kernels' env ARMC_CPU=abacus armc version
expect 2 'can.t be' armc check nade.arm --input 28y28 --levels 4
