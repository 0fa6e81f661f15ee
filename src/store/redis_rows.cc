#include "store/redis_rows.h"

#include <charconv>

#include "base/bytes.h"
#include "base/hash.h"

namespace refrain::store::redis_rows {
namespace {

constexpr std::uint64_t kRowBytes = 400;  // keys, sets and the hash itself, as MEMORY USAGE says

std::uint64_t bits(std::int64_t number) { return static_cast<std::uint64_t>(number); }

Result<std::int64_t> read_number(base::ByteReader& in) {
  TRY(number, in.u64());
  return static_cast<std::int64_t>(number);
}

std::string encode(const codec::EntryRow& row) {
  base::ByteWriter out;
  for (std::string_view text :
       {row.exact, row.space, row.tenant, row.user, row.model, row.dialect, row.tags}) {
    out.text(text);
  }
  out.u64(bits(row.scope));
  out.u64(bits(row.stored));
  out.u8(row.expires ? 1 : 0);
  if (row.expires) out.u64(bits(*row.expires));
  out.u64(bits(row.cost));
  out.u64(bits(row.checksum));
  return out.take();
}

Result<codec::EntryRow> read_entry(std::string_view bytes) {
  base::ByteReader in(bytes);
  codec::EntryRow row;
  for (std::string_view* text :
       {&row.exact, &row.space, &row.tenant, &row.user, &row.model, &row.dialect, &row.tags}) {
    TRY(read, in.text());
    *text = read;
  }
  TRY(scope, read_number(in));
  TRY(stored, read_number(in));
  TRY(ends, in.u8());
  if (ends != 0) {
    TRY(expires, read_number(in));
    row.expires = expires;
  }
  TRY(cost, read_number(in));
  TRY(checksum, read_number(in));
  row.scope = scope;
  row.stored = stored;
  row.cost = cost;
  row.checksum = checksum;
  return row;
}

std::string encode(const codec::QuestionRow& row) {
  base::ByteWriter out;
  for (std::string_view text : {row.text, row.embedder, row.vector}) out.text(text);
  out.u64(bits(row.checksum));
  return out.take();
}

Result<> read_question(std::string_view bytes, Record& record) {
  base::ByteReader in(bytes);
  TRY(text, in.text());
  TRY(embedder, in.text());
  TRY(vector, in.text());
  TRY(checksum, read_number(in));
  return codec::decode(codec::QuestionRow{text, embedder, vector, checksum}, record);
}

Result<> read_answer(std::string_view bytes, Record& record) {
  base::ByteReader in(bytes);
  TRY(canonical, in.text());
  TRY(answer, in.text());
  TRY(checksum, read_number(in));
  return codec::decode(codec::AnswerRow{canonical, answer, checksum}, record);
}

std::int64_t number_of(std::string_view text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

std::string key_hex(const Key& key) { return base::hex(key.high) + base::hex(key.low); }

std::string hex_of(EntryId id) { return base::hex(id); }

EntryId id_of(std::string_view hex) { return base::parse_hex64(hex).value_or(0); }

std::vector<EntryId> ids_of(std::string_view list) {
  std::vector<EntryId> out;
  while (!list.empty()) {
    std::size_t comma = list.find(',');
    out.push_back(id_of(list.substr(0, comma)));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return out;
}

std::string question_of(const Record& record) {
  if (record.text.empty() && record.vector.empty()) return "";
  codec::Owned owned;
  return encode(codec::question_row(record, owned));
}

Fields fields_of(const Record& record) {
  codec::Owned owned;
  Fields out;
  out.exact = key_hex(record.exact);
  out.digest = base::hex(base::digest(record.canonical));
  out.facts = encode(codec::entry_row(record, owned));
  out.question = question_of(record);
  codec::AnswerRow answer = codec::answer_row(record, owned);
  base::ByteWriter bytes;
  bytes.text(answer.canonical);
  bytes.text(answer.answer);
  bytes.u64(bits(answer.checksum));
  out.answer = bytes.take();
  out.bytes = kRowBytes + out.facts.size() + out.question.size() + out.answer.size();
  return out;
}

Result<std::optional<Record>> read_row(const redis::Reply& row, Detail detail) {
  if (row.list.size() != 6) return base::fail(base::Code::corrupt, "a row of Redis is cut");
  if (row.list[1].kind == redis::Reply::Kind::nothing) return std::nullopt;
  TRY(entry, read_entry(row.list[1].text));
  entry.id = id_of(row.list[0].text);
  entry.used = number_of(row.list[4].text);
  entry.hits = number_of(row.list[5].text);
  Record record;
  TRY_DO(codec::decode(entry, record));
  if (!row.list[2].text.empty()) TRY_DO(read_question(row.list[2].text, record));
  if (detail == Detail::head) record.vector.clear();
  if (detail == Detail::whole) TRY_DO(read_answer(row.list[3].text, record));
  return record;
}

}  // namespace refrain::store::redis_rows
