#!/usr/bin/env bash
# How long a user waits for the compiler: <rheon/rheon.h> beside the standard headers it includes (at most 0.5 s more),
# and each example as users build it (wordcount: at most 4 s). Medians of three runs, without ccache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

compiler="${CXX:-g++}"
flags=(-std=c++20 -Isrc -Iinclude -DRHEON_VERSION="\"0\"")
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

# median_s COMMAND...: median wall time of three runs, in seconds.
median_s() {
  local start
  for _ in 1 2 3; do
    start="$(date +%s%N)"
    "$@" || return 1
    echo $(($(date +%s%N) - start))
  done >"$scratch/times"
  sort -n "$scratch/times" | awk 'NR == 2 {printf "%.2f", $1 / 1e9}'
}

if [[ ! -f include/rheon/rheon.h ]]; then
  echo "include/rheon/rheon.h is not there: nothing to time"
  exit 0
fi

echo '#include <rheon/rheon.h>' >"$scratch/rheon.cc"
own="$("$compiler" "${flags[@]}" -MM "$scratch/rheon.cc" | tr -s ' \134' '\n' | grep '\.h$' || true)"
# shellcheck disable=SC2086  # a list of files without blanks
grep -hE '^#include <[a-z_]+>' $own | sort -u >"$scratch/standard.cc"
ours="$(median_s "$compiler" "${flags[@]}" -fsyntax-only "$scratch/rheon.cc")"
standard="$(median_s "$compiler" "${flags[@]}" -fsyntax-only "$scratch/standard.cc")"
awk -v ours="$ours" -v standard="$standard" 'BEGIN {
  more = ours - standard
  printf "rheon.h                %.2f s, its standard headers %.2f s: %.2f s more (budget 0.50 s)%s\n",
         ours, standard, more, (more > 0.5 ? "  OVER" : "")
}'

for folder in examples/*/; do
  name="$(basename "$folder")"
  compgen -G "$folder*.cc" >/dev/null || continue
  for file in "$folder"*.cc; do
    seconds="$(median_s "$compiler" "${flags[@]}" -O2 -c -o "$scratch/out.o" "$file")" || continue
    awk -v what="$name/$(basename "$file")" -v s="$seconds" 'BEGIN {
      printf "%-22s %.2f s (budget 4.00 s)%s\n", what, s, (s > 4 ? "  OVER" : "")
    }'
  done
done
