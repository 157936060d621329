#!/bin/sh
# embed.sh: writes the C file that carries stdlib/*.arm and models/*.arm and the commit (runtime/base/embed.h).
set -eu
export LC_ALL=C

# The bytes of $1 as an array named $2. An array of numbers, since C promises only 4095 characters for a string.
bytes() {
    echo "static const unsigned char $2[] = {"
    od -An -v -tu1 "$1" | sed 's/  */ /g; s/^ //; s/ $//; s/ /,/g; s/$/,/'
    echo "0};"
}

# The table $1 of the .arm files in folder $2.
table() {
    count=0
    rows=
    for file in "$2"/*.arm; do
        [ -e "$file" ] || continue
        bytes "$file" "$1_$count"
        rows="$rows    {\"${file##*/}\", (const char *)$1_$count, sizeof $1_$count - 1},
"
        count=$((count + 1))
    done
    printf 'const ArmcEmbedded %s[] = {\n%s    {0, 0, 0},\n};\n\n' "$1" "$rows"
}

echo "/* Written by tools/embed.sh from stdlib/ and models/. */"
echo "#include \"runtime/base/embed.h\""
echo
table armc_stdlib_files stdlib
table armc_model_files models
echo "const char armc_commit[] = \"$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)\";"
