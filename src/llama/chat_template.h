#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "llama/model.h"

struct common_chat_templates;

namespace refrain::llama {

/// What the tokens of an answer are held to. Made by ChatTemplate or by one of the functions below.
struct Constraint {
  enum class Kind : std::uint8_t { none, grammar, format, tools };
  struct Trigger {  // of a lazy grammar: what starts it
    int kind = 0;   // common_grammar_trigger_type
    std::string value;
    TokenId token = -1;
  };
  Kind kind = Kind::none;
  std::string grammar{};  // GBNF
  bool lazy = false;
  std::vector<Trigger> triggers{};
  std::string begun{};  // what the template wrote already of the answer
  std::vector<std::string> marks{};  // special tokens that belong to the answer's text
};

/// A chat as the model wants to read it.
struct ChatPrompt {
  std::string text;
  Constraint constraint;
  std::vector<std::string> stops;
  int format = 0;      // common_chat_format: how the answer is to be read
  std::string parser;  // for ChatReader; "": the answer is plain text
  std::string begun;
};

struct ChatAsk {
  std::string messages;   // JSON array, as /v1/chat/completions has it
  std::string tools{};    // JSON array, or ""
  std::string choice{};   // "auto", "required", "none", or ""
  std::string schema{};   // JSON schema of the answer, or ""
  std::string grammar{};  // GBNF, or ""
  std::string arguments{};  // JSON object of variables for the template, or ""
  enum class Calls : std::uint8_t { one, several } calls = Calls::several;
};

/// The chat template of a model file: Jinja, run by llama.cpp's own interpreter. Threads: any.
class ChatTemplate {
 public:
  /// A file without a template gets ChatML. Errors: corrupt (the template cannot be read).
  static base::Result<std::unique_ptr<ChatTemplate>> open(std::shared_ptr<const Model> model);
  ~ChatTemplate();

  /// Errors: invalid (messages, tools or schema of a shape that the template or grammar cannot
  /// take; the sentence is llama.cpp's own).
  base::Result<ChatPrompt> apply(const ChatAsk& ask) const;

 private:
  struct Free {
    void operator()(common_chat_templates* templates) const;
  };
  ChatTemplate(std::shared_ptr<const Model> model, common_chat_templates* templates)
      : model_(std::move(model)), templates_(templates) {}

  std::shared_ptr<const Model> model_;
  std::unique_ptr<common_chat_templates, Free> templates_;
};

/// What became known of an answer: text, reasoning, or a part of a tool call.
struct AnswerPiece {
  enum class Kind : std::uint8_t { content, reasoning, tool };
  Kind kind = Kind::content;
  std::string text{};     // of content and reasoning; of a tool call: more of its arguments
  std::size_t index = 0;  // of the tool call
  std::string id{}, name{};  // of a tool call that begins here; else ""
};

/// Reads an answer with tool calls or reasoning while it is written. Threads: one at a time.
/// cost: each call reads the whole answer again.
class ChatReader {
 public:
  explicit ChatReader(const ChatPrompt& prompt);
  ~ChatReader();
  /// Errors: invalid (text that the template's parser does not understand).
  base::Result<std::vector<AnswerPiece>> add(std::string_view text);
  /// The rest, once no more text comes.
  base::Result<std::vector<AnswerPiece>> finish();
  bool has_tools() const noexcept;

 private:
  struct State;
  enum class More : std::uint8_t { may_come, none };
  base::Result<std::vector<AnswerPiece>> read(More more);
  std::unique_ptr<State> state_;
};

/// GBNF of a JSON schema. Errors: invalid (not a schema, or one that no grammar can say).
base::Result<std::string> grammar_of_schema(const std::string& schema);

}  // namespace refrain::llama
