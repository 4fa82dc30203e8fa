#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "examples/sessions/sessions.h"
#include "testing-1"
#include "testing-2"

struct Order {
  std::uint64_t number = 0;
  std::uint64_t amount = 0;
};
RHEON_FIELDS(Order, number, amount)

void write_orders(rheon::env::Files& files, const std::string& path);
rheon::Source<Order> orders(const std::string& path);
std::vector<std::string> orders_in(rheon::env::Files& files, const std::string& directory);

#include "testing-3"
#include "testing-4"
