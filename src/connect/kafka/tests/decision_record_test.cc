#include "connect/kafka/decision_record.h"

#include <gtest/gtest.h>

namespace rheon::connect::kafka {
namespace {

const engine::Decision kOne{
    {0x0123456789abcdef, 0x1}, {0xfedcba9876543210, 0x2}, Epoch{1234}, 0xc0ffee, 0x7ea};

TEST(DecisionRecord, HasTheTextOfItsPage) {
  EXPECT_EQ(decision_text(kOne), R"({"format":1,"uid":"0123456789abcdef0000000000000001",)"
                                 R"("lineage":"fedcba98765432100000000000000002","epoch":1234,)"
                                 R"("token":"0000000000c0ffee","after":"00000000000007ea"})");
}

TEST(DecisionRecord, IsRead) {
  EXPECT_EQ(parse_decision(decision_text(kOne)), kOne);
  engine::Decision last = kOne;
  last.epoch = Epoch{UINT64_MAX};
  last.token = UINT64_MAX;
  EXPECT_EQ(parse_decision(decision_text(last)), last);
}

TEST(DecisionRecord, IsNothingElse) {
  for (const char* text :
       {"", "{}", "[]", "1", "{", R"({"format":2})", R"({"format":"1"})", R"({"format":1})",
        R"({"format":1,"uid":1,"lineage":2,"epoch":3,"token":4})"}) {
    EXPECT_EQ(parse_decision(text), std::nullopt) << text;
  }
  const std::string good = decision_text(kOne);
  for (const auto& [from, to] : {std::pair("1234", "-1"), std::pair("1234", "1.5"),
                                 std::pair("c0ffee", "c0ffe"), std::pair("0c0ffee", "xc0ffee"),
                                 std::pair("0123", "+123"), std::pair("\"uid\"", "\"u\"")}) {
    std::string broken = good;
    broken.replace(broken.find(from), std::string_view(from).size(), to);
    EXPECT_EQ(parse_decision(broken), std::nullopt) << broken;
  }
}

}  // namespace
}  // namespace rheon::connect::kafka
