#include "env/io_task.h"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace rheon::env {

namespace {

/// Cores that their pool was the last to let go of, which it does in wake(): their completion is
/// still being used then, so somebody else must delete them, a moment later.
template <class T>
class Remains {
 public:
  void add(T* object) {
    const std::lock_guard lock(mutex_);
    objects_.emplace_back(object);
  }
  void clear() {
    std::vector<std::unique_ptr<T>> objects;
    const std::lock_guard lock(mutex_);
    objects.swap(objects_);
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> objects_;
};

}  // namespace

// Counted by its owner and by each piece of work that the pool holds. A pool destroys a piece of
// work before it marks the completion; so the pool's share ends in wake() when the work has run,
// and with the work when it has not.
class IoTask::Core : public Waker {
 public:
  Core(IoPool& pool, Waker* waker) : pool_(pool), waker_(waker), completion_(this) {}

  void submit(std::function<void()> work) {
    shares_.fetch_add(1, std::memory_order_relaxed);
    pool_.submit(
        [share = std::make_shared<PoolShare>(this), work = std::move(work)] { share->run(work); },
        completion_);
  }

  [[nodiscard]] bool pending() const { return completion_.pending(); }

  void leave(bool wait) {
    if (wait) {
      abandoned_.store(true, std::memory_order_release);
      const std::lock_guard finished(running_);
    }
    {
      const std::lock_guard lock(waking_);
      waker_ = nullptr;
    }
    release();
    remains().clear();
  }

  void wake() override {
    {
      const std::lock_guard lock(waking_);
      if (waker_ != nullptr) {
        waker_->wake();
      }
    }
    if (shares_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      remains().add(this);
    }
  }

 private:
  struct PoolShare {
    explicit PoolShare(Core* its_core) : core(its_core) {}
    PoolShare(const PoolShare&) = delete;
    PoolShare& operator=(const PoolShare&) = delete;
    ~PoolShare() {
      if (!ran) {
        core->release();
      }
    }
    void run(const std::function<void()>& work) {
      {
        const std::lock_guard lock(core->running_);
        if (!core->abandoned_.load(std::memory_order_acquire)) {
          work();
        }
      }
      ran = true;
    }

    Core* core;
    bool ran = false;
  };

  void release() {
    if (shares_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete this;
    }
  }

  static Remains<Core>& remains() {
    static Remains<Core> all;
    return all;
  }

  IoPool& pool_;
  std::mutex running_;
  std::mutex waking_;
  Waker* waker_;  // guarded by waking_
  std::atomic<bool> abandoned_{false};
  std::atomic<int> shares_{1};
  Completion completion_;
};

IoTask::IoTask(IoPool& pool, Waker* waker) : core_(new Core(pool, waker)) {}

IoTask::~IoTask() {
  if (core_ != nullptr) {
    core_->leave(/*wait=*/true);
  }
}

void IoTask::submit(std::function<void()> work) { core_->submit(std::move(work)); }

bool IoTask::pending() const { return core_->pending(); }

void IoTask::abandon() {
  core_->leave(/*wait=*/false);
  core_ = nullptr;
}

}  // namespace rheon::env
