#include "index/snapshot.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>

#include <fstream>

namespace refrain::index {
namespace {

class Snapshot : public testing::Test {
 protected:
  TempFolder temp_;
  const std::filesystem::path folder_{temp_.path()}, path_ = folder_ / "x.index";
};

TEST_F(Snapshot, BodyComesBackAcrossManyBlocks) {
  const std::string body(3'500'000, 'x');
  const auto out = SnapshotWriter::create(path_).value();
  out->raw("head");
  out->raw(body);
  ASSERT_TRUE(out->finish());
  const auto file = MappedFile::open(path_).value();
  EXPECT_EQ(checked_body(file->bytes()).value(), "head" + body);
}

TEST_F(Snapshot, UnfinishedFileLeavesTheOldOneAndNoRest) {
  std::ofstream(path_) << "old";
  {
    const auto out = SnapshotWriter::create(path_).value();
    out->raw("fresh");
  }
  const auto file = MappedFile::open(path_).value();
  EXPECT_EQ(file->bytes(), "old");
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".partial"));
}

TEST_F(Snapshot, EveryFlippedBitIsCorrupt) {
  const auto out = SnapshotWriter::create(path_).value();
  out->raw("some bytes");
  ASSERT_TRUE(out->finish());
  const std::string good{MappedFile::open(path_).value()->bytes()};
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_EQ(checked_body(bad).error().code, base::Code::corrupt);
  }
}

TEST_F(Snapshot, ShortFileIsCorrupt) {
  EXPECT_EQ(checked_body("1234567").error().code, base::Code::corrupt);
}

TEST_F(Snapshot, MissingFileIsNotFoundAndMissingFolderIsIo) {
  EXPECT_EQ(MappedFile::open(path_).error().code, base::Code::not_found);
  EXPECT_EQ(SnapshotWriter::create(folder_ / "no" / "x").error().code, base::Code::io);
}

TEST_F(Snapshot, FullDiskIsAnIoError) {
  // /dev/full takes no byte; the partial file is a link to it.
  std::filesystem::create_symlink("/dev/full", path_.string() + ".partial");
  const auto out = SnapshotWriter::create(path_).value();
  out->raw("bytes");
  EXPECT_EQ(out->finish().error().code, base::Code::io);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace refrain::index
