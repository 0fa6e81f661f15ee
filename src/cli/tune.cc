#include "cli/tune.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "cli/decision_profile.h"
#include "cli/exit.h"
#include "cli/terminal.h"
#include "policy/verifier_table.h"

namespace refrain::cli {
namespace {

using base::Code;
using base::fail;
using base::Result;
using json::Value;

constexpr std::uint64_t kFileMax = 256ULL << 20;
constexpr std::size_t kBatch = 64;

std::string text_of(const Value& item, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const Value* member = item.find(name);
    if (member && member->string()) return *member->string();
  }
  return "";
}

// true, false, 1, 0, "right", "wrong".
std::optional<bool> label_of(const Value& item) {
  for (const std::string_view name : {"same", "label", "right", "verdict"}) {
    const Value* member = item.find(name);
    if (!member) continue;
    if (const bool* flag = member->boolean()) return *flag;
    const std::optional<std::int64_t> number = member->as_int();
    if (number && (*number == 0 || *number == 1)) return *number == 1;
    if (member->string() && *member->string() == "right") return true;
    if (member->string() && *member->string() == "wrong") return false;
    return std::nullopt;
  }
  return std::nullopt;
}

// The block is told by the name of its first feature.
Result<policy::Features> features_of(const Value& named) {
  policy::Features out{};
  const bool supported = named.find(policy::feature_name(policy::kAlone)) != nullptr;
  const std::size_t begin = supported ? policy::kAlone : 0;
  const std::size_t end = supported ? policy::kFeatures : policy::kAlone;
  for (std::size_t i = begin; i < end; ++i) {
    const Value* value = named.find(policy::feature_name(i));
    const std::optional<double> number = value ? value->as_double() : std::nullopt;
    if (!number) {
      return fail(Code::invalid, fmt::format("feature '{}' is absent", policy::feature_name(i)));
    }
    out[i] = *number;
  }
  return out;
}

Result<Labelled> read_item(const Value& item) {
  Labelled out;
  const std::optional<bool> label = label_of(item);
  if (!label) return fail(Code::invalid, "'same' (or 'verdict') must say true or false");
  out.right = *label;
  const Value* judgement = item.find("judgement");
  const Value* features = judgement ? judgement->find("features") : item.find("features");
  if (features && features->object()) {
    TRY(evidence, features_of(*features));
    out.evidence = evidence;
    out.group = text_of(item, {"group", "answer_id"});
    return out;
  }
  out.a = text_of(item, {"a", "question"});
  out.b = text_of(item, {"b", "stored"});
  out.group = text_of(item, {"group"});
  if (out.a.empty() || out.b.empty()) return fail(Code::invalid, "'a' and 'b' must be texts");
  return out;
}

Result<std::vector<Value>> items_of(const std::string& text) {
  if (Result<Value> whole = json::parse(text)) {
    const Value* labels = whole->find("labels");
    const json::Array* list = labels ? labels->array() : whole->array();
    if (list) return std::vector<Value>(list->begin(), list->end());
    return std::vector<Value>{*whole};
  }
  std::vector<Value> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<Value> item = json::parse(line);
    if (!item) return fail(Code::invalid, fmt::format("item {}: {}", out.size() + 1,
                                                      item.error().what));
    out.push_back(std::move(*item));
  }
  return out;
}

using Vectors = std::map<std::string_view, std::vector<float>>;

Result<Vectors> vectors_of(embed::Embedder& embedder, const std::vector<Labelled>& labelled) {
  Vectors out;
  for (const Labelled& one : labelled) {
    if (one.a.empty()) continue;
    out[one.a];
    out[one.b];
  }
  std::vector<std::string_view> texts;
  for (const auto& [text, vector] : out) texts.push_back(text);
  Progress progress("embedded", std::max<std::size_t>(texts.size(), 1));
  for (std::size_t at = 0; at < texts.size(); at += kBatch) {
    const auto batch = std::span(texts).subspan(at, std::min(kBatch, texts.size() - at));
    TRY(rows, embedder.embed({}, batch));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      out[batch[i]].assign(rows.row(i).begin(), rows.row(i).end());
    }
    progress.set(at + batch.size());
  }
  return out;
}

// Texts that stand in one pair belong together.
class Groups {
 public:
  const std::string& of(const std::string& text) {
    const auto found = parent_.emplace(text, text).first;
    if (found->second == text) return found->first;
    const std::string& root = of(std::string(found->second));
    found->second = root;
    return root;
  }
  void join(const std::string& a, const std::string& b) { parent_[of(a)] = of(b); }

 private:
  std::map<std::string, std::string> parent_;
};

json::Array expected_json(const std::vector<policy::Expected>& all) {
  json::Array out;
  for (const policy::Expected& one : all) {
    Value row;
    row.set("error_max", Value::of(one.error_max));
    row.set("examples", Value::of(static_cast<std::uint64_t>(one.examples)));
    row.set("hits", Value::of(static_cast<std::uint64_t>(one.hits)));
    row.set("wrong", Value::of(static_cast<std::uint64_t>(one.wrong)));
    row.set("enough", one.enough);
    out.push_back(std::move(row));
  }
  return out;
}

std::string shares(const policy::Expected& one) {
  const double all = static_cast<double>(std::max<std::size_t>(one.examples, 1));
  const double hits = static_cast<double>(std::max<std::size_t>(one.hits, 1));
  return fmt::format("{:5.1f} % hits, {:4.1f} % of them wrong",
                     100 * static_cast<double>(one.hits) / all,
                     100 * static_cast<double>(one.wrong) / hits);
}

Result<policy::Tuned> tuned_of(const TuneCommand& command, embed::Embedder& embedder) {
  TRY(text, base::read_file(command.file, kFileMax));
  TRY(labelled, read_labelled(text));
  TRY(examples, examples_of(embedder, labelled));
  policy::Tuned tuned =
      policy::tune(examples, policy::verifier_prior(), {.error_max = command.error_max});
  if (command.out.empty()) return tuned;
  std::ofstream out(command.out, std::ios::trunc);
  out << json::write(write_profile(tuned, command.error_max)) << '\n' << std::flush;
  if (!out) return fail(Code::io, fmt::format("{} cannot be written", command.out));
  return tuned;
}

}  // namespace

Result<std::vector<Labelled>> read_labelled(const std::string& text) {
  TRY(items, items_of(text));
  std::vector<Labelled> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Result<Labelled> one = read_item(items[i]);
    if (!one) return fail(Code::invalid, fmt::format("item {}: {}", i + 1, one.error().what));
    out.push_back(std::move(*one));
  }
  if (out.empty()) return fail(Code::invalid, "no labels");
  return out;
}

Result<std::vector<policy::Example>> examples_of(embed::Embedder& embedder,
                                                 const std::vector<Labelled>& labelled) {
  TRY(vectors, vectors_of(embedder, labelled));
  Groups groups;
  for (const Labelled& one : labelled) {
    if (!one.a.empty() && one.group.empty()) groups.join(one.a, one.b);
  }
  std::vector<policy::Example> out;
  for (const Labelled& one : labelled) {
    policy::Example example;
    if (one.a.empty()) {
      example.evidence = one.evidence;
    } else {
      const std::vector<float>& a = vectors[one.a];
      const std::vector<float>& b = vectors[one.b];
      const double cosine = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
      example = policy::example(policy::profile(one.a), policy::profile(one.b), cosine,
                                !embedder.overlooked(one.a, one.b).empty());
    }
    example.right = one.right;
    const bool own = !one.group.empty() || one.a.empty();
    example.group = base::hash64(own ? one.group : groups.of(one.a));
    out.push_back(example);
  }
  return out;
}

std::string render_tuned(const policy::Tuned& tuned) {
  std::string out = fmt::format("{} labels in {} groups, {} right\n", tuned.examples, tuned.groups,
                                tuned.right);
  out += "expected on groups that were not learnt from:\n";
  for (std::size_t i = 0; i < tuned.after.size(); ++i) {
    out += fmt::format("  error {:4.1f} %: {} (before: {}){}\n", 100 * tuned.after[i].error_max,
                       shares(tuned.after[i]), shares(tuned.before[i]),
                       tuned.after[i].enough ? "" : "  too few to say");
  }
  out += fmt::format("floor of answers that stand alone: {:.3f}\n", tuned.alone_floor);
  for (const policy::GateCount& count : tuned.gate_counts) {
    out += fmt::format("gate {:12} alone refused {} right and {} wrong{}\n",
                       policy::Switches::kNames[count.gate], count.right, count.wrong,
                       tuned.gates.off(count.gate) ? ": off" : "");
  }
  for (const std::string& warning : tuned.warnings) out += "warning: " + warning + "\n";
  return out;
}

Value tuned_json(const policy::Tuned& tuned) {
  Value out;
  out.set("examples", Value::of(static_cast<std::uint64_t>(tuned.examples)));
  out.set("right", Value::of(static_cast<std::uint64_t>(tuned.right)));
  out.set("groups", Value::of(static_cast<std::uint64_t>(tuned.groups)));
  out.set("alone_floor", Value::of(tuned.alone_floor));
  out.set("before", expected_json(tuned.before));
  out.set("after", expected_json(tuned.after));
  json::Array gates;
  for (const policy::GateCount& count : tuned.gate_counts) {
    Value row;
    row.set("gate", policy::Switches::kNames[count.gate]);
    row.set("right", Value::of(static_cast<std::uint64_t>(count.right)));
    row.set("wrong", Value::of(static_cast<std::uint64_t>(count.wrong)));
    row.set("off", tuned.gates.off(count.gate));
    gates.push_back(std::move(row));
  }
  out.set("gates", std::move(gates));
  out.set("warnings", json::Array(tuned.warnings.begin(), tuned.warnings.end()));
  return out;
}

int tune(const Session& common, const TuneCommand& command, embed::Embedder& embedder) {
  const Result<policy::Tuned> tuned = tuned_of(command, embedder);
  if (!tuned) return report(tuned.error(), common.json);
  std::string text = common.json ? json::write(tuned_json(*tuned)) + "\n" : render_tuned(*tuned);
  if (!common.json && !command.out.empty()) {
    text += fmt::format("written to {}: refrain serve --decision-profile {}\n", command.out,
                        command.out);
  }
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace refrain::cli
