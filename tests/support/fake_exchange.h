#pragma once

#include <condition_variable>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/server.h"

namespace refrain::net {

/// An exchange without a socket: keeps the reply, and pulls the source as a connection would, until
/// it waits or ends. Threads: any; wake() may pull on the thread that calls it.
class FakeExchange final : public Exchange {
 public:
  explicit FakeExchange(Request request) : request_(std::move(request)) {}
  static std::shared_ptr<FakeExchange> make(std::string method, std::string path,
                                            std::string body = {}, Headers headers = {}) {
    Request request;
    request.method = std::move(method);
    request.target = std::move(path);
    const auto mark = request.target.find('?');
    request.path = request.target.substr(0, mark);
    if (mark != std::string::npos) request.query = request.target.substr(mark + 1);
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.loopback = true;
    request.peer = "127.0.0.1";
    return std::make_shared<FakeExchange>(std::move(request));
  }
  ~FakeExchange() override { close(); }

  const Request& request() const override { return request_; }
  Request& request() override { return request_; }

  void reply(Response response) override {
    {
      std::lock_guard guard(lock_);
      if (answered_ || closed_) return;
      answered_ = true;
      status_ = response.status;
      headers_ = std::move(response.headers);
      body_ = std::move(response.body);
      finished_ = true;
    }
    close();
  }

  void stream(int status, Headers headers, std::unique_ptr<Source> source) override {
    {
      std::lock_guard guard(lock_);
      if (answered_ || closed_) return;
      answered_ = true;
      streamed_ = true;
      status_ = status;
      headers_ = std::move(headers);
      source_ = std::move(source);
      woken_ = true;
    }
    changed_.notify_all();
    pull();
  }

  void wake() override {
    {
      std::lock_guard guard(lock_);
      woken_ = true;
    }
    pull();
  }

  void on_close(std::function<void()> work) override {
    {
      std::lock_guard guard(lock_);
      if (!closed_) {
        on_close_.push_back(std::move(work));
        return;
      }
    }
    work();
  }

  /// The client goes away: nothing is pulled any more, on_close runs.
  void leave() { close(); }
  /// While paused the peer reads nothing: next() is not called until resume().
  void pause() {
    std::lock_guard guard(lock_);
    paused_ = true;
  }
  void resume() {
    {
      std::lock_guard guard(lock_);
      paused_ = false;
    }
    pull();
  }

  bool answered() const { return locked(answered_); }
  bool streamed() const { return locked(streamed_); }
  bool closed() const { return locked(closed_); }
  /// The reply came to its proper end.
  bool finished() const { return locked(finished_); }
  /// The source said broken.
  bool broken() const { return locked(broken_); }
  int status() const { return locked(status_); }
  Headers headers() const { return locked(headers_); }
  /// What came so far.
  std::string body() const { return locked(body_); }
  /// The pieces of a stream that were not empty, as they came.
  std::vector<std::string> pieces() const { return locked(pieces_); }
  /// The value of the first reply header of that name, or "".
  std::string header(std::string_view lower_case_name) const {
    std::lock_guard guard(lock_);
    const std::string* value = find(headers_, lower_case_name);
    return value ? *value : std::string();
  }
  /// Waits until the exchange is closed; false after `limit`.
  bool wait_closed(std::chrono::milliseconds limit = std::chrono::seconds(10)) const {
    std::unique_lock guard(lock_);
    return changed_.wait_for(guard, limit, [this] { return closed_; });
  }
  /// Waits until the body, so far, has at least that many bytes; false after `limit`.
  bool wait_body(std::size_t bytes,
                 std::chrono::milliseconds limit = std::chrono::seconds(10)) const {
    std::unique_lock guard(lock_);
    return changed_.wait_for(guard, limit, [&] { return body_.size() >= bytes; });
  }

 private:
  template <class T>
  T locked(const T& value) const {
    std::lock_guard guard(lock_);
    return value;
  }

  // One thread pulls at a time; a wake() meanwhile leaves a mark that makes it pull again.
  void pull() {
    std::unique_lock guard(lock_);
    if (pulling_) return;
    pulling_ = true;
    bool over = false;
    while (woken_ && source_ && !paused_ && !closed_) {
      woken_ = false;
      guard.unlock();
      Piece piece = source_->next();
      guard.lock();
      over = take(std::move(piece));
      if (over) break;
    }
    pulling_ = false;
    std::unique_ptr<Source> done;
    if (over || closed_) done = std::move(source_);
    guard.unlock();
    changed_.notify_all();
    if (over) close();
  }

  bool take(Piece piece) {
    if (!piece.bytes.empty()) {
      body_ += piece.bytes;
      pieces_.push_back(std::move(piece.bytes));
    }
    if (piece.more == More::yes) woken_ = true;
    finished_ = piece.more == More::end;
    broken_ = piece.more == More::broken;
    return finished_ || broken_;
  }

  void close() {
    std::vector<std::function<void()>> works;
    std::unique_ptr<Source> done;
    {
      std::lock_guard guard(lock_);
      closed_ = true;
      works.swap(on_close_);
      if (!pulling_) done = std::move(source_);
    }
    changed_.notify_all();
    for (auto& work : works) work();
  }

  mutable std::mutex lock_;
  mutable std::condition_variable changed_;
  Request request_;
  bool answered_ = false, streamed_ = false, closed_ = false, finished_ = false, broken_ = false;
  bool woken_ = false, pulling_ = false, paused_ = false;
  int status_ = 0;
  Headers headers_;
  std::string body_;
  std::vector<std::string> pieces_;
  std::unique_ptr<Source> source_;
  std::vector<std::function<void()>> on_close_;
};

}  // namespace refrain::net
