#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "env/fake/fake_content.h"

namespace rheon::env::fake {

struct FakeInode;
using InodePtr = std::shared_ptr<FakeInode>;

/// The names in a directory of a simulated disk. Changes become durable in the order in which they
/// were made; one change (a rename within the directory) survives whole or not at all.
class FakeEntries {
 public:
  using Names = std::map<std::string, InodePtr>;

  [[nodiscard]] const Names& visible() const { return visible_; }
  [[nodiscard]] InodePtr find(const std::string& name) const {
    const auto entry = visible_.find(name);
    return entry == visible_.end() ? nullptr : entry->second;
  }

  void put(const std::string& name, InodePtr inode) { make({"", name, std::move(inode)}); }
  void remove(const std::string& name) { make({name, "", nullptr}); }
  void rename(const std::string& from, const std::string& to) { make({from, to, find(from)}); }

  void sync() { take_prefix(unsynced_.size()); }
  void cut_power(Survival survival, Generator& generator);

 private:
  struct Change {
    std::string removed;  // empty: none
    std::string added;    // empty: none
    InodePtr inode;       // of `added`
  };

  static void apply(const Change& change, Names& to);
  void make(Change change);
  void take_prefix(std::size_t count);

  Names visible_;
  Names durable_;
  std::vector<Change> unsynced_;  // oldest first
};

/// A file or a directory; the other part stays empty.
struct FakeInode {
  std::uint64_t number;
  bool is_directory;
  unsigned open_files = 0;
  FakeContent content{};
  FakeEntries entries{};
};

}  // namespace rheon::env::fake
