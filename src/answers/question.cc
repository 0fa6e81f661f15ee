#include "answers/question.h"

#include <algorithm>
#include <utility>

#include "key/canonical.h"

namespace refrain::answers {
namespace {

constexpr std::string_view kKey = "modelcache 1", kSpace = "modelcache space 1";

std::string head(std::string_view kind, const Keying& keying, const key::Scope& scope,
                 const std::string& model) {
  std::string out;
  key::part::text(kind, out);
  out += key::bytes(scope);
  key::part::text(model, out);
  key::part::text(chat::name(keying.form), out);
  return out;
}

// hole: the turn whose content is left open; turns.size() for none.
void write_turns(const chat::Conversation& turns, std::size_t hole, std::string& out) {
  key::part::array(turns.size(), out);
  for (std::size_t i = 0; i < turns.size(); ++i) {
    key::part::array(i == hole ? 2 : 3, out);
    key::part::text(turns[i].role, out);
    if (i != hole) key::part::text(turns[i].content, out);
    key::canonical(turns[i].more, out);
  }
}

bool blank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

}  // namespace

Question question_of(const Keying& keying, const Collection& collection,
                     const chat::Conversation& turns) {
  Question out;
  out.place.scope = {key::ScopeKind::tenant, collection.tenant, ""};
  out.model = collection.model;
  std::string key = head(kKey, keying, out.place.scope, collection.model);
  std::string space = head(kSpace, keying, out.place.scope, collection.model);
  std::string shown = chat::key_text(keying.form, turns, keying.patterns);
  if (keying.form == chat::KeyForm::conversation) {
    const std::size_t asking = chat::asking_turn(turns);
    write_turns(turns, turns.size(), key);
    write_turns(turns, asking, space);
    out.text = turns[asking].content;
  } else {
    key::part::text(shown, key);
    if (keying.form == chat::KeyForm::splice) {
      for (const chat::Turn& turn : turns) key::canonical(turn.more, key);
    }
    out.text = shown;
  }
  if (blank(out.text)) out.text.clear();
  out.shown = std::move(shown);
  out.place.identity.exact = base::digest(key);
  out.place.identity.space = base::digest(space);
  out.place.identity.canonical = std::move(key);
  return out;
}

Question question_of(const Collection& collection, const Viewing& viewing) {
  Question out;
  out.place.scope = {key::ScopeKind::tenant, collection.tenant, ""};
  out.model = collection.model;
  std::string key;
  key::part::text("multicache 1", key);
  key += key::bytes(out.place.scope);
  key::part::text(collection.model, key);
  key::part::text(viewing.image, key);
  out.place.identity.space = base::digest(key);
  key::part::text(viewing.text, key);
  out.place.identity.exact = base::digest(key);
  out.place.identity.canonical = std::move(key);
  out.text = blank(viewing.text) ? "" : viewing.text;
  out.shown = viewing.shown;
  return out;
}

}  // namespace refrain::answers
