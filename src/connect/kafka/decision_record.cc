#include "connect/kafka/decision_record.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

namespace rheon::connect::kafka {

namespace {

constexpr int kFormat = 1;
constexpr std::size_t kDigits = 16;  // of 64 bits

/// The number that these hex digits are; none: they are none, or not that many.
std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, value, 16);
  return text.size() == kDigits && error == std::errc() && read == end ? std::optional(value)
                                                                       : std::nullopt;
}

std::optional<log::Id> parse_id(std::string_view text) {
  if (text.size() != 2 * kDigits) {
    return std::nullopt;
  }
  const auto high = parse_hex(text.substr(0, kDigits));
  const auto low = parse_hex(text.substr(kDigits));
  return high.has_value() && low.has_value() ? std::optional(log::Id{*high, *low}) : std::nullopt;
}

}  // namespace

std::string decision_text(const engine::Decision& decision) {
  return fmt::format(
      R"({{"format":{},"uid":"{}","lineage":"{}","epoch":{},"token":"{:016x}","after":"{:016x}"}})",
      kFormat, to_string(decision.uid), to_string(decision.lineage), decision.epoch.value,
      decision.token, decision.after);
}

std::optional<engine::Decision> parse_decision(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat) {
    return std::nullopt;
  }
  const auto string_of = [&json](const char* name) -> std::string {
    const auto at = json.find(name);
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  const auto uid = parse_id(string_of("uid"));
  const auto lineage = parse_id(string_of("lineage"));
  const auto token = parse_hex(string_of("token"));
  const auto after = parse_hex(string_of("after"));
  const auto epoch = json.find("epoch");
  if (!uid.has_value() || !lineage.has_value() || !token.has_value() || !after.has_value() ||
      epoch == json.end() || !epoch->is_number_unsigned()) {
    return std::nullopt;
  }
  return engine::Decision{*uid, *lineage, Epoch{epoch->get<std::uint64_t>()}, *token, *after};
}

}  // namespace rheon::connect::kafka
