#include "policy/profile.h"

#include "policy/gates_numbers.h"

namespace refrain::policy {

Profile profile(std::string_view text) {
  Profile out;
  out.reading = read(text);
  out.values = numbers(out.reading.words);
  out.named = names(out.reading);
  out.poles = polarity(out.reading);
  out.asks = asked(out.reading);
  out.sequence = order(out.reading);
  out.when = times(out.reading);
  out.mood = modality(out.reading);
  out.words = said(out.reading);
  return out;
}

namespace {

// What a string has outside of itself; short ones are kept inside.
std::size_t heap(const std::string& text) {
  return text.capacity() <= 15 ? 0 : text.capacity() + 1;
}

}  // namespace

std::size_t footprint(const std::vector<std::string>& texts) {
  std::size_t sum = texts.capacity() * sizeof(std::string);
  for (const std::string& text : texts) sum += heap(text);
  return sum;
}

std::size_t footprint(const Names& named) {
  std::size_t sum = named.items.capacity() * sizeof(Names::Item) + footprint(named.said);
  for (const Names::Item& item : named.items) sum += heap(item.text) + heap(item.word);
  return sum;
}

std::size_t footprint(const Said& words) {
  std::size_t sum = words.terms.capacity() * sizeof(Said::Term) +
                    words.grams.capacity() * sizeof(unsigned);
  for (const Said::Term& term : words.terms) sum += heap(term.stem);
  return sum;
}

std::size_t footprint(const Profile& text) {
  std::size_t sum = sizeof(Profile) + heap(text.reading.normal) +
                    text.reading.words.capacity() * sizeof(Word) +
                    text.reading.spans.capacity() * sizeof(Span);
  for (const Word& word : text.reading.words) sum += heap(word.text);
  for (const Span& span : text.reading.spans) sum += heap(span.text);
  sum += footprint(text.values) + footprint(text.named) + footprint(text.words);
  sum += text.poles.poles.capacity() * sizeof(Polarity::Said) + footprint(text.poles.stems);
  sum += text.sequence.moves.capacity() * 2 * sizeof(std::string) + footprint(text.sequence.all) +
         footprint(text.sequence.content) + text.sequence.directed.capacity() / 8;
  return sum + footprint(text.when.terms) + heap(text.when.opening);
}

}  // namespace refrain::policy
