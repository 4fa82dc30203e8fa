#include "run/trace_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace rheon::run {

using Json = nlohmann::ordered_json;

namespace {

[[nodiscard]] Json ids_of(const observe::TraceContext& context) {
  return {{"traceId", fmt::format("{:016x}{:016x}", context.trace_high, context.trace_low)},
          {"spanId", fmt::format("{:016x}", context.span)}};
}

}  // namespace

std::string to_otlp(const std::string& job, const std::vector<observe::Span>& spans) {
  Json list = Json::array();
  for (const observe::Span& span : spans) {
    Json one = ids_of(span.context);
    if (span.parent != 0) {
      one["parentSpanId"] = fmt::format("{:016x}", span.parent);
    }
    one["name"] = span.name;
    one["kind"] = 1;  // internal
    one["startTimeUnixNano"] = std::to_string(span.start_nanos);
    one["endTimeUnixNano"] = std::to_string(span.end_nanos);
    for (const observe::TraceContext& link : span.links) {
      one["links"].push_back(ids_of(link));
    }
    list.push_back(std::move(one));
  }
  const Json service{{"key", "service.name"}, {"value", {{"stringValue", job}}}};
  Json scope;
  scope["scope"] = {{"name", "rheon"}, {"version", RHEON_VERSION}};
  scope["spans"] = std::move(list);
  Json resource;
  resource["resource"] = {{"attributes", Json::array({service})}};
  resource["scopeSpans"] = Json::array({std::move(scope)});
  Json request;
  request["resourceSpans"] = Json::array({std::move(resource)});
  return request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status TraceFile::open() {
  RHEON_ASSIGN(file_, env_.files().open(path_, env::OpenMode::kCreate));
  RHEON_ASSIGN(const env::FileInfo info, file_->info());
  end_ = info.size;
  return {};
}

Status TraceFile::write(const std::vector<observe::Span>& spans) {
  if (spans.empty()) {
    return {};
  }
  const std::string line = to_otlp(job_, spans);
  RHEON_TRY(file_->write_at(end_, as_bytes(line)));
  end_ += line.size();
  return {};
}

}  // namespace rheon::run
