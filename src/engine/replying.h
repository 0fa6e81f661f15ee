#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/call.h"
#include "chat/flight.h"
#include "engine/chances.h"
#include "engine/order.h"
#include "engine/speech.h"
#include "llama/chat_template.h"
#include "llama/vocabulary.h"

namespace refrain::engine {

/// One request's answer on its way into its flight: turns the tokens of every choice into events,
/// and ends the flight when the last choice has ended. Threads: one at a time.
class Replying {
 public:
  struct Parts {
    Order order;
    std::optional<llama::ChatPrompt> chat{};  // of a chat
    std::string model;                        // as the reply calls it
    std::string fingerprint;                  // system_fingerprint
    base::Call call;
    std::shared_ptr<chat::Flight> flight;
  };
  /// What the first prompt of the request was served by; texts of prompts that are echoed.
  Replying(Parts parts, const llama::Vocabulary& words, std::vector<std::string> echoes);
  ~Replying();

  const Order& order() const noexcept { return parts_.order; }
  /// Why nobody wants the answer any more: left by all readers, or too late.
  std::optional<base::Error> why_not(base::Instant now) const;

  /// Before the first token of a choice; only the first time counts.
  void begin(const chat::Reuse& reuse);
  /// A prompt of the request was read.
  void count_prompt(std::size_t tokens, std::size_t cached);
  enum class Next : std::uint8_t { goes_on, stops };
  /// A token of a choice, none that ends the answer. Errors: those of the chat's parser.
  base::Result<Next> add(std::size_t choice, llama::TokenId token,
                         const std::optional<Chances>& chances);
  /// The choice has ended. finish  "stop" or "length"; a tool call makes it "tool_calls".
  void end(std::size_t choice, std::string_view finish);
  /// After the last choice the answer waits for release(): something else must come true first.
  void hold() noexcept { held_ = true; }
  void release();
  /// The whole request fails. Nothing comes after it.
  void fail(base::Error error);
  bool over() const noexcept { return over_; }
  /// One choice is left: with its end the request is answered.
  bool last_choice() const noexcept { return !over_ && open_ == 1; }

 private:
  struct Choice {
    explicit Choice(std::vector<std::string> stops) : speech(std::move(stops)) {}
    Speech speech;
    std::unique_ptr<llama::ChatReader> reader;  // of an answer that is more than text
    std::vector<ShownChances> chances;          // of tokens whose text is not shown yet
    std::string echo;
    std::size_t bytes = 0;
    bool begun = false, ended = false;
  };
  void open(std::size_t choice);
  base::Result<> show(std::size_t choice, std::string text);
  void piece(const llama::AnswerPiece& piece, chat::ChoiceDelta& delta) const;
  json::Value take_chances(Choice& choice) const;
  void append(chat::ChoiceDelta delta);
  void finish_flight();
  chat::ChoiceDelta delta_of(std::size_t choice) const;
  ShownChances shown(const Chances& chances, const Choice& of) const;
  static llama::Vocabulary::Marks marks(const Choice& choice);

  Parts parts_;
  const llama::Vocabulary& words_;
  std::vector<Choice> choices_;
  json::Object head_;
  std::size_t open_ = 0;
  std::size_t prompt_tokens_ = 0, cached_tokens_ = 0, answer_tokens_ = 0;
  bool begun_ = false, held_ = false, over_ = false;
};

}  // namespace refrain::engine
