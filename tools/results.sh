#!/bin/bash
# results.sh: the trainings of docs/results/runs.txt.
#   results.sh check [NAME…]    replays the first 20 steps of each with --exact: the same bits as in docs/results/exact?
#   results.sh accept [NAME…]   writes what `check` compares with
#   results.sh train NAME…      the whole training, in build/results/NAME; its metrics and pictures go to docs/results
#   results.sh keep NAME FOLDER the same from a training that was done elsewhere
#   results.sh table [NAME…]    a line of Markdown for each training that was kept
# The program is $ARMC, else ./armc. Data sets are looked for in data/ and $ARMC_DATA; one that is not on this machine
# leaves its trainings out.
set -u
if [ "${1:-}" = keep ]; then
    set -- keep "$2" "$(realpath "$3")"
fi
cd "$(dirname "$0")/.." || exit 1
results=${ARMC_RESULTS:-$PWD/docs/results} # another folder of the same kind: for the test of this script
armc=$(realpath "${ARMC:-armc}")
steps=20
data=$PWD/data

names() {
    sed 's/#.*//' "$results/runs.txt" | awk 'NF { print $1 }'
}

# The arguments of `armc run` for a training.
arguments() {
    sed 's/#.*//' "$results/runs.txt" | awk -v name="$1" '$1 == name { $1 = ""; print substr($0, 2); found = 1 }
        END { exit !found }' || {
        echo "$1 is not in $results/runs.txt" >&2
        return 1
    }
}

# replay NAME FILE: the losses of the first steps, with all their digits. 77 where the data set is not there; else what
# went wrong is shown.
replay() {
    local words folder status
    read -r -a words <<< "$(arguments "$1")"
    [ ${#words[@]} -gt 0 ] || return 1
    folder=$(mktemp -d)
    ln -s "$data" "$folder/data"
    (cd "$folder" && "$armc" run "${words[@]}" --exact --stop-after $steps --quiet > out 2> err)
    status=$?
    if [ $status = 0 ]; then
        grep '^step ' "$folder/out" > "$2"
    elif grep -q 'error\[E050[12]\]' "$folder/err"; then
        status=77
    else
        cat "$folder/err"
    fi
    rm -rf "$folder"
    return $status
}

# compare NAME FILE: with what is stored.
compare() {
    local stored=$results/exact/$1.txt step
    if [ ! -s "$stored" ]; then
        echo "$1: $stored is not there; make results-accept NAME=$1 writes it"
        return 1
    fi
    if cmp -s "$stored" "$2"; then
        echo "$1: $(wc -l < "$2") steps, the same bits"
        return 0
    fi
    step=$(paste -d '|' "$stored" "$2" | awk -F '|' '$1 != $2 { print NR; exit }')
    echo "$1: step $step differs"
    sed -n "${step}s/^/  stored  /p" "$stored"
    sed -n "${step}s/^/  here    /p" "$2"
    return 1
}

check() {
    local name status broken=0 now
    now=$(mktemp)
    for name; do
        status=0
        replay "$name" "$now" || status=$?
        case $status in
        0) compare "$name" "$now" || broken=1 ;;
        77) echo "$name: skipped, its data set is not on this machine" ;;
        *)
            echo "$name: failed with status $status"
            broken=1
            ;;
        esac
    done
    rm -f "$now"
    return $broken
}

accept() {
    local name status broken=0 now
    now=$(mktemp)
    mkdir -p "$results/exact"
    for name; do
        status=0
        replay "$name" "$now" || status=$?
        case $status in
        0) cp "$now" "$results/exact/$name.txt" && echo "wrote $results/exact/$name.txt" ;;
        77) echo "$name: skipped, its data set is not on this machine" ;;
        *) broken=1 ;;
        esac
    done
    rm -f "$now"
    return $broken
}

# The metrics with one training row an epoch, the mean of those that it has: small enough to keep.
thin() {
    awk -F , -v OFS=, '
        /^#/ || $1 == "step" { print; next }
        $3 == "train" { n++; nats += $4; bits += $5; share += $6; step = $1; epoch = $2; seconds = $7; next }
        n { printf "%d,%d,train,%.6f,%.6f,%.6f,%s\n", step, epoch, nats / n, bits / n, share / n, seconds
            n = nats = bits = share = 0 }
        { print }' "$1"
}

keep() {
    thin "$2/net.csv" > "$results/$1.csv" || return 1
    if [ -s "$2/samples.png" ]; then # examples are pictures: worth one of the losses, too
        cp "$2/samples.png" "$results/$1-samples.png"
        cp "$2/loss.png" "$results/$1-loss.png"
    fi
    table "$1"
}

train() {
    local name words folder
    for name; do
        read -r -a words <<< "$(arguments "$name")"
        [ ${#words[@]} -gt 0 ] || return 1
        folder=build/results/$name
        mkdir -p "$folder"
        ln -sfn "$data" "$folder/data"
        (cd "$folder" && "$armc" run "${words[@]}" --resume) || return
        keep "$name" "$folder"
    done
}

# The epoch with the best validation likelihood, or the last one where there is no validation split.
table() {
    local name
    for name; do
        [ -s "$results/$name.csv" ] || continue
        awk -F , -v name="$name" '
            /^# commit/ { sub(/^# commit: /, ""); commit = $0 }
            $3 == "validation" { v[$2] = $4 }
            $3 == "train" { t[$2] = $4 }
            $3 == "test" { e[$2] = $4; b[$2] = $6; last = $2; if ($7 != "") seconds = $7 }
            END {
                best = last
                for (i = last; i > 0; i--) if (i in v && v[i] <= v[best]) best = i
                printf "| %s | %d of %d | %s | %s | %.2f | %.5f | %.1f | %s |\n", name, best, last, \
                    best in t ? sprintf("%.2f", t[best]) : "", best in v ? sprintf("%.2f", v[best]) : "", e[best], \
                    b[best], seconds / 60, commit
            }' "$results/$name.csv"
    done
}

action=${1:-check}
shift
case $action in
check | accept | train | table)
    if [ $# = 0 ] && [ "$action" != train ]; then
        mapfile -t all < <(names)
        set -- "${all[@]}"
    fi
    "$action" "$@"
    ;;
keep) keep "$1" "$2" ;;
*)
    echo "results.sh: check, accept, train, keep or table, not $action" >&2
    exit 2
    ;;
esac
