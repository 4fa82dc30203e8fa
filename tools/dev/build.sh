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

# targets_of PRESET: what can be built, one name a line.
targets_of() { ninja -C "build/$1" -t targets all | sed -n 's/^\([a-z][a-z0-9_]*\): phony$/\1/p' | grep -v ^cmake_ | sort -u; }

# is_target PRESET NAME: a name that is not known is looked for again after configuring; its folder may be new.
is_target() {
  targets_of "$1" | grep -qx -- "$2" || { configure_preset "$1" always && targets_of "$1" | grep -qx -- "$2"; }
}

# require_targets PRESET TARGET...: ends with a sentence when there is no such target.
require_targets() {
  local preset="$1" name
  shift
  for name in "$@"; do
    is_target "$preset" "$name" || die "nothing here is named '$name'. These programs can be built: $(
      targets_of "$preset" | grep -v -e '^rheon_' -e '_test$' -e '_cache$' -e '^all$' -e '^test$' | tr '\n' ' ')" 2
  done
}

# build_preset PRESET [TARGET...]: configures when needed, then builds these targets, or everything.
build_preset() {
  local preset="$1" targets=()
  shift
  (($# == 0)) || targets=(--target "$@")
  ensure_packages build
  [[ ! "$preset" =~ ^(asan|tsan|coverage)$ ]] || ensure_packages clang
  configure_preset "$preset"
  require_targets "$preset" "${targets[@]:1}"
  with_preset_lock "$preset" cmake --build "build/$preset" -j "$(nproc)" "${targets[@]}" \
    || die "the build of preset $preset failed"
}

cmd_build() {
  local preset rest
  take_preset "$@"
  if [[ $preset == fuzz ]]; then
    preset=asan
    rest=(fuzzers)
  fi
  build_preset "$preset" "${rest[@]}"
  if [[ $preset == release ]] && ((${#rest[@]} == 0)); then
    build_preset "$preset" benchmarks
  fi
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
  if ((${#rooms[@]})); then
    ensure_packages build
    configure_preset "$preset"
    for room in "${rooms[@]}"; do
      if [[ -d "examples/$room" ]]; then targets+=("example_${room}_test"); else targets+=("rheon_${room}_test"); fi
      is_target "$preset" "${targets[-1]}" || die "test: no room or example '$room' has tests. These have: $(
        targets_of "$preset" | sed -n -e 's/^rheon_\(.*\)_test$/\1/p' -e 's/^example_\(.*\)_test$/\1/p' | tr '\n' ' ')" 2
    done
  fi
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
  ensure_packages build
  configure_preset release
  is_target release "bench_$name" || die "bench: there is no '$name'. There are: $(
    targets_of release | sed -n 's/^bench_//p' | tr '\n' ' ')" 2
  build_preset release "bench_$name"
  "build/bin/bench_$name" "$@"
}

cmd_demo() {
  [[ -f tools/demo.sh ]] || die "tools/demo.sh is missing"
  build_preset release wordcount wordcount_generated  # what it runs, and nothing else
  bash tools/demo.sh "$@"
}
