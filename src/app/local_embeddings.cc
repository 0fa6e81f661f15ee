#include "app/local_embeddings.h"

#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "wire/embeddings.h"

namespace refrain::app {
namespace {

using base::Code;
using base::fail;
using base::Result;

// RFC 4648, with padding.
std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t some = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < some ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= some ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return out;
}

json::Value floats(std::span<const float> row) {
  json::Array list;
  list.reserve(row.size());
  for (const float value : row) {
    // The shortest text that reads back as the same float.
    list.emplace_back(json::Number{fmt::format("{}", value)});
  }
  return list;
}

json::Value bytes(std::span<const float> row) {
  return base64({reinterpret_cast<const char*>(row.data()), row.size_bytes()});
}

}  // namespace

Result<> LocalEmbeddings::answer(const base::Call& call, const chat::Request& request,
                                 chat::Flight& flight) const {
  TRY(inputs, wire::openai::embedding_inputs(request));
  std::vector<std::string_view> texts;
  for (const json::Value& item : inputs.items) {
    if (!item.is_string()) {
      return fail(Code::invalid, "'input' must be text: this embedder takes no token ids");
    }
    texts.push_back(*item.string());
  }
  const std::string_view format = request.body.text("encoding_format");
  if (!format.empty() && format != "float" && format != "base64") {
    return fail(Code::invalid, fmt::format("'encoding_format' must be float or base64, it is '{}'",
                                           format));
  }
  TRY(matrix, rooms_.embedder.embed(call, texts));
  const json::Value* dimensions = request.body.find("dimensions");
  if (dimensions != nullptr && !dimensions->is_null() &&
      dimensions->as_int() != static_cast<std::int64_t>(matrix.cols)) {
    return fail(Code::invalid, fmt::format("'dimensions' must be {}, this model has no others",
                                           matrix.cols));
  }
  chat::Head head;
  head.origin = chat::Origin::openai_embedding;
  head.delivery = chat::Delivery::whole;
  flight.begin(std::move(head));
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    chat::Event event;
    event.choices.emplace_back().extra = {
        {"embedding", format == "base64" ? bytes(matrix.row(i)) : floats(matrix.row(i))}};
    // Counted as OpenAI's rule of thumb has it: four characters are a token.
    const auto tokens = json::Value::of(static_cast<std::uint64_t>(texts[i].size() / 4 + 1));
    event.usage = json::Object{{"prompt_tokens", tokens}, {"total_tokens", tokens}};
    event.head = {{"model", rooms_.embedder.info().model}};
    flight.append(std::make_shared<const chat::Event>(std::move(event)));
  }
  return {};
}

void LocalEmbeddings::start(const base::Call& call, const chat::Request& request,
                            std::shared_ptr<chat::Flight> flight) {
  if (request.dialect != chat::Dialect::openai_embedding) {
    return rooms_.other.start(call, request, std::move(flight));
  }
  auto work = [this, call, request, flight] {
    const Result<> done = answer(call, request, *flight);
    flight->finish(done ? chat::End{}
                        : chat::End{chat::End::Kind::failed, {}, done.error()});
  };
  if (Result<> queued = rooms_.work.submit(std::move(work)); !queued) {
    flight->finish({chat::End::Kind::failed, {}, queued.error()});
  }
}

}  // namespace refrain::app
