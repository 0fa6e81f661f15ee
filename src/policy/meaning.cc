// Words that may stand for each other, and words that tell little.
//
// The list holds words that people exchange when they ask the same again, not a dictionary: a word
// is in one row only, and only where the exchange keeps the question in nearly every sentence. So
// "big" and "large" meet, "change" and "reset" do not. Both sides of an antonym pair (policy/
// gates_polarity.cc) are never in one row.
#include "policy/meaning.h"

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_map>

#include "policy/lexical.h"

namespace refrain::policy {
namespace {

// One meaning a row.
constexpr std::string_view kMeanings[] = {
    "buy purchase acquire",
    "begin start commence",
    "end finish",
    "big large huge",
    "small tiny little",
    "fix repair mend resolve solve",
    "error fault bug problem issue trouble",
    "delete remove erase",
    "show display",
    "make create build produce construct",
    "help assist aid",
    "get obtain receive gain",
    "quick quickly fast rapid rapidly",
    "car automobile vehicle",
    "movie film",
    "phone telephone mobile cellphone smartphone",
    "picture photo image photograph",
    "job employment occupation work",
    "company firm business corporation organisation organization",
    "learn study",
    "begin start",
    "answer reply response",
    "ask question query",
    "buy purchase",
    "child kid",
    "children kids",
    "doctor physician",
    "money cash funds",
    "cost price charge fee",
    "method way approach technique",
    "difference differ different distinguish",
    "meaning mean signify",
    "important crucial essential significant key",
    "choose select pick",
    "explain describe clarify",
    "earn make",
    "increase raise boost improve enhance grow",
    "reduce decrease lower cut lessen",
    "lose drop shed",
    "rid eliminate",
    "stop quit cease",
    "avoid prevent",
    "keep retain maintain preserve",
    "best top greatest finest",
    "good great excellent nice",
    "bad poor awful terrible",
    "happy glad joyful",
    "sad unhappy",
    "smart intelligent clever",
    "hard difficult tough challenging",
    "easy simple straightforward",
    "beautiful pretty attractive lovely",
    "rich wealthy",
    "famous popular wellknown",
    "strange weird odd",
    "possible feasible",
    "need require",
    "want wish desire like",
    "use utilize utilise employ apply",
    "try attempt",
    "happen occur",
    "change modify alter edit adjust",
    "tip advice suggestion recommendation recommend suggest",
    "book novel",
    "country nation",
    "city town",
    "people person persons human humans",
    "man guy men",
    "woman lady women girl girls",
    "boyfriend bf",
    "girlfriend gf",
    "wife spouse",
    "trip travel journey tour",
    "place location spot",
    "program programme software application app",
    "site website webpage",
    "net internet web online",
    "computer pc laptop",
    "begin start",
    "university college",
    "exam test examination",
    "teacher instructor tutor",
    "engineer engineering",
    "develop developer development",
    "language languages",
    "india indian",
    "america american usa us states",
    "china chinese",
    "pakistan pakistani",
    "britain uk british england english",
    "government govt",
    "president presidential",
    "elect election",
    "war conflict battle",
    "kill murder",
    "die death dead",
    "live life living",
    "reason cause why",
    "safe secure",
    "wrong incorrect",
    "right correct",
    "true real",
    "think believe opinion thought",
    "speak talk",
    "tell inform",
    "watch see view",
    "look search find seek locate",
    "send transfer dispatch",
    "arrive come reach",
    "late delay delayed overdue",
    "wait await",
    "long lengthy",
    "account profile",
    "password passcode",
    "pin passcode",
    "card creditcard",
    "bill invoice",
    "refund reimburse reimbursement",
    "cancel revoke abort",
    "purchase buying",
    "verify confirm check validate",
    "identity id",
    "limit maximum cap",
    "minimum least",
    "currency currencies",
    "rate rates",
    "shop store",
    "order ordering",
    "deliver delivery ship shipping",
    "broken damaged defective",
    "lost missing misplaced",
    "stolen theft steal",
    "link connect attach",
    "activate enable",
    "deactivate disable",
    "close terminate",
    "reach contact",
    "support service",
    "allow permit let",
    "able capable",
    "sure certain",
    "quit resign",
    "begin launch",
    "hotel accommodation",
    "restaurant eatery",
    "food meal",
    "eat consume",
    "drink beverage",
    "dog puppy",
    "cat kitten",
    "sick ill",
    "pain ache",
    "medicine drug medication",
    "treat treatment cure heal",
    "remedy cure",
    "fat overweight obese",
    "thin slim skinny",
    "sleep asleep",
    "tired exhausted",
    "interview interviews",
    "salary pay wage income",
    "invest investment",
    "share stock",
    "bank banking",
    "loan credit",
    "tax taxes taxation",
    "note notes banknote",
    "ban abolish prohibit demonetise demonetize",
    "hack crack",
    "recover restore retrieve regain",
    "download downloading",
    "install setup",
    "update upgrade",
    "version release edition",
    "write wrote writer author compose",
    "read reading",
    "song music track",
    "sing singer",
    "play playing",
    "game games",
    "team club",
    "win victory",
    "love adore",
    "marry marriage wedding",
    "sex intercourse",
    "friend buddy pal",
    "parent parents",
    "mother mom mum",
    "father dad",
    "year annual yearly",
    "month monthly",
    "day daily",
    "week weekly",
    "currently presently now",
    "usually normally typically generally",
    "often frequently",
    "almost nearly",
    "also additionally too",
    "only just solely",
    "enough sufficient",
    "many numerous several",
    "approximately about around roughly",
    "begin initiate",
    "calculate compute determine",
    "measure gauge",
    "example instance",
    "kind type sort",
    "part component piece",
    "size dimension",
    "number amount quantity",
    "result outcome consequence",
    "effect impact influence",
    "advantage benefit",
    "disadvantage drawback",
    "goal aim objective purpose",
    "rule law regulation",
    "prove proof",
    "know knowledge",
    "understand comprehend grasp",
    "remember recall",
    "forget forgot",
    "wie wiewie",
    "kaufen erwerben",
    "auto wagen pkw",
    "schnell rasch",
    "comprar adquirir",
    "coche carro auto automovil",
    "bonito lindo hermoso"};

constexpr std::string_view kCommon =
    " get make use want need help know find tell think like go come take give work try ask look "
    "see say way thing "
    "good best better new one many much more most very really just also only other another same "
    "different "
    "people person time year day life world start begin keep let put mean show call feel seem "
    "happen become "
    "possible able sure always ever still already now actually exactly even back long kind type "
    "sort lot "
    "some every each all both such own first last next right turn switch off city country place "
    "question answer reason example please hello hi "
    "thank thanks anyone someone something anything everything there here don't can't won't i'm "
    "i've "
    "must should could would may might need problem issue using used made got gone done doing "
    "going being having "
    "without after before between because while though however often usually currently recently "
    "today ";

constexpr std::string_view kParticles =
    // English, German, Spanish, French
    " not no never nor without cannot may must ought whom der die das den dem des ein eine einen "
    "einem einer eines und oder ist "
    "sind war wie was wer wo wann warum "
    "ich du er sie es wir ihr mein meine meinen meiner mir mich zu zum zur im in am an auf von vom "
    "mit bei aus "
    "kann man wird werden hat habe haben f\u00fcr \u00fcber el la los las un una unos unas y o es "
    "son est\u00e1 "
    "c\u00f3mo qu\u00e9 cu\u00e1l qui\u00e9n d\u00f3nde cu\u00e1ndo por para de del en con se mi "
    "su me lo le al "
    "puedo puede hay le les des du et ou est que qui je comment "
    // Chinese
    "\u7684 \u4e86 \u5417 \u5462 \u662f \u5728 \u6211 \u4f60 \u600e \u4e48 \u4ec0 \u5982 \u4f55 "
    "\u8bf7 \u95ee "
    "\u80fd \u53ef \u4ee5 \u4e2a \u8fd9 \u90a3 \u6709 \u548c \u4e0e \u4e3a \u5427 \u5440 \u4e4b "
    "\u4ed6 \u5979 \u5b83 "
    "\u88ab \u7531 \u5728 \u4e8e \u5e76 \u53ca \u800c \u4f46 \u4e5f \u5c31 \u90fd ";

/// Looked up without making a string of the word.
struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view word) const noexcept {
    return std::hash<std::string_view>()(word);
  }
};
template <class Value>
using Words = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

template <class Add>
void each_word(std::string_view list, Add&& add) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) {
      add(list.substr(0, end));
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

}  // namespace

int concept_of(std::string_view stem_of_word) noexcept {
  static const Words<int> kOf = [] {
    Words<int> made;
    int row = 0;
    for (const std::string_view meaning : kMeanings) {
      each_word(meaning, [&](std::string_view word) { made.try_emplace(stem(word), row); });
      ++row;
    }
    return made;
  }();
  const auto found = kOf.find(stem_of_word);
  return found == kOf.end() ? -1 : found->second;
}

bool is_common(std::string_view stem_of_word) noexcept {
  static const Words<bool> kWords = [] {
    Words<bool> made;
    each_word(kCommon, [&](std::string_view word) { made.try_emplace(stem(word), true); });
    return made;
  }();
  return kWords.contains(stem_of_word);
}

bool is_particle(std::string_view word) noexcept {
  static const Words<bool> kWords = [] {
    Words<bool> made;
    each_word(kParticles, [&](std::string_view one) { made.try_emplace(std::string(one), true); });
    return made;
  }();
  return kWords.contains(word);
}

}  // namespace refrain::policy
