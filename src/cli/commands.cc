#include "cli/commands.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/analyze.h"
#include "cli/exit.h"
#include "cli/prompts.h"
#include "cli/terminal.h"

namespace refrain::cli {
namespace {

using base::Code;
using base::fail;
using base::Result;
using json::Value;

constexpr std::size_t kInsertBatch = 500;

int print_json(const Value& value) {
  std::printf("%s\n", json::write(value).c_str());
  return 0;
}

std::string shown(const Value* value) {
  if (!value) return "-";
  if (value->is_string()) return *value->string();
  return json::write(*value);
}

std::string shortened(std::string text, std::size_t width) {
  std::ranges::replace(text, '\n', ' ');
  if (text.size() <= width) return text;
  std::size_t cut = width - 3;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0U) == 0x80U) --cut;
  return text.substr(0, cut) + "...";
}

// Runs `work(server)` and reports its error.
template <class Work>
int with_server(const Session& common, Work&& work) {
  Result<std::unique_ptr<Server>> server = Server::open(common.server);
  if (!server) return report(server.error(), common.json);
  Result<int> status = work(**server);
  if (!status) return report(status.error(), common.json);
  return *status;
}

void print_flat(const Value& value, const std::string& prefix) {
  for (const json::Member& member : *value.object()) {
    if (member.value.is_object()) {
      print_flat(member.value, prefix + member.name + ".");
    } else {
      std::printf("%-34s %s\n", (prefix + member.name).c_str(), shown(&member.value).c_str());
    }
  }
}

void print_decision(const Value& decision) {
  for (const char* name :
       {"request_id", "when", "tenant", "dialect", "model", "outcome", "tier", "answer_id",
        "similarity", "mode", "floor", "embed_ms", "search_ms", "total_ms"}) {
    if (const Value* value = decision.find(name)) {
      std::printf("%-12s %s\n", name, shown(value).c_str());
    }
  }
  if (const Value* notes = decision.find("notes"); notes && notes->array()) {
    for (const Value& note : *notes->array())
      std::printf("note         %s\n", shown(&note).c_str());
  }
  if (const Value* judged = decision.find("judgement"); judged && judged->object()) {
    for (const json::Member& member : *judged->object()) {
      std::printf("verifier     %s %s\n", member.name.c_str(), shown(&member.value).c_str());
    }
  }
  if (const Value* list = decision.find("candidates"); list && list->array()) {
    for (const Value& row : *list->array()) {
      const bool* accepted = row.find("accepted") ? row.find("accepted")->boolean() : nullptr;
      std::printf("candidate    %s cosine %s: %s\n", shown(row.find("answer_id")).c_str(),
                  shown(row.find("cosine")).c_str(),
                  accepted && *accepted ? "accepted" : "refused");
      for (const Value& reason : *row.find("reasons")->array()) {
        std::printf("             %s\n", shown(&reason).c_str());
      }
    }
  }
}

void print_entry(const Value& entry) {
  std::printf("%s  %-10s %-14s hits %-5s %s\n", shown(entry.find("id")).c_str(),
              shown(entry.find("tenant")).c_str(), shown(entry.find("model")).c_str(),
              shown(entry.find("hits")).c_str(),
              shortened(shown(entry.find("question")), 80).c_str());
}

Result<std::vector<Value>> read_lines(const InsertOptions& options) {
  std::string text;
  if (options.file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    TRY(bytes, base::read_file(options.file));
    text = std::move(bytes);
  }
  std::vector<Value> out;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    ++number;
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<Value> item = json::parse(line);
    bool object = item && item->is_object();
    if (!object) {
      return fail(Code::invalid, fmt::format("{} line {}: {}", options.file, number,
                                             item ? "an object is wanted" : item.error().what));
    }
    if (!options.model.empty() && !item->find("model")) item->set("model", options.model);
    if (!options.tags.empty() && !item->find("tags")) {
      item->set("tags", json::Array(options.tags.begin(), options.tags.end()));
    }
    out.push_back(std::move(*item));
  }
  if (out.empty()) return fail(Code::invalid, fmt::format("{}: no lines", options.file));
  return out;
}

Value filter_of(const InvalidateOptions& options) {
  Value body = json::Object{};
  auto set = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) body.set(name, text);
  };
  if (!options.ids.empty()) body.set("ids", json::Array(options.ids.begin(), options.ids.end()));
  set("model", options.model);
  set("tag", options.tag);
  set("scope", options.scope);
  set("user", options.user);
  set("tenant", options.tenant);
  set("prefix", options.prefix);
  if (!options.older_than.empty()) body.set("older_than", Value::of(options.older_than_seconds));
  if (options.all) body.set("all", true);
  body.set("dry_run", options.dry_run);
  return body;
}

}  // namespace

int stats(const Session& common) {
  return with_server(common, [&](Server& server) -> Result<int> {
    TRY(body, server.get("/refrain/v1/stats"));
    if (common.json) return print_json(body);
    print_flat(body, "");
    return 0;
  });
}

int explain(const Session& common, const std::string& id) {
  return with_server(common, [&](Server& server) -> Result<int> {
    TRY(body, server.get("/refrain/v1/explain/" + escaped(id)));
    if (common.json) return print_json(body);
    if (const Value* list = body.find("decisions"); list && list->array()) {
      for (const Value& decision : *list->array()) {
        print_decision(decision);
        std::printf("\n");
      }
    } else if (const Value* entry = body.find("entry")) {
      print_entry(*entry);
      std::printf("answer       %s\n", shown(entry->find("answer")).c_str());
      for (const char* what : {"served", "refused"}) {
        const Value* decisions = body.find(what);
        if (!decisions || !decisions->array()) continue;
        for (const Value& decision : *decisions->array()) {
          std::printf("%-12s %s %s\n", what, shown(decision.find("when")).c_str(),
                      shown(decision.find("request_id")).c_str());
        }
      }
    } else {
      print_decision(body);
    }
    return 0;
  });
}

int entries(const Session& common, const EntriesOptions& options) {
  return with_server(common, [&](Server& server) -> Result<int> {
    std::string path = fmt::format("/refrain/v1/entries?limit={}", options.limit);
    if (!options.model.empty()) path += "&model=" + escaped(options.model);
    if (!options.tag.empty()) path += "&tag=" + escaped(options.tag);
    if (!options.after.empty()) path += "&after=" + escaped(options.after);
    TRY(body, server.get(path));
    if (common.json) return print_json(body);
    for (const Value& entry : *body.find("entries")->array()) print_entry(entry);
    if (const Value* next = body.find("next")) {
      std::fprintf(stderr, "more: refrain entries --after %s\n", shown(next).c_str());
    }
    return 0;
  });
}

int insert(const Session& common, const InsertOptions& options) {
  return with_server(common, [&](Server& server) -> Result<int> {
    TRY(lines, read_lines(options));
    Progress progress("inserted", lines.size());
    std::uint64_t done = 0;
    for (std::size_t at = 0; at < lines.size(); at += kInsertBatch) {
      std::size_t end = std::min(at + kInsertBatch, lines.size());
      json::Array batch(lines.begin() + static_cast<std::ptrdiff_t>(at),
                        lines.begin() + static_cast<std::ptrdiff_t>(end));
      Value body;
      body.set("entries", std::move(batch));
      Result<Value> reply = server.post("/refrain/v1/entries", body);
      if (!reply) {
        return fail(reply.error().code, fmt::format("{} of {} lines are stored; then: {}", done,
                                                    lines.size(), reply.error().what));
      }
      done += end - at;
      progress.set(done);
    }
    if (common.json) {
      Value out;
      out.set("inserted", Value::of(done));
      return print_json(out);
    }
    std::printf("%llu entries stored\n", static_cast<unsigned long long>(done));
    return 0;
  });
}

int invalidate(const Session& common, const InvalidateOptions& options) {
  return with_server(common, [&](Server& server) -> Result<int> {
    TRY(body, server.post("/refrain/v1/invalidate", filter_of(options)));
    if (common.json) return print_json(body);
    const char* name = options.dry_run ? "would_delete" : "deleted";
    std::printf("%s %s entries\n", options.dry_run ? "would delete" : "deleted",
                shown(body.find(name)).c_str());
    return 0;
  });
}

int analyze_file(const Session& common, const AnalyzeCommand& command, embed::Embedder& embedder) {
  Result<std::vector<std::string>> prompts = read_prompts(command.file);
  if (!prompts) return report(prompts.error(), common.json);
  Progress progress("embedded", prompts->size());
  AnalyzeOptions options;
  options.threshold = static_cast<float>(command.threshold);
  options.samples_max = command.samples;
  options.progress = [&](std::uint64_t done) { progress.set(done); };
  Result<Redundancy> found = analyze(embedder, *prompts, options);
  if (!found) return report(found.error(), common.json);
  if (common.json) {
    Value out;
    out.set("prompts", Value::of(static_cast<std::uint64_t>(found->prompts)));
    out.set("words_mean", Value::of(found->words_mean));
    out.set("threshold", Value::of(command.threshold));
    out.set("pairs", Value::of(found->pairs));
    out.set("share_percent", Value::of(found->share_percent));
    json::Array samples;
    for (const Redundancy::Pair& pair : found->samples) {
      Value row;
      row.set("first", (*prompts)[pair.first]);
      row.set("second", (*prompts)[pair.second]);
      row.set("cosine", Value::of(static_cast<double>(pair.cosine)));
      samples.push_back(std::move(row));
    }
    out.set("samples", std::move(samples));
    return print_json(out);
  }
  std::printf("prompts                  %zu\nmean length              %.1f words\n", found->prompts,
              found->words_mean);
  std::printf("pairs at cosine >= %.2f  %llu\nshare of all pairs       %.2f %%\n",
              command.threshold, static_cast<unsigned long long>(found->pairs),
              found->share_percent);
  for (const Redundancy::Pair& pair : found->samples) {
    std::printf("%.4f  %s\n        %s\n", static_cast<double>(pair.cosine),
                shortened((*prompts)[pair.first], 90).c_str(),
                shortened((*prompts)[pair.second], 90).c_str());
  }
  return 0;
}

}  // namespace refrain::cli
