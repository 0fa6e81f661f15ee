// Numbers: the difference that an embedder sees least and a reader most.
//
// "flights in 2023" and "flights in 2024" are near to an embedder. So every number must occur in
// both texts; as sets of values, since a rewording writes 1,000 or a thousand and moves it.
//   pass    "5 kilometres in miles", "how many miles are 5 km"
//   refuse  "Python 3.1", "Python 3.10";  "$5", "5 EUR";  "at 3 am", "at 3 pm"
// Refused on purpose: "5 km", "5000 m", since a wrong conversion is worse than a miss. "one" alone
// is a pronoun more often than a number (which one, no one) and counts only before a unit or a
// larger number word.
#include "policy/gates_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace refrain::policy {
namespace {

using Named = std::pair<std::string_view, double>;

template <std::size_t N>
std::optional<double> find_in(const Named (&table)[N], std::string_view word) noexcept {
  const auto* found =
      std::ranges::find_if(table, [word](const Named& named) { return same(named.first, word); });
  return found == std::end(table) ? std::nullopt : std::optional(found->second);
}

constexpr Named kSmall[] = {
    {"zero", 0},     {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},
    {"five", 5},     {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},
    {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
    {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
    {"twenty", 20},  {"thirty", 30},  {"forty", 40},     {"fifty", 50},    {"sixty", 60},
    {"seventy", 70}, {"eighty", 80},  {"ninety", 90},    {"zwei", 2},      {"drei", 3},
    {"vier", 4},     {"dos", 2},      {"tres", 3},       {"cuatro", 4}};
constexpr Named kLarge[] = {{"hundred", 1e2}, {"thousand", 1e3},  {"million", 1e6},
                            {"billion", 1e9}, {"trillion", 1e12}, {"dozen", 12}};
constexpr Named kOrdinal[] = {
    {"first", 1},        {"second", 2},      {"third", 3},       {"fourth", 4},
    {"fifth", 5},        {"sixth", 6},       {"seventh", 7},     {"eighth", 8},
    {"ninth", 9},        {"tenth", 10},      {"eleventh", 11},   {"twelfth", 12},
    {"thirteenth", 13},  {"fourteenth", 14}, {"fifteenth", 15},  {"sixteenth", 16},
    {"seventeenth", 17}, {"eighteenth", 18}, {"nineteenth", 19}, {"twentieth", 20}};
constexpr Named kRoman[] = {{"ii", 2},   {"iii", 3}, {"iv", 4},   {"vi", 6},    {"vii", 7},
                            {"viii", 8}, {"ix", 9},  {"xi", 11},  {"xii", 12},  {"xiii", 13},
                            {"xiv", 14}, {"xv", 15}, {"xvi", 16}, {"xvii", 17}, {"xviii", 18}};
constexpr Named kMonth[] = {{"january", 1},   {"february", 2}, {"march", 3},     {"april", 4},
                            {"may", 5},       {"june", 6},     {"july", 7},      {"august", 8},
                            {"september", 9}, {"october", 10}, {"november", 11}, {"december", 12},
                            {"jan", 1},       {"feb", 2},      {"mar", 3},       {"apr", 4},
                            {"jun", 6},       {"jul", 7},      {"aug", 8},       {"sep", 9},
                            {"sept", 9},      {"oct", 10},     {"nov", 11},      {"dec", 12}};
constexpr Named kWeekday[] = {
    {"monday", 1},    {"tuesday", 2}, {"wednesday", 3}, {"thursday", 4}, {"friday", 5},
    {"saturday", 6},  {"sunday", 7},  {"mondays", 1},   {"tuesdays", 2}, {"wednesdays", 3},
    {"thursdays", 4}, {"fridays", 5}, {"saturdays", 6}, {"sundays", 7}};

struct Unit {
  std::string_view name, forms;  // forms between spaces
};
constexpr Unit kUnits[] = {{"percent", " percent pct prozent "},
                           {"usd", " usd dollar dollars bucks "},
                           {"eur", " eur euro euros "},
                           {"gbp", " gbp pound_sterling quid "},
                           {"jpy", " jpy yen "},
                           {"inr", " inr rupee rupees "},
                           {"cent", " cent cents "},
                           {"km", " km kms kilometer kilometers kilometre kilometres "},
                           {"m", " m meter meters metre metres "},
                           {"cm", " cm centimeter centimeters centimetre centimetres "},
                           {"mm", " mm millimeter millimeters millimetre millimetres "},
                           {"mile", " mi mile miles "},
                           {"foot", " ft foot feet "},
                           {"inch", " inch inches "},
                           {"yard", " yard yards yd "},
                           {"kg", " kg kgs kilo kilos kilogram kilograms "},
                           {"g", " g gram grams "},
                           {"mg", " mg milligram milligrams "},
                           {"lb", " lb lbs pound pounds "},
                           {"oz", " oz ounce ounces "},
                           {"ton", " ton tons tonne tonnes "},
                           {"l", " l liter liters litre litres "},
                           {"ml", " ml milliliter milliliters millilitre millilitres "},
                           {"gallon", " gallon gallons gal "},
                           {"s", " s sec secs second seconds "},
                           {"ms", " ms millisecond milliseconds "},
                           {"min", " min mins minute minutes "},
                           {"h", " h hr hrs hour hours "},
                           {"day", " day days "},
                           {"week", " week weeks "},
                           {"month", " month months "},
                           {"year", " yr yrs year years "},
                           {"celsius", " c celsius centigrade "},
                           {"fahrenheit", " f fahrenheit "},
                           {"degree", " degree degrees "},
                           {"kb", " kb kilobyte kilobytes "},
                           {"mb", " mb megabyte megabytes "},
                           {"gb", " gb gigabyte gigabytes "},
                           {"tb", " tb terabyte terabytes "},
                           {"bit", " bit bits "},
                           {"byte", " byte bytes "},
                           {"w", " w watt watts "},
                           {"kw", " kw kilowatt kilowatts "},
                           {"v", " v volt volts "},
                           {"mph", " mph "},
                           {"kmh", " kmh kph "},
                           {"hz", " hz hertz "},
                           {"ghz", " ghz gigahertz "},
                           {"kcal", " kcal calorie calories "}};

std::string_view unit_of(std::string_view word) noexcept {
  if (word.empty() || word.size() > 14) {
    return {};
  }
  for (const Unit& unit : kUnits) {
    const std::size_t at = unit.forms.find(word);
    if (at != std::string_view::npos && unit.forms[at - 1] == ' ' &&
        unit.forms[at + word.size()] == ' ') {
      return unit.name;
    }
  }
  return {};
}

bool is_currency(std::string_view word) noexcept {
  return word == "usd" || word == "eur" || word == "gbp" || word == "jpy" || word == "inr";
}

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::string without_zeros(std::string_view digits) {
  const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  return std::string(digits.substr(first));
}

/// A number as written (sign, digits, separators), or nothing: 1,000 -> 1000, 1,5 -> 1.5, 5.0 -> 5.
std::optional<std::string> plain_number(std::string_view text) {
  std::string sign;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    sign = text.front() == '-' ? "-" : "";
    text.remove_prefix(1);
  }
  std::string digits;
  std::string fraction;
  const std::size_t dot = text.find('.');
  std::string_view whole = text.substr(0, dot);
  if (dot != std::string_view::npos) {
    fraction = text.substr(dot + 1);
    if (!all_digits(fraction)) {
      return std::nullopt;
    }
  }
  for (std::size_t comma = whole.find(','); comma != std::string_view::npos;
       comma = whole.find(',')) {
    digits += whole.substr(0, comma);
    whole.remove_prefix(comma + 1);
    const std::size_t group = std::min(whole.find(','), whole.size());
    if (group != 3 && fraction.empty() && whole.find(',') == std::string_view::npos) {
      fraction = whole;  // a decimal comma
      whole = {};
    }
  }
  digits += whole;
  if (!all_digits(digits) || (!fraction.empty() && !all_digits(fraction))) {
    return std::nullopt;
  }
  const bool none = fraction.find_first_not_of('0') == std::string::npos;
  return sign + without_zeros(digits) + (none ? "" : "." + fraction);
}

std::string times(const std::string& number, double factor) {
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return fmt::format("{:.15g}", value * factor);
}

class Collector {
 public:
  explicit Collector(const std::vector<Word>& words) : words_(words) {}

  std::vector<std::string> run() {
    while (at_ < words_.size()) {
      if (!digits() && !spelled() && !calendar() && !named() && !numeral()) {
        ++at_;
      }
    }
    std::ranges::sort(found_);
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return std::move(found_);
  }

 private:
  std::string_view word(std::size_t at) const noexcept {
    return at < words_.size() ? std::string_view(words_[at].text) : std::string_view();
  }
  std::string_view before() const noexcept { return at_ > 0 ? word(at_ - 1) : std::string_view(); }

  /// A number with the larger number words, the unit and the sign word around it. at_ is at its
  /// last word; `suffix` is what was glued to it.
  void number(std::string value, std::string_view suffix, std::string_view preceding) {
    if (const auto factor = find_in(kLarge, word(at_ + 1)); factor && suffix.empty()) {
      value = times(value, *factor);
      ++at_;
    }
    if (preceding == "minus" || preceding == "negative") {
      value.insert(0, "-");
    }
    std::string_view unit = unit_of(suffix);
    if (suffix.empty()) {
      unit = unit_of(word(at_ + 1));
      if (word(at_ + 1) == "per" && word(at_ + 2) == "cent") {
        unit = "percent";
        at_ += 2;
      } else if (!unit.empty()) {
        ++at_;
      }
    }
    if (unit.empty() && is_currency(preceding)) {
      unit = preceding;
    }
    if (!unit.empty() && value.contains('.')) {
      value.resize(value.find_last_not_of('0') + 1);  // 5.50 dollars are 5.5 dollars
    }
    found_.push_back(unit.empty() ? std::move(value) : fmt::format("{} {}", value, unit));
    ++at_;
  }

  bool time(std::string_view text, std::string_view suffix) {
    const std::size_t colon = text.find(':');
    const bool apart = suffix.empty() && (word(at_ + 1) == "am" || word(at_ + 1) == "pm" ||
                                          word(at_ + 1) == "a.m" || word(at_ + 1) == "p.m");
    std::string_view half = apart ? word(at_ + 1) : suffix;
    const bool halved =
        half.starts_with("am") || half.starts_with("pm") || half == "a.m" || half == "p.m";
    if (colon == std::string_view::npos && !halved) {
      return false;
    }
    const std::string_view hours = text.substr(0, colon);
    const std::string_view minutes = colon == std::string_view::npos ? "0" : text.substr(colon + 1);
    int hour = 0;
    int minute = 0;
    if (!all_digits(hours) || hours.size() > 2 || !all_digits(minutes) || minutes.size() > 2) {
      return false;
    }
    std::from_chars(hours.data(), hours.data() + hours.size(), hour);
    std::from_chars(minutes.data(), minutes.data() + minutes.size(), minute);
    if (halved) {
      hour = hour % 12 + (half.front() == 'p' ? 12 : 0);
    }
    found_.push_back(fmt::format("t{}", hour * 60 + minute));
    at_ += apart ? 2 : 1;
    return true;
  }

  bool digits() {
    const std::string_view text = word(at_);
    const std::size_t sign = !text.empty() && (text.front() == '-' || text.front() == '+') ? 1 : 0;
    if (text.size() <= sign || !is_digit(text[sign])) {
      return false;
    }
    std::size_t end = sign;
    while (end < text.size() &&
           (is_digit(text[end]) || std::string_view(".,:/-").contains(text[end]))) {
      ++end;
    }
    while (end > sign && !is_digit(text[end - 1])) {
      --end;
    }
    std::string_view core = text.substr(0, end);
    std::string_view suffix = text.substr(end);
    if (suffix.starts_with("-")) {  // 10-year-old
      const std::size_t next = suffix.find('-', 1);
      suffix = suffix.substr(1, next == std::string_view::npos ? next : next - 1);
      suffix = unit_of(suffix).empty() ? std::string_view() : suffix;
    }
    operation();
    if (time(core, suffix) || compound(core)) {
      return true;
    }
    const std::optional<std::string> value = plain_number(core);
    if (!value) {
      found_.emplace_back(core);
      ++at_;
      return true;
    }
    if (suffix == "st" || suffix == "nd" || suffix == "rd" || suffix == "th") {
      found_.push_back(*value);
      ++at_;
      return true;
    }
    const std::string_view preceding = before();
    if (suffix == "k" || suffix == "bn") {
      number(times(*value, suffix == "k" ? 1e3 : 1e9), {}, preceding);
    } else if (!suffix.empty() && unit_of(suffix).empty()) {
      found_.emplace_back(text);  // 1990s, 4x: as written
      ++at_;
    } else {
      number(*value, suffix, preceding);
    }
    return true;
  }

  /// 2023-05-01, 2023/05/01, 5-10, 1/2, 3.10.2.
  bool compound(std::string_view core) {
    const char joint = core.contains('/') ? '/' : '-';
    std::vector<std::string_view> parts;
    std::string_view rest = core.starts_with('-') ? core.substr(1) : core;
    std::size_t cut = rest.find(joint);
    for (; cut != std::string_view::npos; cut = rest.find(joint)) {
      parts.push_back(rest.substr(0, cut));
      rest.remove_prefix(cut + 1);
    }
    parts.push_back(rest);
    const bool whole = std::ranges::all_of(parts, all_digits);
    if (parts.size() == 3 && whole && parts[0].size() == 4) {
      found_.push_back(std::string(parts[0]));
      found_.push_back("m" + without_zeros(parts[1]));
      found_.push_back(without_zeros(parts[2]));
      ++at_;
      return true;
    }
    if (parts.size() == 2 && joint == '-' && whole) {  // a range
      found_.push_back(without_zeros(parts[0]));
      number(without_zeros(parts[1]), {}, {});
      return true;
    }
    if (parts.size() > 1 || std::ranges::count(core, '.') > 1) {
      found_.emplace_back(core);
      ++at_;
      return true;
    }
    return false;
  }

  /// 2 + 2 is not 2 * 2, and 2 + 3 * 4 is not 2 * 3 + 4: what stands between which numbers. The
  /// reading writes signs as words.
  void operation() {
    for (const std::string_view name : {"plus", "minus", "times", "divided", "power"}) {
      const bool by = before() == "by" && at_ > 2 && word(at_ - 2) == name;
      if (at_ > 1 && (before() == name || by)) {
        found_.push_back(fmt::format("{} {} {}", word(at_ - (by ? 3 : 2)), name, word(at_)));
      }
    }
  }

  /// Chinese: each numeral is a word. One is left out: it is in too many other words.
  bool numeral() {
    static constexpr std::string_view kNumerals =
        "\u4e8c\u4e24\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u767e\u5343\u4e07";
    const std::string_view text = word(at_);
    if (text.size() != 3 || static_cast<unsigned char>(text.front()) < 0xE4 ||
        !kNumerals.contains(text)) {
      return false;
    }
    found_.push_back(fmt::format("c{}", text));
    ++at_;
    return true;
  }

  bool spelled() {
    const std::string_view preceding = before();
    std::string_view text = word(at_);
    double total = 0;
    double part = 0;
    std::size_t taken = 0;
    const std::size_t hyphen = text.find('-');
    if (hyphen != std::string_view::npos) {  // twenty-one
      const auto tens = find_in(kSmall, text.substr(0, hyphen));
      const auto ones = find_in(kSmall, text.substr(hyphen + 1));
      if (!tens || !ones) {
        return false;
      }
      part = *tens + *ones;
      taken = 1;
    }
    for (std::size_t at = at_ + taken; at < words_.size(); ++at) {
      const auto small = find_in(kSmall, word(at));
      const auto large = find_in(kLarge, word(at));
      const bool joins = word(at) == "and" && taken > 0 && find_in(kSmall, word(at + 1)) &&
                         find_in(kLarge, word(at - 1));
      if (small && (part < 1 || (part >= 20 && *small < 10) || part >= 100)) {
        part += *small;
      } else if (large && *large <= 100 && (taken > 0 || *large > 12)) {
        part = std::max(part, 1.0) * *large;
      } else if (large && *large > 100) {
        total += std::max(part, 1.0) * *large;
        part = 0;
      } else if (!joins) {
        break;
      }
      taken = at + 1 - at_;
      if (words_[at].ends_clause) {
        break;
      }
    }
    const bool pronoun = taken == 1 && text == "one" && unit_of(word(at_ + 1)).empty();
    if (taken == 0 || pronoun) {
      return false;
    }
    at_ += taken - 1;
    number(fmt::format("{:.15g}", total + part), {}, preceding);
    return true;
  }

  bool calendar() {
    const std::string_view text = word(at_);
    if (const auto weekday = find_in(kWeekday, text)) {
      found_.push_back(fmt::format("w{}", *weekday));
      ++at_;
      return true;
    }
    const auto month = find_in(kMonth, text);
    if (!month) {
      return false;
    }
    // may, march and the short names are also other words.
    const bool plain = text.size() > 4 && text != "march";
    const std::string_view next = word(at_ + 1);
    const std::string_view last = before();
    const bool dated =
        (!next.empty() && is_digit(next.front())) || (!last.empty() && is_digit(last.front()));
    static constexpr std::array<std::string_view, 10> kBefore = {
        "in", "of", "since", "until", "by", "last", "next", "early", "late", "during"};
    if (!plain && !dated && std::ranges::find(kBefore, last) == kBefore.end()) {
      return false;
    }
    found_.push_back(fmt::format("m{}", *month));
    ++at_;
    return true;
  }

  bool named() {
    const std::string_view text = word(at_);
    std::optional<double> value = find_in(kOrdinal, text);
    const std::string_view last = before();
    if (text == "second" && (last == "per" || last == "a" || last == "each" || last == "every")) {
      value.reset();  // the unit of time
    }
    if (text == "first" && (last == "at" || word(at_ + 1) == "time")) {
      value.reset();  // at first, the first time
    }
    if (!value) {
      value = find_in(kRoman, text);
    }
    if (!value) {
      return false;
    }
    found_.push_back(fmt::format("{}", *value));
    ++at_;
    return true;
  }

  const std::vector<Word>& words_;
  std::size_t at_ = 0;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> numbers(const std::vector<Word>& words) { return Collector(words).run(); }

bool is_numeric(std::string_view word) {
  if (find_in(kSmall, word) || find_in(kOrdinal, word) || find_in(kRoman, word) ||
      find_in(kMonth, word) || find_in(kWeekday, word)) {
    return true;
  }
  if (!word.empty() && (word.front() == '-' || word.front() == '+')) {
    word.remove_prefix(1);
  }
  return !word.empty() && is_digit(word.front());
}

bool is_quantity(std::string_view word) {
  return (is_numeric(word) && !find_in(kRoman, word)) || find_in(kLarge, word) || word == "am" ||
         word == "pm" ||
         (word.size() > 1 && !unit_of(word).empty() && word != "second" && word != "foot");
}

}  // namespace refrain::policy
