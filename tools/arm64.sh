#!/bin/sh
# arm64.sh: the kernels compiled for arm64 and run by qemu give the bits that they give here, in float and in double.
set -eu
cd "$(dirname "$0")/.."
cross=aarch64-linux-gnu-gcc
qemu=qemu-aarch64-static
for tool in $cross $qemu; do
    if ! command -v $tool > /dev/null; then
        echo "$tool is missing: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static" >&2
        exit 1
    fi
done
out=build/arm64
mkdir -p $out
flags='-std=c11 -O3 -ffp-contract=off -I.'
# The files of other machines are empty but for a declaration.
sources='tests/arm64/bits.c runtime/kernels/choose.c runtime/kernels/kernels_generic.c'
for real in float double; do
    define=$([ $real = float ] || echo -DARMC_DOUBLE)
    $cross $flags $define -static -o $out/bits-$real $sources runtime/kernels/kernels_neon.c -lm
    # Here the best table of this CPU; that all of them agree is what the unit tests check.
    ${CC:-gcc} $flags $define -c -o $out/avx2-$real.o -mavx2 -mfma runtime/kernels/kernels_avx2.c
    ${CC:-gcc} $flags $define -c -o $out/avx512-$real.o -mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma \
        runtime/kernels/kernels_avx512.c
    ${CC:-gcc} $flags $define -o $out/here-$real $sources $out/avx2-$real.o $out/avx512-$real.o -lm
    $out/here-$real > $out/here-$real.txt
    $qemu $out/bits-$real > $out/arm64-$real.txt
    diff $out/here-$real.txt $out/arm64-$real.txt
    echo "$real: the same bits, $(wc -l < $out/here-$real.txt) results"
done
