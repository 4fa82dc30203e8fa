#include "connect/console/lines.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connect/io_task.h"
#include "connect/line_splitter.h"

namespace rheon::console {
namespace {

using connect::IoTask;
using connect::LineLimits;
using connect::LineSplitter;
using engine::Poll;

constexpr std::size_t kChunkBytes = 64 << 10;
constexpr std::string_view kIdPrefix = "stdin-";

/// The standard input of this process. Reading it cannot be called off: a read that was begun goes
/// on when its reader is gone, and the next reader takes what it brings.
class Input {
 public:
  enum class State { kNothing, kReading, kFilled, kEnded, kStopped };

  /// Blocks; on an I/O thread.
  void read(env::Process& process) {
    next_.resize(kChunkBytes);
    auto got = process.read_input(std::as_writable_bytes(std::span(next_)));
    const std::lock_guard lock(mutex_);
    if (!got) {
      error_ = got.error();
      state_ = State::kEnded;
    } else if (*got > 0) {
      next_.resize(*got);
      state_ = State::kFilled;
    } else {
      state_ = process.stop_requested() ? State::kStopped : State::kEnded;
    }
    if (waker_ != nullptr) {
      waker_->wake();
    }
  }

  /// True when a read is to be started now.
  [[nodiscard]] bool begin() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kNothing) {
      return false;
    }
    state_ = State::kReading;
    return true;
  }
  /// A filled chunk is swapped with `chunk`.
  [[nodiscard]] Result<State> take(std::vector<char>& chunk) {
    const std::lock_guard lock(mutex_);
    if (error_.has_value()) {
      return tl::unexpected(*error_);
    }
    const State state = state_;
    if (state == State::kFilled) {
      chunk.swap(next_);
      state_ = State::kNothing;
    }
    return state;
  }
  /// Who is woken when a read has ended; null: nobody.
  void attach(env::Waker* waker) {
    const std::lock_guard lock(mutex_);
    waker_ = waker;
  }

 private:
  std::mutex mutex_;
  State state_ = State::kNothing;
  env::Waker* waker_ = nullptr;
  std::optional<Error> error_;
  std::vector<char> next_;  // of the I/O thread while a read is under way
};

class ConsoleReader : public engine::SourceReader<std::string_view> {
 public:
  ConsoleReader(const engine::SourceEnvironment& environment, std::shared_ptr<Input> input,
                const LineLimits& limits)
      : env_(*environment.env),
        waker_(environment.waker),
        input_(std::move(input)),
        splitter_(limits, "standard input", 0) {}
  ~ConsoleReader() override {
    if (assigned_) {
      input_->attach(nullptr);
    }
    if (task_ != nullptr) {
      task_->abandon();
    }
  }
  ConsoleReader(const ConsoleReader&) = delete;
  ConsoleReader& operator=(const ConsoleReader&) = delete;

  void assign(const engine::SourcePartition& /*partition*/) override {
    assigned_ = true;
    input_->attach(waker_);
  }

  Result<Poll> poll(engine::SourceOutput<std::string_view>& output) override {
    if (!assigned_ || ended_) {
      return Poll::kEnded;
    }
    output.select(0);
    if (!has_chunk_) {
      RHEON_ASSIGN(const Input::State state, input_->take(chunk_));
      switch (state) {
        case Input::State::kFilled:
          break;
        case Input::State::kNothing:
        case Input::State::kReading:
          read_ahead();
          return Poll::kWaiting;
        case Input::State::kStopped:
          return Poll::kIdle;
        case Input::State::kEnded:
          splitter_.finish(output);
          ended_ = true;
          return Poll::kEnded;
      }
      splitter_.feed({chunk_.data(), chunk_.size()});
      read_ahead();
    }
    has_chunk_ = !splitter_.run(output);
    return Poll::kWorked;
  }

  std::string position(std::size_t /*partition*/) const override {
    return std::to_string(splitter_.offset());
  }
  std::optional<std::uint64_t> offset(std::size_t /*partition*/) const override {
    return splitter_.offset();
  }
  bool at_end(std::size_t /*partition*/) const override { return ended_; }

 private:
  void read_ahead() {
    if (task_ != nullptr && task_->pending()) {
      return;  // the read before has brought its chunk and is about to return
    }
    if (!input_->begin()) {
      return;
    }
    if (task_ == nullptr) {
      task_ = std::make_unique<IoTask>(env_.io(), nullptr);
    }
    task_->submit([input = input_, &process = env_.process()] { input->read(process); });
  }

  env::Env& env_;
  env::Waker* waker_;
  std::shared_ptr<Input> input_;
  LineSplitter splitter_;
  std::vector<char> chunk_;
  bool assigned_ = false;
  bool has_chunk_ = false;
  bool ended_ = false;
  std::unique_ptr<IoTask> task_;
};

class ConsoleConnector : public engine::SourceConnector<std::string_view> {
 public:
  explicit ConsoleConnector(const LinesOptions& options)
      : limits_{options.max_line_bytes, options.require_utf8} {}

  engine::SourceTraits traits() const override {
    return {.kind = "standard input", .replayable = false, .bounded = true};
  }

  /// Each run of a job reads another input: a new partition, so that a job which has drained does
  /// not take it for the one that it has read.
  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& /*environment*/,
      const std::vector<engine::SourcePartition>& known) const override {
    std::uint64_t last = 0;
    for (const engine::SourcePartition& partition : known) {
      if (partition.id.starts_with(kIdPrefix)) {
        last = std::max<std::uint64_t>(last, std::stoull(partition.id.substr(kIdPrefix.size())));
      }
    }
    return std::vector<engine::SourcePartition>{
        {std::string(kIdPrefix) + std::to_string(last + 1), "standard input", ""}};
  }

  std::unique_ptr<engine::SourceReader<std::string_view>> make_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<ConsoleReader>(environment, input_, limits_);
  }

 private:
  LineLimits limits_;
  std::shared_ptr<Input> input_ = std::make_shared<Input>();
};

}  // namespace

Source<std::string_view> lines(const LinesOptions& options) {
  return {std::make_shared<const ConsoleConnector>(options)};
}

}  // namespace rheon::console
