#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "policy/budget.h"
#include "policy/profile.h"
#include "quality/data_sets.h"
#include "quality/vectors.h"

namespace refrain::quality {

/// Requests in order, each with its true class and the text that a model would answer.
struct Stream {
  std::string name;
  struct Request {
    std::string text;
    std::size_t group = 0;
    std::size_t answer = 0;  // index into answers
  };
  std::vector<Request> requests;
  std::vector<std::string> answers;
};

/// The same requests in another order. seed: any.
Stream shuffled(Stream stream, std::uint64_t seed);

/// How far two answers agree, 0..1; below 0: cannot be told.
using Agree = std::function<double(std::size_t answer_a, std::size_t answer_b)>;

/// One look-up of a stream as it happened.
struct Step {
  policy::Features evidence{};
  policy::Allowance allowance;
  double odds = 0;         // of the candidate
  double cosine = 0;       // of the nearest entry
  bool candidate = false;  // there was one that no hard gate refused
  bool right = false;      // it would have been right
  bool nearest_right = false;
  double gated_cosine = -2;  // of the nearest that every gate passes; -2: none
  bool gated_right = false;
  bool served = false;
};

/// Decides of a candidate and learns from labels; null: nothing is served, everything is stored.
struct Judge {
  policy::Budget* budget = nullptr;
  policy::Features weights{0, 1};  // without a budget: which candidate is looked at
  double gated_floor = 2;  // without a budget: the nearest from there on that every gate passes
  double threshold = 2;    // without a budget: a cosine threshold, gates aside
};
std::vector<Step> play(const Stream& stream, const Vectors& vectors, const Agree& agree,
                       const Judge& judge, std::uint64_t seed);

}  // namespace refrain::quality
