#pragma once

#include <sys/stat.h>

#include <string>

#include "env/files.h"
#include "env/posix/descriptor.h"

namespace rheon::env::posix {

[[nodiscard]] FileInfo info_of(const struct stat& status);

/// An open regular file. The path is for messages only.
class PosixFile : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override;
  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override;
  Status sync() override;
  Status truncate(std::uint64_t size) override;
  Status preallocate(std::uint64_t size) override;
  Result<FileInfo> info() override;

 private:
  Status write_zeros_up_to(std::uint64_t size);

  Descriptor descriptor_;
  std::string path_;
};

}  // namespace rheon::env::posix
