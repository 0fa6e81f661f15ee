#include "api/context.h"

#include <utility>

namespace refrain::api {

serve::Ask ask_of(const Visit& visit, chat::Request request, key::Controls controls) {
  // The upstream sees the tenant's own credential where it has one.
  if (!visit.tenant.upstream_key.empty()) {
    std::erase_if(request.pass, [](const auto& header) {
      return header.first == "authorization" || header.first == "x-api-key";
    });
    request.pass.emplace_back("authorization", "Bearer " + visit.tenant.upstream_key);
  }
  serve::Ask ask;
  ask.request = std::move(request);
  ask.id = visit.id;
  ask.tenant = visit.tenant;
  ask.certain = visit.certain;
  ask.controls = std::move(controls);
  if (!visit.certain) ask.controls.reasons.push_back("tenant unknown: the cache is left alone");
  ask.received = visit.exchange->request().received;
  return ask;
}

void reply_json(const Visit& visit, int status, std::string body) {
  net::Headers headers = {{"content-type", "application/json"},
                          {"x-refrain-request-id", visit.id}};
  visit.exchange->reply({status, std::move(headers), std::move(body)});
}

}  // namespace refrain::api
