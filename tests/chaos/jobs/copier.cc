// The job of T-kafka-refusals (tests/chaos/kafka_refusals.py): copies a topic to another one, with
// the security that its parameters describe.

#include <rheon/rheon.h>

using namespace rheon;

void copy(Job& job) {
  auto input = job.param<std::string>("input", "kafka://HOST:PORT/TOPIC");
  auto output = job.param<std::string>("output", "kafka://HOST:PORT/TOPIC");
  auto tls = job.param<bool>("tls", "encrypt", false);
  auto authorities = job.param<std::string>("authorities", "PEM file", "");
  auto user = job.param<std::string>("user", "for SASL", "");
  auto password = job.param<std::string>("password", "for SASL", "");
  auto mechanism =
      job.param<std::string>("mechanism", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", "SCRAM-SHA-512");
  auto sent_plainly = job.param<bool>("allow-plaintext", "everybody may read along", false);

  kafka::Security security;
  if (tls) {
    security.tls = Tls{.authorities = authorities};
  }
  if (!std::string(user).empty()) {
    const std::string how = mechanism;
    security.credentials =
        kafka::Credentials{how == "PLAIN"           ? kafka::SaslMechanism::kPlain
                           : how == "SCRAM-SHA-256" ? kafka::SaslMechanism::kScramSha256
                                                    : kafka::SaslMechanism::kScramSha512,
                           user, password};
  }
  security.allow_plaintext = sent_plainly;
  job.from("messages", kafka::messages(input, {.security = security}))
      .map("values", [](const kafka::Message& message) { return *message.value; })
      .to("copies", kafka::out(output, {.security = security}));
}

int main(int argc, char** argv) { return rheon::main("copier", copy, argc, argv); }
