#include "log/files/rescued_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rheon::log::files {

namespace {

class RescuedFile final : public env::ForwardingFile {
 public:
  RescuedFile(std::unique_ptr<env::File> real, std::set<std::uint64_t>& unreadable)
      : ForwardingFile(std::move(real)), unreadable_(unreadable) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    auto whole = ForwardingFile::read_at(offset, into);
    if (whole.has_value() || whole.error().code != ErrorCode::kIo) {
      return whole;
    }
    RHEON_ASSIGN(const env::FileInfo file, info());
    const std::uint64_t there = file.size - std::min(offset, file.size);
    into = into.first(std::min<std::uint64_t>(into.size(), there));
    for (std::size_t done = 0; done < into.size();) {
      const std::uint64_t at = offset + done;
      const std::uint64_t begin = at / RescuedFiles::kBlockBytes * RescuedFiles::kBlockBytes;
      const std::uint64_t bytes = begin + RescuedFiles::kBlockBytes - at;
      const auto part = into.subspan(done, std::min<std::uint64_t>(bytes, into.size() - done));
      const auto got = ForwardingFile::read_at(at, part);
      if (!got.has_value()) {
        std::fill(part.begin(), part.end(), std::byte{0});
        unreadable_.insert(begin);
      } else if (*got < part.size()) {
        return done + *got;
      }
      done += part.size();
    }
    return into.size();
  }

 private:
  std::set<std::uint64_t>& unreadable_;
};

}  // namespace

Result<std::unique_ptr<env::File>> RescuedFiles::open(const std::string& path, env::OpenMode mode) {
  RHEON_ASSIGN(auto file, ForwardingFiles::open(path, mode));
  if (mode != env::OpenMode::kRead) {
    return file;
  }
  return std::make_unique<RescuedFile>(std::move(file), blocks_[path]);
}

std::vector<std::string> RescuedFiles::unreadable() const {
  std::vector<std::string> sentences;
  for (const auto& [path, blocks] : blocks_) {
    if (!blocks.empty()) {
      sentences.push_back(fmt::format("{} block{} of {} bytes of {}, the first at {}",
                                      blocks.size(), blocks.size() == 1 ? "" : "s", kBlockBytes,
                                      path, *blocks.begin()));
    }
  }
  return sentences;
}

}  // namespace rheon::log::files
