#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/eviction_shelf.h"

namespace refrain::policy {
namespace {

// Figure 4 of Megiddo and Modha, line by line, for items of size 1. Front of a list: least recent.
class Figure4 {
 public:
  explicit Figure4(std::size_t c) : c_(c) {}

  void ask(std::uint64_t x) {
    if (has(t1_, x) || has(t2_, x)) {  // case I
      std::erase(t1_, x);
      std::erase(t2_, x);
      t2_.push_back(x);
      return;
    }
    if (has(b1_, x)) {  // case II
      p_ = std::min(c_, p_ + std::max<std::size_t>(1, b2_.size() / b1_.size()));
      replace(x);
      std::erase(b1_, x);
      t2_.push_back(x);
    } else if (has(b2_, x)) {  // case III
      p_ -= std::min(p_, std::max<std::size_t>(1, b1_.size() / b2_.size()));
      replace(x);
      std::erase(b2_, x);
      t2_.push_back(x);
    } else {  // case IV
      newcomer(x);
    }
  }
  const Trace& trace() const { return trace_; }

 private:
  using List = std::deque<std::uint64_t>;
  static bool has(const List& list, std::uint64_t x) { return std::ranges::count(list, x) > 0; }

  void newcomer(std::uint64_t x) {
    const std::size_t l1 = t1_.size() + b1_.size(), l2 = t2_.size() + b2_.size();
    if (l1 == c_) {  // A
      if (t1_.size() < c_) {
        b1_.pop_front();
        replace(x);
      } else {
        trace_.push_back(t1_.front());
        t1_.pop_front();
      }
    } else if (l1 + l2 >= c_) {  // B
      if (l1 + l2 == 2 * c_) b2_.pop_front();
      replace(x);
    }
    t1_.push_back(x);
  }
  void replace(std::uint64_t x) {
    if (t1_.size() + t2_.size() < c_) return;  // only after a remove(), which the figure has not
    const bool from_t1 =
        !t1_.empty() && ((has(b2_, x) && t1_.size() == p_) || t1_.size() > p_ || t2_.empty());
    List& from = from_t1 ? t1_ : t2_;
    (from_t1 ? b1_ : b2_).push_back(from.front());
    trace_.push_back(from.front());
    from.pop_front();
  }

  const std::size_t c_;
  std::size_t p_ = 0;
  List t1_, t2_, b1_, b2_;
  Trace trace_;
};

TEST(Arc, AgreesWithFigure4OfThePaper) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 dice(seed);
    Shelf shelf("arc", 16);
    Figure4 figure(16);
    for (int i = 0; i < 5000; ++i) {
      // Phases of a small hot set, of a wide one and of a scan, so that the target moves.
      const int phase = i / 250 % 3;
      const std::uint64_t name = phase == 0   ? dice() % 12
                                 : phase == 1 ? dice() % 60
                                              : 1000U + static_cast<unsigned>(i);
      shelf.ask(name);
      figure.ask(name);
    }
    ASSERT_EQ(shelf.trace(), figure.trace()) << "seed " << seed;
    ASSERT_GT(shelf.trace().size(), 100U);
  }
}

// 1 and 2 are used twice and fill t2; 3 and 4 pass t1.
Shelf with_a_full_t2() {
  Shelf shelf("arc", 4);
  ask_all(shelf, {1, 2, 1, 2, 3, 4, 5});
  return shelf;
}

TEST(Arc, AHitInTheGhostOfT1MakesT1Larger) {
  Shelf adapted = with_a_full_t2(), plain = with_a_full_t2();
  ASSERT_EQ(adapted.trace(), (Trace{3}));  // t1 [4 5], b1 [3]
  adapted.ask(3);                          // target 1: t1 [5], t2 [1 2 3]
  plain.ask(30);                           // a stranger: target 0: t1 [5 30]
  ask_all(adapted, {40});
  ask_all(plain, {40});
  // With a target, t2 gives its oldest when t1 is at it; without one t1 gives always.
  EXPECT_FALSE(adapted.holds(1));
  EXPECT_TRUE(plain.holds(1));
}

TEST(Arc, AHitInTheGhostOfT2TakesItBack) {
  Shelf shelf = with_a_full_t2();
  ask_all(shelf, {3, 40});  // target 1; 1 is in b2 now
  ASSERT_FALSE(shelf.holds(1));
  ask_all(shelf, {1, 50, 60});  // target 0 again: t1 gives, t2 keeps its three
  EXPECT_EQ(held(shelf, 1, 4), 3U);
}

TEST(Arc, AScanDoesNotPushOutWhatWasSeenTwice) {
  Shelf shelf("arc", 100);
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t name = 0; name < 60; ++name) shelf.ask(name);
  }
  for (std::uint64_t name = 1000; name < 5000; ++name) shelf.ask(name);
  EXPECT_EQ(held(shelf, 0, 60), 60U);
}

}  // namespace
}  // namespace refrain::policy
