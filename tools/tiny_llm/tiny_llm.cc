// A Llama-shaped model of about a megabyte from a seed. Weights are normal numbers made by
// splitmix64 and a sum of twelve uniforms, so that no library's random numbers decide about the
// bytes.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ggml.h>
#include <gguf.h>

namespace {

struct Shape {
  std::int64_t width = 64, layers = 2, heads = 4, kv_heads = 2, hidden = 128, context = 4096;
  bool tied = false;
  bool neox = false;  // Qwen2: the other pairing of RoPE, and biases
  ggml_type type = GGML_TYPE_F32;  // of the matrices of the blocks

  const char* architecture() const { return neox ? "qwen2" : "llama"; }
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  float normal() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return static_cast<float>(sum - 6);
  }
  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

 private:
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  std::uint64_t state_;
};

// llama.h's token types, which are part of the file format.
enum TokenType : std::int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kByte = 6
};

struct Vocabulary {
  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  void add(std::string text, float score, TokenType type) {
    texts.push_back(std::move(text));
    scores.push_back(score);
    types.push_back(type);
  }
};

constexpr std::size_t kEnd = 2;  // id of </s>
constexpr std::size_t kFirstByte = 3;
constexpr std::size_t kFirstWord = kFirstByte + 256;
constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581, the space of SentencePiece
constexpr std::size_t kCharacters = 95;             // the space and '!' to '~'
// One token, so that a request can call a tool by a logit_bias on it: where a call is required, the
// server's grammar still lets any text come first, and this model would never stop talking.
constexpr const char* kToolCall = "<tool_call>";

// Tools and calls are written as in the Hermes format, which llama-server recognises.
constexpr const char* kTemplate =
    "{% if tools %}system: tools\n{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}"
    "{% endif %}{% for message in messages %}{{ message['role'] }}: "
    "{% if message['content'] %}{{ message['content'] }}{% endif %}"
    "{% if message['tool_calls'] %}{% for call in message['tool_calls'] %}<tool_call>"
    "{\"name\": \"{{ call['function']['name'] }}\", "
    "\"arguments\": {{ call['function']['arguments'] | tojson }}}</tool_call>"
    "{% endfor %}{% endif %}\n"
    "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

std::string syllable(Random& random) {
  static constexpr std::string_view kFirst = "bdfgklmnprstvz";
  static constexpr std::string_view kSecond = "aeiou";
  std::string out;
  out += kFirst[random.bits() % kFirst.size()];
  out += kSecond[random.bits() % kSecond.size()];
  return out;
}

Vocabulary vocabulary(Random& random) {
  Vocabulary out;
  out.add("<unk>", 0, kUnknown);
  out.add("<s>", 0, kControl);
  out.add("</s>", 0, kControl);
  for (unsigned byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    out.add(name, 0, kByte);
  }
  // Single characters, so that any ASCII text and any grammar has tokens.
  out.add(std::string(kSpace), -1, kNormal);
  for (char c = '!'; c <= '~'; ++c) out.add(std::string(1, c), -2, kNormal);
  out.add(kToolCall, 0, kUserDefined);
  float score = -3;
  while (out.texts.size() < 800) {
    std::string word(kSpace);
    for (std::uint64_t left = 1 + random.bits() % 3; left > 0; --left) word += syllable(random);
    bool known = false;
    for (const std::string& text : out.texts) known = known || text == word;
    if (!known) out.add(std::move(word), score -= 0.01F, kNormal);
  }
  return out;
}

struct Size {
  std::int64_t columns, rows;
  float scale;
};

class Writer {
 public:
  Writer(std::uint64_t seed, std::size_t bytes) : random_(seed) {
    ggml_init_params params{bytes, nullptr, false};
    context_.reset(ggml_init(params));
    file_.reset(gguf_init_empty());
  }

  void header(const Shape& shape, const Vocabulary& words) {
    gguf_context* file = file_.get();
    gguf_set_val_str(file, "general.architecture", shape.architecture());
    gguf_set_val_str(file, "general.name", "tiny-llm");
    auto number = [&](const std::string& name, std::int64_t value) {
      gguf_set_val_u32(file, name.c_str(), static_cast<std::uint32_t>(value));
    };
    const std::string own = shape.architecture() + std::string(".");
    number(own + "context_length", shape.context);
    number(own + "embedding_length", shape.width);
    number(own + "block_count", shape.layers);
    number(own + "feed_forward_length", shape.hidden);
    number(own + "attention.head_count", shape.heads);
    number(own + "attention.head_count_kv", shape.kv_heads);
    number(own + "rope.dimension_count", shape.width / shape.heads);
    number(own + "vocab_size", static_cast<std::int64_t>(words.texts.size()));
    gguf_set_val_f32(file, (own + "attention.layer_norm_rms_epsilon").c_str(), 1e-5F);
    gguf_set_val_f32(file, (own + "rope.freq_base").c_str(), 10000.0F);
    gguf_set_val_str(file, "tokenizer.ggml.model", "llama");
    std::vector<const char*> texts;
    for (const std::string& text : words.texts) texts.push_back(text.c_str());
    gguf_set_arr_str(file, "tokenizer.ggml.tokens", texts.data(), texts.size());
    gguf_set_arr_data(file, "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, words.scores.data(),
                      words.scores.size());
    gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, words.types.data(),
                      words.types.size());
    number("tokenizer.ggml.bos_token_id", 1);
    number("tokenizer.ggml.eos_token_id", static_cast<std::int64_t>(kEnd));
    number("tokenizer.ggml.unknown_token_id", 0);
    gguf_set_val_str(file, "tokenizer.chat_template", kTemplate);
  }

  // A matrix of a block: quantised if the shape says so.
  void block(const std::string& name, const Shape& shape, const Size& size) {
    if (shape.type == GGML_TYPE_F32) {
      matrix(name, size.columns, size.rows, size.scale);
      return;
    }
    ggml_tensor* tensor =
        ggml_new_tensor_2d(context_.get(), shape.type, size.columns, size.rows);
    std::vector<float> row(static_cast<std::size_t>(size.columns));
    auto* out = static_cast<char*>(tensor->data);
    for (std::int64_t i = 0; i < size.rows; ++i) {
      for (float& value : row) value = random_.normal() * size.scale;
      out += ggml_quantize_chunk(shape.type, row.data(), out, 0, 1, size.columns, nullptr);
    }
    add(name, tensor);
  }

  void bias(const std::string& name, std::int64_t size) {
    ggml_tensor* tensor = ggml_new_tensor_1d(context_.get(), GGML_TYPE_F32, size);
    auto* data = static_cast<float*>(tensor->data);
    for (std::int64_t i = 0; i < size; ++i) data[i] = random_.normal() * 0.1F;
    add(name, tensor);
  }

  ggml_tensor* matrix(const std::string& name, std::int64_t columns, std::int64_t rows,
                      float scale) {
    ggml_tensor* tensor = ggml_new_tensor_2d(context_.get(), GGML_TYPE_F32, columns, rows);
    auto* data = static_cast<float*>(tensor->data);
    for (std::int64_t i = 0; i < columns * rows; ++i) data[i] = random_.normal() * scale;
    add(name, tensor);
    return tensor;
  }

  void ones(const std::string& name, std::int64_t size) {
    ggml_tensor* tensor = ggml_new_tensor_1d(context_.get(), GGML_TYPE_F32, size);
    auto* data = static_cast<float*>(tensor->data);
    for (std::int64_t i = 0; i < size; ++i) data[i] = 1;
    add(name, tensor);
  }

  bool save(const std::string& path) {
    return gguf_write_to_file(file_.get(), path.c_str(), false);
  }

 private:
  void add(const std::string& name, ggml_tensor* tensor) {
    ggml_set_name(tensor, name.c_str());
    gguf_add_tensor(file_.get(), tensor);
  }
  struct Free {
    void operator()(ggml_context* context) const { ggml_free(context); }
    void operator()(gguf_context* file) const { gguf_free(file); }
  };
  Random random_;
  std::unique_ptr<ggml_context, Free> context_;
  std::unique_ptr<gguf_context, Free> file_;
};

void blocks(Writer& writer, const Shape& shape) {
  std::int64_t kv_width = shape.width / shape.heads * shape.kv_heads;
  float scale = 1.0F / std::sqrt(static_cast<float>(shape.width));
  // What a block adds must drown the word that came in: a tied matrix would give it back for ever.
  float added = shape.tied ? 3 * scale : scale;
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    std::string prefix = "blk." + std::to_string(layer) + ".";
    writer.ones(prefix + "attn_norm.weight", shape.width);
    writer.block(prefix + "attn_q.weight", shape, {shape.width, shape.width, scale});
    writer.block(prefix + "attn_k.weight", shape, {shape.width, kv_width, scale});
    writer.block(prefix + "attn_v.weight", shape, {shape.width, kv_width, scale});
    writer.block(prefix + "attn_output.weight", shape, {shape.width, shape.width, added});
    if (shape.neox) {
      writer.bias(prefix + "attn_q.bias", shape.width);
      writer.bias(prefix + "attn_k.bias", kv_width);
      writer.bias(prefix + "attn_v.bias", kv_width);
    }
    writer.ones(prefix + "ffn_norm.weight", shape.width);
    writer.block(prefix + "ffn_gate.weight", shape, {shape.width, shape.hidden, scale});
    writer.block(prefix + "ffn_up.weight", shape, {shape.width, shape.hidden, scale});
    writer.block(prefix + "ffn_down.weight", shape, {shape.hidden, shape.width, added});
  }
}

// Rows of bytes, single characters and specials are next to nothing, so that their logit is about 0
// where words have a deviation of 3. Not nothing: a tied matrix has the inputs' rows too, and after
// an input of zeros every layer gives zeros, every logit is equal, and a byte comes out that is no
// text. A small row does: the first norm makes it as long as any other.
// The end's row is twice as long as a word's, so that it wins now and then.
void shape_output(ggml_tensor* output, std::int64_t width) {
  auto* data = static_cast<float*>(output->data);
  auto row = [&](std::size_t id) { return data + static_cast<std::int64_t>(id) * width; };
  for (std::size_t id = 0; id < kFirstWord + kCharacters + 1; ++id) {
    for (std::int64_t i = 0; i < width; ++i) row(id)[i] *= id == kEnd ? 2.0F : 0.02F;
  }
}

int run(std::uint64_t seed, const Shape& shape, const std::string& path) {
  Random random(seed ^ 0x766f636162U);
  Vocabulary words = vocabulary(random);
  auto size = static_cast<std::int64_t>(words.texts.size());
  // All weights as F32 are more than enough, with some room for the tensors' heads.
  const std::int64_t block = shape.width * (4 * shape.width + 3 * shape.hidden);
  const std::int64_t weights = shape.layers * block + 2 * size * shape.width;
  Writer writer(seed, (std::size_t{64} << 20U) + static_cast<std::size_t>(weights) * sizeof(float));
  writer.header(shape, words);
  float scale = 3.0F / std::sqrt(static_cast<float>(shape.width));
  ggml_tensor* embeddings = writer.matrix("token_embd.weight", shape.width, size, scale);
  blocks(writer, shape);
  writer.ones("output_norm.weight", shape.width);
  ggml_tensor* output =
      shape.tied ? embeddings : writer.matrix("output.weight", shape.width, size, scale);
  shape_output(output, shape.width);
  if (writer.save(path)) return 0;
  std::fprintf(stderr, "tiny-llm: cannot write %s\n", path.c_str());
  return 1;
}

struct Arguments {
  std::uint64_t seed = 7;
  Shape shape;
  std::string path;
};

bool read_size(std::string_view flag, std::int64_t value, Shape& shape) {
  if (value <= 0) return false;
  if (flag == "--width") return shape.width = value, true;
  if (flag == "--layers") return shape.layers = value, true;
  if (flag == "--heads") return shape.heads = value, true;
  if (flag == "--kv-heads") return shape.kv_heads = value, true;
  if (flag == "--hidden") return shape.hidden = value, true;
  if (flag == "--context") return shape.context = value, true;
  return false;
}

bool read(std::string_view flag, const std::string& value, Arguments& to) {
  if (flag == "--seed") return to.seed = std::strtoull(value.c_str(), nullptr, 10), true;
  if (flag == "--out") return to.path = value, true;
  if (flag == "--shape") {
    to.shape.tied = value == "tied";
    to.shape.neox = value == "neox";
    return to.shape.tied || to.shape.neox || value == "gqa";
  }
  if (flag == "--type") {
    to.shape.type = value == "q8_0"  ? GGML_TYPE_Q8_0
                    : value == "f16" ? GGML_TYPE_F16
                                     : GGML_TYPE_F32;
    return value == "q8_0" || value == "f16" || value == "f32";
  }
  return read_size(flag, std::strtoll(value.c_str(), nullptr, 10), to.shape);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  bool known = argc % 2 == 1;
  for (int i = 1; i + 1 < argc; i += 2) known = read(argv[i], argv[i + 1], arguments) && known;
  if (!known || arguments.path.empty()) {
    std::fputs(
        "usage: tiny-llm --seed N --shape gqa|tied|neox --out FILE.gguf [--type f32|f16|q8_0]\n"
        "       [--width N --layers N --heads N --kv-heads N --hidden N --context N]\n",
        stderr);
    return 2;
  }
  return run(arguments.seed, arguments.shape, arguments.path);
}
