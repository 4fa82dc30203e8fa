#pragma once

// A directory that a CSV sink writes to:
//
//   <shard>-<sequence>.csv   lines
//   .rheon/marker            whose directory it is
//   .rheon/committed         lines "name length closed", for readers that must not see what may be
//                            taken back

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connect/files/csv_facts.h"
#include "engine/sink.h"

namespace rheon::connect::csv {

[[nodiscard]] std::string committed_path(const std::string& directory);
/// The contents of `.rheon/committed` for one directory.
[[nodiscard]] std::string committed_text(const std::string& directory,
                                         const std::map<std::string, FileFact>& files);

/// Whose directory it is.
struct Marker {
  std::string job;
  std::string uid;
  std::string lineage;
  std::string sink;
  friend bool operator==(const Marker&, const Marker&) = default;
};
[[nodiscard]] Marker marker_of(const engine::SinkEnvironment& environment);
[[nodiscard]] std::string to_text(const Marker& marker);
/// None when there is none.
[[nodiscard]] Result<std::optional<Marker>> read_marker(env::Files& files,
                                                        const std::string& directory);

/// Brings files to their committed lengths, takes away those that were never committed, and refuses
/// what is not as the log left it: first all checks, then all changes. Blocks.
class CsvRecovery {
 public:
  CsvRecovery(const engine::SinkEnvironment& environment, std::string directory,
              const CsvFacts& known);
  [[nodiscard]] Status run(engine::SinkRecovery& done);

 private:
  [[nodiscard]] Status check_marker();
  [[nodiscard]] Status check_not_ahead(const std::string& directory) const;
  [[nodiscard]] Status check_file(const std::string& path, const FileFact& fact);
  [[nodiscard]] Status check_given_away(const std::string& path, const FileFact& fact);
  [[nodiscard]] Status check_names(const std::string& directory);
  [[nodiscard]] Result<bool> is_ours(const std::string& directory) const;
  [[nodiscard]] const std::string* known_path(std::string_view name) const;
  [[nodiscard]] Status change_files(engine::SinkFactChanges& changes);
  void notice_taken_back(std::vector<std::string>& notices) const;
  void notice_gone(std::vector<std::string>& notices) const;
  void notice_elsewhere(std::vector<std::string>& notices) const;

  const engine::SinkEnvironment& environment_;
  env::Files& files_;
  std::string directory_;
  Marker own_;
  const CsvFacts& known_;
  bool fresh_ = false;    // the directory carries no marker yet
  bool adopted_ = false;  // the state was brought into a new lineage, explicitly

  // What the checks have found to do.
  std::map<std::string, FileFact> kept_;  // as they will be
  std::vector<std::string> cut_;          // longer than their committed length
  std::vector<std::string> gone_;         // closed, and taken away by somebody
  std::vector<std::string> uncommitted_;  // to be removed
  std::uint64_t taken_back_bytes_ = 0;    // of cut_ and uncommitted_
};

}  // namespace rheon::connect::csv
