#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "chat/flight.h"

namespace refrain::test {

inline std::shared_ptr<const chat::Event> text_event(const std::string& text,
                                                     const std::string& finish = "") {
  auto event = std::make_shared<chat::Event>();
  chat::ChoiceDelta& choice = event->choices.emplace_back();
  choice.content = text;
  if (!finish.empty()) choice.finish = finish;
  return event;
}

/// A model that answers "gen-1", "gen-2", ... at once and whole, or what its script says. Keeps
/// what it was asked. Threads: any.
class ScriptedProducer final : public chat::Producer {
 public:
  struct Asked {
    base::Call call;
    chat::Request request;
    std::shared_ptr<chat::Flight> flight;
  };
  using Script = std::function<void(const Asked&, std::size_t number)>;

  /// What happens from now on; the first call is number 1.
  void set(Script script) {
    std::lock_guard guard(lock_);
    script_ = std::move(script);
  }
  void start(const base::Call& call, const chat::Request& request,
             std::shared_ptr<chat::Flight> flight) override {
    Asked asked{call, request, std::move(flight)};
    Script script;
    std::size_t number = 0;
    {
      std::lock_guard guard(lock_);
      asked_.push_back(asked);
      number = asked_.size();
      script = script_;
    }
    changed_.notify_all();
    script(asked, number);
  }

  std::size_t count() const {
    std::lock_guard guard(lock_);
    return asked_.size();
  }
  /// Waits for the call of that number, from 1.
  Asked wait(std::size_t number) {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [&] { return asked_.size() >= number; });
    return asked_[number - 1];
  }

  /// Ends the flight with one whole answer.
  static void answer(chat::Flight& flight, const std::string& text,
                     const std::string& finish = "stop",
                     chat::Origin origin = chat::Origin::openai_chat) {
    chat::Head head;
    head.origin = origin;
    head.delivery = chat::Delivery::whole;
    flight.begin(std::move(head));
    auto event = std::make_shared<chat::Event>(*text_event(text, finish));
    event->choices[0].role = "assistant";
    event->usage = json::Object{{"prompt_tokens", json::Value::of(std::int64_t{3})},
                                {"completion_tokens", json::Value::of(std::int64_t{4})},
                                {"total_tokens", json::Value::of(std::int64_t{7})}};
    flight.append(std::move(event));
    flight.finish({});
  }
  /// Leaves the flight to the test.
  static void hold(const Asked&, std::size_t) {}
  static void answer_at_once(const Asked& asked, std::size_t number) {
    bool completion = asked.request.dialect == chat::Dialect::openai_completion;
    answer(*asked.flight, "gen-" + std::to_string(number), "stop",
           completion ? chat::Origin::openai_completion : chat::Origin::openai_chat);
  }

 private:
  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::vector<Asked> asked_;
  Script script_ = answer_at_once;
};

}  // namespace refrain::test
