#include "sim/oracles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "env/fake/fake_env.h"
#include "env/files.h"

namespace rheon::sim {
namespace {

using ::testing::HasSubstr;

/// What the oracles say of files that a job should not have left.
class OraclesTest : public ::testing::Test {
 protected:
  OraclesTest() {
    scenario_.expected = {{"a", {1, 2, 3}}, {"b", {1}}};
    scenario_.ledger["operator/counts/in"] = 4;
    EXPECT_TRUE(env_.files().make_directories("out/.rheon"));
  }
  void write(const std::string& path, const std::string& text) {
    auto file = env_.files().open(path, env::OpenMode::kCreateNew);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->write_at(0, as_bytes(text)));
  }
  std::string says(const std::string& csv, const std::string& committed) {
    write("out/0-1.csv", csv);
    write("out/.rheon/committed", committed);
    const Status ended = Oracles(env_, scenario_, caused_).check_end();
    return ended.has_value() ? "" : ended.error().message;
  }
  std::string says_of_ledger(const engine::Ledger& ledger) {
    const Status checked = Oracles(env_, scenario_, caused_).check_ledger(ledger);
    return checked.has_value() ? "" : checked.error().message;
  }

  env::fake::FakeEnv env_{1};
  Scenario scenario_;
  Caused caused_;
};

TEST_F(OraclesTest, FindNothingWrongInTheRightFiles) {
  EXPECT_THAT(says("a,1\na,2\nb,1\na,3\n", "0-1.csv 16 1\n"), HasSubstr("job.data"))
      << "only that there is no log";
}

TEST_F(OraclesTest, FindWhatIsMissing) {
  EXPECT_THAT(says("a,1\na,3\nb,1\n", "0-1.csv 12 1\n"), HasSubstr("key 'a' should have 3 values"));
}

TEST_F(OraclesTest, FindWhatIsThereTwice) {
  EXPECT_THAT(says("a,1\na,2\na,2\na,3\nb,1\n", "0-1.csv 20 1\n"), HasSubstr("for key 'a'"));
}

TEST_F(OraclesTest, FindWhatIsInDisorder) {
  EXPECT_THAT(says("a,2\na,1\na,3\nb,1\n", "0-1.csv 16 1\n"), HasSubstr("for key 'a'"));
}

TEST_F(OraclesTest, FindAKeyThatTheInputDoesNotHave) {
  EXPECT_THAT(says("a,1\na,2\na,3\nb,1\nc,1\n", "0-1.csv 20 1\n"),
              HasSubstr("key 'c', which the input does not have"));
}

TEST_F(OraclesTest, FindATornLine) {
  EXPECT_THAT(says("a,1\na,2\na,3\nb,", "0-1.csv 14 1\n"), HasSubstr("torn line"));
}

TEST_F(OraclesTest, FindThatReadersAreToldLess) {
  EXPECT_THAT(says("a,1\na,2\na,3\nb,1\n", "0-1.csv 12 1\n"), HasSubstr("readers are not told"));
}

TEST_F(OraclesTest, FindWhatTheLedgerDoesNotSay) {
  engine::Ledger ledger;
  EXPECT_THAT(says_of_ledger(ledger), HasSubstr("operator/counts/in = 0, it was 4"));
  ledger.set("operator/counts/in", 3);
  ledger.set("operator/counts/out", 3);
  EXPECT_THAT(says_of_ledger(ledger), HasSubstr("counts"));
}

}  // namespace
}  // namespace rheon::sim
