#include "cli/server.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace refrain::cli {
namespace {

using base::Code;
using base::fail;

base::Error explained(base::Error error, const std::string& url) {
  if (error.code == Code::unavailable) {
    error.what += fmt::format(". Is a server running at {}? Start one with: refrain serve", url);
  }
  return error;
}

// Hands the bytes of a reply from the fetch thread to the one that waits.
class Relay final : public fetch::Sink {
 public:
  Relay(const Server::OnHead& on_head, const Server::OnBytes& on_bytes)
      : on_head_(on_head), on_bytes_(on_bytes) {}
  void head(int status, fetch::Headers headers) override { on_head_(status, headers); }
  bool data(std::string_view bytes) override {
    on_bytes_(bytes);
    return true;
  }
  void finished(base::Result<> result) override {
    std::lock_guard guard(lock_);
    result_ = std::move(result);
    done_ = true;
    changed_.notify_all();
  }
  base::Result<> wait() {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [this] { return done_; });
    return std::move(result_);
  }

 private:
  const Server::OnHead& on_head_;
  const Server::OnBytes& on_bytes_;
  std::mutex lock_;
  std::condition_variable changed_;
  base::Result<> result_;
  bool done_ = false;
};

}  // namespace

Code code_of(int status) noexcept {
  switch (status) {
    case 400:
    case 401:
    case 403:
    case 413:
    case 422: return Code::invalid;
    case 404: return Code::not_found;
    case 409: return Code::conflict;
    case 429:
    case 503: return Code::busy;
    case 502: return Code::unavailable;
    case 504: return Code::deadline;
    default: return Code::internal;
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

Server::Server(Options options, std::unique_ptr<fetch::Client> client)
    : options_(std::move(options)), client_(std::move(client)) {}

Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::open(Options options) {
  while (options.url.ends_with('/')) options.url.pop_back();
  TRY(client, fetch::Client::open({}));
  return std::unique_ptr<Server>(new Server(std::move(options), std::move(client)));
}

fetch::Request Server::request(std::string method, const std::string& path) const {
  fetch::Request request;
  request.method = std::move(method);
  request.url = options_.url + path;
  request.headers = {{"content-type", "application/json"}};
  if (!options_.key.empty())
    request.headers.emplace_back("authorization", "Bearer " + options_.key);
  request.first_byte_timeout = request.idle_timeout = std::chrono::minutes(10);
  return request;
}

base::Result<json::Value> Server::run(fetch::Request request) {
  base::Result<fetch::Response> response = client_->fetch_whole({}, std::move(request));
  if (!response) return std::unexpected(explained(response.error(), options_.url));
  base::Result<json::Value> body = json::parse(response->body);
  if (response->status / 100 == 2) return body;
  std::string sentence = fmt::format("{} answered with status {}", options_.url, response->status);
  if (body) {
    if (const json::Value* error = body->find("error"); error && error->is_object()) {
      sentence = error->text("message");
    }
  }
  return fail(code_of(response->status), std::move(sentence));
}

base::Result<json::Value> Server::get(const std::string& path) { return run(request("GET", path)); }

base::Result<json::Value> Server::erase(const std::string& path) {
  return run(request("DELETE", path));
}

base::Result<json::Value> Server::post(const std::string& path, const json::Value& body) {
  fetch::Request out = request("POST", path);
  out.body = json::write(body);
  return run(std::move(out));
}

base::Result<> Server::stream(const std::string& path, const json::Value& body,
                              const fetch::Headers& more, const OnHead& on_head,
                              const OnBytes& on_bytes) {
  fetch::Request out = request("POST", path);
  out.body = json::write(body);
  out.headers.insert(out.headers.end(), more.begin(), more.end());
  auto relay = std::make_shared<Relay>(on_head, on_bytes);
  TRY_DO(client_->start(std::move(out), relay));
  base::Result<> result = relay->wait();
  if (!result) return std::unexpected(explained(result.error(), options_.url));
  return result;
}

}  // namespace refrain::cli
