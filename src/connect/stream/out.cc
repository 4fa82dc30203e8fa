#include "connect/stream/out.h"

#include <algorithm>

#include "engine/sink.h"

namespace rheon {
namespace connect::stream {
namespace {

class StreamSinkWriter final : public engine::SinkParticipant {
 public:
  StreamSinkWriter(const engine::SinkEnvironment& environment,
                   const log::files::StreamDeclaration& stream, bool keyed, WriteRecords write)
      : output_(environment, stream.name, stream.partitions, stream.type, keyed), write_(write) {}

  void write_batch(const engine::BatchBase& batch) override { write_(output_, batch); }
  void watermark(EventTime watermark, bool idle) override { output_.watermark(watermark, idle); }
  std::uint64_t uncommitted_bytes() const override { return output_.held_bytes(); }
  void prepare(Epoch /*epoch*/) override { output_.prepare(); }
  bool has_more_to_say() const override { return output_.has_unsaid_marks(); }
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& appends) override {
    output_.take(appends);
    return true;
  }

 private:
  StreamOutput output_;
  WriteRecords write_;
};

class StreamSink final : public engine::AnySinkConnector {
 public:
  StreamSink(log::files::StreamDeclaration stream, bool keyed, WriteRecords write)
      : stream_(std::move(stream)), keyed_(keyed), write_(write) {}
  engine::SinkTraits traits() const override {
    return {.kind = "stream", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<StreamSinkWriter>(environment, stream_, keyed_, write_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }
  std::vector<log::files::StreamDeclaration> declared_streams() const override { return {stream_}; }

 private:
  log::files::StreamDeclaration stream_;
  bool keyed_;
  WriteRecords write_;
};

}  // namespace
}  // namespace connect::stream

namespace streams {

Out::Out(std::string name, const OutOptions& options) : name_(std::move(name)), options_(options) {}

std::shared_ptr<const engine::AnySinkConnector> Out::connector(
    std::string type, bool keyed, connect::stream::WriteRecords write) const {
  log::files::StreamDeclaration stream;
  stream.name = name_;
  stream.type = std::move(type);
  stream.partitions = std::max<std::uint32_t>(options_.partitions, 1);
  stream.retention.time = options_.retention;
  stream.retention.bytes = options_.retention_bytes;
  return std::make_shared<connect::stream::StreamSink>(std::move(stream), keyed, write);
}

}  // namespace streams
}  // namespace rheon
