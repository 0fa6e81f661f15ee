#include "cli/modelcache_import.h"

#include <array>
#include <cstdio>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/exit.h"
#include "cli/terminal.h"
#include "disk/sqlite.h"

namespace refrain::cli {
namespace {

using base::Code;
using base::fail;
using base::Result;
using json::Value;
namespace sqlite = disk::sqlite;

constexpr std::size_t kBatch = 500;
constexpr std::array<std::string_view, 5> kRoles = {"system", "user", "assistant", "tool",
                                                    "function"};

// The reference escapes nothing: a content with a delimiter in it cannot be told from two turns, so
// only what is whole in all its parts counts as spliced.
std::optional<chat::Conversation> spliced(std::string_view text) {
  chat::Conversation turns;
  while (true) {
    const std::size_t next = text.find("|||");
    const std::string_view turn = text.substr(0, next);
    const std::size_t mark = turn.find("###");
    if (mark == std::string_view::npos) return std::nullopt;
    turns.push_back({std::string(turn.substr(0, mark)), std::string(turn.substr(mark + 3)), {}});
    if (next == std::string_view::npos) return turns;
    text.remove_prefix(next + 3);
  }
}

Value entry_of(const sqlite::Query& row) {
  json::Array turns;
  for (const chat::Turn& turn : imported_turns(row.bytes(0))) {
    turns.emplace_back(json::Object{{"role", turn.role}, {"content", turn.content}});
  }
  return json::Object{{"query", std::move(turns)}, {"answer", row.bytes(1)}};
}

// One connection to the server, and what waits to be sent to it.
class Sender {
 public:
  explicit Sender(Server& server) : server_(server) {}

  Result<> add(const std::string& model, Value entry) {
    json::Array& waiting = waiting_[model];
    waiting.push_back(std::move(entry));
    return waiting.size() < kBatch ? Result<>() : send(model, waiting);
  }
  Result<> finish() {
    for (auto& [model, waiting] : waiting_) TRY_DO(send(model, waiting));
    return {};
  }
  std::uint64_t sent() const { return sent_; }
  std::size_t models() const { return waiting_.size(); }

 private:
  Result<> send(const std::string& model, json::Array& waiting) {
    if (waiting.empty()) return {};
    const std::size_t count = waiting.size();
    const Value body = json::Object{{"type", "insert"},
                                    {"scope", json::Object{{"model", model}}},
                                    {"chat_info", std::exchange(waiting, {})}};
    Result<Value> reply = server_.post("/modelcache", body);
    const Value* code = reply ? reply->find("errorCode") : nullptr;
    if (reply && code != nullptr && code->as_int() == 0) {
      sent_ += count;
      return {};
    }
    return fail(reply ? Code::unavailable : reply.error().code,
                fmt::format("{} entries are stored; then, for model '{}': {}", sent_, model,
                            reply ? reply->text("errorDesc") : reply.error().what));
  }

  Server& server_;
  std::map<std::string, json::Array> waiting_;
  std::uint64_t sent_ = 0;
};

Result<int> import_all(const Session& common, const ImportOptions& options) {
  TRY(server, Server::open(common.server));
  TRY(file, sqlite::Connection::open(options.file, sqlite::Access::read));
  TRY(total, file->number("SELECT count(*) FROM modelcache_llm_answer"));
  TRY(rows, file->query("SELECT question, answer, model FROM modelcache_llm_answer "
                        "WHERE ?1 = '' OR model = ?1 ORDER BY id"));
  rows.bind_text(1, options.model);
  Sender sender(*server);
  std::uint64_t skipped = 0;
  Progress progress("imported", static_cast<std::uint64_t>(total));
  for (;;) {
    TRY(more, rows.step());
    if (!more) break;
    if (rows.is_null(0) || rows.is_null(1) || rows.bytes(2).empty()) {
      ++skipped;
      continue;
    }
    TRY_DO(sender.add(std::string(rows.bytes(2)), entry_of(rows)));
    progress.set(sender.sent());
  }
  TRY_DO(sender.finish());
  if (common.json) {
    std::printf(
        "%s\n",
        json::write(json::Object{{"imported", Value::of(sender.sent())},
                                 {"models", Value::of(static_cast<std::uint64_t>(sender.models()))},
                                 {"skipped", Value::of(skipped)}})
            .c_str());
    return 0;
  }
  std::printf("%llu entries of %zu models stored; %llu rows without question, answer or model\n",
              static_cast<unsigned long long>(sender.sent()), sender.models(),
              static_cast<unsigned long long>(skipped));
  return 0;
}

}  // namespace

chat::Conversation imported_turns(std::string_view question) {
  if (std::optional<chat::Conversation> turns = spliced(question)) return std::move(*turns);
  for (std::string_view role : kRoles) {
    if (!question.starts_with(role) || !question.substr(role.size()).starts_with(": ")) continue;
    return {{std::string(role), std::string(question.substr(role.size() + 2)), {}}};
  }
  return {{"user", std::string(question), {}}};
}

int import_modelcache(const Session& common, const ImportOptions& options) {
  Result<int> status = import_all(common, options);
  return status ? *status : report(status.error(), common.json);
}

}  // namespace refrain::cli
