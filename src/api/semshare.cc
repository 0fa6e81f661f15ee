#include "api/semshare.h"

#include <utility>

#include "api/status.h"
#include "wire/semshare.h"

namespace refrain::api::semshare {
namespace {

namespace wire = refrain::wire::semshare;

constexpr std::string_view kNotBuilt =
    "semantic sharing (rung 3 of the reuse ladder) is not built yet; what this prompt begins like "
    "was reused exactly";
constexpr std::string_view kBypassed = "use_semshare is false";

void refuse(const Visit& visit, int status, std::string_view sentence) {
  reply_json(visit, status, wire::error_body(sentence));
}

// One request until its answer is whole. Kept alive by the flight's watcher.
struct Generating {
  serve::PromptKv& kv;
  const base::Clock& clock;
  Visit visit;
  wire::Request input;
  std::shared_ptr<chat::Flight> flight;
  base::WallTime began{};
  std::atomic<bool> left{false};

  void leave() {
    if (!left.exchange(true)) flight->leave();
  }

  void answer() {
    chat::Flight::Slice slice = flight->read(0);
    leave();
    if (slice.end->kind != chat::End::Kind::answered) {
      const base::Error& error = slice.end->error;
      return refuse(visit, http_status(error.code), error.what);
    }
    kv.store_item(visit.tenant, input.store_key);
    const chat::Event whole = chat::fold(slice.events);
    const std::string text =
        whole.choices.empty() ? "" : whole.choices.front().content.value_or("");
    const chat::Reuse reuse = slice.head->reuse.value_or(chat::Reuse{});
    const base::Instant received = visit.exchange->request().received;
    reply_json(visit, 200,
               wire::render_reply({.text = text,
                                   .store_key = input.store_key,
                                   .start_ms = began.time_since_epoch().count(),
                                   .latency_ms =
                                       base::milliseconds_between(received, clock.now()),
                                   .reason = input.use_semshare ? kNotBuilt : kBypassed,
                                   .rung = reuse.rung,
                                   .reused_tokens = reuse.reused_tokens,
                                   .prefilled_tokens = reuse.prefilled_tokens}));
  }
};

void generate(serve::PromptKv& kv, const base::Clock& clock, const Visit& visit) {
  base::Result<wire::Request> input = wire::read_request(visit.exchange->request().body);
  // 422 is what FastAPI answers to a body of another shape.
  if (!input) return refuse(visit, 422, input.error().what);
  if (input->store_key.empty()) {
    input->store_key = serve::PromptKv::default_key(input->chat.text);
  }
  input->chat.id = visit.id;
  chat::Request request = input->chat;
  std::shared_ptr<Generating> state(
      new Generating{kv, clock, visit, std::move(*input), nullptr, clock.wall()});
  state->flight = kv.generate(visit.tenant, std::move(request));
  visit.exchange->on_close([state] { state->leave(); });
  state->flight->watch(SIZE_MAX, true, [state] { state->answer(); });
}

}  // namespace

void handle(serve::PromptKv& kv, const base::Clock& clock, const Visit& visit) {
  const std::string& path = visit.exchange->request().path;
  if (!visit.certain) {
    return refuse(visit, 403, "whose KV this would be is not known: an API key is wanted");
  }
  if (path == "/v1/generate") return generate(kv, clock, visit);
  if (path == "/v1/cache/stats") {
    return reply_json(visit, 200, wire::render_stats(kv.items(visit.tenant)));
  }
  if (base::Result<> cleared = kv.clear_items(visit.tenant); !cleared) {
    return refuse(visit, 500, cleared.error().what);
  }
  reply_json(visit, 200, R"({"ok":true})");
}

}  // namespace refrain::api::semshare
