#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/server.h"
#include "tests/support/raw_client.h"

namespace refrain::net {

/// A handler made of a lambda, which also counts.
class Answerer final : public Handler {
 public:
  using Work = std::function<void(std::shared_ptr<Exchange>)>;
  explicit Answerer(Work work) : work_(std::move(work)) {}
  void handle(std::shared_ptr<Exchange> exchange) override { work_(std::move(exchange)); }

 private:
  Work work_;
};

/// A mark that one thread sets and another waits for.
class Signal {
 public:
  void set() {
    std::lock_guard guard(lock_);
    ++count_;
    changed_.notify_all();
  }
  /// False if it was not set `count` times within ten seconds.
  bool wait(int count = 1) {
    std::unique_lock guard(lock_);
    return changed_.wait_for(guard, std::chrono::seconds(10), [&] { return count_ >= count; });
  }
  int count() {
    std::lock_guard guard(lock_);
    return count_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  int count_ = 0;
};

/// A place where exchanges wait for the test to answer them.
class Shelf {
 public:
  void put(std::shared_ptr<Exchange> exchange) {
    std::lock_guard guard(lock_);
    exchanges_.push_back(std::move(exchange));
    changed_.notify_all();
  }
  /// The exchange with that index, in order of arrival; null after ten seconds. It is handed over.
  std::shared_ptr<Exchange> take(std::size_t index = 0) {
    std::unique_lock guard(lock_);
    changed_.wait_for(guard, std::chrono::seconds(10), [&] { return exchanges_.size() > index; });
    return exchanges_.size() > index ? std::move(exchanges_[index]) : nullptr;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Exchange>> exchanges_;
};

/// A source whose pieces the test pushes, from any thread.
class PushSource final : public Source {
 public:
  struct Pipe {
    std::mutex lock;
    std::vector<Piece> pieces;
    Signal destroyed;
    void push(std::string bytes, More more) {
      std::lock_guard guard(lock);
      pieces.push_back({std::move(bytes), more});
    }
  };
  explicit PushSource(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  ~PushSource() override { pipe_->destroyed.set(); }
  Piece next() override {
    std::lock_guard guard(pipe_->lock);
    if (pipe_->pieces.empty()) return {"", More::wait};
    Piece piece = std::move(pipe_->pieces.front());
    pipe_->pieces.erase(pipe_->pieces.begin());
    return piece;
  }

 private:
  std::shared_ptr<Pipe> pipe_;
};

inline Response text(std::string body, int status = 200) {
  return {status, {{"content-type", "text/plain"}}, std::move(body)};
}

/// Answers with method, path and body.
inline void echo(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  exchange->reply(text(request.method + " " + request.path + " " + request.body));
}

inline Options small_options() {
  Options options;
  options.listeners = {Listener{}};
  options.threads = 2;
  return options;
}

/// A server on a free port of loopback.
struct Probe {
  explicit Probe(Answerer::Work work, Options options = small_options())
      : handler(std::move(work)) {
    auto opened = Server::open(std::move(options), handler);
    if (opened) server = std::move(*opened);
  }
  std::uint16_t port() const { return server->ports()[0]; }
  RawClient client() const { return RawClient(port()); }

  Answerer handler;
  std::unique_ptr<Server> server;
};

}  // namespace refrain::net
