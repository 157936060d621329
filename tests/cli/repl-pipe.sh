# Statements from a pipe: echo of shapes, going on after a mistake, commands at once, words of the prompt.
says() { # PATTERN: a line of the output matches it
    grep -q -e "$1" out || {
        echo "no \"$1\" in:"
        cat out
        exit 1
    }
}
status=0
armc > out 2>&1 << 'END' || status=$?
digits = dataset "digits8" levels=4 limit=50
net = nade hidden=5
train net digits epochs=1
sample net 2 to="a.csv"
train net digits epochs=1 lr=1 to="no/such/folder.safetensors"
eval net digits.valid
3 * 4
[1,
 2]
digits
help nade
help dens
model leak {
    input image
    image | flatten | site_dense levels
    image ~ categorical
}
eval leak digits.test
clear
net
END
test $status = 3
says '^  digits  *8x8x1  4 levels; 50 train, 50 valid, 50 test$'
says 'site_table hidden  *64x5 '
says '^epoch 1/1 '
says '^net: 2 samples'
says 'E0902'
says '^net: validation '
says '^  12$'
says '^  \[1, 2\]$'
says '^nade(hidden'
says 'did you mean `dense`'
says 'E0710'
says 'nothing is called `net`'
test -s a.csv
test "$(grep -c 'armc>' out)" = 0

# Nothing is nothing; quit is the end; a bracket that stays open is an error.
armc < /dev/null > out 2>&1
test ! -s out
printf 'quit\n1 +\n' | armc
status=0
printf '(1\n' | armc > out 2>&1 || status=$?
test $status = 1
says 'E0102'
status=0
armc --nonsense < /dev/null > out 2>&1 || status=$?
test $status = 2
echo '1 + 1' | armc --quiet > out 2>&1
test ! -s out
