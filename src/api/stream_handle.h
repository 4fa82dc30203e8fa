#pragma once

// What a stream is, whatever its records are: the graph being described, and where in it the stream
// comes from.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "graph/runtime.h"

namespace rheon::graph {
struct Node;
}
namespace rheon::engine {
class AnySinkConnector;
class OperatorFactory;
struct RecordType;
}  // namespace rheon::engine

namespace rheon::detail {

struct GraphBuilder;
struct SourceDescription;

using RuntimePtr = std::shared_ptr<const graph::Runtime>;

/// An output of a node, where a stream comes from, and how its records get to whoever reads the
/// stream. A merged stream has several; each keeps its own way.
struct Origin {
  std::size_t node = 0;
  std::string output;  // "" or the name of a side output
  graph::EdgeKind kind = graph::EdgeKind::kForward;
  RuntimePtr edge = {};
  std::string mistake = {};  // what is wrong with this way, for whoever takes it
};

/// Takes ownership. What std::make_shared does, without its dozen templates for every operator of
/// every job: users wait for the compiler.
[[nodiscard]] RuntimePtr owned(const graph::Runtime* made);

class StreamHandle {
 public:
  StreamHandle(std::shared_ptr<GraphBuilder> builder, std::vector<Origin> origins);
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

  /// A node that no stream leads to. `type`: of its records. In tests its connector is replaced.
  [[nodiscard]] std::vector<Origin> add_source(std::string_view name, SourceDescription& source,
                                               const std::type_info& type,
                                               std::string output_type) const;
  /// What is different now about the source that this stream comes from.
  void change_source(const SourceDescription& source) const;
  // Nodes that read this stream; where theirs comes from.
  [[nodiscard]] std::vector<Origin> add_transform(Names names, RuntimePtr runtime) const;
  /// Takes ownership of `made`.
  [[nodiscard]] std::vector<Origin> add_keyed(Names names, std::vector<std::string> outputs,
                                              const engine::OperatorFactory* made) const;
  /// In tests its connector is replaced.
  void add_sink(std::string_view name, std::string_view renamed_from,
                std::shared_ptr<const engine::AnySinkConnector> connector,
                const engine::RecordType& type) const;
  /// The job will be refused: `mistake` says why, as a sentence. Empty: there is none.
  void note_mistake(const Origin& node, std::string mistake) const;
  /// What the engine makes a node's running parts from.
  [[nodiscard]] const graph::Runtime& runtime_of(const Origin& node) const;
  void change_runtime(const Origin& node, RuntimePtr runtime) const;
  void name_outputs(const Origin& node, const std::vector<std::string>& outputs) const;
  /// This stream is another input of a node that is there.
  void add_input(const Origin& node, std::uint32_t input) const;

  /// See renamed_from() of the streams.
  void rename(std::string_view old) const;
  [[nodiscard]] std::vector<Origin> origins_with(const StreamHandle& other) const;
  /// Where this stream comes from, its records going by `edge` now. A job that reads it is refused
  /// when they already go by another exchange: no operator stands between the two.
  [[nodiscard]] std::vector<Origin> origins_by(graph::EdgeKind kind, const RuntimePtr& edge) const;

  std::shared_ptr<GraphBuilder> builder_;
  std::vector<Origin> origins_;

 private:
  /// The new node's main output. How its records go on is the reader's to say.
  [[nodiscard]] std::vector<Origin> attach(graph::Node node) const;
};

}  // namespace rheon::detail
