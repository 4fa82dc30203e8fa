#pragma once

// What a stream is, whatever its records are: the graph being described, and where in it the stream
// comes from.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/stand_ins.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "graph/graph.h"
#include "state/declaration.h"

namespace rheon::detail {

/// The graph while a job function describes it. Streams share it.
struct GraphBuilder {
  graph::Graph graph;
  std::shared_ptr<StandIns> stand_ins;  // in tests: the ends of the job are these
};

/// An output of a node: where a stream comes from.
struct Origin {
  std::size_t node = 0;
  std::string output;  // "" or the name of a side output
};

using RuntimePtr = std::shared_ptr<const graph::Runtime>;

class StreamHandle {
 public:
  StreamHandle(std::shared_ptr<GraphBuilder> builder, std::vector<Origin> origins,
               graph::EdgeKind kind, RuntimePtr edge);
  StreamHandle(const StreamHandle& other);
  StreamHandle(StreamHandle&& other) noexcept;
  StreamHandle& operator=(const StreamHandle& other);
  StreamHandle& operator=(StreamHandle&& other) noexcept;
  ~StreamHandle();

 protected:
  struct Names {
    std::string_view name;  // the user's
    const char* operation;  // "map", "aggregate", ...
    std::string output_type;
    std::string key_type;
  };

  /// A node that no stream leads to.
  void add_source(std::string_view name, const engine::SourceTraits& traits,
                  std::string output_type, RuntimePtr runtime);
  // Nodes that read this stream; where theirs comes from.
  [[nodiscard]] std::vector<Origin> add_transform(Names names, RuntimePtr runtime) const;
  [[nodiscard]] std::vector<Origin> add_keyed(Names names,
                                              const std::vector<state::StateDeclaration>& states,
                                              std::vector<std::string> outputs,
                                              RuntimePtr runtime) const;
  void add_sink(std::string_view name, std::string_view renamed_from,
                std::shared_ptr<const engine::AnySinkConnector> connector) const;
  /// The job will be refused: `mistake` says why, as a sentence. Empty: there is none.
  void note_mistake(const Origin& node, std::string mistake) const;
  /// This stream is another input of a node that is there.
  void add_input(const Origin& node, std::uint32_t input) const;

  /// Another maker for the source that this stream comes from.
  void replace_runtime(RuntimePtr runtime) const;
  /// See renamed_from() of the streams.
  void rename(std::string_view old) const;
  [[nodiscard]] std::vector<Origin> origins_with(const StreamHandle& other) const;

  [[nodiscard]] StandIns* stand_ins() const { return builder_->stand_ins.get(); }

  std::shared_ptr<GraphBuilder> builder_;
  std::vector<Origin> origins_;
  graph::EdgeKind kind_;
  RuntimePtr edge_;

 private:
  [[nodiscard]] std::vector<Origin> attach(graph::Node node) const;
};

}  // namespace rheon::detail
