#include "log/files/in_place.h"

namespace rheon::log::files {

Status check_in_place(env::Files& files, const std::string& path, std::uint64_t inode) {
  RHEON_ASSIGN(const bool there, env::stands_at(files, path, inode));
  if (!there) {
    return fail(ErrorCode::kRefused,
                "'" + path + "' was removed or moved away while the job was running: the data " +
                    "directory is not whole any more. Put it back and run again, or start over "
                    "with an empty data directory.");
  }
  return {};
}

}  // namespace rheon::log::files
