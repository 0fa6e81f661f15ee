// A flight is the one asynchronous thing above net: no thread waits for a model. The writer appends
// and wakes those whose cursor lies behind; a wake-up is taken out of the list before it runs, so
// that each runs once, outside the lock, and a reader asks again when it has read. Because watch()
// looks at the log under the same lock as append(), nothing can be missed between the two.
#include "chat/flight.h"

#include <algorithm>

#include <utility>

namespace refrain::chat {

Flight::Flight(std::size_t bytes_max) : bytes_max_(bytes_max) {}

Flight::Wakes Flight::due() {
  Wakes wakes;
  std::erase_if(watchers_, [&](Watcher& watcher) {
    bool ready = end_ || events_.size() > watcher.cursor || (head_ && !watcher.head_seen);
    if (ready) wakes.push_back(std::move(watcher.wake));
    return ready;
  });
  return wakes;
}

void Flight::looked(double embed_ms, double search_ms) {
  std::lock_guard guard(lock_);
  embed_ms_ = embed_ms;
  search_ms_ = search_ms;
}

void Flight::begin(Head head) {
  Wakes wakes;
  {
    std::lock_guard guard(lock_);
    if (head_ || end_) return;
    if (head.embed_ms == 0 && head.search_ms == 0) {
      head.embed_ms = embed_ms_;
      head.search_ms = search_ms_;
    }
    head_ = std::make_shared<const Head>(std::move(head));
    wakes = due();
  }
  for (auto& wake : wakes) wake();
}

bool Flight::append(std::shared_ptr<const Event> event) {
  Wakes wakes;
  bool kept = true;
  {
    std::lock_guard guard(lock_);
    if (end_) return false;
    bytes_ += footprint(*event);
    if (bytes_ > bytes_max_) {
      base::Error error{base::Code::too_large, "the answer is over " + std::to_string(bytes_max_) +
                                                   " bytes, the limit of one flight"};
      end_ = std::make_shared<const End>(End{End::Kind::failed, {}, std::move(error)});
      kept = false;
    } else {
      events_.push_back(std::move(event));
    }
    wakes = due();
  }
  for (auto& wake : wakes) wake();
  return kept;
}

void Flight::finish(End end) {
  Wakes wakes;
  {
    std::lock_guard guard(lock_);
    if (end_) return;
    end_ = std::make_shared<const End>(std::move(end));
    wakes = due();
  }
  for (auto& wake : wakes) wake();
}

Flight::Slice Flight::read(std::size_t cursor) const {
  std::lock_guard guard(lock_);
  Slice slice;
  slice.head = head_;
  slice.end = end_;
  if (cursor < events_.size()) {
    slice.events.assign(events_.begin() + static_cast<std::ptrdiff_t>(cursor), events_.end());
  }
  return slice;
}

Flight::Subscription Flight::watch(std::size_t cursor, bool head_seen, std::function<void()> wake) {
  Wakes wakes;
  Subscription id = 0;
  {
    std::lock_guard guard(lock_);
    id = next_subscription_++;
    watchers_.push_back({id, cursor, head_seen, std::move(wake)});
    wakes = due();
  }
  for (auto& due_wake : wakes) due_wake();
  return id;
}

void Flight::unwatch(Subscription subscription) {
  std::lock_guard guard(lock_);
  std::erase_if(watchers_, [&](const Watcher& watcher) { return watcher.id == subscription; });
}

void Flight::join() {
  std::lock_guard guard(lock_);
  ++readers_;
}

bool Flight::try_join() {
  std::lock_guard guard(lock_);
  if (abandoned_) return false;
  ++readers_;
  return true;
}

void Flight::leave() {
  bool last = false;
  {
    std::lock_guard guard(lock_);
    if (readers_ > 0) --readers_;
    last = readers_ == 0 && !end_;
    if (last) abandoned_ = true;
  }
  if (last) stop_.request_stop();
}

std::optional<Answer> Flight::answer() const {
  std::lock_guard guard(lock_);
  if (!end_ || end_->kind != End::Kind::answered || !head_) return std::nullopt;
  return Answer{head_->origin, head_->delivery, events_};
}

}  // namespace refrain::chat
