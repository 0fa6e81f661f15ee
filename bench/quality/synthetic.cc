#include "quality/synthetic.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace refrain::quality {
namespace {

using List = std::span<const std::string_view>;

constexpr std::string_view kServices[] = {"Brightmail", "Cloudbox", "Paywell", "Ticketo",
                                          "Fotora",     "Streamly", "Notely",  "Gamehub"};
constexpr std::string_view kCities[] = {"Lisbon", "Vienna", "Oslo",   "Madrid", "Prague",
                                        "Dublin", "Athens", "Zurich", "Cairo",  "Lima"};
constexpr std::string_view kCountries[] = {"Norway", "Peru",  "Kenya",  "Japan", "Chile",
                                           "Poland", "Egypt", "Canada", "Ghana", "Nepal"};
constexpr std::string_view kNumbers[] = {"3", "5", "8", "12", "20", "45", "60", "90"};
constexpr std::string_view kMonths[] = {"January", "March",   "April",   "June",
                                        "August",  "October", "December"};
constexpr std::string_view kThings[] = {"invoice", "receipt",  "photo",  "playlist",
                                        "contact", "calendar", "report", "backup"};
constexpr std::string_view kFormats[] = {"PDF", "CSV", "JSON", "XML", "PNG"};
constexpr std::string_view kFoods[] = {"rice",    "lentils", "salmon",  "pasta",
                                       "chicken", "beans",   "spinach", "eggs"};
constexpr std::string_view kAnimals[] = {"dogs",    "cats",    "horses",
                                         "parrots", "rabbits", "goldfish"};
constexpr std::string_view kLanguages[] = {"French",  "German", "Italian",
                                           "Turkish", "Korean", "Dutch"};
constexpr std::string_view kPhrases[] = {"good night", "see you soon", "where is the station",
                                         "I am hungry", "happy birthday"};
constexpr std::string_view kTools[] = {"docker", "nginx", "postgres", "redis", "git", "terraform"};
constexpr std::string_view kSystems[] = {"Debian", "Fedora", "Windows", "macOS"};
constexpr std::string_view kAttributes[] = {"population", "currency", "area", "national flag",
                                            "official language"};
constexpr std::string_view kSwitches[] = {"enable", "disable"};
constexpr std::string_view kFeaturesOf[] = {"dark mode", "notifications", "location sharing",
                                            "automatic updates", "two-step login"};
constexpr std::string_view kSizes[] = {"largest", "smallest", "oldest", "richest"};
constexpr std::string_view kKinds[] = {"city", "lake", "museum", "university", "river"};
constexpr std::string_view kParts[] = {"battery", "screen",  "keyboard",
                                       "camera",  "charger", "speaker"};
constexpr std::string_view kPlants[] = {"tomatoes", "basil",    "roses",
                                        "orchids",  "potatoes", "lavender"};
constexpr std::string_view kSports[] = {"tennis", "chess",   "swimming",
                                        "yoga",   "archery", "fencing"};
constexpr std::string_view kIllnesses[] = {"the flu", "a cold", "a migraine", "sunburn",
                                           "hay fever"};

/// Templates hold {0} and {1} for the slots.
struct Family {
  std::vector<std::string_view> templates;
  std::vector<List> slots;
};

const std::vector<Family> kFamilies = {
    {{"How do I reset my {0} password?", "How can I reset my password for {0}?",
      "I forgot my {0} password, what now?", "What do I do if I lost my {0} password?",
      "Steps to reset a {0} password", "resetting the password of my {0} account"},
     {kServices}},
    {{"How do I delete my {0} account?", "How can I remove my account at {0}?",
      "I want to delete my {0} account", "What are the steps to delete a {0} account?",
      "Please tell me how to get rid of my {0} account"},
     {kServices}},
    {{"How do I {1} {0} at the app?", "How can I {1} {0} in the app?", "I would like to {1} {0}",
      "Where is the setting to {1} {0}?", "What is the way to {1} {0} in my app?"},
     {kFeaturesOf, kSwitches}},
    {{"What is the weather like in {0} in {1}?", "How is the weather in {0} in {1}?",
      "What weather can I expect in {0} during {1}?", "{0} in {1}: how is the weather?",
      "Tell me about the weather of {0} in {1}"},
     {kCities, kMonths}},
    {{"How do I get from {0} to {1}?", "How can I travel from {0} to {1}?",
      "What is the best way to travel from {0} to {1}?", "Ways of getting from {0} to {1}",
      "I need to get from {0} to {1}, how?"},
     {kCities, kCities}},
    {{"What is the {1} of {0}?", "Tell me the {1} of {0}", "Which {1} does {0} have?",
      "I want to know the {1} of {0}", "Can you tell me what the {1} of {0} is?"},
     {kCountries, kAttributes}},
    {{"What is the {1} {2} in {0}?", "Which {2} is the {1} in {0}?", "Name the {1} {2} of {0}",
      "Which is the {1} {2} in {0}?", "Tell me the {1} {2} in {0}"},
     {kCountries, kSizes, kKinds}},
    {{"How do I export a {0} as {1}?", "How can I save my {0} as {1}?",
      "Is there a way to export the {0} to {1}?", "I want to export my {0} as {1}",
      "exporting a {0} to {1}"},
     {kThings, kFormats}},
    {{"How long do I cook {0}?", "How long should {0} be cooked?",
      "What is the cooking time of {0}?", "How much time does it take to cook {0}?",
      "For how long should I cook {0}?"},
     {kFoods}},
    {{"Can {1} eat {0}?", "Is {0} safe for {1}?", "Are {1} allowed to eat {0}?",
      "Is it okay for {1} to eat {0}?", "May I give {0} to {1}?"},
     {kFoods, kAnimals}},
    {{"How do you say {0} in {1}?", "What is {0} in {1}?", "Translate {0} into {1}",
      "Please translate {0} to {1}", "What is the {1} translation of {0}?"},
     {kPhrases, kLanguages}},
    {{"How do I install {0} on {1}?", "How can I install {0} on {1}?",
      "What are the steps to install {0} on {1}?", "installing {0} on {1}",
      "I need to set up {0} on {1}, how?"},
     {kTools, kSystems}},
    {{"What is {0} percent of {1}?", "How much is {0} % of {1}?", "Calculate {0} percent of {1}",
      "{0} per cent of {1} is how much?"},
     {kNumbers, kNumbers}},
    {{"How much does it cost to replace the {0} of my phone?",
      "What is the price of replacing a phone {0}?", "What does a new {0} for my phone cost?",
      "How expensive is it to replace my phone's {0}?"},
     {kParts}},
    {{"The {0} of my laptop does not work, what can I do?",
      "My laptop {0} isn't working, what should I do?",
      "What can I do when the {0} of a laptop is not working?", "My laptop's {0} stopped working"},
     {kParts}},
    {{"How often should I water {0}?", "How many times a week do {0} need water?",
      "How frequently do I water {0}?", "How often do {0} need watering?"},
     {kPlants}},
    {{"When should I plant {0}?", "What is the best time to plant {0}?",
      "In which month do I plant {0}?", "When is the right time for planting {0}?"},
     {kPlants}},
    {{"How can I learn {0}?", "What is the best way to learn {0}?",
      "I want to learn {0}, how do I start?", "How do I start learning {0}?",
      "Tips for learning {0}"},
     {kSports}},
    {{"What are the rules of {0}?", "Explain the rules of {0}", "Which rules does {0} have?",
      "Can you explain the rules of {0} to me?"},
     {kSports}},
    {{"What helps against {0}?", "What can I take for {0}?", "How do I treat {0}?",
      "Which remedies help with {0}?", "What is good against {0}?"},
     {kIllnesses}},
    {{"What are the symptoms of {0}?", "Which symptoms does {0} have?", "How do I recognise {0}?",
      "What are typical signs of {0}?"},
     {kIllnesses}},
    {{"Write a poem about {0} with {1} lines", "Please write a poem of {1} lines about {0}",
      "Compose a poem on {0} that has {1} lines", "I need a poem about {0} with {1} lines"},
     {kAnimals, kNumbers}},
    {{"How do I cancel my {0} subscription?", "How can I cancel the subscription at {0}?",
      "I want to cancel my {0} subscription", "What do I have to do to cancel my {0} subscription?",
      "cancelling a {0} subscription"},
     {kServices}},
    {{"Do I need a visa for {0}?", "Is a visa required for {0}?",
      "Is it necessary to have a visa for {0}?", "Do I have to get a visa to visit {0}?"},
     {kCountries}},
    {{"Where can I see a game of {0} in {1}?", "In {1}, where is {0} played?",
      "Where in {1} can I watch {0}?", "Places to watch {0} in {1}"},
     {kSports, kCities}}};

std::string filled(std::string_view form, const std::vector<std::string_view>& values) {
  std::string out;
  for (std::size_t at = 0; at < form.size(); ++at) {
    const bool slot = form[at] == '{' && at + 2 < form.size() && form[at + 2] == '}';
    if (!slot) {
      out += form[at];
      continue;
    }
    out += values[static_cast<std::size_t>(form[at + 1] - '0')];
    at += 2;
  }
  return out;
}

struct Class {
  std::size_t family = 0;
  std::vector<std::string_view> values;
};

std::vector<Class> all_classes() {
  std::vector<Class> out;
  for (std::size_t family = 0; family < kFamilies.size(); ++family) {
    std::vector<std::vector<std::string_view>> combined = {{}};
    for (const List slot : kFamilies[family].slots) {
      std::vector<std::vector<std::string_view>> longer;
      for (const auto& values : combined) {
        for (const std::string_view value : slot) {
          if (std::ranges::find(values, value) != values.end()) continue;
          longer.push_back(values);
          longer.back().push_back(value);
        }
      }
      combined = std::move(longer);
    }
    for (auto& values : combined) out.push_back({family, std::move(values)});
  }
  return out;
}

}  // namespace

Stream synthetic(const SyntheticOptions& options) {
  std::mt19937_64 random(options.seed);
  std::vector<Class> classes = all_classes();
  std::ranges::shuffle(classes, random);
  classes.resize(std::min(classes.size(), options.classes));
  std::vector<double> weights;
  for (std::size_t rank = 1; rank <= classes.size(); ++rank) {
    weights.push_back(std::pow(static_cast<double>(rank), -options.exponent));
  }
  std::discrete_distribution<std::size_t> pick(weights.begin(), weights.end());
  Stream out{"synthetic", {}, {}};
  for (std::size_t at = 0; at < options.requests; ++at) {
    const std::size_t which = pick(random);
    const Family& family = kFamilies[classes[which].family];
    const std::size_t form = random() % family.templates.size();
    out.requests.push_back({filled(family.templates[form], classes[which].values), which, which});
  }
  return out;
}

}  // namespace refrain::quality
