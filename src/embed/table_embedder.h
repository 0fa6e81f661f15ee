#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metric.h"
#include "embed/embedder.h"

namespace refrain::embed {

/// Vectors from a file, for exact control in tests and experiments: JSON lines of
/// {"text","vector","delay_ms"?}. A vector that is not of unit length is made so; a text with a
/// delay (0 to 60,000) takes that long, as a slow model would. Threads: any.
class TableEmbedder final : public Embedder {
 public:
  /// Errors: io, invalid (a broken line, with its number; vectors of several lengths; no line).
  static base::Result<std::unique_ptr<TableEmbedder>> open(const std::string& file);

  /// Errors: invalid (a text that the table does not hold; its text is not shown); deadline and
  /// cancelled, while a delay lasts.
  base::Result<Matrix> embed(const base::Call&, std::span<const std::string_view> texts) override;
  Info info() const override { return info_; }
  Stats stats() const override;

 private:
  TableEmbedder() = default;
  base::Result<> add(std::string_view line);

  Info info_{"table", "", 0, 0};
  struct Row {
    std::vector<float> vector;
    std::chrono::milliseconds delay{};
  };
  std::unordered_map<std::string, Row> rows_;
  base::Counter texts_, calls_, errors_, deadlines_;
};

}  // namespace refrain::embed
