#pragma once

#include <memory>
#include <string>

#include "answers/ledger.h"
#include "answers/rerank.h"
#include "answers/service.h"
#include "api/modelcache.h"
#include "api/multicache.h"
#include "fetch/client.h"

namespace refrain::app {

/// Settings of the answers service and its door.
struct AnswersConfig {
  answers::Service::Options service{};
  answers::Ledger::Options ledger{};
  answers::Pictures::Options pictures{};
  api::ModelcacheDoor::Options door{};
  std::string reranker = "off";  // off, verifier, or the URL of a server
  std::string reranker_model{}, reranker_key{};
};

/// The service with its parts, behind its door.
class AnswersSetup {
 public:
  struct Rooms {
    cache::Cache& cache;
    embed::Embedder* embedder;
    base::Clock& clock;
    fetch::Client& client;
  };
  /// Errors: those of Ledger::open and of the store's scan.
  static base::Result<std::unique_ptr<AnswersSetup>> open(const AnswersConfig& config, Rooms rooms);
  api::ModelcacheDoor& door() { return *door_; }
  api::MulticacheDoor& multi_door() { return *multi_door_; }
  /// Lines of Prometheus text.
  void append_metrics(std::string& out) const;
  /// Finishes what has begun. Idempotent.
  void stop();

 private:
  std::unique_ptr<answers::Ledger> ledger_;
  std::unique_ptr<answers::Reranker> reranker_;
  std::unique_ptr<answers::Service> service_;
  std::unique_ptr<answers::Pictures> pictures_;
  std::unique_ptr<api::ModelcacheDoor> door_;
  std::unique_ptr<api::MulticacheDoor> multi_door_;
};

}  // namespace refrain::app
