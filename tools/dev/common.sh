# shellcheck shell=bash
# What all commands of ./dev share. Sourced with the repository's root as working directory.

say() { printf '%s\n' "-- $*"; }

# die MESSAGE [EXIT_CODE]
die() {
  printf '%s\n' "./dev: $1" >&2
  exit "${2:-1}"
}

# missing_packages SET...: names of the packages of these sets that are not installed, one a line.
missing_packages() {
  local installed set alternatives package found
  installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' 2>/dev/null) "
  while read -r set alternatives _; do
    [[ " $* " == *" $set "* ]] || continue
    found=no
    for package in ${alternatives//|/ }; do
      [[ "$installed" == *" installed:$package "* ]] && found=yes
    done
    [[ $found == yes ]] || printf '%s\n' "${alternatives%%|*}"
  done < <(sed 's/#.*//' tools/packages.txt)
}

# ensure_packages SET...: installs what is missing, and only that, as root or through sudo.
ensure_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "not a Debian system: taking for granted that what tools/packages.txt lists is there"
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say "installing missing packages: ${missing[*]}"
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "these packages are missing: ${missing[*]}. Install them as root, or install sudo."
    as_root=(sudo)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
  local install=("${apt[@]}" install -y --no-remove --no-install-recommends "${missing[@]}")
  if ! apt-cache show "${missing[@]}" >/dev/null 2>&1 || ! "${install[@]}" >/dev/null; then
    say "refreshing the list of packages"
    "${apt[@]}" update || die "apt-get update failed: check the network and the package sources"
    "${install[@]}" >/dev/null || die "apt-get could not install: ${missing[*]}"
  fi
}

# take_preset ARGUMENT...: sets preset (default release) and rest (the other arguments).
take_preset() {
  preset=release
  rest=()
  while (($#)); do
    case "$1" in
      --preset)
        (($# > 1)) || die "--preset needs a name" 2
        preset="$2"
        shift
        ;;
      --preset=*) preset="${1#*=}" ;;
      *) rest+=("$1") ;;
    esac
    shift
  done
  [[ "$preset" =~ ^(release|debug|asan|tsan|coverage)$ || ($preset == fuzz && ${FUNCNAME[1]} == cmd_build) ]] || die "no such preset: $preset" 2
}

# bin_dir PRESET: where the programs of a preset are.
bin_dir() {
  if [[ "$1" == release ]]; then echo build/bin; else echo "build/$1/bin"; fi
}

# tracked PATTERN...: the files under version control that exist.
tracked() {
  local file
  git ls-files -- "$@" | while read -r file; do
    [[ ! -f "$file" ]] || printf '%s\n' "$file"
  done
}

cmd_setup() {
  local start=$SECONDS
  ensure_packages build lint clang
  say "ready ($((SECONDS - start)) s)"
}
