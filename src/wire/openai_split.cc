// An answer comes whole or as a stream and may be wanted the other way round. From stream to whole
// everything is folded. From whole to stream the one event is cut so that folding gives it back:
// each value of a choice appears in exactly one step, in the order in which servers stream it.
//
//   {"role":"assistant","content":"Hi","tool_calls":[f({})]}, finish "stop"
//   -> role, content ""   -> content "Hi"   -> tool 0: id, name   -> tool 0: arguments   -> finish
//
// What belongs to a value goes with it: log probabilities with the text, which then stays in one
// piece; unknown members of the message with the first step, those of the choice with the last.
#include <array>
#include <algorithm>
#include <utility>

#include "wire/members.h"
#include "wire/openai.h"
#include "wire/text.h"

namespace refrain::wire::openai {
namespace {

using chat::ChoiceDelta;
using chat::Event;
using chat::Origin;
using Events = std::vector<std::shared_ptr<const Event>>;

/// Head members that servers repeat in every chunk; others come once, with the last finish.
constexpr auto kRepeated =
    std::to_array<std::string_view>({"model", "system_fingerprint", "service_tier"});

bool repeats(const json::Member& member) {
  return std::ranges::find(kRepeated, member.name) != kRepeated.end();
}

/// Makes the steps of one reply.
class Splitter {
 public:
  Splitter(Origin origin, const Event& whole) : origin_(origin), whole_(whole) {
    std::ranges::copy_if(whole.head, std::back_inserter(head_), repeats);
    if (!whole.usage.is_null()) head_.push_back({"usage", nullptr});
  }

  Events run() {
    for (const ChoiceDelta& choice : whole_.choices) split(choice);
    if (out_.empty()) out_.push_back({{}, {}, head_});  // no choices: the head still has to go
    std::ranges::copy_if(whole_.head, std::back_inserter(out_.back().head),
                         [](const json::Member& member) { return !repeats(member); });
    if (!whole_.usage.is_null()) {
      Event last;
      last.usage = whole_.usage;
      std::ranges::copy_if(whole_.head, std::back_inserter(last.head), repeats);
      out_.push_back(std::move(last));
    }
    Events events;
    events.reserve(out_.size());
    for (Event& event : out_) events.push_back(std::make_shared<const Event>(std::move(event)));
    return events;
  }

 private:
  void split(const ChoiceDelta& choice) {
    if (origin_ != Origin::openai_completion) begin(choice);
    bool has_text = (choice.content && !choice.content->empty()) ||
                    (choice.refusal && !choice.refusal->empty());
    if (choice.reasoning) reasoning(choice);
    if (choice.content) content(choice);
    if (choice.refusal) step(choice).refusal = choice.refusal;
    if (has_text) out_.back().choices[0].logprobs = choice.logprobs;
    for (const chat::ToolDelta& tool : choice.tools) call(choice, tool);
    ChoiceDelta& last = step(choice);
    last.finish = choice.finish;
    if (!has_text) last.logprobs = choice.logprobs;
    for (const json::Member& member : choice.extra) {
      if (!member.value.is_null()) last.extra.push_back(member);
    }
  }

  void begin(const ChoiceDelta& choice) {
    ChoiceDelta& first = step(choice);
    first.role = choice.role.value_or("assistant");
    if (choice.content) first.content = "";
    first.delta_extra = choice.delta_extra;
  }

  void reasoning(const ChoiceDelta& choice) {
    for (std::string_view piece : pieces(*choice.reasoning)) {
      ChoiceDelta& next = step(choice);
      next.reasoning = std::string(piece);
      next.reasoning_name = choice.reasoning_name;
    }
    if (choice.reasoning->empty()) {
      step(choice).reasoning = "";
      out_.back().choices[0].reasoning_name = choice.reasoning_name;
    }
  }

  void content(const ChoiceDelta& choice) {
    if (!choice.logprobs.is_null()) {
      step(choice).content = *choice.content;
      return;
    }
    for (std::string_view piece : pieces(*choice.content)) {
      step(choice).content = std::string(piece);
    }
  }

  void call(const ChoiceDelta& choice, const chat::ToolDelta& tool) {
    chat::ToolDelta header = tool;
    header.arguments.clear();
    step(choice).tools.push_back(std::move(header));
    if (tool.arguments.empty()) return;
    chat::ToolDelta rest;
    rest.index = tool.index;
    rest.arguments = tool.arguments;
    if (find(tool.extra, "custom") != nullptr) rest.extra.push_back({"custom", json::Object{}});
    step(choice).tools.push_back(std::move(rest));
  }

  /// A new event for this choice. Explicit nulls of the choice are in each of them.
  ChoiceDelta& step(const ChoiceDelta& choice) {
    out_.push_back({{ChoiceDelta{}}, {}, head_});
    ChoiceDelta& next = out_.back().choices[0];
    next.index = choice.index;
    std::ranges::copy_if(choice.extra, std::back_inserter(next.extra),
                         [](const json::Member& member) { return member.value.is_null(); });
    return next;
  }

  Origin origin_;
  const Event& whole_;
  json::Object head_;
  std::vector<Event> out_;
};

/// Joins the fragments of the legacy function_call of one choice.
json::Value join_call(const chat::Answer& answer, std::uint32_t choice) {
  json::Value joined;
  std::string arguments;
  for (const auto& event : answer.events) {
    for (const ChoiceDelta& delta : event->choices) {
      const json::Value* call =
          delta.index == choice ? find(delta.delta_extra, "function_call") : nullptr;
      if (call == nullptr || !call->is_object()) continue;
      for (const json::Member& member : *call->object()) {
        if (member.name == "arguments" && member.value.is_string()) {
          arguments += *member.value.string();
        } else if (!member.value.is_null()) {
          joined.set(member.name, member.value);
        }
      }
    }
  }
  if (!joined.is_null() || !arguments.empty()) joined.set("arguments", std::move(arguments));
  return joined;
}

}  // namespace

std::vector<std::shared_ptr<const Event>> split(Origin origin, const Event& whole) {
  return Splitter(origin, whole).run();
}

std::vector<std::shared_ptr<const Event>> stream_of(const chat::Answer& answer) {
  if (answer.delivery == chat::Delivery::stream || answer.events.size() != 1) return answer.events;
  return split(answer.origin, *answer.events.front());
}

Event fold(const chat::Answer& answer) {
  Event folded = chat::fold(answer.events);
  if (answer.delivery == chat::Delivery::whole) return folded;
  std::erase_if(folded.head, [](const json::Member& member) { return member.name == "usage"; });
  for (ChoiceDelta& choice : folded.choices) {
    for (json::Member& member : choice.delta_extra) {
      if (member.name == "function_call") member.value = join_call(answer, choice.index);
    }
  }
  return folded;
}

}  // namespace refrain::wire::openai
