#pragma once

#include <memory>
#include <string>

#include "connect/files/csv_format.h"

namespace rheon::engine {
class AnySinkConnector;
}

namespace rheon {
namespace connect::console {

/// Appends the records of a batch as lines.
using AppendLines = void (*)(std::string& lines, const engine::BatchBase& batch);

template <class K, class T>
void append_lines(std::string& lines, const engine::BatchBase& base) {
  for (const engine::Slot<K, T>& record : static_cast<const engine::Batch<K, T>&>(base).slots) {
    if constexpr (std::is_same_v<K, engine::NoKey> && csv::is_text<T>) {
      lines.append(record.value).push_back('\n');
    } else {
      const std::size_t size = lines.size();
      lines.resize(size + csv::line_room(record));
      const char* end = csv::put_line(lines.data() + size, record);
      lines.resize(static_cast<std::size_t>(end - lines.data()));
    }
  }
}

/// Held while a writer writes: lines of several stay whole.
class Turn;
[[nodiscard]] std::shared_ptr<Turn> make_turn();

[[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> make_connector(
    std::shared_ptr<Turn> turn, AppendLines append);

}  // namespace connect::console

namespace console {

/// Writes each record as a line to the standard output: text as it is, everything else as a line of
/// CSV (connect/files/csv_format.h). At least once: lines of an epoch that a crash cut off are
/// written again.
///
///     counts.to("out", console::lines_out())
class LinesOut {
 public:
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    static_assert(
        connect::csv::writable<T>(),
        "console::lines_out cannot write records of this type: use text, numbers, times or "
        "structs with RHEON_FIELDS");
    return connect::console::make_connector(turn_, &connect::console::append_lines<K, T>);
  }

 private:
  std::shared_ptr<connect::console::Turn> turn_ = connect::console::make_turn();
};

[[nodiscard]] inline LinesOut lines_out() { return {}; }

}  // namespace console
}  // namespace rheon
