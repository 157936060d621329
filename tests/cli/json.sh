# --json: one object a line, with the same keys.
armc run nade.arm hidden=4 limit=50 epochs=2 --json --quiet > out
grep -v '^{"event": "\(sample\|plot\)"' out | while read -r line; do
    for key in event split epoch step nats bits bits_per_dim dims seconds peak_mb; do
        case $line in
        "{"*"\"$key\": "*"}") ;;
        *) echo "no $key: $line"; exit 1 ;;
        esac
    done
done
test "$(grep -c '"event": "epoch", "split": "train"' out)" = 2
test "$(grep -c '"event": "epoch", "split": "test"' out)" = 2
test "$(grep -c '"event": "eval", "split": "test"' out)" = 1

# What computes nothing, and what trains nothing.
armc check nade.arm hidden=4 --json > out
grep -q '^{"event": "stage", "model": "net", "line": [0-9]*, .*"output": \[64, 4\]' out
grep -q '^{"event": "check", "model": "net", "input": \[8, 8, 1\], "levels": 17, "dims": 64' out
armc plan nade.arm hidden=4 --json --steps > out
grep -q '^{"event": "plan", .*"peak_bytes": [0-9]*, .*"steps": "' out
printf 'a = "say \\"hi\\"\\t"\n' > quoted.arm
armc fmt quoted.arm --json > out
test "$(cat out)" = '{"event": "fmt", "text": "a = \"say \\\"hi\\\"\\t\"\n"}'
armc explain E0710 --json | grep -q '^{"event": "explain", "text": "E0710: '
if command -v gnuplot > /dev/null; then
    armc plot net.safetensors to=loss.png --json > out
    test "$(cat out)" = '{"event": "plot", "model": "net", "to": "loss.png"}'
fi
