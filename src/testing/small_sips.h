#pragma once

// A source that gives only a few records at a time, so that a short input takes many steps.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connect/source.h"
#include "engine/source.h"

namespace rheon::testing {

template <class T>
class SippingReader final : public engine::SourceReader<T> {
 public:
  SippingReader(std::unique_ptr<engine::AnySourceReader> reader, std::uint64_t records)
      : reader_(std::move(reader)), records_(records) {}

  void assign(const engine::SourcePartition& partition) override { reader_->assign(partition); }
  Result<engine::Poll> poll(engine::SourceOutput<T>& output) override {
    Sip sip(output, records_);
    return reader_->poll_any(sip);
  }
  std::string position(std::size_t partition) const override {
    return reader_->position(partition);
  }
  std::optional<std::uint64_t> offset(std::size_t partition) const override {
    return reader_->offset(partition);
  }
  bool at_end(std::size_t partition) const override { return reader_->at_end(partition); }

 private:
  class Sip final : public engine::SourceOutput<T> {
   public:
    Sip(engine::SourceOutput<T>& output, std::uint64_t left) : output_(output), left_(left) {}
    void select(std::size_t partition) override { output_.select(partition); }
    void emit(const T& value, EventTime time) override {
      left_ -= left_ > 0 ? 1 : 0;
      output_.emit(value, time);
    }
    void emit_all(std::span<const T> values, EventTime time) override {
      left_ -= std::min<std::uint64_t>(left_, values.size());
      output_.emit_all(values, time);
    }
    void trace(const observe::TraceContext& context) override { output_.trace(context); }
    void watermark(EventTime time) override { output_.watermark(time); }
    void quarantine(std::string_view bytes, std::string_view place,
                    std::string_view reason) override {
      output_.quarantine(bytes, place, reason);
    }
    std::size_t room() const override { return std::min<std::size_t>(left_, output_.room()); }
    EventTime now() const override { return output_.now(); }

   private:
    engine::SourceOutput<T>& output_;
    std::uint64_t left_;
  };

  std::unique_ptr<engine::AnySourceReader> reader_;
  std::uint64_t records_;
};

template <class T>
class SippingConnector final : public engine::SourceConnector<T> {
 public:
  SippingConnector(std::shared_ptr<const engine::AnySourceConnector> source, std::uint64_t records)
      : source_(std::move(source)), records_(records) {}

  engine::SourceTraits traits() const override { return source_->traits(); }
  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override {
    return source_->discover(environment, known);
  }
  bool grows() const override { return source_->grows(); }
  std::unique_ptr<engine::SourceReader<T>> make_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<SippingReader<T>>(source_->make_any_reader(environment), records_);
  }

 private:
  std::shared_ptr<const engine::AnySourceConnector> source_;
  std::uint64_t records_;
};

/// The same source, which is asked to stop after about `records` in each poll.
template <class T>
[[nodiscard]] Source<T> small_sips(Source<T> source, std::uint64_t records) {
  return {std::make_shared<const SippingConnector<T>>(std::move(source.connector), records)};
}

}  // namespace rheon::testing
