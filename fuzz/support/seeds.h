#pragma once

// Inputs worth beginning with, made by the encoders of today. They are kept in fuzz/corpus/NAME/,
// together with inputs that have found a defect; `build/asan/bin/fuzz_NAME --write-seeds DIRECTORY`
// makes them anew. Include this in one file of a program.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

namespace rheon::fuzz {

using Seeds = std::map<std::string, std::string>;  // by the name of their file

/// Each fuzzer has its own.
[[nodiscard]] Seeds seeds();

inline void write_seeds(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  for (const auto& [name, bytes] : seeds()) {
    std::ofstream(directory / name, std::ios::binary) << bytes;
  }
}

}  // namespace rheon::fuzz

extern "C" [[gnu::used]] inline int LLVMFuzzerInitialize(const int* argc, char*** argv) {
  if (*argc == 3 && std::string_view((*argv)[1]) == "--write-seeds") {
    rheon::fuzz::write_seeds((*argv)[2]);
    std::exit(0);
  }
  return 0;
}
