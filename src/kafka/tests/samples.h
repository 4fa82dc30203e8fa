#pragma once

// Bytes that Kafka's own classes have made, see samples/Samples.java.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

namespace rheon::kafka::testing {

/// The sample of this name; the test fails when there is none.
inline const std::string& sample(const std::string& name) {
  static const std::map<std::string, std::string> all = [] {
    std::map<std::string, std::string> samples;
    std::ifstream in("src/kafka/tests/samples/samples.txt");
    std::string key;
    for (std::string hex; in >> key >> hex;) {
      std::string& bytes = samples[key];
      for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
      }
    }
    return samples;
  }();
  static const std::string none;
  const auto found = all.find(name);
  EXPECT_NE(found, all.end()) << "no sample '" << name << "'";
  return found == all.end() ? none : found->second;
}

}  // namespace rheon::kafka::testing
