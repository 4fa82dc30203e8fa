#include "connect/files/lines.h"

#include <utility>

#include "connect/files/file_discovery.h"
#include "connect/files/line_reader.h"
#include "engine/source.h"

namespace rheon::files {
namespace {

class LinesConnector : public engine::SourceConnector<std::string_view> {
 public:
  LinesConnector(std::string glob, const LinesOptions& options)
      : glob_(std::move(glob)), options_(options) {}

  engine::SourceTraits traits() const override {
    return {.kind = "files",
            .replayable = true,
            .bounded = !options_.follow,
            .place = "files '" + glob_ + "'"};
  }
  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override {
    return connect::files::discover_files(environment.env->files(), glob_, options_.follow, known);
  }
  bool grows() const override { return options_.follow; }
  std::unique_ptr<engine::SourceReader<std::string_view>> make_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<connect::files::LineReader>(
        environment, connect::LineLimits{options_.max_line_bytes, options_.require_utf8},
        options_.follow);
  }

 private:
  std::string glob_;
  LinesOptions options_;
};

}  // namespace

Source<std::string_view> lines(std::string glob, const LinesOptions& options) {
  return {std::make_shared<const LinesConnector>(std::move(glob), options)};
}

}  // namespace rheon::files
