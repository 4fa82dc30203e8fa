#include "codec/key.h"

namespace rheon::codec {

void append_key_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    out.push_back(c);
    if (c == '\0') {
      out.push_back('\xff');
    }
  }
  out.push_back('\0');
  out.push_back('\1');
}

bool take_key_text(std::string_view& in, std::string& text) {
  text.clear();
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '\0') {
      text.push_back(in[i]);
      continue;
    }
    if (++i == in.size()) {
      return false;
    }
    if (in[i] == '\1') {
      in.remove_prefix(i + 1);
      return true;
    }
    if (in[i] != '\xff') {
      return false;
    }
    text.push_back('\0');
  }
  return false;
}

}  // namespace rheon::codec
