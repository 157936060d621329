# The same bits for any number of threads.
for threads in 1 2 5; do
    mkdir $threads
    (cd $threads && armc run nade.arm hidden=40 epochs=1 limit=150 batch=33 --threads $threads --quiet > results)
done
for file in net.safetensors samples.png; do
    cmp 1/$file 2/$file
    cmp 1/$file 5/$file
done

# And another seed is another run.
mkdir seed
(cd seed && armc run nade.arm hidden=40 epochs=1 limit=150 batch=33 --seed 1 --quiet > results)
if cmp -s 1/net.safetensors seed/net.safetensors; then
    echo "the seed changes nothing"
    exit 1
fi
