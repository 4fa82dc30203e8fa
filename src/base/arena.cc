#include "base/arena.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace rheon {

struct Arena::Chunk {
  std::unique_ptr<char[]> memory;
  std::size_t size;
};

Arena::Arena(std::size_t first_chunk_bytes) : next_chunk_bytes_(first_chunk_bytes) {}
Arena::Arena(Arena&& other) noexcept { *this = std::move(other); }
Arena::~Arena() = default;

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this != &other) {
    next_ = std::exchange(other.next_, nullptr);
    end_ = std::exchange(other.end_, nullptr);
    begin_ = std::exchange(other.begin_, nullptr);
    full_bytes_ = std::exchange(other.full_bytes_, 0);
    chunks_ = std::exchange(other.chunks_, {});
    current_ = std::exchange(other.current_, 0);
    next_chunk_bytes_ = other.next_chunk_bytes_;
  }
  return *this;
}

char* Arena::allocate_slow(std::size_t size, std::size_t align) {
  const std::size_t needed = size + align - 1;
  std::size_t free_chunk = next_ == nullptr ? 0 : current_ + 1;
  while (free_chunk < chunks_.size() && chunks_[free_chunk].size < needed) {
    ++free_chunk;
  }
  if (free_chunk < chunks_.size()) {
    use_chunk(free_chunk);
  } else {
    add_chunk(needed);
  }
  return allocate(size, align);
}

void Arena::use_chunk(std::size_t index) {
  current_ = index;
  begin_ = chunks_[index].memory.get();
  next_ = begin_;
  end_ = next_ + chunks_[index].size;
  full_bytes_ = 0;
  for (std::size_t i = 0; i < index; ++i) {
    full_bytes_ += chunks_[i].size;
  }
}

void Arena::add_chunk(std::size_t size) {
  const std::size_t usual = std::clamp<std::size_t>(next_chunk_bytes_, 16, kMaxChunkBytes);
  next_chunk_bytes_ = usual * 2;
  const std::size_t bytes = std::max(size, usual);
  chunks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
  use_chunk(chunks_.size() - 1);
}

void Arena::reset() {
  if (chunks_.size() > 1) {
    const std::size_t total = bytes_reserved();
    chunks_.clear();
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(total), total});
  }
  if (!chunks_.empty()) {
    use_chunk(0);
  }
}

void Arena::rewind(const Mark& mark) {
  if (mark.next != nullptr) {
    use_chunk(mark.chunk);
    next_ = mark.next;
  } else if (!chunks_.empty()) {  // the mark is older than the first chunk
    use_chunk(0);
  }
}

std::size_t Arena::bytes_reserved() const {
  std::size_t reserved = 0;
  for (const Chunk& chunk : chunks_) {
    reserved += chunk.size;
  }
  return reserved;
}

}  // namespace rheon
