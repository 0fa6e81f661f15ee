#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/client.h"
#include "json/value.h"

namespace refrain::cli {

/// The cause that an HTTP status of the server stands for.
base::Code code_of(int status) noexcept;

/// Percent-encoded, for a segment of a path or a value of a query.
std::string escaped(std::string_view text);

/// A running refrain server, as the commands see it. All functions block.
class Server {
 public:
  struct Options {
    std::string url = "http://127.0.0.1:8780";  // --server, REFRAIN_SERVER
    std::string key{};                          // --key, REFRAIN_KEY
  };
  static base::Result<std::unique_ptr<Server>> open(Options options);
  ~Server();

  /// The JSON of a 2xx reply. Errors: unavailable (nobody listens: says how to start one), or what
  /// the server said, by its status.
  base::Result<json::Value> get(const std::string& path);
  base::Result<json::Value> post(const std::string& path, const json::Value& body);
  base::Result<json::Value> erase(const std::string& path);

  /// Posts, and hands on the reply's headers, then its bytes as they come.
  using OnHead = std::function<void(int status, const fetch::Headers&)>;
  using OnBytes = std::function<void(std::string_view)>;
  base::Result<> stream(const std::string& path, const json::Value& body,
                        const fetch::Headers& more, const OnHead& on_head, const OnBytes& on_bytes);
  const std::string& url() const { return options_.url; }

 private:
  Server(Options options, std::unique_ptr<fetch::Client> client);
  fetch::Request request(std::string method, const std::string& path) const;
  base::Result<json::Value> run(fetch::Request request);

  const Options options_;
  std::unique_ptr<fetch::Client> client_;
};

}  // namespace refrain::cli
