// One writer and many readers on threads, for ThreadSanitizer: every reader must see every event in
// order and the end, whenever it comes.
#include <gtest/gtest.h>

#include <deque>
#include <latch>

#include "base/pool.h"
#include "chat/flight.h"

namespace refrain::chat {
namespace {

constexpr int kEvents = 2000;
constexpr int kReaders = 16;

class Reader {
 public:
  Reader(std::shared_ptr<Flight> flight, base::Pool& pool, std::latch& done)
      : flight_(std::move(flight)), pool_(pool), done_(done) {}

  void step() {
    Flight::Slice slice = flight_->read(seen_.size());
    seen_.insert(seen_.end(), slice.events.begin(), slice.events.end());
    if (slice.end != nullptr) {
      done_.count_down();
      return;
    }
    flight_->watch(seen_.size(), slice.head != nullptr, [this] {
      if (!pool_.submit([this] { step(); })) done_.count_down();
    });
  }
  const std::vector<std::shared_ptr<const Event>>& seen() const { return seen_; }

 private:
  std::shared_ptr<Flight> flight_;
  base::Pool& pool_;
  std::latch& done_;
  std::vector<std::shared_ptr<const Event>> seen_;
};

std::shared_ptr<const Event> numbered(int number) {
  Event event;
  event.choices.push_back({.index = static_cast<std::uint32_t>(number)});
  return std::make_shared<const Event>(std::move(event));
}

TEST(FlightStress, EveryReaderSeesEveryEventInOrder) {
  auto flight = std::make_shared<Flight>(std::size_t{1} << 30);
  std::latch done(kReaders);
  std::deque<Reader> readers;
  base::Pool pool({.name = "stress", .threads = 6, .queue_max = 100000});
  for (int i = 0; i < kReaders; ++i) readers.emplace_back(flight, pool, done);
  ASSERT_TRUE(pool.submit([flight] {
    flight->begin({});
    for (int i = 0; i < kEvents; ++i) flight->append(numbered(i));
    flight->finish({});
  }));
  for (Reader& reader : readers) {
    ASSERT_TRUE(pool.submit([&reader] { reader.step(); }));
  }
  done.wait();
  pool.stop();
  for (const Reader& reader : readers) {
    ASSERT_EQ(reader.seen().size(), static_cast<std::size_t>(kEvents));
    for (int i = 0; i < kEvents; ++i) {
      ASSERT_EQ(reader.seen()[static_cast<std::size_t>(i)]->choices[0].index,
                static_cast<std::uint32_t>(i));
    }
  }
}

TEST(FlightStress, JoiningAndLeavingRaceToOneAbandonment) {
  auto flight = std::make_shared<Flight>(std::size_t{1} << 20);
  std::atomic<int> stops = 0;
  std::stop_callback counted(flight->stop_token(), [&] { ++stops; });
  base::Pool pool({.name = "stress", .threads = 6, .queue_max = 100000});
  for (int i = 0; i < 10000; ++i) {
    ASSERT_TRUE(pool.submit([flight] {
      if (flight->try_join()) flight->leave();
    }));
    ASSERT_TRUE(pool.submit([flight] { flight->unwatch(flight->watch(0, false, [] {})); }));
  }
  pool.stop();
  EXPECT_EQ(stops, 1);
  EXPECT_FALSE(flight->try_join());
}

}  // namespace
}  // namespace refrain::chat
