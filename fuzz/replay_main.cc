// Runs a fuzz target without libFuzzer: every file of the folders given, then mutations of each.
//
// GCC builds and ctest use it, so that a parser meets hostile bytes in every build and not only
// where Clang is. The mutations are the same in every run: their seed is the file's own bytes, so
// a crash is found again by running the program again. The input at hand is written to the file
// crash-<program> when the target aborts, and its name is on stderr.

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// There when a sanitizer is linked; null otherwise.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

using Input = std::vector<std::uint8_t>;

// Per corpus file: a corpus of 50 small files stays under ten seconds in ASan.
constexpr std::size_t kFlips = 2000;
constexpr std::size_t kSplices = 1000;
constexpr std::size_t kCuts = 500;
// Bytes with a meaning in most of our formats: they find more than random ones.
constexpr std::uint8_t kTokens[] = {0x00, 0x7f, 0x80, 0xff, '"', '\\', '{', '}', '[', ']',
                                    ':',  ',',  '\n', '\r', ' ', '0',  '9', '-', '.', 'e'};

// SplitMix64 (Steele, Lea, Flood 2014): small, and equal on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  // 0 <= result < bound; bound > 0.
  std::size_t below(std::size_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<std::size_t>((z ^ (z >> 31)) % bound);
  }

 private:
  std::uint64_t state_;
};

std::uint64_t fnv1a(const Input& input) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::uint8_t byte : input) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

// The input at hand and its origin, for the report of a crash.
const Input* running = nullptr;
std::string origin;
std::string crash_file = "crash-input";

void report() {
  if (running == nullptr) return;
  std::ofstream out(crash_file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(running->data()),
            static_cast<std::streamsize>(running->size()));
  std::fprintf(stderr, "crash on %s; the input is in %s\n", origin.c_str(), crash_file.c_str());
  running = nullptr;
}

// Best effort: the process is broken already, a report is worth more than caution here.
void on_signal(int number) {
  report();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

std::size_t runs = 0;

void run(const Input& input, const std::string& name) {
  running = &input;
  origin = name;
  // A copy of exactly this size, so that ASan sees a read behind the end.
  Input exact(input.begin(), input.end());
  exact.shrink_to_fit();
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  running = nullptr;
  ++runs;
}

void flip(Input& input, Dice& dice) {
  std::size_t count = 1 + dice.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t at = dice.below(input.size());
    if (dice.below(2) == 0) {
      input[at] = static_cast<std::uint8_t>(input[at] ^ (1U << dice.below(8)));
    } else {
      input[at] = kTokens[dice.below(std::size(kTokens))];
    }
  }
}

// The head of one input and the tail of another, which may be itself: repeats and gaps.
Input splice(const Input& head, const Input& tail, Dice& dice) {
  Input out(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(dice.below(head.size() + 1)));
  out.insert(out.end(), tail.begin() + static_cast<std::ptrdiff_t>(dice.below(tail.size() + 1)),
             tail.end());
  return out;
}

void mutate(const std::vector<Input>& corpus, const Input& seed, const std::string& name) {
  Dice dice(fnv1a(seed));
  for (std::size_t i = 0; i < kCuts; ++i) {
    // Short inputs: every prefix once. Long ones: as many prefixes, spread by chance.
    bool all = seed.size() <= kCuts;
    if (all && i >= seed.size()) break;
    auto size = static_cast<std::ptrdiff_t>(all ? i : dice.below(seed.size()));
    run(Input(seed.begin(), seed.begin() + size), name + " cut at " + std::to_string(size));
  }
  for (std::size_t i = 0; i < kFlips && !seed.empty(); ++i) {
    Input input = seed;
    flip(input, dice);
    run(input, name + " flip " + std::to_string(i));
  }
  for (std::size_t i = 0; i < kSplices; ++i) {
    run(splice(seed, corpus[dice.below(corpus.size())], dice),
        name + " splice " + std::to_string(i));
  }
}

bool collect(const std::filesystem::path& path, std::vector<std::filesystem::path>& files) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) {
    files.push_back(path);
    return true;
  }
  std::filesystem::directory_iterator folder(path, error);
  if (error) return false;
  for (const auto& entry : folder) {
    if (entry.is_regular_file(error)) files.push_back(entry.path());
  }
  return true;
}

Input read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace

int main(int argc, char** argv) {
  crash_file = "crash-" + std::filesystem::path(argv[0]).filename().string();
  std::signal(SIGABRT, on_signal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(report);
  } else {
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, on_signal);
  }

  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!collect(argv[i], files)) std::fprintf(stderr, "no corpus at %s\n", argv[i]);
  }
  std::sort(files.begin(), files.end());
  // A target without a corpus still meets the empty input and bytes made from nothing.
  std::vector<Input> corpus{Input{}, Input(std::begin(kTokens), std::end(kTokens))};
  std::vector<std::string> names{"(empty)", "(tokens)"};
  for (const auto& file : files) {
    corpus.push_back(read_file(file));
    names.push_back(file.filename().string());
  }
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    run(corpus[i], names[i]);
    mutate(corpus, corpus[i], names[i]);
  }
  std::printf("%zu corpus files, %zu inputs\n", files.size(), runs);
  return 0;
}
