#include "engine/user_code.h"

#include <exception>

namespace rheon::engine {

std::string shown_record(std::string_view record) {
  constexpr std::size_t kShownBytes = 200;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : record.substr(0, kShownBytes)) {
    if (static_cast<unsigned char>(c) >= ' ' && c != '\x7f') {
      text += c;
    } else {
      text += {'\\', 'x', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
    }
  }
  return text;
}

std::string thrown() {
  try {
    throw;
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

void stop_at_record(ShardContext& shard, const std::string& who, std::string_view record) {
  shard.fail({ErrorCode::kInvalidInput,
              who + " threw \"" + thrown() + "\" at the record '" + shown_record(record) + "' (" +
                  shard.place() +
                  "). Nothing of this epoch is committed. Mend the job or the input and run again, "
                  "or let the job `quarantine` such records."});
}

void stop_outside_records(ShardContext& shard, const std::string& who, std::string_view where) {
  shard.fail({ErrorCode::kInvalidInput, who + " threw \"" + thrown() + "\" in " +
                                            std::string(where) +
                                            ". Everything up to the last commit is safe: mend the "
                                            "job and run again."});
}

}  // namespace rheon::engine
