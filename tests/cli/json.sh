# --json: one object a line, with the same keys.
armc run nade.arm hidden=4 limit=50 epochs=2 --json --quiet > out
grep -v '^{"event": "sample"' out | while read -r line; do
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
