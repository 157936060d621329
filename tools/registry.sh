#!/bin/sh
# registry.sh MACRO TYPE PREFIX LIST HEADER FOLDER…: writes the C list of all rows declared below the folders.
#
# A row is a line that begins with MACRO(name), for instance
#     ARMC_OP(relu) = {
#     ARMC_OP(add) = BINARY(...);
# and declares `const TYPE PREFIX_name`. The list is sorted by name and ends with NULL.
set -eu
export LC_ALL=C

macro=$1 type=$2 prefix=$3 list=$4 header=$5
shift 5
names=$(find "$@" -name '*.c' -exec sed -n "s/^$macro( *\([A-Za-z0-9_]*\) *).*/\1/p" {} + | sort)

twice=$(printf '%s\n' "$names" | uniq -d)
if [ -n "$twice" ]; then
    echo "registry.sh: declared twice: $macro($twice)" >&2
    exit 1
fi

echo "/* Written by tools/registry.sh from the lines that begin with $macro( below: $* */"
echo "#include \"$header\""
echo
for name in $names; do
    echo "extern const $type ${prefix}_$name;"
done
echo
echo "const $type *const $list[] = {"
for name in $names; do
    echo "    &${prefix}_$name,"
done
echo "    0,"
echo "};"
