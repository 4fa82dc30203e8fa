#!/usr/bin/env bash
# What a user includes reaches no Boost, JSON, command-line, formatting or <ranges> header, and compiles by itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

compiler="${CXX:-g++}"
flags=(-std=c++20 -Isrc -Iinclude)
failed=0
shopt -s nullglob
for header in include/rheon/*.h; do
  if ! reached="$("$compiler" "${flags[@]}" -x c++ -M "$header")"; then
    echo "$header: does not compile by itself"
    failed=1
    continue
  fi
  heavy="$(tr -s ' \134' '\n' <<<"$reached" | grep -E '/(boost|nlohmann|CLI|spdlog|fmt)/|/c\+\+/[0-9]+/(ranges|regex|iostream|filesystem)$' || true)"
  # gtest may be reached from the test kit only.
  if [[ "$header" != include/rheon/testing* ]]; then
    heavy+="$(tr -s ' \134' '\n' <<<"$reached" | grep -E '/(gtest|gmock)/' || true)"
  fi
  if [[ -n "$heavy" ]]; then
    echo "$header reaches:"
    echo "  ${heavy//$'\n'/$'\n'  }"
    failed=1
  fi
done
exit $failed
