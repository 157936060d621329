#!/bin/sh
# deps.sh [build] [demo] [test] [fuzz] [onnx] [lint] | --all: installs the Debian packages that those pieces of work miss.
#
# Silent when nothing is missing; otherwise the apt-get line is printed before it runs.
set -eu

# What for, package, how to see that it is there: a command, a pkg-config module, a folder, a header or a compiler that
# can fuzz.
packages='
build  gcc               command  gcc
build  libc6-dev         header   stdio.h
build  make              command  make
build  flex              command  flex
build  bison             command  bison
build  pkg-config        command  pkg-config
build  libopenblas-dev   module   openblas
build  librandom123-dev  header   Random123/philox.h
build  libpng-dev        module   libpng
build  zlib1g-dev        module   zlib
build  libjansson-dev    module   jansson
build  libreadline-dev   module   readline
demo   gnuplot-nox       command  gnuplot
test   gnuplot-nox       command  gnuplot
test   libcmocka-dev     module   cmocka
fuzz   clang             command  clang
fuzz   libclang-rt-dev   fuzzer   clang
onnx   python3           command  python3
onnx   libonnx-testdata  folder   /usr/share/libonnx-testdata
lint   clang             command  clang
lint   clang-format      command  clang-format
'

has() {
    case $1 in
    command) command -v "$2" > /dev/null ;;
    module) pkg-config --exists "$2" 2> /dev/null ;;
    folder) [ -d "$2" ] ;;
    fuzzer) echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
        "$2" -fsanitize=fuzzer -x c -o /dev/null - 2> /dev/null ;;
    header) echo "#include <$2>" | gcc -E -x c - > /dev/null 2>&1 ;;
    esac
}

# The packages of the wanted groups that are not there.
missing() {
    echo "$packages" | while read -r group package how what; do
        [ -n "$group" ] || continue
        case " $wanted " in *" $group "* | *" --all "*) has "$how" "$what" || echo "$package" ;; esac
    done | sort -u | tr '\n' ' '
}

wanted=${*:---all}
list=$(missing)
[ -n "$list" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
    sudo='sudo '
fi
line="${sudo}apt-get install -y --no-install-recommends ${list% }"
echo "$line"
if ! command -v apt-get > /dev/null; then
    echo "This system has no apt-get: install what corresponds to these packages, then try again." >&2
    exit 3
fi
if [ -n "$sudo" ] && ! command -v sudo > /dev/null; then
    echo "That needs root, and there is no sudo here: run the line above as root, then try again." >&2
    exit 3
fi
export DEBIAN_FRONTEND=noninteractive
# A fresh system has no package lists yet.
if ! $line > /dev/null 2>&1; then
    ${sudo}apt-get update -q > /dev/null || true
    $line > /dev/null || {
        echo "apt-get failed: run the line above yourself, then try again." >&2
        exit 3
    }
fi
