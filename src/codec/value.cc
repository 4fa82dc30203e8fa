#include "codec/value.h"

namespace rheon::codec::detail {

std::string integer_schema(bool is_signed, std::size_t bytes) {
  return (is_signed ? "i" : "u") + std::to_string(8 * bytes);
}

void add_field(std::string& schema, std::string_view name, const std::string& type) {
  if (schema.back() != '{') {
    schema += ',';
  }
  schema += name;
  schema += ':';
  schema += type;
}

}  // namespace rheon::codec::detail
