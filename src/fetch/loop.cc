// The loop. curl_multi_poll looks at every socket on every turn; with ten thousand streams each
// turn would cost ten thousand looks. So curl only tells us which sockets it wants watched
// (on_socket) and when it wants to be called again (on_timer), epoll does the waiting, and a turn
// costs what actually happened.
//
// Orders from other threads (new transfers, cancellations, stop) lie in an inbox; an eventfd ends
// the wait. A handle may not be removed from inside curl's callbacks, therefore everything that
// ends a transfer happens at the top of a turn: a cancelled id, a passed deadline, curl's message.
//
// Deadlines are lazy: a byte only moves Transfer::deadline(); the entry in deadlines_ stays where
// it is and is put back when its time comes and the transfer turns out to have moved. A stream of a
// thousand events thus costs one look per idle timeout instead of a thousand re-insertions. (curl's
// own low-speed limit counts in seconds and wakes every transfer once a second.) Only the first
// byte may bring a deadline nearer, so before it an entry never lies beyond one idle timeout
// (Transfer::look_again).
#include "fetch/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>

#include <fmt/format.h>

#include "base/log.h"

namespace refrain::fetch {

using base::Code, base::fail, base::Result;

Loop::Loop(const Options& options, Counters& counters) : options_(options), counters_(counters) {}

Result<std::unique_ptr<Loop>> Loop::open(const Options& options, Counters& counters) {
  std::unique_ptr<Loop> loop(new Loop(options, counters));
  loop->epoll_ = epoll_create1(EPOLL_CLOEXEC);
  loop->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  loop->share_ = curl_share_init();
  loop->multi_ = curl_multi_init();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = loop->wake_;
  if (loop->epoll_ < 0 || loop->wake_ < 0 || loop->share_ == nullptr || loop->multi_ == nullptr ||
      epoll_ctl(loop->epoll_, EPOLL_CTL_ADD, loop->wake_, &event) != 0) {
    return fail(Code::unavailable, "fetch: no file descriptors or memory for an event loop");
  }
  // One thread uses the share, so it needs no locks. Connections and names are shared by multi_.
  curl_share_setopt(loop->share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  auto* self = loop.get();
  curl_multi_setopt(loop->multi_, CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
  curl_multi_setopt(loop->multi_, CURLMOPT_SOCKETDATA, self);
  curl_multi_setopt(loop->multi_, CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
  curl_multi_setopt(loop->multi_, CURLMOPT_TIMERDATA, self);
  curl_multi_setopt(loop->multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.transfers_max));
  TRY_DO(loop->thread_.submit([self] { self->run(); }));
  return loop;
}

Loop::~Loop() {
  ask_stop(base::Instant::min());
  join();
  if (multi_ != nullptr) curl_multi_cleanup(multi_);
  if (share_ != nullptr) curl_share_cleanup(share_);
  if (wake_ >= 0) close(wake_);
  if (epoll_ >= 0) close(epoll_);
}

bool Loop::adopt(std::unique_ptr<Transfer> transfer) {
  bool must_wake = false;
  bool taken = inbox_.with([&](Inbox& inbox) {
    if (inbox.stopping) return false;
    inbox.started.push_back(std::move(transfer));
    must_wake = !std::exchange(inbox.signalled, true);
    return true;
  });
  if (must_wake) wake();
  return taken;
}

void Loop::ask_stop(base::Instant drain_until) {
  inbox_.with([&](Inbox& inbox) {
    inbox.stopping = true;
    inbox.drain_until = std::min(inbox.drain_until, drain_until);
    inbox.signalled = true;
  });
  wake();
}

void Loop::join() { thread_.stop(); }

void Loop::wake() {
  // The counter cannot overflow: whoever finds it set does not write again.
  [[maybe_unused]] auto written = eventfd_write(wake_, 1);
}

int Loop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* seen) {
  auto* loop = static_cast<Loop*>(self);
  if (what == CURL_POLL_REMOVE) {
    // Of a transfer cancelled while it connects, curl tells us after it has closed the socket, and
    // the number may be another thread's by now. The kernel then finds nothing in our set, which is
    // right; ThreadSanitizer's wrapper takes the number for the socket, hence the plain call.
    syscall(SYS_epoll_ctl, loop->epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.data.fd = socket;
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  if (epoll_ctl(loop->epoll_, seen ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) != 0) {
    epoll_ctl(loop->epoll_, seen ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  }
  curl_multi_assign(loop->multi_, socket, loop);  // any pointer: the socket is in the set
  return 0;
}

int Loop::on_timer(CURLM*, long milliseconds, void* self) {
  auto* loop = static_cast<Loop*>(self);
  loop->timer_ = milliseconds < 0 ? base::Instant::max()
                                  : loop->clock_.now() + std::chrono::milliseconds(milliseconds);
  return 0;
}

void Loop::run() {
  while (obey()) {
    wait();
    if (timer_ <= clock_.now()) {
      timer_ = base::Instant::max();
      int running = 0;
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    reap();
    expire();
  }
}

bool Loop::obey() {
  Orders orders;
  inbox_.with([&](Inbox& inbox) {
    orders.stopping = inbox.stopping;
    orders.inbox.drain_until = inbox.drain_until;
    orders.inbox.started.swap(inbox.started);
    orders.inbox.cancelled.swap(inbox.cancelled);
    inbox.signalled = false;
  });
  for (auto& transfer : orders.inbox.started) begin(std::move(transfer));
  for (std::uint64_t id : orders.inbox.cancelled) end(id, fail(Code::cancelled, "cancelled"));
  if (!orders.stopping) return true;
  drain_until_ = orders.inbox.drain_until;
  if (drain_until_ <= clock_.now()) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, unused] : open_) ids.push_back(id);
    for (std::uint64_t id : ids) end(id, fail(Code::cancelled, "the client stopped"));
  }
  return !open_.empty();
}

void Loop::begin(std::unique_ptr<Transfer> transfer) {
  Result<> ready = transfer->prepare(options_, share_, clock_);
  if (!ready) return finish(*transfer, std::move(ready));
  std::uint64_t id = next_id_++;
  transfer->set_id(id);
  CURLMcode added = curl_multi_add_handle(multi_, transfer->easy());
  if (added != CURLM_OK) {
    return finish(*transfer, fail(Code::internal, fmt::format("{}: {}", transfer->origin(),
                                                              curl_multi_strerror(added))));
  }
  Transfer* raw = transfer.get();
  base::Instant due = raw->look_again(clock_.now());
  if (due != base::Instant::max()) deadlines_.emplace(due, id);
  open_.emplace(id, Open{std::move(transfer), due});
  raw->watch_stop([this, id] {
    bool must_wake = inbox_.with([&](Inbox& inbox) {
      inbox.cancelled.push_back(id);
      return !std::exchange(inbox.signalled, true);
    });
    if (must_wake) wake();
  });
}

void Loop::end(std::uint64_t id, Result<> result) {
  auto found = open_.find(id);
  if (found == open_.end()) return;  // it ended before the order to cancel it came
  Open ended = std::move(found->second);
  open_.erase(found);
  deadlines_.erase({ended.due, id});
  long made = 0;
  curl_off_t sent = 0;
  curl_easy_getinfo(ended.transfer->easy(), CURLINFO_NUM_CONNECTS, &made);
  curl_easy_getinfo(ended.transfer->easy(), CURLINFO_SIZE_UPLOAD_T, &sent);
  counters_.connections.add(static_cast<std::uint64_t>(made));
  counters_.bytes_out.add(static_cast<std::uint64_t>(sent));
  counters_.bytes_in.add(ended.transfer->bytes_in());
  curl_multi_remove_handle(multi_, ended.transfer->easy());
  if (!result && result.error().code == Code::cancelled) {
    result.error().what = fmt::format("{}: {}", ended.transfer->origin(), result.error().what);
  }
  finish(*ended.transfer, std::move(result));
}

void Loop::finish(Transfer& transfer, Result<> result) {
  if (result) {
    counters_.answered.add();
  } else {
    switch (result.error().code) {
      case Code::deadline: counters_.deadline.add(); break;
      case Code::cancelled: counters_.cancelled.add(); break;
      case Code::io: counters_.cut.add(); break;
      case Code::too_large: counters_.too_large.add(); break;
      default: counters_.unavailable.add(); break;
    }
  }
  counters_.open.add(-1);  // before the sink hears of it: it may start the next one at once
  try {
    transfer.finish(std::move(result));
  } catch (const std::exception& problem) {
    base::log::error("a reader of a reply failed",
                     {{"origin", transfer.origin()}, {"what", problem.what()}});
  }
}

int Loop::wait_milliseconds() const {
  base::Instant until = std::min(timer_, drain_until_);
  if (!deadlines_.empty()) until = std::min(until, deadlines_.begin()->first);
  if (until == base::Instant::max()) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Loop::wait() {
  std::array<epoll_event, 256> events;
  int count =
      epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_milliseconds());
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == wake_) {
      eventfd_t unused = 0;
      [[maybe_unused]] auto got = eventfd_read(wake_, &unused);
      continue;
    }
    int mask = 0;
    if ((event.events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(multi_, event.data.fd, mask, &running);
  }
}

void Loop::expire() {
  base::Instant now = clock_.now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    std::uint64_t id = deadlines_.begin()->second;
    Open& open = open_.at(id);
    if (open.transfer->deadline() <= now) {
      end(id, std::unexpected(open.transfer->late()));
      continue;
    }
    base::Instant due = open.transfer->look_again(now);
    deadlines_.erase(deadlines_.begin());
    deadlines_.emplace(due, id);
    open.due = due;
  }
}

void Loop::reap() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURLcode code = message->data.result;  // the message dies with the handle's removal
    const Transfer* transfer = Transfer::of(message->easy_handle);
    end(transfer->id(), transfer->verdict(code));
  }
}

}  // namespace refrain::fetch
