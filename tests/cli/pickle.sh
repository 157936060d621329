# Pickles that NumPy writes, in each protocol; what is run when Python reads one is not run here.
python3 -c 'import numpy' 2> /dev/null || {
    echo "needs python3 with numpy"
    exit 77
}
python3 - << 'END'
import os, pickle, numpy
values = numpy.arange(5 * 4 * 4 * 3).reshape(5, 4, 4, 3).astype(numpy.uint8) % 7
for protocol in range(2, 6):
    with open(f"protocol{protocol}.pkl", "wb") as file:
        pickle.dump({"train": values, "test": values[:2]}, file, protocol)
class Command:
    def __reduce__(self):
        return os.system, ("touch was-run",)
for protocol in range(6):
    with open(f"hostile{protocol}.pkl", "wb") as file:
        pickle.dump({"train": values, "test": Command()}, file, protocol)
for name, other in (("floats", values.astype("f4")), ("objects", values.astype(object)),
                    ("fortran", numpy.asfortranarray(values)), ("words", values.astype("u2")),
                    ("list", values.tolist()), ("dates", values.astype("M8[s]"))):
    with open(f"other-{name}.pkl", "wb") as file:
        pickle.dump({"train": values, "test": other}, file, 4)
END
for protocol in 2 3 4 5; do
    printf 'x = dataset "protocol%s.pkl"\neval independent x.test\n' $protocol > x.arm
    armc run x.arm --quiet > told
    grep -q "D = 48 (.*, 7 levels)" told
done
for file in hostile*.pkl other-*.pkl; do
    printf 'x = dataset "%s"\n' "$file" > x.arm
    ! armc check x.arm > said 2>&1
    grep -q "error\[E0503\].*\`$file\`" said
done
test ! -e was-run
