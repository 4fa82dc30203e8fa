#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "env/process.h"

namespace rheon::env::fake {

/// A process whose input the test sets and whose output it reads.
class FakeProcess : public Process {
 public:
  std::uint32_t id() override { return 4242; }
  unsigned cores() override { return cores_; }
  Usage usage() override { return {}; }
  bool stop_requested() override { return watched_ && stop_requested_; }
  void watch_stop() override { watched_ = true; }
  Result<std::size_t> read_input(std::span<std::byte> into) override {
    const std::size_t count = input_.copy(reinterpret_cast<char*>(into.data()), into.size());
    input_.erase(0, count);
    return count;
  }
  Status write(Stream stream, std::span<const std::byte> bytes) override {
    if (stream == Stream::kOut && output_closed_) {
      return fail(ErrorCode::kClosed, "nobody reads the standard output any more");
    }
    (stream == Stream::kOut ? output_ : errors_) += as_text(bytes);
    return {};
  }
  bool is_terminal(Stream /*stream*/) override { return terminal_; }
  unsigned width(Stream /*stream*/) override { return width_; }

  void request_stop() { stop_requested_ = true; }
  void set_cores(unsigned cores) { cores_ = cores; }
  void set_terminal(bool terminal, unsigned width = 0) {
    terminal_ = terminal;
    width_ = width;
  }
  /// Nobody reads the standard output from now on.
  void close_output() { output_closed_ = true; }
  /// What read_input() gives from now on, before the end of the input.
  void set_input(std::string text) { input_ = std::move(text); }
  [[nodiscard]] const std::string& output() const { return output_; }
  [[nodiscard]] const std::string& errors() const { return errors_; }
  /// A new process: no stop is asked for, output starts empty. The input stays.
  void restart() {
    watched_ = stop_requested_ = output_closed_ = false;
    output_.clear();
    errors_.clear();
  }

 private:
  unsigned cores_ = 1;
  bool watched_ = false;
  std::atomic<bool> stop_requested_{false};  // set from any thread
  bool terminal_ = false;
  unsigned width_ = 0;
  bool output_closed_ = false;
  std::string input_;
  std::string output_;
  std::string errors_;
};

}  // namespace rheon::env::fake
