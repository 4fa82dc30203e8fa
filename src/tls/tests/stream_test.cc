#include "tls/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "base/bytes.h"
#include "env/fake/fake_threads.h"
#include "tls/context.h"
#include "tls/tests/server.h"

namespace rheon::tls {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rheon-tls-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~TlsTest() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name, const std::string& content) {
    const auto path = directory_ / name;
    std::ofstream(path) << content;
    return path.string();
  }
  Tls trusting(const Authority& authority) {
    return {.authorities = file("authority.pem", authority.certificate_pem())};
  }
  void begin(const Tls& options, const std::string& host = "kafka") {
    auto context = Context::make(options);
    ASSERT_TRUE(context.has_value()) << context.error().message;
    stream_ = (*context)->encrypt(network_.connect(host, 9093, parker_), host, 9093);
  }
  /// What comes back, as far as it is there when nothing moves any more; or the error's sentence.
  std::string say(std::string text) {
    std::string come;
    std::array<char, 1000> room{};
    for (int still = 0; still < 2000; ++still) {
      if (!text.empty()) {
        const auto taken = stream_->write(as_bytes(text));
        if (!taken.has_value()) {
          return remember(taken.error());
        }
        text.erase(0, *taken);
        still = *taken > 0 ? 0 : still;
      }
      const auto read = stream_->read(std::as_writable_bytes(std::span(room)));
      if (!read.has_value()) {
        return remember(read.error());
      }
      come.append(room.data(), *read);
      still = *read > 0 ? 0 : still;
    }
    return come;
  }
  std::string remember(const Error& error) {
    code_ = error.code;
    return error.message;
  }
  std::string refusal(const Tls& options) {
    const auto context = Context::make(options);
    return context.has_value() ? "" : context.error().message;
  }

  Authority authority_;
  env::fake::FakeParker parker_;
  env::fake::FakeNetwork network_;
  std::unique_ptr<env::NetworkStream> stream_;
  std::optional<ErrorCode> code_;
  std::filesystem::path directory_;
};

TEST_F(TlsTest, CarriesBytesBothWays) {
  Server server(authority_.issue("DNS:kafka"));
  server.listen(network_, "kafka", 9093);
  begin(trusting(authority_));
  EXPECT_EQ(say("words"), "WORDS");
  EXPECT_EQ(say("more words"), "MORE WORDS");
}

TEST_F(TlsTest, CarriesThemInSmallPieces) {
  Server server(authority_.issue("DNS:kafka"));
  server.listen(network_, "kafka", 9093);
  network_.most_bytes = 97;
  begin(trusting(authority_));
  const std::string many(100'000, 'a');
  const std::string come = say(many);
  EXPECT_TRUE(come == std::string(many.size(), 'A')) << come.size() << ": " << come.substr(0, 100);
}

TEST_F(TlsTest, SpeaksTheVersionBeforeToo) {
  Server server(authority_.issue("DNS:kafka"));
  server.speak_at_most(TLS1_2_VERSION);
  server.listen(network_, "kafka", 9093);
  begin(trusting(authority_));
  EXPECT_EQ(say("words"), "WORDS");
}

TEST_F(TlsTest, DoesNotSpeakOlderOnes) {
  Server server(authority_.issue("DNS:kafka"));
  server.speak_at_most(TLS1_1_VERSION);
  server.listen(network_, "kafka", 9093);
  begin(trusting(authority_));
  EXPECT_THAT(say("words"), HasSubstr("no way to talk TLS with kafka:9093"));
  EXPECT_EQ(code_, ErrorCode::kRefused);
}

TEST_F(TlsTest, AnAddressIsAnIdentityToo) {
  Server server(authority_.issue("IP:127.0.0.1"));
  server.listen(network_, "127.0.0.1", 9093);
  begin(trusting(authority_), "127.0.0.1");
  EXPECT_EQ(say("words"), "WORDS");
}

TEST_F(TlsTest, RefusesACertificateForAnotherName) {
  for (const std::string host : {"kafka", "127.0.0.1"}) {
    Server server(authority_.issue("DNS:other,IP:127.0.0.2"));
    server.listen(network_, host, 9093);
    begin(trusting(authority_), host);
    EXPECT_THAT(say("words"), AllOf(HasSubstr(host + ":9093"), HasSubstr("for other names")));
    EXPECT_EQ(code_, ErrorCode::kRefused);
  }
}

TEST_F(TlsTest, RefusesWhomNobodyTrusted) {
  Server server(Authority().issue("DNS:kafka"));
  server.listen(network_, "kafka", 9093);
  begin(trusting(authority_));
  EXPECT_THAT(say("words"),
              AllOf(HasSubstr("kafka:9093 is not trusted"), HasSubstr("authorities")));
  EXPECT_EQ(code_, ErrorCode::kRefused);
  EXPECT_EQ(server.agreed(), 0);
}

TEST_F(TlsTest, WithoutAuthoritiesThoseOfTheSystemCount) {
  Server server(authority_.issue("DNS:kafka"));
  server.listen(network_, "kafka", 9093);
  begin({});
  EXPECT_THAT(say("words"), HasSubstr("is not trusted"));
}

TEST_F(TlsTest, RefusesACertificateThatHasRunOut) {
  Server server(authority_.issue("DNS:kafka", /*seconds=*/1800));
  server.listen(network_, "kafka", 9093);
  begin(trusting(authority_));
  EXPECT_THAT(say("words"), HasSubstr("expired"));
}

TEST_F(TlsTest, SaysThatSomethingElseAnswers) {
  network_.listen("kafka", 9093, [] {
    return [](std::string_view) { return std::string("HTTP/1.1 400 Bad Request\r\n\r\n"); };
  });
  begin(trusting(authority_));
  EXPECT_THAT(say("words"), HasSubstr("does not answer with TLS"));
  EXPECT_EQ(code_, ErrorCode::kIo) << "it may be somebody in front of a broker that starts";
}

TEST_F(TlsTest, SaysThatNobodyAnswersWithTls) {
  network_.listen("kafka", 9093, [this] {
    return [this](std::string_view) {
      network_.hang_up("kafka", 9093);  // a broker hangs up on what is no request
      return std::string();
    };
  });
  begin(trusting(authority_));
  EXPECT_THAT(say("words"), AllOf(HasSubstr("has closed the connection"), HasSubstr("TLS")));
  EXPECT_EQ(code_, ErrorCode::kIo);
}

TEST_F(TlsTest, SaysNothingOfTlsWhenNobodyIsThere) {
  begin(trusting(authority_));
  EXPECT_EQ(say("words"), "cannot connect to 'kafka:9093': Connection refused");
}

TEST_F(TlsTest, ShowsItsCertificate) {
  Server server(authority_.issue("DNS:kafka"));
  server.ask_for_certificate(authority_.certificate_pem());
  server.listen(network_, "kafka", 9093);
  const Identity client = authority_.issue("");
  Tls options = trusting(authority_);
  options.certificate = file("client.pem", client.certificate_pem());
  options.key = file("client.key", client.key_pem());
  begin(options);
  EXPECT_EQ(say("words"), "WORDS");
}

TEST_F(TlsTest, SaysThatACertificateIsWanted) {
  Server server(authority_.issue("DNS:kafka"));
  server.ask_for_certificate(authority_.certificate_pem());
  server.listen(network_, "kafka", 9093);
  begin(trusting(authority_));
  EXPECT_THAT(say("words"),
              AllOf(HasSubstr("kafka:9093 does not let us in"),
                    HasSubstr("no certificate of our own"), HasSubstr("tls.certificate")));
  EXPECT_EQ(code_, ErrorCode::kRefused);
}

TEST_F(TlsTest, SaysThatItsCertificateIsNotTaken) {
  Server server(authority_.issue("DNS:kafka"));
  server.ask_for_certificate(authority_.certificate_pem());
  server.listen(network_, "kafka", 9093);
  const Identity client = Authority().issue("");
  Tls options = trusting(authority_);
  options.certificate = file("client.pem", client.certificate_pem());
  options.key = file("client.key", client.key_pem());
  begin(options);
  EXPECT_THAT(say("words"), AllOf(HasSubstr("our certificate"), HasSubstr("tls.key")));
}

TEST_F(TlsTest, ReadsWhatCameBeforeTheEnd) {
  Server server(authority_.issue("DNS:kafka"));
  server.listen(network_, "kafka", 9093);
  begin(trusting(authority_));
  EXPECT_EQ(say("words"), "WORDS");
  network_.hang_up("kafka", 9093);
  EXPECT_EQ(say("more"), "kafka:9093 has closed the connection");
}

TEST_F(TlsTest, SaysWhichFileIsWrong) {
  const Identity client = authority_.issue("");
  const Identity other = authority_.issue("");
  const std::string good = file("good.pem", client.certificate_pem());
  const std::string key = file("good.key", client.key_pem());
  const std::string no_pem = file("no.pem", "hello");
  EXPECT_THAT(refusal({.authorities = "/none.pem"}), HasSubstr("'/none.pem'"));
  EXPECT_THAT(refusal({.authorities = no_pem}),
              AllOf(HasSubstr("no.pem"), HasSubstr("tls.authorities")));
  EXPECT_THAT(refusal({.certificate = no_pem, .key = key}), HasSubstr("tls.certificate"));
  EXPECT_THAT(refusal({.certificate = good}), HasSubstr("one of them is missing"));
  EXPECT_THAT(refusal({.certificate = good, .key = no_pem}), HasSubstr("tls.key"));
  EXPECT_THAT(refusal({.certificate = good, .key = file("other.key", other.key_pem())}),
              HasSubstr("tls.key"));
  EXPECT_THAT(refusal({.certificate = good, .key = file("closed.key", client.key_pem("secret"))}),
              HasSubstr("without a passphrase"));
  EXPECT_EQ(refusal({.certificate = good, .key = key}), "");
}

}  // namespace
}  // namespace rheon::tls
