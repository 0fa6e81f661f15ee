#include "cli/check.h"

#include <fmt/format.h>

#include <cstdio>
#include <numeric>
#include <string_view>
#include <utility>

#include "cli/exit.h"
#include "cli/terminal.h"
#include "json/value.h"

namespace refrain::cli {

base::Result<Checked> check_texts(embed::Embedder& embedder, const std::string& a,
                                  const std::string& b) {
  const std::string_view texts[] = {a, b};
  TRY(rows, embedder.embed({}, texts));
  const std::span<const float> one = rows.row(0);
  const std::span<const float> other = rows.row(1);
  Checked out;
  out.cosine = std::inner_product(one.begin(), one.end(), other.begin(), 0.0);
  out.pair = policy::check_pair(a, b, out.cosine, embedder.overlooked(a, b));
  return out;
}

std::string render(const Checked& checked) {
  std::string out =
      fmt::format("{}  cosine {:.4f}\n", checked.pair.serve ? "served" : "refused", checked.cosine);
  for (const policy::Reason& reason : checked.pair.reasons) {
    out += fmt::format("  {} {:14} {}\n", reason.refused ? "no" : "ok", reason.gate, reason.words);
  }
  return out;
}

std::string render_json(const Checked& checked) {
  json::Array reasons;
  for (const policy::Reason& reason : checked.pair.reasons) {
    json::Value one;
    one.set("gate", reason.gate);
    one.set("refused", reason.refused);
    one.set("words", reason.words);
    reasons.push_back(std::move(one));
  }
  json::Value out;
  out.set("served", checked.pair.serve);
  out.set("cosine", json::Value::of(checked.cosine));
  out.set("wrong", json::Value::of(checked.pair.allowance.wrong));
  out.set("bound", json::Value::of(checked.pair.allowance.bound));
  out.set("limit", json::Value::of(checked.pair.allowance.limit));
  out.set("reasons", std::move(reasons));
  return json::write(out) + "\n";
}

int check(const Session& common, const CheckCommand& command, embed::Embedder& embedder) {
  const base::Result<Checked> checked = check_texts(embedder, command.a, command.b);
  if (!checked) return report(checked.error(), common.json);
  std::fputs((common.json ? render_json(*checked) : render(*checked)).c_str(), stdout);
  return checked->pair.serve ? 0 : 1;
}

}  // namespace refrain::cli
