#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "connect/files/csv_facts.h"
#include "env/files.h"

namespace rheon::connect::csv {

struct CsvPlace {
  std::string directory;
  std::uint32_t shard = 0;
  std::uint64_t max_file_bytes = 0;
};

/// The files that one writer appends to, one after another. All calls block; one thread at a time.
class CsvFiles {
 public:
  /// Goes on where `facts` say that this shard stands; they must have been recovered.
  CsvFiles(env::Files& files, CsvPlace place, const CsvFacts& facts);

  /// Appends whole lines, to a new file when the one before is full. When it fails with kNoSpace
  /// the same bytes may be given again.
  [[nodiscard]] Status append(std::string_view lines);
  /// No more is appended to the current file.
  [[nodiscard]] Status close();
  /// Makes everything appended so far durable, names included.
  [[nodiscard]] Status sync();
  /// What has changed since the last call. After sync().
  [[nodiscard]] engine::SinkFactChanges take_changes();

 private:
  struct Current {
    std::string path;
    FileFact fact;
    std::unique_ptr<env::File> file;  // null: not opened since the start
    bool unsynced = false;
    bool torn = false;  // behind fact.length stands what a write that failed has left
  };

  /// kRefused when somebody has taken the current file away: nothing that is written to it counts.
  [[nodiscard]] Status check_in_place();
  [[nodiscard]] Status open_again();
  [[nodiscard]] Status create();

  env::Files& files_;
  CsvPlace place_;
  std::uint64_t sequence_ = 0;  // of the last file that was made
  std::optional<Current> current_;
  bool directory_unsynced_ = false;
  std::map<std::string, FileFact> changed_;  // by path
  bool sequence_changed_ = false;
};

}  // namespace rheon::connect::csv
