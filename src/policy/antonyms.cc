// Opposites: a list of ours, in rows of "this / that", words of one meaning beside each other.
//
// What belongs here is what turns a question or a statement round when one word is exchanged for
// the other and all else stays. Words are compared by stem, so one form of each is enough unless
// the stem differs (buy, bought). A word may be in several rows. Prefixes (un-, in-, dis-) need no
// row: policy/gates_polarity.cc finds them. What is itself a negation (never, without, none) is in
// no row, or it would count twice and cancel out.
#include "policy/antonyms.h"

#include <algorithm>
#include <array>
#include <string>

#include "policy/lexical.h"

namespace refrain::policy {
namespace {

struct Row {
  std::string_view left, right;  // words between spaces
};
constexpr Row kRows[] = {
    // doing and undoing
    {"enable activate unmute unblock", "disable deactivate mute block"},
    {"increase raise grow maximize gain boost improve",
     "decrease reduce lower lose minimize shrink loss worsen"},
    {"allow permit legal", "deny forbid prohibit ban illegal prevent"},
    {"start begin launch began resume", "stop end quit finish cease ended dismantle"},
    {"buy purchase bought buyer", "sell sold seller"},
    {"open", "close shut closed"},
    {"add insert include", "remove delete exclude subtract omit"},
    {"install", "uninstall"},
    {"lock", "unlock"},
    {"subscribe", "unsubscribe cancel"},
    {"upload", "download"},
    {"import", "export"},
    {"encrypt encode", "decrypt decode"},
    {"compress", "decompress"},
    {"upgrade", "downgrade"},
    {"push", "pull"},
    {"hire", "fire dismiss"},
    {"win won winner victory", "lose lost loser defeat"},
    {"love like enjoy adore", "hate dislike detest"},
    {"accept approve agree", "reject refuse decline disagree"},
    {"sign", "cancel"},
    {"borrow", "lend"},
    {"arrive arrival", "depart departure leave"},
    {"come", "go"},
    {"join connect attach", "leave disconnect detach"},
    {"fill", "empty"},
    {"show display reveal", "hide conceal"},
    {"send sent", "receive"},
    {"give gave given", "take took taken"},
    {"lend", "borrow"},
    {"earn", "owe spend"},
    {"pay paid", "receive"},
    {"praise", "criticise criticize blame"},
    {"succeed success", "fail failure"},
    {"build construct create", "destroy demolish"},
    {"attack", "defend"},
    {"remember", "forget forgot"},
    {"save", "waste spend"},
    {"teach taught", "learn"},
    {"ask", "answer"},
    {"question", "answer"},
    {"rise rose", "fall fell drop"},
    {"enter", "exit leave"},
    {"return", "leave"},
    {"find found", "lose lost"},
    {"admit", "deny"},
    {"award grant", "deny"},
    {"aid help", "hamper hinder"},
    {"live alive living birth born", "die dead death died"},
    {"marry married", "divorce divorced"},
    {"persist continue remain", "finish stop end vanish"},
    {"appear", "disappear vanish"},
    {"combine join", "separate split"},
    // amounts and measures
    {"minimum min minimal least", "maximum max maximal most"},
    {"more", "less fewer"},
    {"up upward", "down downward"},
    {"high higher highest tall taller tallest", "low lower lowest short shorter shortest"},
    {"large larger largest big bigger biggest great huge", "small smaller smallest little tiny"},
    {"long longer longest", "short shorter shortest brief"},
    {"fast faster fastest quick quicker rapid", "slow slower slowest"},
    {"hot warm heat hotter warmer hottest scorching", "cold cool chill colder cooler coldest"},
    {"early earlier earliest", "late later latest"},
    {"old older oldest", "young younger youngest new newer newest"},
    {"cheap cheaper cheapest", "expensive costly dear"},
    {"light lighter lightest", "heavy heavier heaviest dark darker"},
    {"wide wider broad", "narrow narrower"},
    {"deep deeper", "shallow shallower"},
    {"thick thicker", "thin thinner"},
    {"bright brighter", "dark darker dim"},
    {"loud louder noisy", "quiet quieter silent"},
    {"full", "empty"},
    {"much many", "little few"},
    {"under below beneath", "over above"},
    {"major majority", "minor minority"},
    {"double", "half halve"},
    {"near nearer nearest close", "far farther furthest distant"},
    {"first", "last"},
    {"front", "back rear"},
    {"upper top", "lower bottom"},
    {"frequent often common", "rare rarely seldom"},
    {"simple easy easier easiest", "hard difficult complex harder hardest complicated uneasy"},
    {"rich richer wealthy", "poor poorer"},
    {"strong stronger", "weak weaker"},
    {"hard", "soft"},
    {"dry", "wet"},
    {"smooth", "rough"},
    {"sharp", "blunt dull"},
    {"sweet", "bitter sour"},
    {"fat", "thin slim skinny lean"},
    {"tight", "loose"},
    {"clean", "dirty"},
    {"fresh", "stale"},
    {"ripe", "unripe"},
    {"raw", "cooked"},
    // values
    {"best better good advantage pro benefit great",
     "worst worse bad disadvantage con drawback evil poor harm"},
    {"good", "evil"},
    {"right correct true", "wrong incorrect false untrue untruthful"},
    {"safe harmless", "dangerous harmful unsafe"},
    {"positive", "negative"},
    {"happy glad euphoric cheerful", "sad unhappy miserable"},
    {"fair", "foul unfair"},
    {"real actual", "fake nominal insubstantial imaginary unreal"},
    {"possible", "impossible actual"},
    {"sure certain", "unsure uncertain doubtful"},
    {"same equal alike like similar", "different other unlike dissimilar opposite"},
    {"intelligent smart clever", "stupid dumb unintelligent"},
    {"brave", "cowardly"},
    {"generous", "selfish stingy"},
    {"strict severe", "lenient forgiving"},
    {"serious", "playful frivolous"},
    {"active", "passive inactive extinct"},
    {"awake", "asleep"},
    {"hearing", "deaf"},
    {"breathing", "breathless"},
    {"healthy well", "sick ill unhealthy"},
    {"polite kind", "rude unkind mean"},
    {"honest", "dishonest lying"},
    {"beautiful pretty", "ugly"},
    {"interesting", "boring dull"},
    {"edible", "poisonous toxic"},
    {"toxic", "beneficial"},
    {"friend", "enemy foe"},
    {"friendly", "hostile"},
    {"guilty", "innocent"},
    {"present", "absent"},
    {"visible", "invisible"},
    {"public", "private"},
    {"free", "paid busy"},
    {"temporary", "permanent"},
    {"voluntary optional", "mandatory compulsory required"},
    {"alive", "extinct dead"},
    {"asleep", "awake"},
    {"open", "unreceptive"},
    {"important significant", "unimportant insignificant trivial"},
    {"famous", "unknown obscure"},
    {"normal", "abnormal strange"},
    {"natural", "artificial synthetic"},
    {"ancient", "modern"},
    {"related", "unrelated"},
    {"effective", "ineffective"},
    // places and order
    {"before prior", "after"},
    {"left", "right"},
    {"inside indoor inner inward", "outside outdoor outer outward"},
    {"north northern northernmost", "south southern southernmost"},
    {"east eastern easternmost", "west western westernmost"},
    {"center centre", "edge outermost"},
    {"ascending", "descending"},
    {"horizontal", "vertical"},
    {"import", "export"},
    {"input", "output"},
    {"read", "write"},
    {"sender", "recipient receiver"},
    {"day", "night"},
    {"morning", "evening"},
    {"summer", "winter"},
    {"spring", "autumn fall"},
    {"yesterday", "tomorrow"},
    {"male man men boy son father husband brother he his",
     "female woman women girl daughter mother wife sister she her"},
    {"parent", "child children"},
    {"teacher", "student pupil"},
    {"employer", "employee"},
    {"landlord", "tenant"},
    {"lender", "borrower"},
    {"question", "answer"},
    {"income revenue", "expense cost"},
    {"profit", "loss"},
    {"credit", "debit"},
    {"deposit", "withdrawal withdraw"},
    {"asset", "liability"},
    {"host", "guest"},
    {"doctor", "patient"},
    {"lender", "borrower"},
    {"former", "current latter"},
    {"slave", "slaveowner master"},
    {"singular", "plural"},
    {"boiling boil", "melting freezing freeze"},
    {"cause", "symptom effect"},
    {"symptom", "treatment"},
    {"causes", "treatments"},
    {"director", "producer"},
    {"latitude", "longitude"},
    {"length", "width"},
    {"structure", "function"},
    {"theory", "practice"},
    // German and Spanish
    {"vor", "nach"},
    {"erh\u00f6hen steigern", "senken verringern"},
    {"kaufen gekauft", "verkaufen verkauft"},
    {"\u00f6ffnen auf", "schlie\u00dfen zu"},
    {"gr\u00f6\u00dfte gr\u00f6\u00dfer maximal", "kleinste kleiner minimal"},
    {"einschalten aktivieren an", "ausschalten deaktivieren aus"},
    {"vorteile vorteil", "nachteile nachteil"},
    {"schneller schnell", "langsamer langsam"},
    {"teurer teuer", "billiger billig g\u00fcnstiger"},
    {"gut besser", "schlecht schlechter"},
    {"heute", "morgen gestern"},
    {"alt", "jung neu"},
    {"antes", "despu\u00e9s despues"},
    {"activar encender", "desactivar apagar"},
    {"abrir abierto", "cerrar cerrado"},
    {"comprar", "vender"},
    {"aumentar subir", "reducir disminuir bajar"},
    {"m\u00e1ximo mayor grande", "m\u00ednimo menor peque\u00f1o pequeno"},
    {"ventajas ventaja", "desventajas desventaja"},
    {"rico", "pobre"},
    {"r\u00e1pido", "lento"},
    {"caro", "barato"},
    {"hoy", "ma\u00f1ana manana ayer"},
    // Chinese: looked for in the text itself
    {"\u589e\u52a0", "\u51cf\u5c11"},
    {"\u6253\u5f00 \u5f00\u542f", "\u5173\u95ed"},
    {"\u4e70", "\u5356"},
    {"\u5141\u8bb8", "\u7981\u6b62"},
    {"\u5f00\u59cb", "\u505c\u6b62 \u7ed3\u675f"},
    {"\u4e4b\u524d", "\u4e4b\u540e"},
    {"\u6700\u5927", "\u6700\u5c0f"},
    {"\u6700\u9ad8", "\u6700\u4f4e"},
    {"\u4f18\u70b9", "\u7f3a\u70b9"},
    {"\u4fbf\u5b9c", "\u8d35"},
    {"\u957f\u5ea6", "\u9ad8\u5ea6 \u5bbd\u5ea6"},
    {"\u4eca\u5929", "\u660e\u5929 \u6628\u5929"},
    {"\u4e0a\u5347", "\u4e0b\u964d"},
    {"\u5317", "\u5357"},
    {"\u4e1c", "\u897f"},
    {"\u7537", "\u5973"},
    {"\u5de6", "\u53f3"},
    {"\u66f4\u591a", "\u66f4\u5c11"},
    {"\u5feb", "\u6162"},
    {"\u597d", "\u574f"}};

struct Entry {
  std::string stem;
  Pole pole;
};
struct Lists {
  std::vector<Entry> words;   // by stem
  std::vector<Entry> within;  // looked for in the text itself
};

void add_side(std::string_view list, Pole pole, Lists& out) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    const std::string_view word = list.substr(0, end);
    const bool wide = static_cast<unsigned char>(word.front()) >= 0xE3;
    if (wide) {
      out.within.push_back({std::string(word), pole});
    } else {
      out.words.push_back({stem(word), pole});
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

const Lists& lists() {
  static const Lists kLists = [] {
    Lists made;
    for (std::size_t at = 0; at < std::size(kRows); ++at) {
      add_side(kRows[at].left, {static_cast<std::uint16_t>(at), true}, made);
      add_side(kRows[at].right, {static_cast<std::uint16_t>(at), false}, made);
    }
    std::ranges::sort(made.words, {}, &Entry::stem);
    return made;
  }();
  return kLists;
}

}  // namespace

std::vector<Pole> poles_of(std::string_view stem_of_word) {
  std::vector<Pole> out;
  const auto less = [](std::string_view a, std::string_view b) { return a < b; };
  const auto found = std::ranges::equal_range(
      lists().words, stem_of_word, less, [](const Entry& e) { return std::string_view(e.stem); });
  for (const Entry& entry : found) {
    out.push_back(entry.pole);
  }
  return out;
}

void add_poles_within(std::string_view text, std::vector<Pole>& out) {
  for (const Entry& entry : lists().within) {
    if (text.contains(entry.stem)) {
      out.push_back(entry.pole);
    }
  }
}

std::string_view pole_name(Pole pole) noexcept {
  const Row& row = kRows[pole.pair];
  const std::string_view list = pole.left ? row.left : row.right;
  return list.substr(0, list.find(' '));
}

}  // namespace refrain::policy
