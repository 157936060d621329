# On a terminal: prompt, completion, history, Ctrl-C in a line and in a training.
if ! command -v script > /dev/null; then
    echo "there is no script(1) to make a terminal"
    exit 77
fi
export XDG_STATE_HOME="$PWD/state" TERM=xterm
type_slowly() {
    sleep 1
    while IFS= read -r keys; do
        printf "$keys"
        sleep 0.4
    done
}
# script(1) asks $SHELL; a shell that stays would take the Ctrl-C as its own.
type_slowly << 'END' | script -q -e -c 'exec armc --no-colour' /dev/null > out
digits = dataset "dig\tlev\t2 lim\t50\n
input image 8x8 levels=2\n
garbage (\n
1 + \003
image | flat\t| scale | shift 1\n
dense 1\n
image ~ bernou\t\n
train digits epochs=1000000 batch=10\n
\003
eval digits.test\n
quit\n
END
tr -d '\r\007' < out > text
if ! grep -q 'dataset "digits8"' text; then
    echo "armc was built without readline"
    exit 77
fi
grep -q 'armc> ' text
grep -q '2 levels; 50 train' text
grep -q 'shift 1  *64x1' text
grep -q 'autoregressive: proved' text
grep -q 'stopped; what was reached' text
grep -q 'model: test ' text
if grep -q 'error' text; then
    cat text
    exit 1
fi
test -s model.safetensors
grep -q '^image | flatten | scale | shift 1$' state/armc/history
