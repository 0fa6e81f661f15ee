#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "chat/answer.h"
#include "chat/request.h"

namespace refrain::chat {

/// A reply of the upstream that is no answer: it is passed on as it came.
struct Refusal {
  int status = 502;
  Headers headers{};
  std::string body{};
};

/// How a flight ended: an answer, a reply that is passed on verbatim, or an error of ours.
struct End {
  enum class Kind : std::uint8_t { answered, refused, failed };
  Kind kind = Kind::answered;
  Refusal refusal{};    // kind refused
  base::Error error{};  // kind failed
};

/// How the embedded engine came by the KV of the prompt.
struct Reuse {
  std::string rung{};  // "prefix" or "none": policy::Rung
  std::size_t reused_tokens = 0, prefilled_tokens = 0;
  std::string entry{};                 // id of the kept prompt, for the native door
  std::string kv_name{};               // under which its KV is kept; "": without a name
  std::vector<std::string> reasons{};  // of the plan
};

/// What is known before the first event: who answers, and how that came about. Written once.
struct Head {
  std::string tier{};                      // "exact", "semantic" or "" (generated)
  float similarity = 0;                    // cosine; meaningful with tier semantic; 1 with exact
  std::uint64_t answer_id = 0;             // entry that answers; 0: none
  std::string source{};                    // GKV: "user" or "global"
  double embed_ms = 0, search_ms = 0;      // what the semantic look-up cost
  std::optional<base::WallTime> stored{};  // when the entry was stored
  Headers upstream_headers{};  // headers of the upstream's reply that travel to the client
  Origin origin = Origin::openai_chat;
  Delivery delivery = Delivery::stream;
  std::optional<Reuse> reuse{};  // of the embedded engine's answers
};

/// An answer being made: an append-only log with one writer and many readers.
/// Threads: any. Readers never block the writer; a reader that comes late gets the beginning first.
class Flight {
 public:
  struct Slice {
    std::vector<std::shared_ptr<const Event>> events;  // from the cursor on
    std::shared_ptr<const Head> head;                  // null until it is known
    std::shared_ptr<const End> end;                    // null while more may come
  };
  using Subscription = std::uint64_t;

  /// bytes_max bounds the log: an answer beyond it ends the flight with too_large.
  explicit Flight(std::size_t bytes_max);

  /// What the look-up cost before it was a miss: for the head, whose writer does not know it.
  /// Before begin(); a head that tells costs of its own keeps them.
  void looked(double embed_ms, double search_ms);
  /// Writer only, before the first event; later calls are ignored.
  void begin(Head head);
  /// Writer only; refused (false) once ended or when the log is full (the flight then ends itself).
  bool append(std::shared_ptr<const Event> event);
  /// Exactly once counts; later calls are ignored. Wakes every reader.
  void finish(End end);

  /// A view of the log from cursor on.
  Slice read(std::size_t cursor) const;
  /// Runs `wake` once, on the writer's thread or on this one, when the log holds more than cursor
  /// events, when a head comes that was not there yet (head_seen false), or at the end. wake must
  /// be cheap and must not block. It must not be called under a lock of the caller's.
  Subscription watch(std::size_t cursor, bool head_seen, std::function<void()> wake);
  /// The wake-up will not begin any more after this.
  void unwatch(Subscription subscription);

  /// Readers count themselves; when the last one leaves before the end, the stop token fires.
  void join();
  void leave();
  /// False when everybody has left, and then nobody may join any more.
  bool try_join();
  std::stop_token stop_token() const { return stop_.get_token(); }

  /// All of it, once ended with an answer; nullopt otherwise.
  std::optional<Answer> answer() const;

 private:
  struct Watcher {
    Subscription id;
    std::size_t cursor;
    bool head_seen;
    std::function<void()> wake;
  };
  using Wakes = std::vector<std::function<void()>>;
  Wakes due();  // under lock_: takes the watchers that have something to see

  const std::size_t bytes_max_;
  mutable std::mutex lock_;
  std::shared_ptr<const Head> head_;
  std::vector<std::shared_ptr<const Event>> events_;
  std::shared_ptr<const End> end_;
  std::vector<Watcher> watchers_;
  double embed_ms_ = 0, search_ms_ = 0;
  std::size_t bytes_ = 0;
  std::size_t readers_ = 0;
  bool abandoned_ = false;
  Subscription next_subscription_ = 1;
  std::stop_source stop_;
};

/// Makes answers: a remote model API or the embedded engine. start() returns at once; the flight
/// ends with an answer, a refusal or an error (deadline, cancelled, busy, too_large, unavailable).
/// The flight's stop token asks it to stop.
class Producer {
 public:
  virtual ~Producer() = default;
  virtual void start(const base::Call&, const Request&, std::shared_ptr<Flight>) = 0;
};

}  // namespace refrain::chat
