#!/bin/bash
# made.sh ARMC: MADE with two hidden layers of 8,000 units trains on MNIST, batch 100, in less than 1.5 GB: weights, gradient and
# Adam's state take 1.2 GB, and masks are a byte a weight from the beginning.
set -eu
armc=$(realpath "$1")
if [ ! -e data/mnist ] && [ ! -e "${ARMC_DATA:-/nowhere}/mnist" ]; then
    echo "left out: MNIST is not here (tools/get-mnist)"
    exit 0
fi
[ ! -e data/mnist ] || export ARMC_DATA=$PWD/data
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > large.arm << 'END'
import made
digits = dataset "mnist" binarize=threshold limit=500
net = made_net hidden=[8000,8000]
train net digits adam epochs=1 batch=100
END
"$armc" run large.arm --json --quiet | tee results
peak=$(sed -n 's/.*"peak_mb": *\([0-9]*\).*/\1/p' results | sort -n | tail -1)
if [ -z "$peak" ] || ((peak >= 1450)); then # all 60,000 examples take 47 MB more
    echo "the most memory was ${peak:-unknown} MB"
    exit 1
fi
