#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "env/fake/fake_inode.h"
#include "env/files.h"

namespace rheon::env::fake {

/// Thrown by every operation of a machine that has crashed, until it is restarted. Not derived from
/// std::exception, so that code which handles errors does not take it for one.
struct Crash {};

/// What goes wrong with an operation. All leave the disk as the real one would: after a failed
/// write any prefix of it may stand, after a failed sync the changes may be lost for good.
enum class Fault {
  kIo,          // any operation
  kNoSpace,     // a write, preallocation, or a new name
  kShortWrite,  // a write: a part is written, then it fails (kIo)
  kFailedSync,  // a sync of a file or directory
};

/// A disk in memory that forgets at a power cut what was not synced. One thread. The current
/// directory is "/", so that "a" and "/a" are the same; symbolic links do not exist.
///
/// Mutating operations are counted (writes, syncs, truncations, preallocations, creations, renames,
/// removals): a test runs once to learn their number and then once per crash point:
///
///     disk.crash_after(n);
///     try { work(env); } catch (const Crash&) {}
///     env.cut_power(seed, Survival::kTorn);  // leave out: only the process was killed
///     env.restart();
///     check(env);
///
/// Open files and locks of the time before restart() are dead: using one throws Crash.
class FakeDisk : public Files {
 public:
  explicit FakeDisk(std::uint64_t seed);

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> info(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::vector<std::string>> glob(const std::string& pattern) override;
  Result<Space> space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock_for_reading(const std::string& path) override;
  Result<bool> is_locked(const std::string& path) override;

  /// Mutating operations since the start, also those that failed.
  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  /// A checksum of all that was ever written: which bytes, where, in which order.
  [[nodiscard]] std::uint32_t written() const { return written_; }

  /// The next `operations` mutating operations go well; the first one after them that `fault` can
  /// hit fails. Once; a new call replaces the one before it.
  void fail_after(std::uint64_t operations, Fault fault);
  /// The next `reads` reads of a file's bytes go well; the one after them fails with kIo. Once.
  void fail_read_after(std::uint64_t reads) { failing_read_ = reads; }
  /// The next `operations` mutating operations are made; the one after them, and whatever comes
  /// then, throws Crash.
  void crash_after(std::uint64_t operations);
  void clear_faults();
  /// Called before each operation that changes something and each read of a file's bytes: a slow
  /// disk lets time pass in it.
  std::function<void()> on_operation;

  /// The machine stops now: of what was not synced only what `survival` says is left.
  void cut_power(std::uint64_t seed, Survival survival);
  /// A new process starts: crash points and faults are forgotten, locks are free.
  void restart();

  /// Bytes in files that have a name or are open; a write that would go beyond fails with kNoSpace
  /// and leaves what fits.
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  [[nodiscard]] std::uint64_t used_bytes() const;
  void set_file_system(std::string name) { file_system_ = std::move(name); }
  /// As if mounted again elsewhere: info() answers this device from now on.
  void set_device(std::uint64_t device) { device_ = device; }
  /// Rot: changes what stands on the device. Bit 8 * i + k is bit k of byte i.
  void flip_bit(const std::string& path, std::uint64_t bit);

 private:
  friend class FakeFile;
  friend class FakeLock;

  enum class Operation { kWrite, kSync, kResize, kPreallocate, kNewName, kChangeName };

  /// Where a path leads. `parent` is null when a directory on the way is missing.
  struct Place {
    InodePtr parent;
    std::string name;
    InodePtr inode;  // null when nothing stands there
    int error = 0;   // why `parent` is null
  };

  void check_running(std::uint64_t generation) const;
  void check_running() const { check_running(generation_); }
  /// Counts the operation; 0, or the error number it shall fail with. Throws Crash at a crash
  /// point.
  [[nodiscard]] int begin(Operation operation);
  /// Likewise for a read.
  [[nodiscard]] int begin_read();
  [[nodiscard]] Place find(const std::string& path) const;
  [[nodiscard]] InodePtr make_inode(bool is_directory);
  [[nodiscard]] Result<InodePtr> open_inode(const std::string& path, OpenMode mode);
  [[nodiscard]] FileInfo info_of(const FakeInode& inode) const;
  [[nodiscard]] std::uint64_t free_bytes() const;
  /// By how much the files may still grow. Cheap as long as no capacity was set.
  [[nodiscard]] std::uint64_t room_to_grow() const;

  Status write(FakeInode& inode, const std::string& path, std::uint64_t offset,
               std::string_view bytes);
  Status sync(FakeInode& inode, const std::string& path);
  Status truncate(FakeInode& inode, const std::string& path, std::uint64_t size);
  Status preallocate(FakeInode& inode, const std::string& path, std::uint64_t size);

  static constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 40;

  struct PlannedFault {
    std::uint64_t at;  // value of operations_
    Fault fault;
  };

  Generator generator_;
  std::uint64_t next_inode_ = 1;
  InodePtr root_;
  std::vector<std::weak_ptr<FakeInode>> inodes_;     // all that live, also those without a name
  std::set<std::uint64_t> locked_;                   // inode numbers
  std::multiset<std::uint64_t> locked_for_reading_;  // likewise, one of each reader
  std::uint64_t operations_ = 0;
  std::uint32_t written_ = 0;
  std::optional<PlannedFault> fault_;
  std::optional<std::uint64_t> failing_read_;  // so many go well before
  std::optional<std::uint64_t> crash_at_;      // value of operations_
  bool halted_ = false;
  std::uint64_t generation_ = 0;  // restarts so far
  std::uint64_t capacity_ = kUnlimited;
  std::uint64_t device_ = 1;
  std::string file_system_ = "local";
};

}  // namespace rheon::env::fake
