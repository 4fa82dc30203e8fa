#!/usr/bin/env bash
# Compiles every library and program for aarch64 with the flags of the release build, and throws the objects away. Headers
# of the libraries are those of this machine: they are the same there (both have 64 bits, little-endian).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

compile() {
  aarch64-linux-gnu-g++ -std=c++20 -O2 -DNDEBUG -DFMT_SHARED -DRHEON_VERSION='"0"' -Wall -Wextra -Wpedantic -Wshadow \
    -Wno-restrict -Werror -Isrc -Iinclude -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -c "$1" -o /dev/null
}
export -f compile

# shellcheck disable=SC2016  # the inner shell expands it
git ls-files -z -- 'src/*.cc' 'apps/*.cc' 'examples/*.cc' | grep -zv '/tests/' |
  xargs -0 -n 1 -P "$(nproc)" bash -c 'compile "$0" || { echo "$0 does not compile for aarch64"; exit 1; }'
