#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "answers/service.h"
#include "api/context.h"
#include "base/pool.h"
#include "wire/modelcache.h"

namespace refrain::api {

/// ModelCache's door: the answers service in its protocol, for HTTP and WebSocket alike.
/// Threads: any.
class ModelcacheDoor {
 public:
  struct Options {
    // Models that may neither be queried nor filled; equal but for `-`, `.` and `_` is the same.
    std::vector<std::string> refused = {"DI_COPILOT_SECOND", "DI_COPILOT_LAB", "DI_COPILOT_THIRD"};
    bool folds_names = false;      // `a-b`, `a.b` and `a_b` are one model, as in the reference
    std::size_t workers = 4;       // requests that are looked up or embedded at once
    std::size_t queue_max = 8192;  // requests that wait for them; more are refused
    std::chrono::milliseconds query_deadline{10'000};
    std::chrono::milliseconds insert_deadline{600'000};
    base::Result<> check() const;
  };
  /// What a request gets, whatever carries it.
  struct Reply {
    int status = 200;  // of HTTP
    std::string body;
    bool queried = false, hit = false;
    float similarity = 0;             // of a hit
    std::vector<key::EntryId> ids{};  // of a hit, or of what an insert wrote
  };
  /// Called once, on whichever thread has the answer.
  using Done = std::function<void(Reply)>;
  struct Asker {
    std::string tenant;
    bool certain = true;
    base::Instant received{};
  };

  /// options.check() holds.
  ModelcacheDoor(Options options, answers::Service& service, answers::Ledger& ledger,
                 base::Clock& clock);
  /// Finishes what has begun.
  ~ModelcacheDoor() { workers_.stop(); }

  /// An exact hit in memory is answered before this returns.
  void answer(const Asker& asker,
              std::expected<wire::modelcache::Request, wire::modelcache::Fault> request, Done done);

  /// POST /modelcache and GET /welcome.
  void handle(const Visit& visit);
  /// GET /refrain/v1/answers/report and /log, of a tenant that may.
  void show(const Visit& visit);
  /// Refuses new requests and finishes what has begun. Idempotent.
  void stop() { workers_.stop(); }

 private:
  using Request = wire::modelcache::Request;
  using Fault = wire::modelcache::Fault;
  struct Job;

  bool refuses(const std::string& model) const;
  answers::Collection collection_of(const Asker& asker, const Request& request) const;
  base::Call call_within(std::chrono::milliseconds limit) const {
    return {clock_.now() + limit, {}, 0};
  }
  void work(Job& job);
  Reply query(const Job& job);
  Reply insert(Job& job);
  Reply remove(Job& job);
  Reply matched(const Asker& asker, answers::Matches matches) const;
  double seconds_since(base::Instant received) const;
  void note(const Asker& asker, const Request* request, const Fault& fault,
            const answers::Matches& matches);

  const Options options_;
  std::vector<std::string> refused_;  // folded
  answers::Service& service_;
  answers::Ledger& ledger_;
  base::Clock& clock_;
  base::Pool workers_;
};

}  // namespace refrain::api
