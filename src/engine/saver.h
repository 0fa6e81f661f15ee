#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/pool.h"
#include "engine/block_store.h"
#include "engine/cells.h"
#include "engine/inbox.h"
#include "engine/replying.h"
#include "engine/stats.h"
#include "llama/context.h"

namespace refrain::engine {

/// Takes rows of computed prompts out of the cells and gives them to the block store, beside the
/// answers and not before them: the model thread copies one block per step, everything else is
/// done by the io thread. A sequence that goes meanwhile is not saved. Threads: the model thread.
class Saver {
 public:
  struct Rooms {
    llama::Context& context;
    Cells& cells;
    BlockStore& blocks;
    base::Pool& io;  // of one thread: writes keep their order
    Inbox& inbox;    // of the model thread
    Counters& counters;
  };
  static constexpr std::size_t kSavesMax = 64;  // more are abandoned
  static constexpr int kWritesMax = 8;          // blocks in memory on their way to the store

  explicit Saver(const Rooms& rooms) : rooms_(rooms) {}

  /// The sequence holds these tokens now, or more of the same.
  /// reply  held until all is published, then released, or failed with the reason; null: nobody
  /// waits.
  void want(llama::SequenceId sequence, NewPrompt prompt,
            std::shared_ptr<Replying> reply = nullptr);
  /// Copies at most one block. Returns whether there is more to copy right now.
  bool step();
  /// Fails the replies that wait.
  void stop(const base::Error& why);

 private:
  using Ticket = std::uint64_t;  // of a reply that waits; 0: none
  struct Save {
    llama::SequenceId sequence = 0;
    std::uint64_t epoch = 0;
    std::shared_ptr<Draft> draft;
    std::size_t next = 0;  // of draft->wanted()
    std::size_t tokens = 0;
    Ticket ticket = 0;
  };
  Ticket take_ticket(std::shared_ptr<Replying> reply);
  void begun(Save save, base::Result<std::unique_ptr<Draft>> draft);
  bool void_now(const Save& save) const;
  void write(Save& save);
  void finish(Save save);
  void settle(Ticket ticket, const base::Result<>& published);
  void abandon(Ticket ticket, std::string_view step, const base::Error& why);

  Rooms rooms_;
  std::deque<Save> saves_;
  std::size_t beginning_ = 0;  // saves whose draft is not there yet
  std::map<Ticket, std::shared_ptr<Replying>> replies_;
  Ticket tickets_ = 0;
  std::shared_ptr<std::atomic<int>> writing_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace refrain::engine
