#include "engine/replying.h"

#include <algorithm>
#include <utility>

namespace refrain::engine {

using base::Result;

Replying::Replying(Parts parts, const llama::Vocabulary& words, std::vector<std::string> echoes)
    : parts_(std::move(parts)), words_(words) {
  const std::size_t per_prompt = parts_.order.choices;
  for (const std::string& echo : echoes) {
    for (std::size_t i = 0; i < per_prompt; ++i) {
      Choice& choice = choices_.emplace_back(parts_.order.stops);
      if (parts_.order.echo) choice.echo = echo;
      if (parts_.chat && !parts_.chat->parser.empty()) {
        choice.reader = std::make_unique<llama::ChatReader>(*parts_.chat);
      }
    }
  }
  open_ = choices_.size();
  head_ = {{"model", parts_.model}, {"system_fingerprint", parts_.fingerprint}};
}

Replying::~Replying() = default;

std::optional<base::Error> Replying::why_not(base::Instant now) const {
  if (parts_.call.stop.stop_requested() || parts_.flight->stop_token().stop_requested()) {
    return base::Error{base::Code::cancelled, "every reader has left"};
  }
  if (now >= parts_.call.deadline) {
    return base::Error{base::Code::deadline, "the answer was not finished by its deadline"};
  }
  return std::nullopt;
}

void Replying::begin(const chat::Reuse& reuse) {
  if (std::exchange(begun_, true)) return;
  chat::Head head;
  head.origin = parts_.order.origin;
  head.delivery = chat::Delivery::stream;
  head.reuse = reuse;
  parts_.flight->begin(std::move(head));
}

void Replying::count_prompt(std::size_t tokens, std::size_t cached) {
  prompt_tokens_ += tokens;
  cached_tokens_ += cached;
}

chat::ChoiceDelta Replying::delta_of(std::size_t choice) const {
  chat::ChoiceDelta delta;
  delta.index = static_cast<std::uint32_t>(choice);
  return delta;
}

void Replying::append(chat::ChoiceDelta delta) {
  chat::Event event;
  event.choices.push_back(std::move(delta));
  event.head = head_;
  parts_.flight->append(std::make_shared<const chat::Event>(std::move(event)));
}

void Replying::open(std::size_t index) {
  Choice& choice = choices_[index];
  if (std::exchange(choice.begun, true)) return;
  chat::ChoiceDelta delta = delta_of(index);
  if (parts_.order.origin == chat::Origin::openai_chat) {
    delta.role = "assistant";
    if (!choice.reader) delta.content = "";
    append(std::move(delta));
  } else if (!choice.echo.empty()) {
    delta.content = std::exchange(choice.echo, {});
    append(std::move(delta));
  }
}

// A parser of tool calls looks for the model's marks; readers of plain text do not see them.
llama::Vocabulary::Marks Replying::marks(const Choice& choice) {
  using Marks = llama::Vocabulary::Marks;
  return choice.reader ? Marks::special : Marks::plain;
}

ShownChances Replying::shown(const Chances& chances, const Choice& of) const {
  const auto token = [&](const Chances::Choice& choice) {
    std::string bytes;
    words_.append(choice.token, marks(of), bytes);
    return ShownToken{std::move(bytes), choice.logprob};
  };
  ShownChances out{token(chances.chosen), {}, of.bytes};
  for (const Chances::Choice& choice : chances.top) out.top.push_back(token(choice));
  return out;
}

json::Value Replying::take_chances(Choice& choice) const {
  if (choice.chances.empty()) return {};
  const std::vector<ShownChances> tokens = std::exchange(choice.chances, {});
  return parts_.order.origin == chat::Origin::openai_chat ? chat_logprobs(tokens)
                                                          : completion_logprobs(tokens);
}

Result<Replying::Next> Replying::add(std::size_t index, llama::TokenId token,
                                     const std::optional<Chances>& chances) {
  Choice& choice = choices_[index];
  open(index);
  ++answer_tokens_;
  std::string bytes;
  words_.append(token, marks(choice), bytes);
  if (chances) choice.chances.push_back(shown(*chances, choice));
  choice.bytes += bytes.size();
  std::string text = choice.speech.add(bytes);
  if (choice.speech.stopped()) {
    // Tokens that lie wholly in the stop sequence are not shown, so neither are their chances.
    std::erase_if(choice.chances, [&](const ShownChances& one) {
      return one.offset >= choice.speech.shown();
    });
  }
  TRY_DO(show(index, std::move(text)));
  return choice.speech.stopped() ? Next::stops : Next::goes_on;
}

void Replying::piece(const llama::AnswerPiece& piece, chat::ChoiceDelta& delta) const {
  using Kind = llama::AnswerPiece::Kind;
  if (piece.kind == Kind::content) {
    delta.content = delta.content.value_or("") + piece.text;
  } else if (piece.kind == Kind::reasoning) {
    delta.reasoning = delta.reasoning.value_or("") + piece.text;
    delta.reasoning_name = "reasoning_content";
  } else {
    chat::ToolDelta tool;
    tool.index = static_cast<std::uint32_t>(piece.index);
    tool.id = piece.id;
    tool.name = piece.name;
    if (!piece.name.empty()) tool.type = "function";
    tool.arguments = piece.text;
    delta.tools.push_back(std::move(tool));
  }
}

Result<> Replying::show(std::size_t index, std::string text) {
  Choice& choice = choices_[index];
  if (text.empty()) return {};
  chat::ChoiceDelta delta = delta_of(index);
  if (choice.reader) {
    TRY(pieces, choice.reader->add(text));
    if (pieces.empty()) return {};
    for (const llama::AnswerPiece& one : pieces) piece(one, delta);
  } else {
    delta.content = std::move(text);
  }
  delta.logprobs = take_chances(choice);
  append(std::move(delta));
  return {};
}

void Replying::end(std::size_t index, std::string_view finish) {
  Choice& choice = choices_[index];
  if (over_ || std::exchange(choice.ended, true)) return;
  open(index);
  (void)show(index, choice.speech.finish());
  chat::ChoiceDelta delta = delta_of(index);
  delta.finish = std::string(finish);
  if (choice.reader) {
    // A text that the parser gives up on was shown as far as it was understood.
    if (auto pieces = choice.reader->finish()) {
      for (const llama::AnswerPiece& one : *pieces) piece(one, delta);
    }
    if (choice.reader->has_tools() && finish == "stop") delta.finish = "tool_calls";
  }
  if (choice.speech.stopped()) delta.extra.push_back({"stop_reason", choice.speech.stop()});
  delta.logprobs = take_chances(choice);
  append(std::move(delta));
  if (--open_ == 0 && !held_) finish_flight();
}

void Replying::release() {
  held_ = false;
  if (open_ == 0 && !over_) finish_flight();
}

void Replying::finish_flight() {
  const auto number = [](std::size_t value) {
    return json::Value::of(static_cast<std::uint64_t>(value));
  };
  chat::Event event;
  event.head = head_;
  event.usage = json::Object{
      {"prompt_tokens", number(prompt_tokens_)},
      {"completion_tokens", number(answer_tokens_)},
      {"total_tokens", number(prompt_tokens_ + answer_tokens_)},
      {"prompt_tokens_details", json::Object{{"cached_tokens", number(cached_tokens_)}}}};
  parts_.flight->append(std::make_shared<const chat::Event>(std::move(event)));
  over_ = true;
  parts_.flight->finish({});
}

void Replying::fail(base::Error error) {
  if (std::exchange(over_, true)) return;
  parts_.flight->finish({chat::End::Kind::failed, {}, std::move(error)});
}

}  // namespace refrain::engine
