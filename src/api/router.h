#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/context.h"
#include "api/kv.h"
#include "net/server.h"

namespace refrain::api {

/// Finds the door of a request, says whose it is, and hands it on. Threads: any.
class Router final : public net::Handler {
 public:
  explicit Router(Context context);
  void handle(std::shared_ptr<net::Exchange> exchange) override;
  /// Uploads of KV go to files; every other body is small.
  net::Reception receive(const net::Request& head, std::function<void()> wake) override;
  /// A WebSocket of ModelCache's door, of a tenant that is known.
  std::unique_ptr<net::Correspondent> correspond(const net::Request& head) override;

 private:
  Visit visit_of(std::shared_ptr<net::Exchange> exchange) const;
  void semshare(const Visit& visit);
  void native(const Visit& visit);
  void operations(const Visit& visit);

  Context context_;
  std::optional<KvDoors> kv_{};
};

/// Renders an error that the server found itself (a body too large, a bad request line) in the
/// dialect of the path's door. Fits net::Options::error_body.
net::Response render_error(int status, std::string_view reason, const std::string& path);

/// Checks a list of doors such as "openai,gkv". Errors: invalid, naming the unknown one.
base::Result<> check_doors(std::string_view doors);

}  // namespace refrain::api
