#!/usr/bin/env bash
# ./dev demo: counts the words of the license texts that every Debian machine has, then those of a generated stream,
# kills the program with kill -9 again and again, and checks the results with a few lines of awk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin="$PWD/build/bin"
demo="$PWD/build/demo"
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# check CSV_DIRECTORY [FREQUENCIES]: every word has each of the counts 1..n exactly once; with FREQUENCIES (lines
# "word n"), n is the word's true frequency.
check() {
  local truth="${2:-/dev/null}"
  find "$1" -name '*.csv' -print0 | sort -z | xargs -0 cat | awk -F, -v truth="$truth" '
    { if (($1, $2) in seen) twice++; seen[$1, $2]; lines[$1]++; if ($2 > last[$1]) last[$1] = $2 }
    END {
      while ((getline line < truth) > 0) { split(line, f, " "); known++; if (last[f[1]] != f[2]) wrong++ }
      for (w in lines) { words++; if (lines[w] != last[w]) missing++ }
      if (truth != "/dev/null" && known != words) wrong++
      printf "checked: %d lines, %d words, %d counts doubled, %d words with a count missing, %d with a wrong total\n",
             NR, words, twice, missing, wrong
      exit (NR == 0 || twice + missing + wrong > 0)
    }'
}

rm -rf "$demo"
mkdir -p "$demo/texts"

say "1. The words of the license texts, 40 times over, killed with kill -9 on the way"
# Links point to files of the same folder, which are counted themselves.
for file in /usr/share/common-licenses/*; do
  [[ -L "$file" ]] || cp "$file" "$demo/texts/"
done
if ! compgen -G "$demo/texts/*" >/dev/null; then
  echo "no license texts on this machine: taking this repository's documents"
  cp README.md LICENSE docs/*.md "$demo/texts/"
fi
for file in "$demo"/texts/*; do
  for _ in {1..40}; do cat "$file"; done >"$file.txt"
  rm "$file"
done
cat "$demo"/texts/*.txt | tr 'A-Z' 'a-z' | tr -cs 'a-z' '\n' | awk 'NF { n[$1]++ } END { for (w in n) print w, n[w] }' \
  >"$demo/frequencies"

wordcount=("$bin/wordcount" run --input "$demo/texts/*.txt" --output "$demo/counts" --data-dir "$demo/wordcount.data")
echo "wordcount run --input '$demo/texts/*.txt' --output $demo/counts"
kills=0
for delay in 0.20 0.35 0.30 0.25 0.30; do
  "${wordcount[@]}" --log-level error &
  job=$!
  sleep "$delay"
  if kill -9 "$job" 2>/dev/null; then kills=$((kills + 1)); fi
  wait "$job" 2>/dev/null || true
done
echo "killed $kills times; once more, to the end:"
"${wordcount[@]}"
check "$demo/counts" "$demo/frequencies"
echo "the most frequent words:"
sort -k2,2nr "$demo/frequencies" | head -5 | while read -r word n; do
  printf '  %-6s %9d   wordcount state get counts %s: ' "$word" "$n" "$word"
  "$bin/wordcount" state get counts "$word" --data-dir "$demo/wordcount.data"
done

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
