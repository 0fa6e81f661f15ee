#pragma once

#include <string>

#include "llama/context.h"

namespace refrain::llama {

/// What a loaded model and this build of llama.cpp can be trusted with.
struct Trust {
  bool parts = false;     // a part of a sequence can be shared and removed
  bool restores = false;  // rows can be taken out and put back; the context knows its layout
  std::string why_not{};  // "" if both
  double prefill_us = 0;  // microseconds per token of the probe
};

/// Tries all that reuse relies on, on an empty context, and leaves it empty: the layout of a state
/// reads and writes back byte for byte; positions after a gap are refused; a token computed after
/// shared, and after restored, cells has the logits of a full prefill. A failure is no error: the
/// engine then serves without that kind of reuse.
/// Errors: internal (the model cannot even be run). cost: about 100 tokens.
base::Result<Trust> self_test(Context& context);

}  // namespace refrain::llama
