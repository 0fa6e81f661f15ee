#pragma once

#include <memory>
#include <string>
#include <utility>

#include "api/kv.h"
#include "api/promptkv.h"
#include "tests/support/fake_exchange.h"
#include "tests/support/kv_files.h"
#include "tests/support/kv_store.h"

namespace refrain::api {

/// The KV doors over a store of small_model()'s KV, asked without sockets.
struct KvDoorProbe {
  explicit KvDoorProbe(kv::Options options = {}) : store(std::move(options)) {}

  using Door = void (*)(KvDoors&, const Visit&);
  std::shared_ptr<net::FakeExchange> ask(Door door, std::shared_ptr<net::FakeExchange> exchange) {
    Visit visit;
    visit.exchange = exchange;
    visit.id = "req-1";
    visit.tenant.id = "t";
    visit.certain = certain;
    door(doors, visit);
    EXPECT_TRUE(exchange->wait_closed());
    return exchange;
  }
  /// With a body that goes to the door's own sink, as the server does it.
  std::shared_ptr<net::FakeExchange> send(Door door, const std::string& method,
                                          const std::string& path, const std::string& body,
                                          net::Headers headers = {}) {
    auto exchange = net::FakeExchange::make(method, path, "", std::move(headers));
    key::Tenant tenant;
    tenant.id = "t";
    net::Reception reception = promptkv::receive(doors, exchange->request(), tenant, [] {});
    if (reception.sink) (void)reception.sink->put(body);
    exchange->request().sink = std::move(reception.sink);
    return ask(door, std::move(exchange));
  }
  std::shared_ptr<net::FakeExchange> upload(const std::string& file,
                                            const std::string& name = "k.safetensors",
                                            const std::string& field = "prompt_cache_file") {
    const std::string body = "--b\r\nContent-Disposition: form-data; name=\"" + field +
                             "\"; filename=\"" + name + "\"\r\n\r\n" + file + "\r\n--b--\r\n";
    return send(promptkv::handle, "POST", "/upload/", body,
                {{"content-type", "multipart/form-data; boundary=b"}});
  }

  kv::StoreProbe store;
  base::Pool work{{.name = "work", .threads = 2, .queue_max = 64}};
  KvDoors doors{store.store(), work, store.clock};
  bool certain = true;
};

}  // namespace refrain::api
