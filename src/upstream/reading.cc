// What a reply is, is decided by its head: 2xx and text/event-stream is a stream, other 2xx is a
// whole reply, everything else is a refusal. A stream's answer is complete only by its terminal
// mark: [DONE], or in TGI the event with the whole text; a connection that merely ends may have
// been cut by anything in between. What cannot be read as an answer is passed on as it came.
//
// The flight begins with the first event, not with the head: until then a door may still answer
// with an error status of its own.
#include "upstream/reading.h"

#include <fmt/format.h>

#include "wire/embeddings.h"
#include "wire/tgi.h"

namespace refrain::upstream {

using base::Code, base::Result;
using chat::Delivery, chat::End, chat::Flight, chat::Origin;

Reading::Reading(Shape shape, Limits limits, std::string where)
    : shape_(std::move(shape)), limits_(limits), where_(std::move(where)), chunks_(shape_.origin) {}

void Reading::head(int status, fetch::Headers headers) {
  status_ = status;
  headers_ = std::move(headers);
  bool good = status >= 200 && status < 300;
  bool events = fetch::header(headers_, "content-type").starts_with("text/event-stream");
  kind_ = !good ? Body::refusal : events ? Body::stream : Body::whole;
}

bool Reading::data(std::string_view bytes, Flight& flight) {
  if (failed_) return false;
  if (kind_ == Body::stream) return done_ || stream(bytes, flight);
  std::size_t bytes_max =
      kind_ == Body::whole ? limits_.reply_bytes_max : limits_.refusal_bytes_max;
  if (body_.size() + bytes.size() > bytes_max) {
    return fail(Code::too_large,
                fmt::format("sent status {} with a body of over {} bytes", status_, bytes_max));
  }
  body_ += bytes;
  return true;
}

bool Reading::fail(Code code, std::string_view cause) {
  failed_ = End{End::Kind::failed, {}, {code, fmt::format("{}: {}", where_, cause)}};
  return false;
}

bool Reading::stream(std::string_view bytes, Flight& flight) {
  auto events = parser_.feed(bytes);
  if (!events) return fail(events.error().code, events.error().what);
  for (const wire::SseEvent& event : *events) {
    if (done_) break;
    if (!take(event, flight)) return false;
  }
  return true;
}

bool Reading::take(const wire::SseEvent& event, Flight& flight) {
  if (wire::is_done(event.data)) {
    done_ = true;
    return true;
  }
  auto chunk =
      shape_.origin == Origin::tgi ? wire::tgi::read_chunk(event.data) : chunks_.read(event.data);
  if (!chunk) return fail(Code::io, "sent an event that is no chunk: " + chunk.error().what);
  if (const auto* error = std::get_if<wire::openai::ErrorObject>(&*chunk)) {
    fail(Code::io, "sent an error: " + error->message);
    failed_->refusal = {status_, travelling(headers_), error->body};
    return false;
  }
  auto& part = std::get<std::shared_ptr<const chat::Event>>(*chunk);
  bool last =
      shape_.origin == Origin::tgi && wire::tgi::terminal({Origin::tgi, Delivery::stream, {part}});
  if (!append(std::move(part), flight)) return false;
  done_ = last;
  return true;
}

void Reading::begin(Delivery delivery, Flight& flight) {
  if (std::exchange(begun_, true)) return;
  chat::Head head;
  head.origin = shape_.origin;
  head.delivery = delivery;
  head.upstream_headers = travelling(headers_);
  std::erase_if(head.upstream_headers, [](const auto& header) {
    return header.first == "content-type" || header.first == "content-encoding";
  });
  flight.begin(std::move(head));
}

bool Reading::append(std::shared_ptr<const chat::Event> event, Flight& flight) {
  begin(Delivery::stream, flight);
  if (flight.append(std::move(event))) return true;
  return fail(Code::too_large, "the answer is over the limit of one flight");
}

End Reading::refused() {
  return {End::Kind::refused, {status_, travelling(headers_), std::move(body_)}, {}};
}

End Reading::embeddings(Flight& flight) {
  auto reply = wire::openai::read_embeddings(body_, shape_.items);
  if (!reply) return refused();
  auto* answers = std::get_if<std::vector<chat::Answer>>(&*reply);
  if (answers == nullptr) return refused();
  begin(Delivery::whole, flight);
  for (const chat::Answer& answer : *answers) flight.append(answer.events.front());
  return {};
}

End Reading::whole(Flight& flight) {
  if (shape_.origin == Origin::openai_embedding) return embeddings(flight);
  auto reply = shape_.origin == Origin::tgi ? wire::tgi::read_reply(body_)
                                            : wire::openai::read_reply(shape_.origin, body_);
  if (!reply) return refused();
  auto* answer = std::get_if<chat::Answer>(&*reply);
  if (answer == nullptr) return refused();
  begin(Delivery::whole, flight);
  for (auto& event : answer->events) flight.append(std::move(event));
  return {};
}

End Reading::stream_end(Flight& flight) {
  if (!done_) {
    // The last line may lack the blank one behind it.
    std::optional<wire::SseEvent> rest = parser_.finish();
    done_ = rest && wire::is_done(rest->data);
  }
  if (!done_ && shape_.origin != Origin::tgi) {
    done_ = wire::openai::terminal({shape_.origin, Delivery::stream, flight.read(0).events});
  }
  if (!done_) {
    fail(Code::io, "the stream ended before its terminal event");
    return *failed_;
  }
  begin(Delivery::stream, flight);
  return {};
}

End Reading::end(Result<> result, Flight& flight) {
  if (failed_) return *failed_;
  if (done_) {
    begin(Delivery::stream, flight);
    return {};
  }
  if (!result) {
    // fetch's sentences begin with the address, as where_ ends.
    std::string what = "upstream " + result.error().what;
    if (result.error().code == Code::unavailable) {
      what += "; is the model API running there? --upstream says where it is";
    }
    return {End::Kind::failed, {}, {result.error().code, std::move(what)}};
  }
  switch (kind_) {
    case Body::refusal: return refused();
    case Body::whole: return whole(flight);
    case Body::stream: return stream_end(flight);
  }
  return refused();
}

bool Reading::retryable(const Result<>& result) const {
  if (begun_ || failed_) return false;
  if (status_ == 0) {
    return !result && (result.error().code == Code::unavailable || result.error().code == Code::io);
  }
  bool overloaded = status_ == 502 || status_ == 503 || status_ == 504;
  return overloaded && fetch::header(headers_, "retry-after").empty();
}

}  // namespace refrain::upstream
