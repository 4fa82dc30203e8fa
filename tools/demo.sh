#!/usr/bin/env bash
# ./dev demo: counts the words of the license texts that every Debian machine has, then those of a generated stream,
# kills the program with kill -9 again and again, and checks the results with a few lines of Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin="$PWD/build/bin"
demo="$PWD/build/demo"
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# check CSV_DIRECTORY [GLOB]: every word has each of the counts 1..n exactly once; with GLOB, n is how often the word
# stands in those files.
check() {
  python3 - "$@" <<'PYTHON'
import array, collections, glob, re, sys
counts, lines = collections.defaultdict(lambda: array.array("I")), 0
for path in glob.glob(sys.argv[1] + "/*.csv"):
    for line in open(path, "rb"):
        word, n = line.split(b",")
        counts[word].append(int(n))
        lines += 1
wrong = [w for w, seen in counts.items() if sorted(seen) != list(range(1, len(seen) + 1))]
if len(sys.argv) > 2:
    true = collections.Counter()
    for path in glob.glob(sys.argv[2]):
        true.update(re.findall(rb"[a-z]+", open(path, "rb").read().lower()))
    wrong += [w for w in true.keys() | counts.keys() if len(counts.get(w, ())) != true[w]]
top = sorted(counts, key=lambda w: -len(counts[w]))[:5] if len(sys.argv) > 2 else []
for word in top:
    print(f"  {word.decode():12} {len(counts[word]):9,}")
print(f"checked: {lines:,} lines, {len(counts):,} words, {len(wrong)} of them wrong")
sys.exit(lines == 0 or bool(wrong))
PYTHON
}

rm -rf "$demo"
mkdir -p "$demo/texts"

say "1. The words of the license texts, 100 times over, killed with kill -9 on the way"
# Links point to files of the same folder, which are counted themselves.
for file in /usr/share/common-licenses/*; do
  [[ -L "$file" ]] || cp "$file" "$demo/texts/"
done
if ! compgen -G "$demo/texts/*" >/dev/null; then
  echo "no license texts on this machine: taking this repository's documents"
  cp README.md LICENSE docs/*.md "$demo/texts/"
fi
for file in "$demo"/texts/*; do
  for _ in {1..100}; do cat "$file"; done >"$file.txt"
  rm "$file"
done

wordcount=("$bin/wordcount" run --input "$demo/texts/*.txt" --output "$demo/counts" --data-dir "$demo/wordcount.data")
echo "wordcount run --input '$demo/texts/*.txt' --output $demo/counts"
kills=0
for delay in 0.05 0.08 0.06 0.09 0.12; do
  "${wordcount[@]}" --log-level error &
  job=$!
  sleep "$delay"
  if kill -9 "$job" 2>/dev/null; then kills=$((kills + 1)); fi
  wait "$job" 2>/dev/null || true
done
echo "killed with kill -9: $kills of 5 runs, the others had ended; once more, to the end:"
"${wordcount[@]}"
echo "the most frequent words in the CSV files:"
check "$demo/counts" "$demo/texts/*.txt"
echo "and the job itself, asked with \`wordcount state get counts the\`:"
"$bin/wordcount" state get counts the --data-dir "$demo/wordcount.data"

say "2. A generated stream without end, killed with kill -9 four times, then stopped"
generated=("$bin/wordcount_generated" run --rate 400000 --output "$demo/generated"
  --data-dir "$demo/generated.data")
echo "wordcount_generated run --rate 400000 --output $demo/generated"
for _ in {1..4}; do
  "${generated[@]}" --log-level error &
  job=$!
  sleep 0.9
  kill -9 "$job"
  wait "$job" 2>/dev/null || true
  echo "kill -9: $(cat "$demo"/generated/*.csv 2>/dev/null | wc -l) lines so far"
done
"${generated[@]}" &
job=$!
sleep 1.2
echo "the running job, asked with \`wordcount_generated scale 1\` and \`ledger\`:"
"$bin/wordcount_generated" scale 1 --data-dir "$demo/generated.data"
"$bin/wordcount_generated" ledger --data-dir "$demo/generated.data"
kill -INT "$job"
wait "$job"
check "$demo/generated"

say "3. How fast, flat out, to CSV files"
"$bin/wordcount_generated" run --count 20000000 --output "$demo/speed" --data-dir "$demo/speed.data"
rm -rf "$demo/speed" "$demo/speed.data" "$demo/texts"

say "Done. The CSV files are in $demo/counts and $demo/generated."
