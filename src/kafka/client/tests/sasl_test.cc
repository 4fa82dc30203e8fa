#include "kafka/client/sasl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rheon::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Gives the bytes of a text, eight at a time.
class Scripted final : public env::Random {
 public:
  std::uint64_t next() override { return ++n_; }

 private:
  std::uint64_t n_ = 0;
};

std::string said(const Result<std::optional<std::string>>& answer) {
  return !answer.has_value() ? "error: " + answer.error().message : answer->value_or("over");
}

TEST(SaslPlain, SaysItAllAtOnce) {
  Scripted random;
  const auto exchange = make_sasl_exchange({SaslMechanism::kPlain, "ada", "pass"}, random);
  EXPECT_EQ(exchange->mechanism(), "PLAIN");
  EXPECT_EQ(exchange->begin(), std::string("\0ada\0pass", 9));
  EXPECT_EQ(said(exchange->answer("")), "over");
}

TEST(SaslOAuthBearer, SendsTheToken) {
  Scripted random;
  const auto exchange = make_sasl_exchange({SaslMechanism::kOAuthBearer, "", "token"}, random);
  EXPECT_EQ(exchange->begin(),
            "n,,\x01"
            "auth=Bearer token\x01\x01");
  EXPECT_EQ(said(exchange->answer("")), "over");
  EXPECT_THAT(said(exchange->answer("{\"status\":\"invalid_token\"}")), HasSubstr("invalid_token"));
}

// RFC 7677, section 3.
constexpr const char* kNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr const char* kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr const char* kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr const char* kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

class SaslScram : public ::testing::Test {
 protected:
  std::unique_ptr<SaslExchange> exchange_ =
      make_scram_exchange({SaslMechanism::kScramSha256, "user", "pencil"}, kNonce);
};

TEST_F(SaslScram, SaysWhatTheStandardSays) {
  EXPECT_EQ(exchange_->mechanism(), "SCRAM-SHA-256");
  EXPECT_EQ(exchange_->begin(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(said(exchange_->answer(kServerFirst)), kClientFinal);
  EXPECT_EQ(said(exchange_->answer(kServerFinal)), "over");
  EXPECT_THAT(said(exchange_->answer(kServerFinal)), StartsWith("error")) << "once is enough";
}

TEST_F(SaslScram, RefusesABrokerThatDoesNotKnowThePassword) {
  ASSERT_EQ(said(exchange_->answer(kServerFirst)), kClientFinal);
  EXPECT_THAT(said(exchange_->answer("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")),
              HasSubstr("cannot prove"));
}

TEST_F(SaslScram, SaysWhyTheBrokerRefuses) {
  ASSERT_EQ(said(exchange_->answer(kServerFirst)), kClientFinal);
  EXPECT_THAT(said(exchange_->answer("e=invalid-proof")), HasSubstr("invalid-proof"));
}

TEST_F(SaslScram, RefusesWhatIsNoChallenge) {
  for (const char* bad : {
           "",
           "r=",
           "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",  // adds nothing to the nonce
           "r=somebodyelse12345678,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
           "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z%,i=4096",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=x",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=",
           "m=x,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
       }) {
    EXPECT_THAT(said(exchange_->answer(bad)), StartsWith("error")) << bad;
  }
}

TEST_F(SaslScram, BoundsTheWorkThatABrokerMayAskFor) {
  const std::string head = "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=";
  for (const char* count : {"0", "-1", "4095", "1000001", "99999999999"}) {
    EXPECT_THAT(said(exchange_->answer(head + count)), StartsWith("error")) << count;
  }
}

TEST(SaslScram512, QuotesTheUser) {
  const auto exchange =
      make_scram_exchange({SaslMechanism::kScramSha512, "a=b,c", "secret"}, "nonce");
  EXPECT_EQ(exchange->mechanism(), "SCRAM-SHA-512");
  EXPECT_EQ(exchange->begin(), "n,,n=a=3Db=2Cc,r=nonce");
}

TEST(SaslScram512, TakesAnotherNonceEachTime) {
  Scripted random;
  const Credentials credentials{SaslMechanism::kScramSha512, "user", "pencil"};
  const std::string first = make_sasl_exchange(credentials, random)->begin();
  EXPECT_NE(make_sasl_exchange(credentials, random)->begin(), first);
}

}  // namespace
}  // namespace rheon::kafka
