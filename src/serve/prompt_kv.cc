#include "serve/prompt_kv.h"

#include <algorithm>

#include "key/md5.h"

namespace refrain::serve {

PromptKv::PromptKv(const Options& options, engine::Engine* engine, const base::Clock& clock)
    : options_(options), engine_(engine), clock_(clock) {}

std::shared_ptr<chat::Flight> PromptKv::generate(const key::Tenant& tenant,
                                                 chat::Request request) {
  auto flight = std::make_shared<chat::Flight>(options_.answer_bytes_max);
  flight->join();
  request.realm = tenant.id;
  if (engine_ == nullptr) {
    flight->finish({chat::End::Kind::failed,
                    {},
                    {base::Code::unavailable,
                     "this server has no model of its own: start refrain with --model FILE.gguf"}});
    return flight;
  }
  engine_->start({clock_.now() + options_.answer_deadline, flight->stop_token(), 0}, request,
                 flight);
  return flight;
}

std::string PromptKv::default_key(std::string_view prompt) {
  return "p" + key::md5_hex(prompt).substr(0, 8);
}

void PromptKv::store_item(const key::Tenant& tenant, const std::string& name) {
  items_.with([&](std::map<std::string, Items>& all) {
    if (!all.contains(tenant.id) && all.size() >= options_.tenants_max) all.erase(all.begin());
    Items& items = all[tenant.id];
    items.remove(name);
    items.push_back(name);
    while (items.size() > options_.items_max) items.pop_front();
  });
}

std::vector<std::string> PromptKv::items(const key::Tenant& tenant) const {
  return items_.with([&](const std::map<std::string, Items>& all) {
    const auto found = all.find(tenant.id);
    if (found == all.end()) return std::vector<std::string>();
    return std::vector<std::string>(found->second.begin(), found->second.end());
  });
}

base::Result<> PromptKv::clear_items(const key::Tenant& tenant) {
  if (engine_ != nullptr) TRY_DO(engine_->clear(tenant.id));
  items_.with([&](std::map<std::string, Items>& all) { all.erase(tenant.id); });
  return {};
}

std::optional<engine::Entry> PromptKv::entry(const key::Tenant& tenant, const std::string& id) {
  if (engine_ == nullptr) return std::nullopt;
  return engine_->entry(id, tenant.admin ? "" : tenant.id);
}

base::Result<std::size_t> PromptKv::clear(const key::Tenant& tenant) {
  if (engine_ == nullptr) return std::size_t{0};
  return engine_->clear(tenant.admin ? "" : tenant.id);
}

}  // namespace refrain::serve
