# What can't be written is said with path and reason, status 3, and nothing half written is left behind.
cat > tiny.arm << 'EOF'
digits = dataset "digits8" limit=50
net = nade hidden=4
train net digits epochs=1
EOF
armc run tiny.arm --quiet > log

refused() { # WORDS armc ARGUMENTS…: status 3, the words in the output
    words=$1
    shift
    status=0
    "$@" > out 2>&1 || status=$?
    if [ $status != 3 ] || ! grep -q -e "$words" out; then
        echo "$*: status $status, or no \"$words\":"
        cat out
        exit 1
    fi
}
refused 'no/such/a.png.*No such file' armc sample net.safetensors 9 to=no/such/a.png
mkdir folder.png
refused 'folder.png.*Is a directory' armc sample net.safetensors 9 to=folder.png
refused 'tiny.arm/a.csv.*Not a directory' armc sample net.safetensors 9 to=tiny.arm/a.csv
rmdir folder.png

# A full disk: the old file stands.
armc sample net.safetensors 4 to=samples.csv > log
cp samples.csv before
refused 'samples.csv.*too large' sh -c 'ulimit -f 8; exec armc sample net.safetensors 400 to=samples.csv'
cmp samples.csv before
refused 'samples.png.*too large' sh -c 'ulimit -f 2; exec armc sample net.safetensors 400 to=samples.png'
if [ -c /dev/full ]; then
    refused 'out.*No space' sh -c 'exec armc help > /dev/full'
fi
test "$(ls | sort | tr '\n' ' ')" = "before log net.best.safetensors net.csv net.safetensors out samples.csv tiny.arm " || {
    ls
    exit 1
}

# A folder without the right to write; root may write everywhere.
mkdir closed
chmod a-w closed
if [ ! -w closed ]; then
    refused 'closed/a.png.*Permission denied' armc sample net.safetensors 9 to=closed/a.png
fi
