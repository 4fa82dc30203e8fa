#include <rheon/rheon.h>

constexpr auto letters = [](std::string_view line, rheon::Emit<std::string_view>& emit) {
  emit(line);
};

#include "README-1"
