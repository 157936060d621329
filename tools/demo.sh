#!/bin/sh
# demo.sh: trains NADE on the handwritten digits inside the program, in demo/; about a minute.
set -eu
cd "$(dirname "$0")/.."

mkdir -p demo
cd demo
rm -f samples.png loss.png
run="../armc run nade.arm read=real hidden=200 rate=3e-3 batch=10"
echo "cd demo; $run"
$run

echo
for picture in samples.png loss.png; do
    if [ ! -s "$picture" ]; then
        echo "demo/$picture was not written" >&2
        exit 1
    fi
    echo "wrote demo/$picture"
done
