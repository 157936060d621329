# calc: results and gradients on NPY arrays, and what it refuses.
numbers() { # FILE N: the last N numbers of the file
    tail -c $((4 * $2)) "$1" | od -An -v -tf4 | tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}
is() { # FILE "NUMBERS"
    found=$(numbers "$1" "$(echo "$2" | wc -w)")
    [ "$found" = "$2" ] || { echo "$1: $found, not $2"; exit 1; }
}
refused() { # STATUS WORDS ARGUMENTS...
    want=$1 words=$2
    shift 2
    status=0
    armc calc "$@" > out 2>&1 || status=$?
    if [ $status != "$want" ] || ! grep -q -e "$words" out; then
        echo "armc calc $*: status $status, not $want, or no \"$words\":"
        cat out
        exit 1
    fi
}

# A file is NPY 1.0; what was written is read again.
armc calc 'range(6) | reshape [2,3]' --out x.npy
head -c 128 x.npy | grep -a -q "'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
test "$(wc -c < x.npy)" = $((128 + 24))
armc calc 'x' --in x=x.npy --out again.npy
cmp x.npy again.npy
armc calc '7' --out seven.npy
grep -a -q "'shape': (1,)," seven.npy
armc calc 'range(3)' --out v.npy
grep -a -q "'shape': (3,)," v.npy

# weight[k,n]; at sites weight[site,n,k].
armc calc 'range(12) - 5 | reshape [3,4]' --out w.npy
armc calc 'matmul(x, w)' --in x=x.npy w=w.npy --out y.npy
is y.npy "5 8 11 14 -4 8 20 32"
armc calc 'matmul(x, w)' --in x=x.npy w=w.npy --batch x --out batched.npy
cmp y.npy batched.npy
armc calc 'range(12) | reshape [2,2,3]' --out sw.npy
armc calc 'site_matmul(x, w)' --in x=x.npy w=sw.npy --out y.npy
is y.npy "5 14 86 122"

# Broadcasting: by the last axis; the batch stays out of it.
armc calc 'x * v + 1' --in x=x.npy v=v.npy --batch x --out y.npy
is y.npy "1 2 5 1 5 11"

# Large numbers cost no digits: only differences count.
armc calc 'range(4) | log_softmax' --out a.npy
armc calc 'range(4) + 10000 | log_softmax' --out b.npy
cmp a.npy b.npy

# Levels; several statements, several results.
armc calc 'one_hot(a)' --in a:4=v.npy --out y.npy
is y.npy "1 0 0 0 0 1 0 0 0 0 1 0"
armc calc 'a = x + x; return a, relu(1 - a)' --in x=v.npy --out a.npy,b.npy
is a.npy "0 2 4"
is b.npy "1 0 0"

# Blocks, with parameters from files or as a training begins.
armc calc 'x | dense 4' --in x=x.npy dense.weight=w.npy --batch x --out y.npy
is y.npy "5 8 11 14 -4 8 20 32"
armc calc 'x | dense 4' --in x=x.npy --seed 1 --out one.npy
armc calc 'x | dense 4' --in x=x.npy --seed 2 --out two.npy
if cmp -s one.npy two.npy; then exit 1; fi
armc calc 'outer(range(3), range(3), plus) * 0 + 1' --out ones.npy
armc calc 'x | masked_dense 3 mask=outer(range(3), range(3), less) bias=false' --in x=x.npy masked_dense.weight=ones.npy \
    --batch x --grad masked_dense.weight,x --cotangent x.npy --to dw.npy,dx.npy --out y.npy
is y.npy "0 0 1 0 3 7"
is dw.npy "0 12 15 0 0 22 0 0 0"
is dx.npy "3 2 0 9 5 0"

# Blocks of one's own; what is told of the files.
mkdir lib
echo 'block more(it) { it + one }; one = 1' > lib/more.arm
printf 'import "lib/more.arm"\nblock twice(it, k = 2) { it * k | more }\n' > my.arm
armc calc 'x | twice' --import my.arm --in x=v.npy --out y.npy --grad x --cotangent v.npy --to dx.npy 2> told
is y.npy "1 3 5"
is dx.npy "0 2 4"
test "$(cat told)" = "y.npy: 3
dx.npy: 3, the gradient of x"
test "$(armc calc 'x | more' --import my.arm,lib/more.arm --in x=x.npy --out y.npy --json 2>&1)" = \
    '{"event": "calc", "to": "y.npy", "shape": [2, 3]}'
test -z "$(armc calc 'x | twice' --import my.arm --in x=v.npy --out y.npy --quiet 2>&1)"
refused 1 'nothing is called `more`' 'x | more' --import my.arm --in x=x.npy --out y.npy
echo 'it + 1' > does.arm
refused 1 'only defines names' x --import my.arm,does.arm --in x=x.npy --out y.npy

# Gradients: summed over the batch for what is the same in all examples; dropout changes nothing.
armc calc 'x * v | dropout' --in x=x.npy v=v.npy --batch x --grad x,v --cotangent x.npy --to dx.npy,dv.npy
is dx.npy "0 1 4 0 4 10"
is dv.npy "9 17 29"

# The same bytes on any kernels.
for cpu in generic best; do
    [ $cpu = best ] || export ARMC_CPU=$cpu
    armc calc 'matmul(x, w) | tanh | softmax' --in x=x.npy w=w.npy --exact --out $cpu.npy
    unset ARMC_CPU
done
cmp generic.npy best.npy

refused 1 "can't read \"no.arm\"" x --import no.arm --in x=x.npy --out y.npy
refused 3 'No such file' x --in x=nowhere.npy --out y.npy
refused 3 'write' x --in x=x.npy --out no/y.npy
refused 2 'NAME=FILE' x --in x --out y.npy
refused 2 'no file is named' x --in x=x.npy
refused 2 'behind the expression' --in x=x.npy
refused 2 'two arrays' x --in x=x.npy x=v.npy --out y.npy
refused 2 '2 files for 1 result' x --in x=x.npy --out y.npy,z.npy
refused 2 '1 file for 2 gradients' x --in x=x.npy --grad x,x --cotangent x.npy --to dx.npy
refused 2 '0 files for 1 result' x --in x=x.npy --grad x --to dx.npy
refused 1 'whole numbers from 0 to 1' 'one_hot(a)' --in a:2=v.npy --out y.npy
refused 1 'of an NPY file' x --in "x=$0" --out y.npy
refused 1 'stands at the top level' 'sample nade to="a.png"' --out y.npy
refused 1 'has no value' 'a = 1' --out y.npy
