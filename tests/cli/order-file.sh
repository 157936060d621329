# An order from a file goes into the checkpoint: sampling needs the file no more.
mkdir elsewhere
armc calc 'range(64, 63, -1)' --out backwards.npy --quiet
cat > own.arm << 'END'
model own {
    input image order="backwards.npy"
    image | flatten | site_table 4 | sum_before | bias | sigmoid | site_dense levels
    image ~ categorical
}
digits = dataset "digits8" limit=60 holdout=20
net = own
train net digits epochs=1
sample net 7 to="a.csv"
END
armc run own.arm --quiet > /dev/null
rm backwards.npy
cd elsewhere
armc sample ../net.safetensors 7 to=b.csv --quiet
cmp ../a.csv b.csv


# So does an array that `load` reads, with its shape: a state that a recurrent net begins with. A learned one is a parameter.
cd ..
armc calc 'range(10) / 10 | reshape [1, 10]' --out first.npy --quiet
cat > start.arm << 'END'
model begun {
    input image
    image | flatten | scale | shift 1
    param reading [1, 20] init=lecun; param weight [1, 5, 20] init=lecun; param offset [20]
    lstm_layer(it, reading, weight, offset, load("first.npy", [1, 10]))
    gru 4 start=learned
    dense levels
    image ~ categorical
}
digits = dataset "digits8" limit=60 holdout=20
net = begun
train net digits epochs=1
sample net 7 to="c.csv"
END
armc run start.arm --quiet > /dev/null
rm first.npy
armc sample net.safetensors 7 to=d.csv --quiet
cmp c.csv d.csv
grep -q '"gru.first"' net.safetensors
