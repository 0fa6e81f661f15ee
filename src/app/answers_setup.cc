#include "app/answers_setup.h"

#include <utility>

#include "answers/remote_rerank.h"
#include "api/metrics_text.h"
#include "base/random.h"

namespace refrain::app {

base::Result<std::unique_ptr<AnswersSetup>> AnswersSetup::open(const AnswersConfig& config,
                                                               Rooms rooms) {
  auto setup = std::make_unique<AnswersSetup>();
  TRY(ledger, answers::Ledger::open(config.ledger, rooms.clock));
  setup->ledger_ = std::move(ledger);
  if (config.reranker == "verifier") {
    setup->reranker_ = std::make_unique<answers::VerifierReranker>();
  } else if (config.reranker != "off") {
    setup->reranker_ = std::make_unique<answers::RemoteReranker>(
        answers::RemoteReranker::Options{config.reranker, config.reranker_model,
                                         config.reranker_key},
        rooms.client);
  }
  setup->service_ = std::make_unique<answers::Service>(
      config.service,
      answers::Service::Rooms{rooms.cache, rooms.embedder, *setup->ledger_, setup->reranker_.get(),
                              [] { return base::random64(); }});
  setup->door_ = std::make_unique<api::ModelcacheDoor>(config.door, *setup->service_,
                                                       *setup->ledger_, rooms.clock);
  setup->pictures_ = std::make_unique<answers::Pictures>(config.pictures);
  TRY_DO(setup->pictures_->load({}, rooms.cache, "multicache"));
  setup->multi_door_ = std::make_unique<api::MulticacheDoor>(config.door, *setup->service_,
                                                             *setup->pictures_, rooms.clock);
  return setup;
}

void AnswersSetup::append_metrics(std::string& out) const {
  using api::counter;
  const answers::Report report = service_->report();
  const answers::Ledger::Stats log = ledger_->stats();
  counter(out, "answers_queries_total", "Queries of the ModelCache doors.", report.queries);
  counter(out, "answers_hits_total", "Queries that hit.", report.hits);
  counter(out, "answers_inserted_total", "Entries inserted.", report.inserted);
  counter(out, "answers_removed_total", "Entries removed.", report.removed);
  counter(out, "answers_errors_total", "Operations that failed.", report.errors);
  counter(out, "answers_log_dropped_total", "Queries that the full log lost.",
          log.dropped + log.failed);
  api::gauge(out, "answers_pictures", "Images known by their looks.",
             static_cast<double>(pictures_->size()));
}

void AnswersSetup::stop() {
  multi_door_->stop();
  door_->stop();
  ledger_->stop();
}

}  // namespace refrain::app
