#!/bin/bash
# check-onnx.sh NODES.py: passes when the published tests come out right through `armc calc`.
if ! command -v python3 > /dev/null; then
    echo "python3 is not installed (make deps)"
    exit 77
fi
python3 "$1" --counts counts | tee ../output
status=${PIPESTATUS[0]}
[ "$status" = 77 ] || tail -n 1 ../output > note
exit "$status"
