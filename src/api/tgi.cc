#include "api/tgi.h"

#include <optional>
#include <utility>

#include "api/reply.h"
#include "api/status.h"
#include "wire/tgi.h"

namespace refrain::api::tgi {
namespace {

wire::tgi::ErrorType type_of(int status) {
  if (status == 503 || status == 429) return wire::tgi::ErrorType::overloaded;
  return status < 500 ? wire::tgi::ErrorType::validation : wire::tgi::ErrorType::generation;
}

class TgiVoice final : public Voice {
 public:
  // The request is kept whole: options of rendering point into it.
  TgiVoice(wire::tgi::Route route, chat::Request request)
      : route_(route), request_(std::move(request)) {}

  std::string whole(const chat::Answer& answer, const chat::Head&, serve::Outcome) override {
    return wire::tgi::render_reply(
        answer, wire::tgi::render_options(route_, request_, answer.origin));
  }
  void begin(const chat::Head& head) override {
    writer_.emplace(wire::tgi::render_options(route_, request_, head.origin));
  }
  void event(const chat::Event& event, std::string& out) override { writer_->event(event, out); }
  void end(std::string& out) override { writer_->finish(out); }
  void broken(const base::Error& error, std::string_view upstream, std::string& out) override {
    std::string_view sentence = upstream.empty() ? std::string_view(error.what) : upstream;
    out += wire::tgi::error_event(sentence, wire::tgi::ErrorType::incomplete_generation);
  }
  std::string error(const base::Error& error, int status) override {
    return wire::tgi::error_body(error.what, type_of(status));
  }

 private:
  wire::tgi::Route route_;
  chat::Request request_;
  std::optional<wire::tgi::StreamWriter> writer_;
};

}  // namespace

void refuse(const Visit& visit, int status, const std::string& sentence) {
  reply_json(visit, status, wire::tgi::error_body(sentence, type_of(status)));
}

void generate(Context& context, const Visit& visit, std::string_view path) {
  using wire::tgi::Route;
  Route route = path == "/generate"          ? Route::generate
                : path == "/generate_stream" ? Route::generate_stream : Route::root;
  const net::Request& http = visit.exchange->request();
  base::Result<chat::Request> request = wire::tgi::read_request(route, http.body, http.headers);
  // 422 is what TGI itself answers to a body that it cannot use.
  if (!request) {
    int status = http_status(request.error().code);
    return refuse(visit, status == 400 ? 422 : status, request.error().what);
  }
  base::Result<key::Controls> controls =
      key::controls(http.headers, request->body, visit.tenant.allowed);
  if (!controls) return refuse(visit, 422, controls.error().what);
  ReplyPlan plan;
  plan.request_id = visit.id;
  plan.stream = request->wants_stream;
  plan.voice = std::make_unique<TgiVoice>(route, *request);
  serve::Ask ask = ask_of(visit, std::move(*request), std::move(*controls));
  ask.places = serve::places_of(ask.request, ask.tenant, ask.controls,
                                context.completions.route(chat::Dialect::tgi).key_rules);
  answer(visit.exchange, context.completions.ask(std::move(ask)), std::move(plan), context.clock);
}

void info(Context& context, const Visit& visit) {
  wire::tgi::Info info;
  info.model_id = context.default_model;
  info.version = context.version;
  info.concurrent_max = context.requests_max;
  info.total_tokens_max = context.context_tokens;
  info.input_tokens_max = context.context_tokens > 0 ? context.context_tokens - 1 : 0;
  reply_json(visit, 200, wire::tgi::info_body(info));
}

}  // namespace refrain::api::tgi
