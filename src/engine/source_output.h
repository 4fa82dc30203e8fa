#pragma once

// Where a source's reader (engine/source.h) puts what it has read.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/types.h"
#include "observe/trace.h"

namespace rheon::engine {

/// Where a poll puts records: the same for every type of record. Valid during the poll only.
class AnySourceOutput {
 public:
  virtual ~AnySourceOutput() = default;
  /// Records that follow come from this partition: its index in order of assign(), from 0.
  virtual void select(std::size_t partition) = 0;
  /// `value` points to a record of the source's type. See SourceOutput::emit().
  virtual void emit_any(const void* value, EventTime time) = 0;
  /// Whether it is of use to look for traces.
  [[nodiscard]] virtual bool wants_traces() const { return true; }
  /// The record that was emitted last is followed.
  virtual void trace(const observe::TraceContext& /*context*/) {}
  /// The input itself promises that the selected partition brings no earlier event time any more.
  virtual void watermark(EventTime /*time*/) {}
  /// A piece of input that cannot be a record: goes to the quarantine stream, with its place.
  virtual void quarantine(std::string_view bytes, std::string_view place,
                          std::string_view reason) = 0;
  /// Records that this poll may still emit; what comes on top is taken as well, but is more than
  /// one step should do.
  [[nodiscard]] virtual std::size_t room() const = 0;
  /// The poll should return.
  [[nodiscard]] bool full() const { return room() == 0; }
  /// `most`, or as many as there is room for; at least one, so that each poll gets on.
  [[nodiscard]] std::size_t room_up_to(std::size_t most) const {
    return std::max<std::size_t>(std::min(room(), most), 1);
  }
  /// The processing clock of the job.
  [[nodiscard]] virtual EventTime now() const = 0;
};

template <class T>
class SourceOutput : public AnySourceOutput {
 public:
  /// What `value` shows must stay valid until poll() returns. `time` none: the time of reading.
  virtual void emit(const T& value, EventTime time) = 0;
  /// As emit() for each of them, in one call: for readers that have many records at hand.
  virtual void emit_all(std::span<const T> values, EventTime time) {
    for (const T& value : values) {
      emit(value, time);
    }
  }
  void emit_any(const void* value, EventTime time) final {
    emit(*static_cast<const T*>(value), time);
  }
};

}  // namespace rheon::engine
