#include "api/intake.h"

#include <filesystem>
#include <utility>

#include "base/random.h"

namespace refrain::api {

using base::Result;

Intake::Intake(Options options, base::Pool& work, std::function<void()> wake)
    : options_(std::move(options)), work_(work), wake_(std::move(wake)), error_(options_.refused) {
  if (options_.multipart) multipart_.emplace(*options_.multipart);
}

Intake::~Intake() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

net::Take Intake::put(std::string bytes) {
  std::lock_guard guard(lock_);
  if (error_) return net::Take::stop;
  pending_ += bytes;
  schedule();
  if (error_) return net::Take::stop;
  waiting_ = pending_.size() > options_.pending_max;
  return waiting_ ? net::Take::wait : net::Take::more;
}

void Intake::finish(std::function<void(Result<Taken>)> done) {
  std::optional<base::Error> error;
  {
    std::lock_guard guard(lock_);
    done_ = std::move(done);
    schedule();
    if (running_ || !error_) return;
    error = error_;
    done.swap(done_);
  }
  done(std::unexpected(std::move(*error)));  // nobody else will say so
}

// Under the lock.
void Intake::schedule() {
  if (running_) return;
  Result<> queued = work_.submit([self = shared_from_this()] { self->run(); });
  running_ = queued.has_value();
  if (!queued && !error_) error_ = queued.error();
}

void Intake::run() {
  for (;;) {
    std::string bytes;
    std::function<void(Result<Taken>)> done;
    bool wake = false;
    {
      std::lock_guard guard(lock_);
      bytes.swap(pending_);
      wake = std::exchange(waiting_, false);
      if (bytes.empty()) {
        running_ = false;
        done.swap(done_);
      }
    }
    if (wake) wake_();
    if (bytes.empty()) {
      if (!done) return;
      std::optional<base::Error> error = [this] {
        std::lock_guard guard(lock_);
        return error_;
      }();
      if (error) return done(std::unexpected(std::move(*error)));
      Taken taken{path_, multipart_ ? multipart_->file_name() : std::optional(std::string()),
                  !multipart_ || multipart_->ended()};
      return done(std::move(taken));
    }
    if (Result<> written = write(bytes); !written) {
      std::lock_guard guard(lock_);
      if (!error_) error_ = std::move(written).error();
    }
  }
}

Result<> Intake::write(const std::string& bytes) {
  std::string data;
  if (multipart_) {
    TRY_DO(multipart_->put(bytes, data));
    if (!multipart_->file_name()) return {};
    if (!std::exchange(named_, true) && options_.check_name) {
      TRY_DO(options_.check_name(*multipart_->file_name()));
    }
  }
  if (!file_) {
    std::string path = options_.folder + "/" + base::random_id(24);
    TRY(made, disk::File::create(path));
    path_ = std::move(path);
    file_ = std::move(made);
  }
  return file_->append(multipart_ ? data : bytes);
}

}  // namespace refrain::api
