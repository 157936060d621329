#!/bin/bash
# check-docs.sh BLOCK: runs a fenced block of a document (tests/docs-blocks.awk wrote it). BLOCK is a folder with
# `text`, what stands in the fence; `how`, its info string; and the folder `files` of the document's named scripts.
block=$1
read -r language how < "$block/how"
cp -r "$block/../files/." . 2> /dev/null

# A word `key=value` of the info string.
word() {
    printf '%s\n' $how | sed -n "s/^$1=//p"
}

case "$language $how" in
*" skip="*)
    word skip
    exit 77
    ;;
"arm fragment"*) # a piece of a script: it must parse
    cp "$block/text" fragment.arm
    armc fmt fragment.arm > /dev/null
    ;;
"arm run"*)
    cp "$block/text" block.arm
    armc run block.arm
    ;;
"arm "*)
    file=$(word file)
    cp "$block/text" "${file:=block.arm}"
    armc check "$file"
    ;;
"sh "*) # short="epochs=1" … in the fence is given to each `armc run`, in place of the same option there
    ln -s "$ARMC" armc
    cp "$block/text" block.sh
    for option in $(word short | tr , ' '); do
        sed -i -e "/armc run/ s/ ${option%%=*}=[^ ]*//" -e "/armc run/ s/armc run [^ ]*/& $option/" block.sh
    done
    sh -e ./block.sh
    ;;
esac
