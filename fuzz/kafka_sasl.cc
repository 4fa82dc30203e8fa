// What a broker says while a client tells it who it is (kafka/client/sasl.h): to each mechanism, up
// to four messages.

#include <algorithm>
#include <cctype>

#include "base/assert.h"
#include "codec/wire.h"
#include "env/fake/fake_clock.h"
#include "kafka/client/sasl.h"
#include "support/input.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

// RFC 7677, section 3.
constexpr const char* kNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr const char* kFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr const char* kFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

/// A client does at most a million iterations, which is most of a second: too long for a fuzzer.
bool asks_for_much_work(std::string_view said) {
  const std::size_t at = said.find("i=");
  const std::string_view number = said.substr(at == std::string_view::npos ? said.size() : at + 2);
  return std::count_if(number.begin(), number.end(),
                       [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }) > 4;
}

}  // namespace

Seeds seeds() {
  const auto said = [](char mechanism, std::initializer_list<std::string_view> messages) {
    std::string out(1, mechanism);
    for (const std::string_view message : messages) {
      codec::put_bytes(out, message);
    }
    return out;
  };
  return {{"scram_sha_256", said(1, {kFirst, kFinal})},
          {"scram_sha_512", said(2, {kFirst, kFinal})},
          {"scram_error", said(1, {"e=unknown-user"})},
          {"plain", said(0, {""})},
          {"oauthbearer", said(3, {R"({"status":"invalid_token"})"})}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const auto mechanism = static_cast<kafka::SaslMechanism>(in.byte() % 4);
  const kafka::Credentials credentials{mechanism, "user", "pencil"};
  const bool is_scram = mechanism == kafka::SaslMechanism::kScramSha256 ||
                        mechanism == kafka::SaslMechanism::kScramSha512;
  env::fake::FakeRandom random(1);
  const auto exchange = is_scram ? kafka::make_scram_exchange(credentials, fuzz::kNonce)
                                 : kafka::make_sasl_exchange(credentials, random);
  static_cast<void>(exchange->begin());
  for (int message = 0; message < 4; ++message) {
    const std::string_view said = in.text();
    if (fuzz::asks_for_much_work(said)) {
      return 0;
    }
    const auto answer = exchange->answer(said);
    if (!answer.has_value() || !answer->has_value()) {
      const bool proves = mechanism == kafka::SaslMechanism::kScramSha256 && message == 1 &&
                          said.starts_with(std::string_view(fuzz::kFinal).substr(0, 44));
      RHEON_ASSERT(!is_scram || !answer.has_value() || proves,
                   "a broker was believed that has not proved that it knows the password");
      return 0;
    }
  }
  return 0;
}
