#pragma once

// The data directory of a job that has run for a while, for tests that damage it in one place after
// the other.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "log/files/tests/model_job.h"

namespace rheon::log::files::testing {

/// Not a part of what was committed: the one is empty, the other is there to be deleted.
inline bool holds_data(const std::string& path) {
  return path != "job.data/lock" && path != "job.data/ballast";
}

inline void collect(env::fake::FakeEnv& env, const std::string& directory,
                    std::vector<std::string>& files) {
  const std::vector<std::string> names = *env.files().list(directory);
  for (const std::string& name : names) {
    const std::string path = env::join(directory, name);
    if (env.files().info(path)->is_directory) {
      collect(env, path, files);
    } else if (holds_data(path)) {
      files.push_back(path);
    }
  }
}

/// A job that has run for a while and ended well.
struct Sound {
  env::fake::FakeEnv env;
  ModelJob job;
  std::vector<std::string> files;
  explicit Sound(std::uint64_t seed) : env(seed), job(seed) {
    job.open_and_compare(env);
    for (int i = 0; i < 60; ++i) {
      EXPECT_TRUE(job.commit(env));
    }
    job.forget_log();
    collect(env, "job.data", files);
  }
};

inline std::string contents(env::fake::FakeEnv& env, const std::string& path) {
  return *env::read_whole(env.files(), path);
}

inline void overwrite(env::fake::FakeEnv& env, const std::string& path, const std::string& bytes) {
  auto file = env.files().open(path, env::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->truncate(0).has_value());
  ASSERT_TRUE((*file)->write_at(0, as_bytes(bytes)).has_value());
}

/// Runs `look` on the directory with `bytes` in the place of one file, then puts everything back:
/// opening may have repaired, cut or removed files.
template <class Look>
void look_with(Sound& sound, const std::string& path, const std::string& bytes, Look&& look) {
  std::map<std::string, std::string> before;
  for (const std::string& file : sound.files) {
    before[file] = contents(sound.env, file);
  }
  overwrite(sound.env, path, bytes);
  look();
  std::vector<std::string> now;
  collect(sound.env, "job.data", now);
  for (const std::string& file : now) {
    if (!before.contains(file)) {
      ASSERT_TRUE(sound.env.files().remove(file).has_value());
    }
  }
  for (const auto& [file, old] : before) {
    ASSERT_TRUE(sound.env.files().open(file, env::OpenMode::kCreate).has_value());
    overwrite(sound.env, file, old);
  }
}

}  // namespace rheon::log::files::testing
