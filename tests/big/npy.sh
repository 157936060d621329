#!/bin/bash
# npy.sh ARMC: an NPY file of 10 GB opens, trains a few steps and is evaluated without being read whole. The file is sparse:
# it takes no room on the disk.
set -eu
armc=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

count=3300000 header=118
{
    printf '\223NUMPY\1\0\166\0'
    printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': ($count, 32, 32, 3), }"
} > large.npy
truncate -s $((10 + header + count * 3072)) large.npy

cat > large.arm << 'END'
data = dataset "large.npy" levels=2 test=0.1 holdout=1000 limit=500
model lone { input x; param bias [dims, levels]; bias; x ~ categorical }
net = lone
train net data adam epochs=1 batch=100
eval net data.test
END
"$armc" run large.arm --json --quiet > results
cat results
peak=$(sed -n 's/.*"peak_mb": *\([0-9]*\).*/\1/p' results | sort -n | tail -1)
if ((peak > 300)); then
    echo "the most memory was $peak MB: more than the examples asked for were kept"
    exit 1
fi
