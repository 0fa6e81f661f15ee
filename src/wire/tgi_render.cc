// Four ways lead to a TGI reply: the answer was TGI's own or an OpenAI-like server's, and it came
// whole or as a stream. TGI's own events are written back as they came, but for the details that
// the client did not ask for. A stream that is wanted whole gives its tokens back in details; a
// whole answer that is wanted as a stream gives one event per token where the details have the
// tokens, and pieces of text otherwise. A foreign answer has texts but no tokens: each text is
// shown as a token with id 0 and log probability 0, as nothing better is known.
#include <algorithm>
#include <utility>

#include "wire/members.h"
#include "wire/text.h"
#include "wire/tgi.h"

namespace refrain::wire::tgi {
namespace {

using chat::ChoiceDelta;
using chat::Origin;

/// What details say about the end of an answer.
struct Ending {
  std::string finish;  // TGI's word
  std::int64_t generated_tokens = 0;
  std::int64_t input_length = 0;
  json::Value seed;  // null: not known
};

std::int64_t count(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value == nullptr ? 0 : value->as_int().value_or(0);
}

const json::Value* details_of(const ChoiceDelta& choice) {
  const json::Value* details = find(choice.extra, "details");
  return details != nullptr && details->is_object() ? details : nullptr;
}

/// OpenAI's finish reason in TGI's words. vLLM names the stop sequence that was met, llama-server
/// says of what kind the end was.
std::string tgi_finish(std::string_view reason, const ChoiceDelta& choice) {
  if (reason == "length") return "length";
  const json::Value* sequence = find(choice.extra, "stop_reason");
  const json::Value* kind = find(choice.extra, "stop_type");
  bool by_word = (sequence != nullptr && sequence->is_string()) ||
                 (kind != nullptr && kind->is_string() && *kind->string() == "word");
  return by_word ? "stop_sequence" : "eos_token";
}

Ending ending_of(std::string finish, const json::Value& usage, const json::Value* details) {
  Ending ending{std::move(finish), count(usage, "completion_tokens"), count(usage, "prompt_tokens"),
                {}};
  const json::Value* seed = details != nullptr ? details->find("seed") : nullptr;
  if (seed != nullptr) ending.seed = *seed;
  return ending;
}

void add_ending(const Ending& ending, Members& members) {
  members.text("finish_reason", ending.finish);
  members.raw("generated_tokens", std::to_string(ending.generated_tokens));
  members.value("seed", ending.seed);
}

/// A token event of a stream. token: JSON. ending: null while more tokens come.
struct TokenEvent {
  std::int64_t index;
  std::string token;
  const json::Value* top_tokens = nullptr;
  const std::string* generated_text = nullptr;
  const Ending* ending = nullptr;
};

std::string token_json(std::string_view text, std::string_view logprob, bool special) {
  std::string out;
  Members members(out);
  members.raw("id", "0");
  members.text("text", text);
  members.raw("logprob", logprob);
  members.raw("special", special ? "true" : "false");
  members.close();
  return out;
}

void render_event(const TokenEvent& event, bool details, std::string& out) {
  out += "data:";
  Members members(out);
  members.raw("index", std::to_string(event.index));
  members.raw("token", event.token);
  if (event.top_tokens != nullptr) members.value("top_tokens", *event.top_tokens);
  if (event.generated_text != nullptr) {
    members.text("generated_text", *event.generated_text);
  } else {
    members.raw("generated_text", "null");
  }
  if (details && event.ending != nullptr) {
    Members shown(members.name("details"));
    add_ending(*event.ending, shown);
    shown.raw("input_length", std::to_string(event.ending->input_length));
    shown.close();
  } else {
    members.raw("details", "null");
  }
  members.close();
  out += "\n\n";
}

/// Everything a whole reply needs, gathered from all events of choice 0.
struct Gathered {
  std::string text;
  std::string finish = "eos_token";
  json::Value usage;
  const json::Value* generated = nullptr;  // TGI's own generated_text
  const json::Value* details = nullptr;    // TGI's own details
  json::Array tokens, top_tokens;          // of TGI's own stream
};

void gather(const ChoiceDelta& choice, Origin origin, Gathered& out) {
  if (choice.content) out.text += *choice.content;
  if (choice.finish) {
    out.finish = origin == Origin::tgi ? *choice.finish : tgi_finish(*choice.finish, choice);
  }
  if (origin != Origin::tgi) return;
  const json::Value* generated = find(choice.extra, "generated_text");
  if (generated != nullptr && generated->is_string()) out.generated = generated;
  if (const json::Value* details = details_of(choice)) out.details = details;
  if (const json::Value* token = find(choice.extra, "token")) out.tokens.push_back(*token);
  const json::Value* top = find(choice.extra, "top_tokens");
  if (top != nullptr && top->is_array()) out.top_tokens.push_back(*top);
}

Gathered gather(const chat::Answer& answer) {
  Gathered out;
  for (const auto& event : answer.events) {
    if (!event->usage.is_null()) out.usage = event->usage;
    for (const ChoiceDelta& choice : event->choices) {
      if (choice.index == 0) gather(choice, answer.origin, out);
    }
  }
  return out;
}

void render_details(const Gathered& gathered, std::string& out) {
  if (gathered.details != nullptr && gathered.tokens.empty()) {
    json::write(*gathered.details, out);
    return;
  }
  Members members(out);
  add_ending(ending_of(gathered.finish, gathered.usage, gathered.details), members);
  members.raw("prefill", "[]");
  members.value("tokens", gathered.tokens);
  if (!gathered.top_tokens.empty()) members.value("top_tokens", gathered.top_tokens);
  members.close();
}

std::string_view error_name(ErrorType type) {
  switch (type) {
    case ErrorType::validation: return "validation";
    case ErrorType::generation: return "generation";
    case ErrorType::overloaded: return "overloaded";
    case ErrorType::incomplete_generation: return "incomplete_generation";
  }
  return "generation";
}

/// The log probability of a piece that is one token for its server too.
std::string logprob_of(const ChoiceDelta& choice) {
  const json::Value* all = choice.logprobs.find("token_logprobs");
  const json::Array* list = all != nullptr ? all->array() : nullptr;
  bool one = list != nullptr && list->size() == 1 && list->front().is_number();
  return one ? list->front().number()->text : "0.0";
}

}  // namespace

std::string render_reply(const chat::Answer& answer, const RenderOptions& options) {
  Gathered gathered = gather(answer);
  if (gathered.generated != nullptr) gathered.text = *gathered.generated->string();
  // TGI has put the prompt before its own text already.
  if (answer.origin != Origin::tgi) gathered.text.insert(0, options.full_text);
  std::string out;
  if (options.route == Route::root) out += '[';
  Members members(out);
  members.text("generated_text", gathered.text);
  if (options.details) render_details(gathered, members.name("details"));
  if (answer.origin == Origin::tgi && answer.delivery == chat::Delivery::whole) {
    members.extras(answer.events.front()->choices.front().extra,
                   [](std::string_view name, const json::Value&) {
                     return name != "generated_text" && name != "details";
                   });
  }
  members.close();
  if (options.route == Route::root) out += ']';
  return out;
}

void StreamWriter::event(const chat::Event& event, std::string& out) {
  if (!event.usage.is_null()) usage_ = event.usage;
  for (const ChoiceDelta& choice : event.choices) {
    if (choice.index != 0) continue;
    if (options_.origin != Origin::tgi) {
      translated(choice, out);
    } else if (find(choice.extra, "token") != nullptr) {
      own(choice, out);
    } else {
      whole(choice, event.usage, out);
    }
  }
}

void StreamWriter::own(const ChoiceDelta& choice, std::string& out) const {
  out += "data:";
  Members members(out);
  members.extras(choice.extra, [&](std::string_view name, const json::Value& value) {
    if (name != "details" || options_.details) return true;
    if (!value.is_null()) members.raw("details", "null");
    return value.is_null();
  });
  members.close();
  out += "\n\n";
}

void StreamWriter::whole(const ChoiceDelta& choice, const json::Value& usage, std::string& out) {
  const json::Value* details = details_of(choice);
  const json::Value* listed = details != nullptr ? details->find("tokens") : nullptr;
  const json::Value* top = details != nullptr ? details->find("top_tokens") : nullptr;
  const std::string text = choice.content.value_or("");
  const Ending ending = ending_of(choice.finish.value_or("eos_token"), usage, details);
  std::vector<TokenEvent> events;
  if (listed != nullptr && listed->is_array()) {
    for (const json::Value& token : *listed->array()) {
      events.push_back({++index_, json::write(token)});
      bool has_top = top != nullptr && top->is_array() && events.size() <= top->array()->size();
      if (has_top) events.back().top_tokens = &(*top->array())[events.size() - 1];
    }
  }
  if (events.empty()) {
    // The prompt, if it is wanted before the text, is no token of the answer.
    std::string_view generated = text;
    std::string_view prompt = options_.full_text;
    if (generated.starts_with(prompt)) generated.remove_prefix(prompt.size());
    for (std::string_view piece : pieces(generated)) {
      events.push_back({++index_, token_json(piece, "0.0", false)});
    }
  }
  if (events.empty()) events.push_back({++index_, token_json("", "0.0", true)});
  events.back().generated_text = &text;
  events.back().ending = &ending;
  for (const TokenEvent& event : events) render_event(event, options_.details, out);
}

void StreamWriter::translated(const ChoiceDelta& choice, std::string& out) {
  if (choice.finish) finish_ = tgi_finish(*choice.finish, choice);
  if (!choice.content || choice.content->empty()) return;
  text_ += *choice.content;
  TokenEvent event{++index_, token_json(*choice.content, logprob_of(choice), false)};
  render_event(event, options_.details, out);
}

void StreamWriter::finish(std::string& out) {
  if (!finish_) return;
  std::string text = std::string(options_.full_text) + text_;
  Ending ending = ending_of(*finish_, usage_, nullptr);
  TokenEvent event{++index_, token_json("", "0.0", true), nullptr, &text, &ending};
  render_event(event, options_.details, out);
}

std::string error_body(std::string_view message, ErrorType type) {
  std::string out;
  Members members(out);
  members.text("error", readable(message));
  members.text("error_type", error_name(type));
  members.close();
  return out;
}

std::string error_event(std::string_view message, ErrorType type) {
  return "data:" + error_body(message, type) + "\n\n";
}

std::string info_body(const Info& info) {
  auto limit = [](std::uint64_t value) { return value == 0 ? "null" : std::to_string(value); };
  std::string out;
  Members members(out);
  members.text("model_id", readable(info.model_id));
  members.raw("model_sha", "null");
  members.raw("model_pipeline_tag", "\"text-generation\"");
  members.raw("max_concurrent_requests", std::to_string(info.concurrent_max));
  members.raw("max_best_of", "null");
  members.raw("max_stop_sequences", "null");
  members.raw("max_input_tokens", limit(info.input_tokens_max));
  members.raw("max_total_tokens", limit(info.total_tokens_max));
  members.raw("max_client_batch_size", "1");
  members.raw("router", "\"refrain\"");
  members.text("version", readable(info.version));
  members.close();
  return out;
}

}  // namespace refrain::wire::tgi
