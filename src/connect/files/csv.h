#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "connect/files/csv_lines.h"

namespace rheon {
namespace files {

struct CsvOptions {
  /// A file that has reached this size is closed, and a new one begun.
  std::uint64_t max_file_bytes = std::uint64_t{256} << 20;
};

/// Writes each record as a line to files `<shard>-<sequence>.csv`: nothing is doubled or lost,
/// whatever crashes. The directory must be empty or this sink's own. What stands beyond the lengths
/// in
/// `.rheon/committed` (lines `name length closed`) may still be taken back. Columns are described
/// in connect/files/csv_format.h.
///
///     counts.to("csv", files::csv("out"))          // word,17
class Csv {
 public:
  Csv(const std::string& directory, const CsvOptions& options);

  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    static_assert(std::is_same_v<K, engine::NoKey> || connect::csv::writable<K>(),
                  "files::csv cannot write keys of this type: use text, numbers, times or structs "
                  "with RHEON_FIELDS");
    static_assert(
        connect::csv::writable<T>(),
        "files::csv cannot write records of this type: use text, numbers, times or structs "
        "with RHEON_FIELDS");
    return connect::csv::make_connector(directory_, options_.max_file_bytes,
                                        &connect::csv::write_lines<K, T>);
  }

 private:
  std::string directory_;
  CsvOptions options_;
};

[[nodiscard]] inline Csv csv(const std::string& directory, const CsvOptions& options = {}) {
  return {directory, options};
}

}  // namespace files
}  // namespace rheon
