# docs-blocks.awk -v folder=… DOCUMENT…: writes each fenced `arm` block and each `sh` block that begins with `./armc` into
# a folder of its own (see check-docs.sh) and prints the folder's name. `arm file=my.arm` also puts the block among the
# files that the document's other blocks find beside them.

function name(i) {
    document = FILENAME
    gsub(/[\/.]/, "_", document)
    return folder "/" document "/" i
}

function store(block, how) {
    system("mkdir -p '" block "' '" block "/../files'")
    printf "%s", text > (block "/text")
    print how > (block "/how")
    close(block "/text")
    close(block "/how")
    if (match(how, /file=[^ ]+/)) {
        file = block "/../files/" substr(how, RSTART + 5, RLENGTH - 5)
        printf "%s", text > file
        close(file)
    }
    print block
}

FNR == 1 { fence = "" }

# A fence ends with a line of as many backquotes as it began with.
/^ *```/ && fence == "" {
    info = $0
    sub(/^ */, "", info)
    fence = info
    sub(/[^`].*$/, "", fence)
    info = substr(info, length(fence) + 1)
    line = FNR
    text = ""
    next
}

fence != "" && $1 == fence {
    fence = ""
    if (info ~ /^arm( |$)/ || (info ~ /^sh( |$)/ && text ~ /^\.\/armc/)) {
        store(name(line), info)
    }
    next
}

fence != "" { text = text $0 "\n" }
