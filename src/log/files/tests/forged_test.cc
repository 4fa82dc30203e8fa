// Frames with right checksums and wrong contents, as a defect of ours or another program would
// leave them: whatever stands there, nothing reads it as something else, and nothing crashes.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "log/files/inspect.h"
#include "log/files/tests/forgery.h"

namespace rheon::log::files::testing {
namespace {

struct Change {
  std::string name;
  std::function<void(Forgery&)> apply;
};

/// Commit records that say what cannot be; other frames are left as they are.
std::vector<Change> changes_of_commits() {
  std::vector<Change> all;
  const auto add = [&all](std::string name, std::function<void(CommitRecord&)> apply) {
    all.push_back({std::move(name), [apply = std::move(apply)](Forgery& f) {
                     CommitRecord record;
                     if (f.type == static_cast<std::uint8_t>(FrameType::kCommit) &&
                         decode(f.payload, record)) {
                       apply(record);
                       f.payload = encode(record);
                     }
                   }});
  };
  const auto each_slice = [](CommitRecord& record, const std::function<void(SliceEntry&)>& apply) {
    for (SliceSet& set : record.slices) {
      std::for_each(set.slices.begin(), set.slices.end(), apply);
    }
  };
  add("needs a segment behind its own", [](CommitRecord& r) { r.first_segment = 1000; });
  add("needs segments from 0", [](CommitRecord& r) { r.first_segment = 0; });
  add("slices of no file", [each_slice](CommitRecord& r) {
    each_slice(r, [](SliceEntry& slice) { slice.file = UINT64_MAX; });
  });
  add("slices behind the end of all files", [each_slice](CommitRecord& r) {
    each_slice(r, [](SliceEntry& slice) { slice.offset = UINT64_MAX; });
  });
  add("slices longer than any file", [each_slice](CommitRecord& r) {
    each_slice(r, [](SliceEntry& slice) { slice.bytes = UINT64_MAX - slice.offset + 1; });
  });
  add("slices shorter than their frame's header", [each_slice](CommitRecord& r) {
    each_slice(r, [](SliceEntry& slice) { slice.bytes = 10; });
  });
  add("a stream of no partitions", [](CommitRecord& r) {
    for (CommitRecord::StreamChange& change : r.streams) {
      change.state.next.clear();
    }
  });
  add("a stream of no segments", [](CommitRecord& r) {
    for (CommitRecord::StreamChange& change : r.streams) {
      change.first_segment = UINT64_MAX;
      change.state.segments.clear();
    }
  });
  add("stream segments longer than any file", [](CommitRecord& r) {
    for (CommitRecord::StreamChange& change : r.streams) {
      for (StreamSegment& segment : change.state.segments) {
        segment.bytes = UINT64_MAX;
      }
    }
  });
  return all;
}

std::vector<Change> changes() {
  std::vector<Change> all{
      {"another type", [](Forgery& f) { f.type = static_cast<std::uint8_t>(f.type % 14 + 1); }},
      {"a type that does not exist", [](Forgery& f) { f.type = 77; }},
      {"a later version", [](Forgery& f) { ++f.version; }},
      {"a later epoch", [](Forgery& f) { ++f.epoch.value; }},
      {"a longer extension", [](Forgery& f) { f.extension += '\1'; }},
      {"no extension", [](Forgery& f) { f.extension.clear(); }},
      {"no payload", [](Forgery& f) { f.payload.clear(); }},
      {"an owner and nothing else", [](Forgery& f) { f.payload.resize(16); }},
      {"a byte less",
       [](Forgery& f) {
         f.payload = f.payload.substr(0, std::max<std::size_t>(f.payload.size(), 1) - 1);
       }},
      {"a byte more", [](Forgery& f) { f.payload += '\1'; }},
  };
  for (const std::size_t eighth : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u}) {
    all.push_back({"another payload at " + std::to_string(eighth) + "/8", [eighth](Forgery& f) {
                     if (!f.payload.empty()) {
                       char& byte = f.payload[f.payload.size() * eighth / 8];
                       byte = static_cast<char>(~byte);
                     }
                   }});
    all.push_back({"another extension at " + std::to_string(eighth) + "/8", [eighth](Forgery& f) {
                     if (!f.extension.empty()) {
                       char& byte = f.extension[f.extension.size() * eighth / 8];
                       byte = static_cast<char>(~byte);
                     }
                   }});
  }
  for (Change& change : changes_of_commits()) {
    all.push_back(std::move(change));
  }
  return all;
}

void expect_a_sentence(const Error& error) {
  EXPECT_TRUE(error.code == ErrorCode::kRefused || error.code == ErrorCode::kCorrupt)
      << error.message;
  EXPECT_FALSE(error.message.empty());
}

void read_stream(env::Files& files) {
  auto reader = open_stream(files, "job.data", "out");
  if (!reader.has_value()) {
    if (reader.error().code != ErrorCode::kNotFound) {  // nobody has been told of it yet
      expect_a_sentence(reader.error());
    }
    return;
  }
  for (std::uint32_t partition = 0; partition < (*reader)->info().partitions; ++partition) {
    auto position = (*reader)->oldest(partition);
    while (position.has_value()) {
      auto batches = (*reader)->read(partition, *position, 200);
      if (!batches.has_value()) {
        expect_a_sentence(batches.error());
        return;
      }
      if (batches->empty()) {
        break;
      }
      for (const StreamBatchView& batch : *batches) {
        EXPECT_EQ(batch.sequence, position->next_batch++);
      }
    }
  }
}

/// Everything that reads a directory.
void read_all(Sound& sound) {
  const auto checked = check(sound.env.files(), "job.data");
  EXPECT_TRUE(checked.has_value());
  EXPECT_TRUE(dump(sound.env.files(), "job.data").has_value());
  read_stream(sound.env.files());
  static int number = 0;
  const std::string to = "saved" + std::to_string(number++);
  if (auto saved = salvage(sound.env, "job.data", to); !saved.has_value()) {
    expect_a_sentence(saved.error());
  } else {
    OpenOptions options = ModelJob::options();
    options.directory = to;
    if (auto opened = open(sound.env, options); !opened.has_value()) {
      ADD_FAILURE() << "what was saved does not open: " << opened.error().message;
    }
  }
  auto opened = open(sound.env, ModelJob::options());
  if (!opened.has_value()) {
    expect_a_sentence(opened.error());
    return;
  }
  ModelVisitor visitor;
  if (auto restored = opened->log->restore([](KeyGroup) { return true; }, visitor);
      !restored.has_value()) {
    expect_a_sentence(restored.error());
  }
}

/// All files but those between the first and the last of each folder.
std::vector<std::string> ends_of_each_folder(const std::vector<std::string>& files) {
  std::map<std::string, std::vector<std::string>> folders;
  for (const std::string& path : files) {
    folders[env::directory_of(path)].push_back(path);
  }
  std::vector<std::string> chosen;
  for (const auto& [folder, paths] : folders) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (number_of(paths[i].substr(paths[i].rfind('/') + 1)) == 0 || i == 0 ||
          i + 3 > paths.size()) {
        chosen.push_back(paths[i]);
      }
    }
  }
  return chosen;
}

TEST(Forged, WhateverStandsInAFrameNothingCrashes) {
  Sound sound(11);
  for (const std::string& path : ends_of_each_folder(sound.files)) {
    const std::string before = contents(sound.env, path);
    const std::vector<Forgery> frames = frames_of(path, before);
    ASSERT_EQ(sealed(path, frames, before.size()), before) << path;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const bool of_interest = i < 3 || i + 1 == frames.size();
      for (const Change& change : of_interest ? changes() : std::vector<Change>{}) {
        SCOPED_TRACE(path + ", frame " + std::to_string(i) + ": " + change.name);
        std::vector<Forgery> forged = frames;
        change.apply(forged[i]);
        if (const std::string bytes = sealed(path, forged, before.size()); bytes != before) {
          look_with(sound, path, bytes, [&] { read_all(sound); });
        }
      }
    }
  }
}

TEST(Forged, ALaterFormatIsRefusedWithWhatToDo) {
  Sound sound(1);
  const std::string path = "job.data/identity";
  const std::string before = contents(sound.env, path);
  std::vector<Forgery> frames = frames_of(path, before);
  ++frames.front().version;
  look_with(sound, path, sealed(path, frames, before.size()), [&] {
    const auto opened = open(sound.env, ModelJob::options());
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::kRefused);
    EXPECT_EQ(opened.error().message,
              "job.data/identity has format version 2, and this program knows only 1: use the "
              "program that wrote it, or a newer one");
  });
}

}  // namespace
}  // namespace rheon::log::files::testing
