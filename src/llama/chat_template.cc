#include "llama/chat_template.h"

#include <exception>

#include <fmt/format.h>

#include "base/random.h"
#include "chat.h"
#include "json-schema-to-grammar.h"
#include "llama.h"
#include "llama/backend.h"

namespace refrain::llama {
namespace {

using base::Code;
using base::fail;
using base::Result;

common_chat_templates_inputs inputs_of(const ChatAsk& ask) {
  common_chat_templates_inputs inputs;
  inputs.messages = common_chat_msgs_parse_oaicompat(common_json::parse(ask.messages));
  if (!ask.tools.empty()) {
    inputs.tools = common_chat_tools_parse_oaicompat(common_json::parse(ask.tools));
  }
  if (!ask.choice.empty()) {
    inputs.tool_choice = common_chat_tool_choice_parse_oaicompat(ask.choice);
  }
  inputs.json_schema = ask.schema;
  inputs.grammar = ask.grammar;
  inputs.parallel_tool_calls = ask.calls == ChatAsk::Calls::several;
  inputs.reasoning_format = COMMON_REASONING_FORMAT_AUTO;
  if (!ask.arguments.empty()) {
    for (const auto& item : common_json::parse(ask.arguments).items()) {
      inputs.chat_template_kwargs[item.key()] = item.value().dump();
      if (item.key() == "enable_thinking") inputs.enable_thinking = item.value().dump() == "true";
    }
  }
  return inputs;
}

Constraint constraint_of(const ChatAsk& ask, const common_chat_params& made) {
  Constraint constraint;
  constraint.marks = made.preserved_tokens;
  if (made.grammar.empty()) return constraint;
  constraint.kind = !ask.tools.empty() ? Constraint::Kind::tools
                    : ask.grammar.empty() ? Constraint::Kind::format
                                          : Constraint::Kind::grammar;
  constraint.grammar = made.grammar;
  constraint.lazy = made.grammar_lazy;
  constraint.begun = made.generation_prompt;
  for (const common_grammar_trigger& trigger : made.grammar_triggers) {
    constraint.triggers.push_back(
        {static_cast<int>(trigger.type), trigger.value, trigger.token});
  }
  return constraint;
}

}  // namespace

void ChatTemplate::Free::operator()(common_chat_templates* templates) const {
  common_chat_templates_free(templates);
}

Result<std::unique_ptr<ChatTemplate>> ChatTemplate::open(std::shared_ptr<const Model> model) {
  try {
    common_chat_templates_ptr made = common_chat_templates_init(model->raw(), "");
    if (!made) return fail(Code::corrupt, "no chat template");
    return std::unique_ptr<ChatTemplate>(new ChatTemplate(std::move(model), made.release()));
  } catch (const std::exception& problem) {
    return fail(Code::corrupt, fmt::format("model {}: its chat template cannot be read: {}",
                                           model->facts().name, problem.what()));
  }
}

ChatTemplate::~ChatTemplate() = default;

Result<ChatPrompt> ChatTemplate::apply(const ChatAsk& ask) const {
  try {
    const common_chat_params made = common_chat_templates_apply(templates_.get(), inputs_of(ask));
    ChatPrompt prompt;
    prompt.text = made.prompt;
    prompt.constraint = constraint_of(ask, made);
    prompt.stops = made.additional_stops;
    prompt.format = static_cast<int>(made.format);
    prompt.begun = made.generation_prompt;
    const bool needed = !ask.tools.empty() || made.supports_thinking;
    if (needed && made.format != COMMON_CHAT_FORMAT_CONTENT_ONLY) prompt.parser = made.parser;
    return prompt;
  } catch (const std::exception& problem) {
    return fail(Code::invalid,
                fmt::format("'messages' cannot be put into the model's template: {}",
                            problem.what()));
  }
}

struct ChatReader::State {
  common_chat_parser_params params;
  common_chat_msg message;
  std::vector<std::string> ids;
  std::string text;
};

ChatReader::ChatReader(const ChatPrompt& prompt) : state_(std::make_unique<State>()) {
  state_->params.format = static_cast<common_chat_format>(prompt.format);
  state_->params.generation_prompt = prompt.begun;
  state_->params.reasoning_format = COMMON_REASONING_FORMAT_AUTO;
  state_->params.parser.load(prompt.parser);
}

ChatReader::~ChatReader() = default;

bool ChatReader::has_tools() const noexcept { return !state_->message.tool_calls.empty(); }

Result<std::vector<AnswerPiece>> ChatReader::add(std::string_view text) {
  state_->text += text;
  return read(More::may_come);
}

Result<std::vector<AnswerPiece>> ChatReader::finish() { return read(More::none); }

Result<std::vector<AnswerPiece>> ChatReader::read(More more) {
  std::vector<AnswerPiece> pieces;
  try {
    common_chat_msg now =
        common_chat_parse(state_->text, more == More::may_come, state_->params);
    if (now.empty()) return pieces;
    now.set_tool_call_ids(state_->ids, [] { return "call_" + base::random_id(24); });
    for (auto& diff : common_chat_msg_diff::compute_diffs(state_->message, now)) {
      using Kind = AnswerPiece::Kind;
      if (!diff.reasoning_content_delta.empty()) {
        pieces.push_back({Kind::reasoning, std::move(diff.reasoning_content_delta)});
      }
      if (!diff.content_delta.empty()) {
        pieces.push_back({Kind::content, std::move(diff.content_delta)});
      }
      if (diff.tool_call_index != std::string::npos) {
        common_chat_tool_call& call = diff.tool_call_delta;
        pieces.push_back({Kind::tool, std::move(call.arguments), diff.tool_call_index,
                          std::move(call.id), std::move(call.name)});
      }
    }
    state_->message = std::move(now);
    return pieces;
  } catch (const std::exception& problem) {
    return fail(Code::invalid, fmt::format("the answer cannot be read: {}", problem.what()));
  }
}

Result<std::string> grammar_of_schema(const std::string& schema) {
  try {
    return json_schema_to_grammar(common_json::parse(schema));
  } catch (const std::exception& problem) {
    return fail(Code::invalid, fmt::format("'response_format' cannot be made a grammar: {}",
                                           problem.what()));
  }
}

}  // namespace refrain::llama
