#include <rheon/rheon.h>

#include <string>
#include <string_view>

using namespace rheon;

constexpr auto words_of = [](std::string_view line, Emit<std::string_view>& emit) { emit(line); };

void two_jobs(Job& job, const std::string& input, const std::string& output) {
#include "streams-1"
}
