#pragma once

// The four ways in which the records of a batch may be compressed, each by its own library.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kafka/wire/record_batch.h"

namespace rheon::kafka::wire {

/// Makes `out` the records of a batch. `most`: bytes that they may take, against batches that
/// grow without end. Errors: kCorrupt, kInvalidInput for more than `most`; sentences without the
/// partition's name. `compression` is RecordBatch::compression(): what is none is an error.
[[nodiscard]] Status decompress(std::uint8_t compression, std::string_view records,
                                std::string& out, std::size_t most);

/// Appends the compressed records to `out`.
void compress(Compression compression, std::string_view records, std::string& out);

}  // namespace rheon::kafka::wire
