#include "api/stand_in_source.h"

#include <algorithm>
#include <string>
#include <utility>

#include "codec/wire.h"
#include "env/io_pool.h"

namespace rheon::detail {

namespace {

class PushedReader final : public engine::AnySourceReader {
 public:
  PushedReader(std::shared_ptr<Pushed> input, env::Waker* waker)
      : input_(std::move(input)), waker_(waker) {
    input_->add_reader(waker_);
  }
  ~PushedReader() override { input_->remove_reader(waker_); }

  void assign(const engine::SourcePartition& partition) override {
    next_ = partition.position.empty() ? 0 : codec::Reader(partition.position).varint();
  }
  Result<engine::Poll> poll_any(engine::AnySourceOutput& output) override {
    if (at_end(0)) {
      return input_->ended() ? engine::Poll::kEnded : engine::Poll::kIdle;
    }
    output.select(0);
    while (!at_end(0) && !output.full()) {
      const Pushed::Item& item = input_->items()[next_++];
      if (item.value != nullptr) {
        output.emit_any(item.value, item.time);
      } else {
        output.watermark(item.time);
        break;  // what comes behind it finds the watermark where the test has put it
      }
    }
    return engine::Poll::kWorked;
  }
  [[nodiscard]] std::string position(std::size_t /*partition*/) const override {
    std::string out;
    codec::put_varint(out, next_);
    return out;
  }
  [[nodiscard]] std::optional<std::uint64_t> offset(std::size_t /*partition*/) const override {
    return next_;
  }
  [[nodiscard]] bool at_end(std::size_t /*partition*/) const override {
    return next_ == input_->items().size();
  }

 private:
  std::shared_ptr<Pushed> input_;
  env::Waker* waker_;
  std::size_t next_ = 0;
};

class PushedConnector final : public engine::AnySourceConnector {
 public:
  explicit PushedConnector(std::shared_ptr<Pushed> input) : input_(std::move(input)) {}

  [[nodiscard]] engine::SourceTraits traits() const override { return {.kind = "test"}; }
  [[nodiscard]] Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& /*environment*/,
      const std::vector<engine::SourcePartition>& known) const override {
    return known.empty() ? std::vector<engine::SourcePartition>{{"0", "pushed by the test", ""}}
                         : known;
  }
  [[nodiscard]] std::unique_ptr<engine::AnySourceReader> make_any_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<PushedReader>(input_, environment.waker);
  }

 private:
  std::shared_ptr<Pushed> input_;
};

}  // namespace

Pushed::Pushed(const std::type_info& type) : type_(type) {}

Pushed::~Pushed() = default;

void Pushed::push(const void* value, EventTime time) {
  items_.push_back({time, value});
  wake();
}

void Pushed::promise(EventTime watermark) {
  items_.push_back({watermark, nullptr});
  wake();
}

void Pushed::end() {
  ended_ = true;
  wake();
}

void Pushed::add_reader(env::Waker* waker) { wakers_.push_back(waker); }

void Pushed::remove_reader(env::Waker* waker) {
  wakers_.erase(std::find(wakers_.begin(), wakers_.end(), waker));
}

void Pushed::wake() {
  for (env::Waker* waker : wakers_) {
    waker->wake();
  }
}

std::shared_ptr<const engine::AnySourceConnector> make_pushed_connector(
    std::shared_ptr<Pushed> input) {
  return std::make_shared<PushedConnector>(std::move(input));
}

}  // namespace rheon::detail
