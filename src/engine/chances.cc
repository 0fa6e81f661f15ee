#include "engine/chances.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/utf8.h"

namespace refrain::engine {
namespace {

json::Value bytes_of(const std::string& bytes) {
  json::Array out;
  for (const char byte : bytes) {
    out.push_back(json::Value::of(static_cast<std::int64_t>(static_cast<unsigned char>(byte))));
  }
  return out;
}

json::Object chat_token(const ShownToken& token) {
  return {{"token", readable(token.bytes)},
          {"logprob", json::Value::of(token.logprob)},
          {"bytes", bytes_of(token.bytes)}};
}

}  // namespace

Chances chances_of(std::span<const float> logits, std::int32_t chosen, std::size_t top) {
  const float most = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - most));
  const double norm = static_cast<double>(most) + std::log(sum);
  const auto logprob = [&](std::int32_t token) {
    return static_cast<double>(logits[static_cast<std::size_t>(token)]) - norm;
  };
  Chances out{{chosen, logprob(chosen)}, {}};
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto count = static_cast<std::ptrdiff_t>(std::min(top, order.size()));
  std::ranges::partial_sort(order, order.begin() + count, [&](std::int32_t a, std::int32_t b) {
    const float left = logits[static_cast<std::size_t>(a)];
    const float right = logits[static_cast<std::size_t>(b)];
    return left > right || (left == right && a < b);
  });
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::int32_t token = order[static_cast<std::size_t>(i)];
    out.top.push_back({token, logprob(token)});
  }
  return out;
}

json::Value chat_logprobs(std::span<const ShownChances> tokens) {
  json::Array content;
  for (const ShownChances& token : tokens) {
    json::Object shown = chat_token(token.chosen);
    json::Array top;
    for (const ShownToken& other : token.top) top.emplace_back(chat_token(other));
    shown.push_back({"top_logprobs", std::move(top)});
    content.emplace_back(std::move(shown));
  }
  return json::Object{{"content", std::move(content)}, {"refusal", nullptr}};
}

json::Value completion_logprobs(std::span<const ShownChances> tokens) {
  json::Array texts, logprobs, tops, offsets;
  for (const ShownChances& token : tokens) {
    texts.emplace_back(readable(token.chosen.bytes));
    logprobs.push_back(json::Value::of(token.chosen.logprob));
    offsets.push_back(json::Value::of(static_cast<std::uint64_t>(token.offset)));
    json::Value top{json::Object{}};
    for (const ShownToken& other : token.top) {
      top.set(readable(other.bytes), json::Value::of(other.logprob));
    }
    tops.push_back(std::move(top));
  }
  return json::Object{{"tokens", std::move(texts)},
                      {"token_logprobs", std::move(logprobs)},
                      {"top_logprobs", std::move(tops)},
                      {"text_offset", std::move(offsets)}};
}

}  // namespace refrain::engine
