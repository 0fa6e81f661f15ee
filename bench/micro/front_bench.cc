// front_bench: find() of the memory front by threads, on keys that are drawn as real ones are.
//
//   front_bench [--policy NAME] [--entries N] [--seconds S] [THREADS]...     default 1 2 4
//
// 10,000 entries of 1 KB under Zipf 0.9; "spread" is uniform, "one" is a single key, which is the
// worst that can be done to a sharded cache. Each line: finds per second of all threads together,
// how they grow with the threads, the processor time of one, and how many of a million waited for a
// lock (gave the processor up). The last two say how it scales even on a machine that is not idle.
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cache/front.h"

namespace refrain::cache {
namespace {

using Clock = std::chrono::steady_clock;

struct Setup {
  std::string policy = "s3fifo";
  std::size_t entries = 10'000;
  double seconds = 1;
  std::vector<std::size_t> threads;
};

struct Question {
  std::string canonical;
  key::Key key{};
};

std::vector<Question> fill(Front& front, std::size_t entries) {
  std::vector<Question> questions;
  for (std::size_t i = 0; i < entries; ++i) {
    Question question{std::string(1000, 'q') + std::to_string(i), {}};
    question.key = base::digest(question.canonical);
    auto event = std::make_shared<chat::Event>();
    event->choices.emplace_back();
    event->choices[0].content = std::string(1000, 'a');
    auto answer = std::make_shared<chat::Answer>();
    answer->events.push_back(std::move(event));
    auto entry = std::make_shared<Entry>();
    entry->canonical = question.canonical;
    entry->answer = std::move(answer);
    entry->id = i + 1;
    front.put(question.key, std::move(entry));
    questions.push_back(std::move(question));
  }
  return questions;
}

std::vector<std::uint32_t> zipf(std::size_t entries, std::uint64_t seed) {
  std::vector<double> shares;
  for (std::size_t rank = 1; rank <= entries; ++rank) {
    shares.push_back(1 / std::pow(static_cast<double>(rank), 0.9));
  }
  std::mt19937_64 dice(seed);
  std::discrete_distribution<std::uint32_t> draw(shares.begin(), shares.end());
  std::vector<std::uint32_t> order(1 << 16);
  for (std::uint32_t& at : order) at = draw(dice);
  return order;
}

std::vector<std::uint32_t> order_of(std::string_view shape, std::size_t entries,
                                    std::uint64_t seed) {
  if (shape == "zipf") return zipf(entries, seed);
  std::mt19937_64 dice(seed);
  std::vector<std::uint32_t> order(1 << 16);
  for (std::uint32_t& at : order) {
    at = shape == "one" ? 0 : static_cast<std::uint32_t>(dice() % entries);
  }
  return order;
}

struct Measured {
  double rate = 0;          // finds per second of all threads together
  double processor_ns = 0;  // of one
  double waits = 0;         // of a million
};

// What this thread took so far: nanoseconds of processor, and how often it gave it up.
std::pair<double, double> taken() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return {1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec),
          static_cast<double>(usage.ru_nvcsw)};
}

Measured measure(Front& front, const std::vector<Question>& questions, std::string_view shape,
                 std::size_t threads, double seconds) {
  std::vector<std::vector<std::uint32_t>> orders;
  for (std::size_t t = 0; t < threads; ++t) {
    orders.push_back(order_of(shape, questions.size(), t + 1));
  }
  std::atomic<std::uint64_t> done{0};
  std::atomic<double> processor{0}, waits{0};
  std::atomic<bool> go{false}, over{false};
  const auto start_after = [&] { go.wait(false); };
  std::vector<std::jthread> running;
  for (std::size_t t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      start_after();
      std::uint64_t own = 0;
      const auto [time_before, waits_before] = taken();
      const base::WallTime now{};
      while (!over.load(std::memory_order_relaxed)) {
        for (int i = 0; i < 256; ++i, ++own) {
          const Question& question = questions[orders[t][own & 0xffff]];
          (void)front.find(question.key, question.canonical, now);
        }
      }
      const auto [time_after, waits_after] = taken();
      processor += time_after - time_before;
      waits += waits_after - waits_before;
      done += own;
    });
  }
  const auto start = Clock::now();
  go = true;
  go.notify_all();
  std::mutex lock;
  std::unique_lock guard(lock);
  std::condition_variable never;
  never.wait_until(guard, start + std::chrono::duration<double>(seconds), [] { return false; });
  over = true;
  running.clear();
  const std::chrono::duration<double> took = Clock::now() - start;
  const auto finds = static_cast<double>(done);
  return {finds / took.count(), processor / finds, 1e6 * waits / finds};
}

Setup read(int count, char** words) {
  Setup setup;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const std::string_view value = i + 1 < count ? words[i + 1] : "";
    std::size_t number = 0;
    if (word.starts_with("--")) {
      std::from_chars(value.data(), value.data() + value.size(), number);
      if (word == "--policy") setup.policy = value;
      if (word == "--entries") setup.entries = number;
      if (word == "--seconds") setup.seconds = static_cast<double>(number);
      ++i;
    } else {
      std::from_chars(word.data(), word.data() + word.size(), number);
      setup.threads.push_back(std::max<std::size_t>(number, 1));
    }
  }
  if (setup.threads.empty()) setup.threads = {1, 2, 4};
  return setup;
}

void run(const Setup& setup) {
  Front front({.bytes_max = 1ULL << 30U, .policy = setup.policy});
  const std::vector<Question> questions = fill(front, setup.entries);
  std::fputs(fmt::format("{} entries, {}\n{:8} {:>8} {:>12} {:>8} {:>14} {:>12}\n", setup.entries,
                         setup.policy, "keys", "threads", "finds/s", "times 1", "processor ns",
                         "waits/million")
                 .c_str(),
             stdout);
  for (const char* shape : {"zipf", "spread", "one"}) {
    double single = 0;
    for (std::size_t threads : setup.threads) {
      const Measured seen = measure(front, questions, shape, threads, setup.seconds);
      if (single == 0) single = seen.rate;
      std::fputs(fmt::format("{:8} {:>8} {:>12.0f} {:>8.2f} {:>14.0f} {:>12.1f}\n", shape, threads,
                             seen.rate, seen.rate / single, seen.processor_ns, seen.waits)
                     .c_str(),
                 stdout);
    }
  }
}

}  // namespace
}  // namespace refrain::cache

int main(int count, char** words) {
  const auto setup = refrain::cache::read(count, words);
  if (auto good = refrain::cache::Front::Options{.policy = setup.policy}.check(); !good) {
    std::fputs((good.error().what + "\n").c_str(), stderr);
    return 2;
  }
  refrain::cache::run(setup);
  return 0;
}
