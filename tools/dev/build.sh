# shellcheck shell=bash
# Commands that build and run: build, test, bench, demo.

# with_preset_lock PRESET COMMAND...: two builds of one preset wait for each other.
with_preset_lock() {
  local preset="$1" code=0
  shift
  mkdir -p build
  exec 9>"build/.lock-$preset"
  flock -n 9 || {
    say "waiting for another build of preset $preset"
    flock 9
  }
  "$@" || code=$?
  exec 9>&-
  return $code
}

# configure PRESET [always]: runs CMake when the build folder is new, moved or older than the presets.
configure() {
  local preset="$1" dir="build/$1" root fresh=()
  root="$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$dir/CMakeCache.txt" 2>/dev/null || true)"
  if [[ ! -f "$dir/build.ninja" || CMakePresets.json -nt "$dir/CMakeCache.txt" || "$root" != "$PWD" ]]; then
    say "configuring preset $preset"
    fresh=(--fresh)
  elif [[ "${2:-}" != always ]]; then
    return 0
  fi
  cmake "${fresh[@]}" --preset "$preset" >"build/configure-$preset.log" 2>&1 || {
    cat "build/configure-$preset.log" >&2
    die "configuring failed"
  }
}

configure_preset() { with_preset_lock "$1" configure "$@"; }

# build_preset PRESET [TARGET...]: configures when needed, then builds these targets, or everything.
build_preset() {
  local preset="$1" targets=()
  shift
  (($# == 0)) || targets=(--target "$@")
  ensure_packages build
  [[ "$preset" != asan && "$preset" != fuzz ]] || ensure_packages clang
  configure_preset "$preset"
  with_preset_lock "$preset" cmake --build "build/$preset" -j "$(nproc)" "${targets[@]}" \
    || die "the build of preset $preset failed"
}

cmd_build() {
  local preset rest
  take_preset "$@"
  build_preset "$preset" "${rest[@]}"
  say "programs are in $(bin_dir "$preset")/"
}

# quiet_layout PRESET: prints the command that the thread sanitizer needs where addresses are randomised widely.
quiet_layout() {
  if [[ "$1" == tsan ]] && setarch "$(uname -m)" -R true 2>/dev/null; then
    printf '%s\n' setarch "$(uname -m)" -R
  fi
}

cmd_test() {
  local preset rest rooms=() filter='' slow=no
  take_preset "$@"
  set -- "${rest[@]}"
  while (($#)); do
    case "$1" in
      --slow) slow=yes ;;
      --filter)
        (($# > 1)) || die "--filter needs a pattern" 2
        filter="$2"
        shift
        ;;
      -*) die "test: no such option: $1" 2 ;;
      *) rooms+=("$1") ;;
    esac
    shift
  done

  local select=() targets=() room
  for room in "${rooms[@]}"; do
    targets+=("rheon_${room}_test")
  done
  build_preset "$preset" "${targets[@]}"
  if ((${#rooms[@]})); then
    select+=(-R "^($(IFS='|' && echo "${targets[*]}"))\$")
  elif [[ $slow == no ]]; then
    select+=(-LE slow)
  fi

  local results="$PWD/build/$preset/results" around failed=0
  rm -rf "$results"
  mkdir -p "$results"
  mapfile -t around < <(quiet_layout "$preset")
  GTEST_OUTPUT="xml:$results/" GTEST_FILTER="${filter:-*}" "${around[@]}" \
    ctest --test-dir "build/$preset" -j "$(nproc)" --output-on-failure --no-tests=error \
    --output-junit "$results/ctest.junit" "${select[@]}" || failed=1
  if [[ ${#rooms[@]} == 0 && -z "$filter" ]]; then
    "${around[@]}" python3 tools/verify.py --all --quick --bin "$(bin_dir "$preset")" --report "$results/verify.json" || failed=1
  fi
  python3 tools/dev/test_summary.py "$results" || failed=1
  return $failed
}

cmd_bench() {
  local name="${1:-}"
  [[ -n "$name" ]] || die "bench: which one? ./dev bench engine [--json FILE]" 2
  shift
  build_preset release "bench_$name"
  "build/bin/bench_$name" "$@"
}

cmd_demo() {
  [[ -f tools/demo.sh ]] || die "tools/demo.sh is missing"
  build_preset release wordcount wordcount_generated  # what it runs, and nothing else
  bash tools/demo.sh "$@"
}
