#pragma once

// `identity`, `lock` and `witness`: which job a directory belongs to, that one process only runs
// it, and how far it had come for certain.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "env/env.h"
#include "log/files/records.h"
#include "log/files/recovery.h"
#include "log/files/slot_file.h"

namespace rheon::log::files {

/// Whether an error of open() is that another process holds the directory.
[[nodiscard]] bool is_held_by_another(const Error& error);
/// kRefused when another process holds the directory.
[[nodiscard]] Result<std::unique_ptr<env::FileLock>> lock_directory(env::Files& files,
                                                                    const std::string& directory,
                                                                    const std::string& job);

/// For looking at a directory that may be damaged: kNotFound or kInvalidInput when no job can have
/// made it.
[[nodiscard]] Status require_data_directory(env::Files& files, const std::string& directory);
/// Likewise: keeps a job from running there meanwhile; null when its `lock` is missing.
[[nodiscard]] Result<std::unique_ptr<env::FileLock>> lock_if_there(env::Files& files,
                                                                   const std::string& directory);

/// kNotFound when there is none.
[[nodiscard]] Result<IdentityRecord> read_identity(env::Files& files, const std::string& directory);
[[nodiscard]] Status write_identity(env::Files& files, const std::string& directory,
                                    const IdentityRecord& record);

/// The inode of `lock`. It is made once and never replaced, so a copied directory has another.
[[nodiscard]] Result<std::uint64_t> lock_inode(env::Files& files, const std::string& directory);

/// kRefused when the identity is not the one of `job`, belongs to a copy, or a reset was left
/// unfinished.
[[nodiscard]] Status check_identity(env::Files& files, const std::string& directory,
                                    const IdentityRecord& record, const std::string& job);

/// The number of key groups as of a commit with these facts: that of the identity, unless a commit
/// says another. kCorrupt when that is none that a job can have.
[[nodiscard]] Result<std::uint32_t> key_groups_of(const Facts& facts, std::uint32_t in_identity);

[[nodiscard]] Id random_id(env::Random& random);

[[nodiscard]] SlotLayout witness_layout();
[[nodiscard]] SlotContents encode(const Witnessed& witness);
/// kCorrupt when neither slot can be read: one of them always can, whatever crash there was.
[[nodiscard]] Result<Witnessed> decode_witness(const Slots& slots, const std::string& path,
                                               const IdentityRecord& identity);

[[nodiscard]] Result<Witnessed> read_witness(env::Files& files, const std::string& directory,
                                             const IdentityRecord& identity);
/// Makes the file anew, synced.
[[nodiscard]] Status write_first_witness(env::Files& files, const std::string& directory,
                                         const Witnessed& witness);

/// kRefused on a network file system unless allowed; otherwise a sentence of warning, or nothing.
[[nodiscard]] Result<std::string> check_file_system(env::Files& files, const std::string& directory,
                                                    bool allow_network);

}  // namespace rheon::log::files
