#include "api/intake.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "tests/support/temp_folder.h"

namespace refrain::api {
namespace {

struct IntakeProbe {
  TempFolder folder;
  base::Pool work{{.name = "work", .threads = 2, .queue_max = 16}};
  std::atomic<int> wakes{0};

  std::shared_ptr<Intake> make(Intake::Options options = {}) {
    options.folder = folder.path();
    return std::make_shared<Intake>(std::move(options), work, [this] { ++wakes; });
  }
  static base::Result<Intake::Taken> finish(Intake& intake) {
    std::promise<base::Result<Intake::Taken>> promise;
    intake.finish([&](base::Result<Intake::Taken> taken) { promise.set_value(std::move(taken)); });
    return promise.get_future().get();
  }
  std::size_t files() const {
    std::size_t out = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      out += entry.is_regular_file() ? 1 : 0;
    }
    return out;
  }
};

TEST(Intake, PiecesBecomeAFileInTheirOrder) {
  IntakeProbe probe;
  auto intake = probe.make();
  std::string wanted;
  for (int i = 0; i < 1000; ++i) {
    std::string piece = std::to_string(i) + ",";
    wanted += piece;
    ASSERT_NE(intake->put(piece), net::Take::stop);
  }
  auto taken = IntakeProbe::finish(*intake);
  ASSERT_TRUE(taken);
  std::ifstream in(taken->path, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), wanted);
  intake.reset();
  probe.work.stop();
  EXPECT_EQ(probe.files(), 0U);
}

TEST(Intake, TheNetworkWaitsWhileTooMuchIsNotWrittenAndIsWoken) {
  IntakeProbe probe;
  auto intake = probe.make({.pending_max = 10});
  EXPECT_EQ(intake->put(std::string(100, 'x')), net::Take::wait);
  ASSERT_TRUE(IntakeProbe::finish(*intake));
  EXPECT_EQ(probe.wakes, 1);
}

TEST(Intake, AReleasedFileStays) {
  IntakeProbe probe;
  auto intake = probe.make();
  ASSERT_EQ(intake->put("abc"), net::Take::more);
  ASSERT_TRUE(IntakeProbe::finish(*intake));
  intake->release();
  intake.reset();
  probe.work.stop();
  EXPECT_EQ(probe.files(), 1U);
}

TEST(Intake, ANameThatIsNotWantedStopsItBeforeAByteIsWritten) {
  IntakeProbe probe;
  auto intake = probe.make({.multipart = Multipart::Options{.boundary = "b", .field = "f"},
                            .check_name = [](const std::string& name) -> base::Result<> {
                              return base::fail(base::Code::invalid, "not " + name);
                            }});
  ASSERT_NE(intake->put("--b\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\nabc"),
            net::Take::stop);
  EXPECT_EQ(IntakeProbe::finish(*intake).error().what, "not x");
  EXPECT_EQ(intake->put("more"), net::Take::stop);
  EXPECT_EQ(probe.files(), 0U);
}

TEST(Intake, AFullDiskStopsItWithTheCause) {
  IntakeProbe probe;
  Intake::Options options;
  auto intake = probe.make();
  intake = std::make_shared<Intake>(Intake::Options{.folder = "/nonexistent"}, probe.work, [] {});
  ASSERT_EQ(intake->put("abc"), net::Take::more);
  EXPECT_EQ(IntakeProbe::finish(*intake).error().code, base::Code::not_found);
}

TEST(Intake, ABodyRefusedByItsHeadIsNotTaken) {
  IntakeProbe probe;
  auto intake = probe.make({.refused = base::Error{base::Code::unavailable, "full"}});
  EXPECT_EQ(intake->put("abc"), net::Take::stop);
  EXPECT_EQ(IntakeProbe::finish(*intake).error().what, "full");
}

}  // namespace
}  // namespace refrain::api
