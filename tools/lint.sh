#!/bin/bash
# lint.sh: what the compiler doesn't check about our sources. Prints FILE:LINE: what is wrong; exits with 1 if anything is.
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8
problems=0

# Each check prints its findings; report counts and shows them.
report() {
    local findings
    findings=$("$1")
    if [ -n "$findings" ]; then
        printf '%s\n' "$findings"
        problems=$((problems + $(printf '%s\n' "$findings" | wc -l)))
    fi
}

# because REASON: puts the reason behind the FILE:LINE: of what grep found.
because() {
    sed "s|^\([^:]*:[0-9]*:\)[[:space:]]*|\1 $1: |"
}

# Files that belong to the project: what git knows or would add.
files() {
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
        [ -e "$file" ] && echo "$file"
    done
}

# A file includes headers of its own folder and of lower layers only; exec never includes ops. The command line includes
# only the public header, which so proves to suffice; from learn on, code may use that header's types.
layers() {
    files 'runtime/*.[ch]' 'grammar/*.[chyl]' | xargs awk '
        BEGIN {
            split("base:0 kernels:1 grammar:1 graph:2 ops:3 elaborate:3 exec:3 data:4 codec:4 include:4 learn:5 api:6 cli:7", rows, " ")
            for (i in rows) { split(rows[i], row, ":"); rank[row[1]] = row[2] }
        }
        function layer(path) {
            split(path, part, "/")
            return part[1] == "runtime" ? part[2] : part[1]
        }
        /^#[ \t]*include[ \t]*"/ {
            path = $0
            sub(/^[^"]*"/, "", path)
            sub(/".*/, "", path)
            own = layer(FILENAME)
            if (path !~ /\//) {
                if (own != "grammar") { print FILENAME ":" FNR ": include \"" path "\" from the root: \"runtime/…/" path "\"" }
                next
            }
            other = layer(path)
            if (!(other in rank) || !(own in rank)) {
                print FILENAME ":" FNR ": no known layer: " path
            } else if (own == "cli" && other != "cli" && path != "include/armc.h") {
                print FILENAME ":" FNR ": the command line includes only include/armc.h, not " path
            } else if (own != other && rank[other] >= rank[own]) {
                print FILENAME ":" FNR ": " own " must not include " other " (" path ")"
            }
        }
        /^#[ \t]*include[ \t]*<(cblas|openblas)/ && FILENAME != "runtime/kernels/blas.c" {
            print FILENAME ":" FNR ": only runtime/kernels/blas.c includes cblas.h"
        }'
}

sizes() {
    files '*.[ch]' '*.[ly]' '*.def' '*.sh' '*.arm' | while read -r file; do
        lines=$(wc -l < "$file")
        if ((lines > 600)) && ! grep -q -x -F "$file" <(exceptions long-file); then
            echo "$file:1: $lines lines; at most 600"
        fi
    done
    files | while read -r file; do
        bytes=$(wc -c < "$file")
        if ((bytes > 1000000)); then
            echo "$file:1: $bytes bytes; at most 1 MB"
        fi
    done
}

# tools/lint-exceptions.txt: "CHECK WHAT  REASON" lines; prints the WHATs of a check.
exceptions() {
    sed -n "s/^$1  *\([^ ]*\)  *[^ ].*/\1/p" tools/lint-exceptions.txt
}

error_codes() {
    [ -e runtime/base/diag.def ] || return
    grep -n -o '^ARMC_DIAG([^,]*, *"E[0-9]*"' runtime/base/diag.def | while IFS=: read -r line row; do
        code=$(expr "$row" : '.*"\(E[0-9]*\)"')
        if ! grep -q -r -F "[$code]" --include='*.out' tests/errors && ! exceptions error-code | grep -q -x "$code"; then
            echo "runtime/base/diag.def:$line: no golden in tests/errors shows $code"
        fi
    done
}

# A library doesn't end the program and doesn't write to its streams; that is the command line's.
streams() {
    files 'runtime/*.c' 'grammar/*' | grep -v -e '^runtime/cli/' -e '^runtime/base/fault\.c$' |
        xargs grep -n -w -E '(_?exit|abort|printf|vprintf|puts|putchar|perror) *\(|stdout|stderr' |
        grep -v -E '^[^:]*:[0-9]*: *(/\*|\*|//)' | because 'exit, abort and the standard streams belong to runtime/cli'
}

# A `##` line stands before each block and model of stdlib.
stdlib_docs() {
    files 'stdlib/*.arm' 'models/*.arm' | xargs -r awk '
        /^(block|model)[ \t]/ && previous !~ /^##/ { print FILENAME ":" FNR ": no ## line before " $1 " " $2 }
        { previous = $0 }'
}

# Paths of one machine, in anything we keep.
paths() {
    files | grep -v -e '^tools/lint\.sh$' | xargs grep -n -I -E '(^|[^A-Za-z0-9._/-])/(work|root)/' |
        because 'a path of one machine'
}

unfinished() {
    files '*.[chly]' '*.def' '*.sh' '*.arm' '*.py' 'Makefile' | grep -v '^tools/lint\.sh$' | xargs grep -n -w -E 'TODO|FIXME|XXX' |
        because 'do it or file it'
}

exceptions_have_reasons() {
    grep -n -v -E '^(#.*|[a-z-]+ +[^ ]+ +[^ ].*)?$' tools/lint-exceptions.txt |
        sed 's|^\([0-9]*\):.*|tools/lint-exceptions.txt:\1: write CHECK WHAT REASON|'
    if (($(exceptions error-code | wc -l) > 5)); then
        echo "tools/lint-exceptions.txt:1: more than five error codes without a golden"
    fi
}

for check in layers sizes error_codes streams stdlib_docs paths unfinished exceptions_have_reasons; do
    report $check
done
if ((problems > 0)); then
    echo "lint: $problems found"
    exit 1
fi
echo "lint: nothing found"
