#include "upstream/options.h"

#include <algorithm>

#include <fmt/format.h>

namespace refrain::upstream {

using base::Code, base::fail, base::Result;

namespace {

constexpr std::string_view kVersion = "/v1";

bool fits(std::string_view pattern, std::string_view model) {
  if (!pattern.ends_with('*')) return pattern == model;
  return model.starts_with(pattern.substr(0, pattern.size() - 1));
}

Result<> check_upstream(const Upstream& upstream) {
  bool http = upstream.url.starts_with("http://") || upstream.url.starts_with("https://");
  if (!http || upstream.url.find_first_of("?# ") != std::string::npos) {
    return fail(Code::invalid,
                fmt::format("upstream {}: '{}' is no http or https URL without query",
                            upstream.name, upstream.url));
  }
  if (upstream.connect_timeout.count() <= 0 || upstream.idle_timeout.count() < 0 ||
      upstream.first_byte_timeout.count() < 0 || upstream.total_timeout.count() < 0) {
    return fail(Code::invalid, fmt::format("upstream {}: a timeout is negative, or that of "
                                           "connecting is 0",
                                           upstream.name));
  }
  return {};
}

}  // namespace

Result<> Options::check() const {
  if (upstreams.empty()) return fail(Code::invalid, "no upstream: at least one is needed");
  for (const Upstream& upstream : upstreams) {
    TRY_DO(check_upstream(upstream));
    if (std::ranges::count(upstreams, upstream.name, &Upstream::name) > 1) {
      return fail(Code::invalid, fmt::format("two upstreams are named {}", upstream.name));
    }
  }
  for (const Route& route : routes) {
    if (std::ranges::count(upstreams, route.upstream, &Upstream::name) == 0) {
      return fail(Code::invalid, fmt::format("route {}: there is no upstream named '{}'",
                                             route.pattern, route.upstream));
    }
  }
  if (retry_share < 0 || retry_share > 1 || retry_burst < 0 || retries_max > 10) {
    return fail(Code::invalid, fmt::format("retries: share {} (0 to 1), burst {} (from 0), {} per "
                                           "request (0 to 10)",
                                           retry_share, retry_burst, retries_max));
  }
  return {};
}

const Upstream& choose(const Options& options, std::string_view model) {
  for (const Route& route : options.routes) {
    if (!fits(route.pattern, model)) continue;
    auto found = std::ranges::find(options.upstreams, route.upstream, &Upstream::name);
    if (found != options.upstreams.end()) return *found;
  }
  return options.upstreams.front();
}

std::string join(std::string_view base, std::string_view target) {
  while (base.ends_with('/')) base.remove_suffix(1);
  if (base.ends_with(kVersion)) base.remove_suffix(kVersion.size());
  return std::string(base) + std::string(target);
}

}  // namespace refrain::upstream
