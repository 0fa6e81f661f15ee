#include "api/openai.h"

#include <utility>

#include "api/reply.h"
#include "api/status.h"
#include "wire/openai.h"

namespace refrain::api::openai {
namespace {

struct Read {
  chat::Request request;
  key::Controls controls;
};

base::Result<Read> read(const Visit& visit, chat::Dialect dialect) {
  const net::Request& http = visit.exchange->request();
  TRY(request, wire::openai::read_request(dialect, http.body, http.headers));
  TRY(controls, key::controls(http.headers, request.body, visit.tenant.allowed));
  request.raw = http.body;
  return Read{std::move(request), std::move(controls)};
}

}  // namespace

void refuse(const Visit& visit, int status, const base::Error& error) {
  reply_json(visit, status,
             wire::openai::error_body({error.what, openai_type(status),
                                       wire::openai::param_of(error), base::name(error.code)}));
}

void complete(Context& context, const Visit& visit, chat::Dialect dialect) {
  base::Result<Read> input = read(visit, dialect);
  if (!input) return refuse(visit, http_status(input.error().code), input.error());
  bool chat = dialect == chat::Dialect::openai_chat;
  ReplyPlan plan;
  plan.request_id = visit.id;
  plan.stream = input->request.wants_stream;
  plan.voice = openai_voice(chat ? chat::Origin::openai_chat : chat::Origin::openai_completion,
                            input->request.wants_usage);
  serve::Ask ask = ask_of(visit, std::move(input->request), std::move(input->controls));
  ask.places = serve::places_of(ask.request, ask.tenant, ask.controls,
                                context.completions.route(dialect).key_rules);
  answer(visit.exchange, context.completions.ask(std::move(ask)), std::move(plan), context.clock);
}

void embed(Context& context, const Visit& visit) {
  base::Result<Read> input = read(visit, chat::Dialect::openai_embedding);
  if (!input) return refuse(visit, http_status(input.error().code), input.error());
  serve::Ask ask = ask_of(visit, std::move(input->request), std::move(input->controls));
  auto done = [visit, &context](serve::EmbeddingReply reply) {
    if (reply.refusal) {
      visit.exchange->reply({reply.refusal->status, reply.refusal->headers, reply.refusal->body});
      return;
    }
    if (reply.error) return refuse(visit, http_status(reply.error->code), *reply.error);
    serve::Ticket ticket;
    ticket.outcome = reply.outcome;
    net::Headers headers = cache_headers(ticket, reply.head, visit.id, context.clock.wall());
    headers.emplace_back("content-type", "application/json");
    headers.emplace_back("x-refrain-inputs-cached", std::to_string(reply.cached));
    visit.exchange->reply({200, std::move(headers), std::move(reply.body)});
  };
  context.embeddings.ask(std::move(ask), std::move(done));
}

void pass_through(Context& context, const Visit& visit) {
  const net::Request& http = visit.exchange->request();
  serve::Forwarded forwarded{http.method, http.target, http.headers, http.body,
                             visit.tenant.upstream_key};
  auto exchange = visit.exchange;
  context.forward.start(std::move(forwarded), [visit](chat::Refusal reply) {
    visit.exchange->reply({reply.status, std::move(reply.headers), std::move(reply.body)});
  });
}

}  // namespace refrain::api::openai
