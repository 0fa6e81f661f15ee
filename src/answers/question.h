#pragma once

#include <string>
#include <vector>

#include "cache/cache.h"
#include "chat/conversation.h"
#include "json/value.h"
#include "key/tenant.h"

namespace refrain::answers {

/// How conversations become keys.
struct Keying {
  chat::KeyForm form = chat::KeyForm::conversation;
  std::vector<std::string> patterns{};  // of KeyForm::stripped
};

/// Whose answers, and of which model: what keeps collections apart.
struct Collection {
  std::string tenant{}, model{};
  std::string kind = "modelcache";  // of entries: the two doors share no answer
  bool operator==(const Collection&) const = default;
};

/// A question with its place among the answers.
struct Question {
  cache::Place place;
  std::string model;     // of its collection
  std::string text;   // what is embedded; "" if nothing can be
  json::Value shown;  // what a hit tells as its question
};

/// Exact keys of two questions are equal if and only if collection, form and key are. In
/// conversation form what is embedded is the asking turn alone, and everything else of the
/// conversation must be equal; in the others it is the key itself.
/// turns: not empty. Pure.
Question question_of(const Keying& keying, const Collection& collection,
                     const chat::Conversation& turns);

/// A question about an image, or of the multimodal door without one.
struct Viewing {
  std::string image{};  // what the image is known by; "" is the modality of texts alone
  std::string text{};
  json::Value shown{};
};
/// Image and texts must be equal for an exact match; by meaning the image must, and the text is
/// compared. Pure.
Question question_of(const Collection& collection, const Viewing& viewing);

}  // namespace refrain::answers
