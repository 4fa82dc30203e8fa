# shellcheck shell=bash
# Commands that check: fmt, lint, verify.

cmd_fmt() {
  ensure_packages lint
  local files
  mapfile -t files < <(tracked '*.h' '*.cc')
  ((${#files[@]} == 0)) || clang-format-19 -i "${files[@]}"
  say "laid out ${#files[@]} files"
}

# lint_step NAME COMMAND...: runs one check, shows its output only when it fails, and counts.
lint_step() {
  local name="$1" start=$SECONDS output
  shift
  if output="$("$@" 2>&1)"; then
    printf '  ok    %s (%d s)\n' "$name" $((SECONDS - start))
    lint_passed=$((lint_passed + 1))
  else
    printf '  FAIL  %s\n%s\n' "$name" "$output"
    lint_failed=$((lint_failed + 1))
  fi
}

lint_layout() {
  local files
  mapfile -t files < <(tracked '*.h' '*.cc')
  ((${#files[@]} == 0)) || clang-format-19 --dry-run -Werror --ferror-limit=1 "${files[@]}"
}

lint_shell() {
  local files
  mapfile -t files < <(tracked dev .ci/run '*.sh')
  ((${#files[@]} == 0)) || shellcheck -x "${files[@]}"
}

lint_python() {
  local files
  mapfile -t files < <(tracked '*.py')
  ((${#files[@]} == 0)) || python3 -c '
import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path, encoding="utf-8").read(), path)
' "${files[@]}"
}

# lint_mutants: a change under a mutant's hands would be noticed only when its turn comes.
lint_mutants() {
  local patch failed=0
  for patch in tests/mutants/*.patch; do
    git apply --check "$patch" || failed=1
  done
  return $failed
}

# lint_tidy all|changed: changed is what is not committed yet and the last commit. Tests are left out: the macros of
# gtest drown what is found.
lint_tidy() {
  local files changed file
  mapfile -t files < <(tracked 'src/*.cc' 'apps/*.cc' 'examples/*.cc' 'bench/*.cc' | grep -v '/tests/')
  if [[ "$1" == changed ]]; then
    changed=" $({ git diff --name-only HEAD && git diff --name-only HEAD~1 HEAD; } 2>/dev/null | tr '\n' ' ')"
    mapfile -t files < <(for file in "${files[@]}"; do [[ "$changed" != *" $file "* ]] || echo "$file"; done)
  fi
  ((${#files[@]})) || return 0
  # Without the precompiled header: each file has to include what it uses. And without what only g++ knows.
  mkdir -p build/lint
  sed -e 's/-include [^ ]*cmake_pch\.hxx//' -e 's/--param ggc-min-heapsize=[0-9]*//' build/release/compile_commands.json >build/lint/compile_commands.json
  printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 -p build/lint --quiet \
    --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-ignored-gch 2>&1 |
    { grep -v ' warnings\{0,1\} \(generated\|treated as error\)' || true; }
}

cmd_lint() {
  local scope=changed lint_passed=0 lint_failed=0
  case "${1:-}" in
    '') ;;
    --all) scope=all ;;
    *) die "lint: no such option: $1" 2 ;;
  esac
  ensure_packages build lint
  configure_preset release always  # clang-tidy reads its compile commands
  lint_step "layout (./dev fmt repairs it)" lint_layout
  lint_step "rooms use only what stands above them" python3 tools/check_rooms.py
  lint_step "only src/env touches the world" python3 tools/check_seam.py
  lint_step "public headers stay light" bash tools/check_public_headers.sh
  lint_step "mistakes in types end in sentences" python3 tools/check_messages.py
  lint_step "what the documents show compiles" python3 tools/check_documents.py
  lint_step "shell scripts" lint_shell
  lint_step "python scripts" lint_python
  lint_step "mutants fit the sources" lint_mutants
  lint_step "clang-tidy ($scope files)" lint_tidy "$scope"
  if [[ $scope == all ]]; then
    ensure_packages cross
    lint_step "compiles for aarch64" bash tools/check_aarch64.sh
  fi
  printf '%d passed, %d failed\n' "$lint_passed" "$lint_failed"
  ((lint_failed == 0))
}

# Runs all unit, model, golden and integration tests once, counted.
cmd_coverage() {
  local profiles="$PWD/build/coverage/profiles"
  build_preset coverage
  rm -rf "$profiles"
  LLVM_PROFILE_FILE="$profiles/%4m.profraw" ctest --test-dir build/coverage -j "$(nproc)" --output-on-failure --no-tests=error
  python3 tools/coverage.py "$@"
}

cmd_verify() {
  local preset rest around
  take_preset "$@"
  build_preset "$preset"
  local wanted=" ${rest[*]} "
  if [[ "$wanted" == *kafka* || "$wanted" =~ \ T-(10|12|23)\  ]] || [[ "$wanted" == *" --all "* && "$wanted" != *" --quick "* ]]; then
    ensure_packages kafka
  fi
  if [[ "$wanted" =~ \ T-(14-rare|17)\  ]] || [[ "$wanted" == *" --all "* && "$wanted" != *" --quick "* ]]; then
    build_preset asan fuzzers rheon_sim_program
  fi
  mapfile -t around < <(quiet_layout "$preset")
  "${around[@]}" python3 tools/verify.py --bin "$(bin_dir "$preset")" "${rest[@]}"
}
