#include "recursor_control.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "taut/coro/log_failure.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/recursor/negative_trust_anchors.hpp"
#include "taut/recursor/resolution_trace.hpp"
#include "taut/zone/zone_writer.hpp"

namespace taut {

namespace {

using std::chrono::microseconds;

microseconds since(TimePoint start, TimePoint now) {
  return std::chrono::duration_cast<microseconds>(now - start);
}

class Trace final : public ResolutionTrace {
 public:
  Trace(TraceSteps& steps, TimePoint start) : steps_(steps), start_(start) {}

  void note(TimePoint now, unsigned depth, std::string step) override {
    steps_.add({since(start_, now), depth, std::move(step)});
  }

 private:
  TraceSteps& steps_;
  TimePoint start_;
};

void describe(const Answer& answer, TraceEnd& end) {
  end.rcode = toString(answer.rcode());
  end.authentic = answer.authenticData();
  if (const ExtendedError* const error = answer.extendedError())
    end.reason = fmt::format("extended error {}{}{}", static_cast<unsigned>(error->code),
                             error->text.empty() ? "" : ", ", error->text);
  fmt::memory_buffer records;
  answer.forEach(Section::answer, [&records](const RRset& rrset) { writeRRset(rrset, records); });
  end.records = fmt::to_string(records);
}

Task<> runTrace(Shard& shard, Recursor& recursor, Name name, Type type, std::shared_ptr<TraceSteps> steps) {
  const TimePoint start = shard.now();
  const Query query = Query(name, type).forAllClients(false);
  Trace trace(*steps, start);
  TraceEnd end;
  try {
    const auto answer = co_await recursor.trace(query, trace);
    if (answer) describe(*answer, end);
  } catch (...) {
    detail::logFailure("a trace has failed", std::current_exception());
  }
  end.time = since(start, shard.now());
  steps->end(std::move(end));
}

}  // namespace

void RecursorControl::add(Shard& shard, std::shared_ptr<Recursor> recursor) {
  places_.push_back({&shard, std::move(recursor), std::make_unique<TaskScope>()});
}

template <typename T>
void RecursorControl::collect(std::function<void(std::size_t shard, Recursor& recursor, T& value)> step,
                              std::function<void(T)> done, T value) {
  struct Work {
    std::function<void(std::size_t, Recursor&, T&)> step;
    std::function<void(T)> done;
    std::mutex mutex;
    T value;
    std::size_t left;
  };
  const auto work = std::make_shared<Work>();
  work->step = std::move(step);
  work->done = std::move(done);
  work->value = std::move(value);
  work->left = places_.size();
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i].shard->post([this, work, i] {
      std::unique_lock lock(work->mutex);
      work->step(i, *places_[i].recursor, work->value);
      const bool isLast = --work->left == 0;
      lock.unlock();
      if (isLast) work->done(std::move(work->value));
    });
  }
}

void RecursorControl::flush(const Name& name, bool tree, std::function<void(std::size_t)> done) {
  collect<std::size_t>(
      [name, tree](std::size_t, Recursor& recursor, std::size_t& count) {
        count += tree ? recursor.flushTree(name) : recursor.flush(name);
      },
      std::move(done));
}

void RecursorControl::flush(const Name& name, Type type, std::function<void(std::size_t)> done) {
  collect<std::size_t>(
      [name, type](std::size_t, Recursor& recursor, std::size_t& count) { count += recursor.flush(name, type); },
      std::move(done));
}

void RecursorControl::show(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) {
  collect<std::vector<ShownAnswer>>(
      [name](std::size_t shard, Recursor& recursor, std::vector<ShownAnswer>& answers) {
        ShownAnswer answer;
        answer.shard = shard;
        answer.key = name.toString();
        std::size_t lines = 0;
        recursor.show(name, false, [&](const std::string& line) {
          if (++lines <= maxShownLines) answer.records += line + "\n";
        });
        if (lines > 0) answers.push_back(std::move(answer));
      },
      std::move(done));
}

void RecursorControl::addNegativeTrustAnchor(const Name& name, std::chrono::seconds lifetime,
                                             std::function<void(bool)> done) {
  collect<bool>([name, lifetime](std::size_t, Recursor& recursor,
                                 bool& all) { all = recursor.setNegativeTrustAnchor(name, lifetime) && all; },
                std::move(done), true);
}

void RecursorControl::removeNegativeTrustAnchor(const Name& name, std::function<void(bool)> done) {
  collect<bool>(
      [name](std::size_t, Recursor& recursor, bool& any) { any = recursor.removeNegativeTrustAnchor(name) || any; },
      std::move(done), false);
}

// All shards have the same.
void RecursorControl::listNegativeTrustAnchors(std::function<void(std::vector<ShownNegativeTrustAnchor>)> done) {
  places_.front().shard->post([this, done = std::move(done)] {
    const Place& place = places_.front();
    const TimePoint now = place.shard->now();
    std::vector<ShownNegativeTrustAnchor> shown;
    for (const NegativeTrustAnchors::Entry& entry : place.recursor->negativeTrustAnchors().list(now)) {
      std::optional<std::chrono::seconds> left;
      if (entry.end) left = std::chrono::ceil<std::chrono::seconds>(*entry.end - now);
      shown.push_back({entry.name.toString(), left});
    }
    done(std::move(shown));
  });
}

void RecursorControl::showServers(std::function<void(std::vector<ShownServer>)> done) {
  collect<std::vector<ShownServer>>(
      [](std::size_t shard, Recursor& recursor, std::vector<ShownServer>& servers) {
        recursor.forEachServer([&](const KnownServer& server) {
          servers.push_back({shard, server.address.toText(), std::chrono::duration_cast<microseconds>(server.roundTrip),
                             std::chrono::duration_cast<microseconds>(server.timeout), server.dead});
          return true;
        });
      },
      [done = std::move(done)](std::vector<ShownServer> servers) {
        std::ranges::sort(servers, [](const ShownServer& left, const ShownServer& right) {
          return std::tie(left.address, left.shard) < std::tie(right.address, right.shard);
        });
        done(std::move(servers));
      });
}

void RecursorControl::flushServers(std::function<void(std::size_t)> done) {
  collect<std::size_t>([](std::size_t, Recursor& recursor, std::size_t& count) { count += recursor.flushServers(); },
                       std::move(done));
}

std::shared_ptr<TraceSteps> RecursorControl::trace(const Name& name, Type type) {
  auto steps = std::make_shared<TraceSteps>();
  places_.front().shard->post([this, name, type, steps] {
    Place& place = places_.front();
    if (place.isClosed) return steps->end({});
    place.work->spawn(runTrace(*place.shard, *place.recursor, name, type, steps), place.work->token());
  });
  return steps;
}

void RecursorControl::followTrustAnchors(TrustAnchorState state, std::string path, AnchorsChanged changed) {
  const auto publish = [this, changed = std::move(changed)](const std::shared_ptr<const TrustAnchors>& anchors) {
    changed(anchors);
    for (const Place& place : places_)
      place.shard->post([recursor = place.recursor, anchors] { recursor->setTrustAnchors(anchors); });
  };
  places_.front().shard->post([this, state = std::move(state), path = std::move(path), publish] {
    const Place& place = places_.front();
    if (place.isClosed) return;
    trustAnchors_ = std::make_unique<TrustAnchorUpkeep>(*place.shard, *place.recursor, state, path, publish);
    place.work->spawn(trustAnchors_->run(place.work->token()), place.work->token());
  });
}

Task<> RecursorControl::close(const Shard& shard) {
  const auto place = std::ranges::find(places_, &shard, [](const Place& each) -> const Shard* { return each.shard; });
  if (place == places_.end()) co_return;
  place->isClosed = true;
  place->work->stop();
  co_await place->work->join();
}

}  // namespace taut
