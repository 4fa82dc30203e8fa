#include "connect/files/csv.h"

#include "env/files.h"

namespace rheon::files {

// The log knows files by their paths: `out/` and `./out` are `out`.
Csv::Csv(const std::string& directory, const CsvOptions& options)
    : directory_(env::plain(directory)), options_(options) {}

}  // namespace rheon::files
