#include "connect/files/csv_output.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "connect/files/csv_files.h"
#include "connect/io_task.h"

namespace rheon::connect::csv {
namespace {

constexpr std::chrono::milliseconds kTryAgainAfter{100};  // when there is no space
constexpr std::size_t kSpareBuffers = 4;

struct Buffer {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
  std::size_t size = 0;
};

/// Work for the I/O pool, done in order.
struct Item {
  enum class Kind { kAppend, kClose, kPrepare };
  Kind kind{};
  Buffer buffer;  // kAppend
};

Result<CsvFiles> make_files(const engine::SinkEnvironment& environment,
                            const engine::SinkFacts& recovered, CsvPlace place) {
  RHEON_ASSIGN(const CsvFacts facts, read_facts(recovered));
  return CsvFiles(environment.env->files(), std::move(place), facts);
}

}  // namespace

class CsvOutput::Queue {
 public:
  Queue(const engine::SinkEnvironment& environment, const engine::SinkFacts& recovered,
        CsvPlace place)
      : env_(*environment.env),
        files_(make_files(environment, recovered, std::move(place))),
        task_(env_.io(), environment.waker) {
    if (!files_) {
      error_ = files_.error();
    }
  }

  /// An empty buffer of at least this capacity.
  [[nodiscard]] Buffer take_buffer(std::size_t bytes) {
    if (bytes <= kBufferBytes && !spare_.empty()) {
      Buffer buffer = std::move(spare_.back());
      spare_.pop_back();
      return buffer;
    }
    const std::size_t capacity = std::max(bytes, kBufferBytes);
    return {std::unique_ptr<char[]>(new char[capacity]), capacity, 0};
  }

  void push(Item item) {
    waiting_bytes_ += item.buffer.size;
    unprepared_ = unprepared_ || item.kind != Item::Kind::kPrepare;
    items_.push_back(std::move(item));
    pump();
  }

  void prepare() {
    RHEON_ASSERT(!preparing_, "one epoch is prepared at a time");
    preparing_ = true;
    if (std::exchange(unprepared_, false)) {
      push({Item::Kind::kPrepare, {}});
    } else {
      ready_.emplace();  // nothing was written, so nothing has changed
    }
  }

  Result<bool> prepared(engine::SinkFactChanges& facts) {
    pump();
    if (error_.has_value()) {
      return tl::unexpected(*error_);
    }
    if (!ready_.has_value()) {
      return false;
    }
    facts.insert(facts.end(), ready_->begin(), ready_->end());
    ready_.reset();
    preparing_ = false;
    return true;
  }

  [[nodiscard]] Result<bool> blocked() {
    pump();
    if (error_.has_value()) {
      return tl::unexpected(*error_);
    }
    return waiting_bytes_ > kBlockedBytes || no_space_;
  }
  [[nodiscard]] bool no_space() const { return no_space_; }

  /// Starts work when there is some and none runs.
  void pump() {
    if (task_.pending()) {
      return;
    }
    collect();
    if (!items_.empty() && !error_.has_value()) {
      // Not beyond a kPrepare: what comes behind it would only delay the commit.
      do {
        working_.push_back(std::move(items_.front()));
        items_.pop_front();
      } while (!items_.empty() && working_.back().kind != Item::Kind::kPrepare);
      task_.submit([this] { work(); });
    }
  }

 private:
  /// On the I/O thread.
  void work() {
    for (done_ = 0; done_ < working_.size(); ++done_) {
      status_ = work_on(working_[done_]);
      if (!status_) {
        break;
      }
    }
    if (!status_ && may_try_again()) {
      const auto parker = env_.threads().make_parker();
      parker->park_until(env_.clock().monotonic() + kTryAgainAfter);
    }
  }

  Status work_on(const Item& item) {
    switch (item.kind) {
      case Item::Kind::kAppend:
        return files_->append({item.buffer.bytes.get(), item.buffer.size});
      case Item::Kind::kClose:
        return files_->close();
      case Item::Kind::kPrepare:
        RHEON_TRY(files_->sync());
        prepared_.emplace(files_->take_changes());
        return {};
    }
    return {};
  }

  [[nodiscard]] bool may_try_again() const {
    return status_.error().code == ErrorCode::kNoSpace &&
           working_[done_].kind == Item::Kind::kAppend;
  }

  /// Takes back what the last work has left.
  void collect() {
    if (working_.empty()) {
      return;
    }
    if (prepared_.has_value()) {
      ready_ = std::exchange(prepared_, std::nullopt);
    }
    no_space_ = !status_ && may_try_again();
    if (!status_ && !no_space_) {
      error_ = status_.error();
    }
    for (; done_ > 0; --done_) {
      recycle(working_.front().buffer);
      working_.pop_front();
    }
    // What is left goes first.
    for (; !working_.empty(); working_.pop_back()) {
      items_.push_front(std::move(working_.back()));
    }
  }

  void recycle(Buffer& buffer) {
    waiting_bytes_ -= buffer.size;
    if (buffer.capacity == kBufferBytes && spare_.size() < kSpareBuffers) {
      buffer.size = 0;
      spare_.push_back(std::move(buffer));
    }
  }

  env::Env& env_;
  std::vector<Buffer> spare_;
  std::deque<Item> items_;
  std::size_t waiting_bytes_ = 0;
  bool unprepared_ = false;  // something was pushed since the last prepare()
  bool preparing_ = false;
  bool no_space_ = false;
  std::optional<engine::SinkFactChanges> ready_;  // what prepare() has come to
  std::optional<Error> error_;

  // Touched by the I/O thread while the task is pending.
  Result<CsvFiles> files_;
  std::deque<Item> working_;
  std::size_t done_ = 0;
  Status status_;
  std::optional<engine::SinkFactChanges> prepared_;

  IoTask task_;  // last: goes first

 public:
  Buffer filling;  // the buffer that the cursor points into
};

CsvOutput::CsvOutput(const engine::SinkEnvironment& environment, const engine::SinkFacts& recovered,
                     std::string directory, std::uint64_t max_file_bytes)
    : queue_(std::make_unique<Queue>(
          environment, recovered,
          CsvPlace{std::move(directory), environment.shard, max_file_bytes})) {}

CsvOutput::~CsvOutput() = default;

void CsvOutput::make_room(char* at, std::size_t bytes) {
  Buffer& filling = queue_->filling;
  filling.size = static_cast<std::size_t>(at - filling.bytes.get());
  if (filling.size > 0) {
    queue_->push({Item::Kind::kAppend, std::move(filling)});
    filling = {};
  }
  if (filling.capacity < bytes) {
    filling = queue_->take_buffer(bytes);
  }
  at_ = filling.bytes.get();
  end_ = at_ + filling.capacity;
}

void CsvOutput::prepare() {
  if (at_ != queue_->filling.bytes.get()) {
    make_room(at_, 0);
  }
  queue_->prepare();
}

Result<bool> CsvOutput::prepared(engine::SinkFactChanges& facts) { return queue_->prepared(facts); }

Result<bool> CsvOutput::blocked() { return queue_->blocked(); }

bool CsvOutput::no_space() const { return queue_->no_space(); }

void CsvOutput::retire() {
  if (at_ != queue_->filling.bytes.get()) {
    make_room(at_, 0);
  }
  queue_->push({Item::Kind::kClose, {}});
}

}  // namespace rheon::connect::csv
