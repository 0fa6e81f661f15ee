// hiredis keeps the protocol; this file keeps time and causes. Each reply is waited for until the
// call's deadline at most, and a reply that did not come in time loses the connection: a later
// command would otherwise read it as its own.
#include "redis/connection.h"

#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

namespace refrain::redis {
namespace {

using base::Code;
using base::Result;

constexpr std::size_t kDepthMax = 8;

timeval timeval_of(std::chrono::milliseconds duration) {
  return {duration.count() / 1000, duration.count() % 1000 * 1000};
}

Reply take(const redisReply& from, std::size_t depth = 0) {
  Reply out;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      out.kind = Reply::Kind::number;
      out.number = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      out.kind = Reply::Kind::text;
      out.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ARRAY:
      out.kind = Reply::Kind::list;
      for (std::size_t i = 0; i < from.elements && depth < kDepthMax; ++i) {
        out.list.push_back(take(*from.element[i], depth + 1));
      }
      break;
    default: break;
  }
  return out;
}

}  // namespace

Code code_of(std::string_view error) noexcept {
  std::string_view word = error.substr(0, error.find(' '));
  if (word == "NOAUTH" || word == "WRONGPASS" || word == "NOPERM" || word == "ERR") {
    return Code::invalid;
  }
  if (word == "LOADING" || word == "MASTERDOWN" || word == "CLUSTERDOWN") return Code::unavailable;
  if (word == "BUSY" || word == "TRYAGAIN") return Code::busy;
  return Code::io;  // OOM, READONLY, MISCONF, NOREPLICAS
}

struct Connection::Handle {
  redisContext* context = nullptr;
  ~Handle() {
    if (context != nullptr) redisFree(context);
  }
};

Connection::Connection(const Options& options)
    : io_timeout_(options.io_timeout), handle_(std::make_unique<Handle>()) {}
Connection::~Connection() = default;

std::unexpected<base::Error> Connection::broken() {
  lost_ = true;
  const redisContext* context = handle_->context;
  const bool late = context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  const Code code = late                                 ? Code::deadline
                    : context->err == REDIS_ERR_PROTOCOL ? Code::corrupt
                                                         : Code::unavailable;
  return base::fail(code, fmt::format("redis: {}", late ? "no reply in time" : context->errstr));
}

Result<std::unique_ptr<Connection>> Connection::open(const Options& options) {
  std::unique_ptr<Connection> out(new Connection(options));  // NOLINT: private constructor
  timeval limit = timeval_of(options.connect_timeout);
  redisContext* context = options.socket.empty()
                              ? redisConnectWithTimeout(options.host.c_str(), options.port, limit)
                              : redisConnectUnixWithTimeout(options.socket.c_str(), limit);
  if (context == nullptr) return base::fail(Code::internal, "no memory for a connection");
  out->handle_->context = context;
  if (context->err != 0) {
    const std::string where =
        options.socket.empty() ? fmt::format("{}:{}", options.host, options.port) : options.socket;
    return base::fail(Code::unavailable, fmt::format("redis at {}: {}", where, context->errstr));
  }
  if (!options.password.empty()) {
    Command auth = {"AUTH"};
    if (!options.user.empty()) auth.push_back(options.user);
    auth.push_back(options.password);
    TRY_DO(out->command({}, auth));
  }
  if (options.database != 0) {
    const std::string number = std::to_string(options.database);
    TRY_DO(out->command({}, {"SELECT", number}));
  }
  return out;
}

Result<> Connection::set_deadline(const base::Call& call) {
  if (lost_) return base::fail(Code::unavailable, "redis: the connection is lost");
  auto left = io_timeout_;
  if (call.deadline != base::Instant::max()) {
    auto until = std::chrono::duration_cast<std::chrono::milliseconds>(
        call.deadline - std::chrono::steady_clock::now());
    left = std::clamp(until, std::chrono::milliseconds(1), io_timeout_);
  }
  if (redisSetTimeout(handle_->context, timeval_of(left)) != REDIS_OK) return broken();
  return {};
}

Result<> Connection::append(const Command& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (std::string_view word : command) {
    words.push_back(word.data() == nullptr ? "" : word.data());
    lengths.push_back(word.size());
  }
  if (redisAppendCommandArgv(handle_->context, static_cast<int>(words.size()), words.data(),
                             lengths.data()) != REDIS_OK) {
    return broken();
  }
  return {};
}

Result<Reply> Connection::receive() {
  void* raw = nullptr;
  if (redisGetReply(handle_->context, &raw) != REDIS_OK) return broken();
  std::unique_ptr<void, decltype(&freeReplyObject)> reply(raw, &freeReplyObject);
  const auto& got = *static_cast<redisReply*>(raw);
  Reply out = take(got);
  if (got.type != REDIS_REPLY_ERROR) return out;
  return base::fail(code_of(out.text), "redis: " + out.text);
}

Result<Reply> Connection::command(const base::Call& call, const Command& command) {
  TRY_DO(set_deadline(call));
  TRY_DO(append(command));
  return receive();
}

Result<std::vector<Reply>> Connection::pipeline(const base::Call& call,
                                                std::span<const Command> commands) {
  TRY_DO(set_deadline(call));
  for (const Command& command : commands) TRY_DO(append(command));
  std::vector<Reply> out;
  std::optional<base::Error> first;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Result<Reply> reply = receive();
    if (reply) {
      out.push_back(std::move(*reply));
    } else if (!first) {
      first = std::move(reply).error();
    }
    if (lost_) break;
  }
  if (first) return std::unexpected(std::move(*first));
  return out;
}

Result<Reply> Connection::run(const base::Call& call, const Script& script, const Command& keys,
                              const Command& arguments) {
  for (int attempt = 0;; ++attempt) {
    std::string& digest = digests_[&script];
    if (digest.empty()) {
      TRY(loaded, command(call, {"SCRIPT", "LOAD", script.text()}));
      digest = loaded.text;
    }
    const std::string count = std::to_string(keys.size());
    Command words = {"EVALSHA", digest, count};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    Result<Reply> reply = command(call, words);
    // A server that was started again, or SCRIPT FLUSH: nothing was run.
    const bool unknown = !reply && reply.error().what.starts_with("redis: NOSCRIPT");
    if (!unknown || attempt > 0) return reply;
    digest.clear();
  }
}

}  // namespace refrain::redis
