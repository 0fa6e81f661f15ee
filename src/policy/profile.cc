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

}  // namespace refrain::policy
