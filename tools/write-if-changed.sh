#!/bin/sh
# write-if-changed.sh FILE: standard input becomes FILE, unless FILE says so already. So a generated file keeps its
# time, and what depends on it isn't built again.
set -e
new=$1.$$
cat > "$new"
if cmp -s "$new" "$1"; then
    rm -f "$new"
else
    mv "$new" "$1"
fi
