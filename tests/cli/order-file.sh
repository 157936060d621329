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
