#include "taut/transfer/notifier.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <exception>
#include <utility>

#include "messages.hpp"
#include "taut/base/address.hpp"
#include "taut/base/log.hpp"
#include "taut/base/random.hpp"
#include "taut/base/reason.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/timer.hpp"
#include "taut/net/udp_socket.hpp"

namespace taut {

namespace {

constexpr std::array<std::chrono::seconds, Notifier::maxTries - 1> pauses{
    std::chrono::seconds(15), std::chrono::seconds(30), std::chrono::seconds(60), std::chrono::seconds(60)};
constexpr std::size_t maxMismatched = 3;  // replies of one try that belong to no notice

constexpr std::uint16_t notifyFlags = static_cast<std::uint16_t>(Opcode::NOTIFY) << 11 | flag::AA;

}  // namespace

struct Notifier::Target {
  NotifyTarget to;
  QuestionWindow window;
  std::unordered_map<Name, LocalRef<Notice>, NameHash, NameEqual>
      notices;                           // of class IN, as all zones that are told of
  std::deque<LocalRef<Notice>> waiting;  // for room in the window
};

// One zone and one target, as long as that has not replied.
class Notifier::Notice final : public LocalCounted, private Timer {
 public:
  Notice(Notifier& notifier, Target& toTarget, NameView ofZone)
      : Timer(&timeCame), target(toTarget), zone(ofZone), notifier_(notifier) {}

  QuestionView question() const { return {zone, Type::SOA, rrClass}; }
  RRset record() const { return {zone, soa.data(), ttl, Type::SOA, rrClass, 1}; }
  // Of a newer version.
  void renew(const Zone& version) {
    const RRset set = version.soa().data;
    rrClass = version.rrClass();
    ttl = set.ttl;
    soa.assign(2, 0);
    storeU16(soa.data(), static_cast<std::uint16_t>(set.front().size()));
    soa.insert(soa.end(), set.front().begin(), set.front().end());
    tries = 0;
    ++versions;
    if (wait_ != nullptr) wait_->shorten();
  }

  // For the reply to one try: shorter where a newer version is to be told of.
  class Wait {
   public:
    Wait(Notice& notice, Shard& shard, StopToken stop)
        : deadline(shard, replyLimit, stop), notice_(notice), shard_(shard), begun_(shard.now()) {
      notice_.wait_ = this;
    }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() { notice_.wait_ = nullptr; }

    void shorten() {
      isShort_ = true;
      deadline.restart(std::max<Duration>(begun_ + newerLimit - shard_.now(), Duration::zero()));
    }
    bool isShort() const { return isShort_; }

    Deadline deadline;

   private:
    Notice& notice_;
    Shard& shard_;
    TimePoint begun_;
    bool isShort_ = false;
  };

  void sendAt(TimePoint time) { notifier_.shard_.timers().arm(*this, time); }
  void disarm() { Timer::disarm(); }

  Target& target;
  const Name zone;
  Class rrClass = Class::IN;
  std::uint32_t ttl = 0;
  std::vector<std::uint8_t> soa;  // with its length before it, as an RRset has it
  unsigned tries = 0;             // of this version
  unsigned versions = 0;
  bool inWork = false;  // waits for the window or a reply

 private:
  static void timeCame(Timer& timer) noexcept {
    auto& notice = static_cast<Notice&>(timer);
    try {
      notice.notifier_.offer(notice);
    } catch (const std::exception& error) {
      log::error("zone {}: {} is not told of its version: {}", notice.zone, notice.target.to.address, reasonOf(error));
    }
  }

  Notifier& notifier_;
  Wait* wait_ = nullptr;  // for the reply to a try
};

Notifier::Notifier(Shard& shard) : shard_(shard) {}

Notifier::~Notifier() {
  assert(sending_.empty() && "a notifier is stopped before it is destroyed");
  for (const auto& [address, target] : targets_)
    for (const auto& [zone, notice] : target->notices) notice->disarm();
}

Notifier::Target& Notifier::targetOf(const NotifyTarget& target) {
  const Address address = target.address.port() == 0 ? target.address.withPort(dnsPort) : target.address;
  auto& known = targets_[address];
  if (!known) known = std::make_unique<Target>();
  known->to = {address, target.key};
  return *known;
}

std::size_t Notifier::pendingOf(NameView zone) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(targets_, [&zone](const auto& target) { return target.second->notices.contains(zone); }));
}

void Notifier::notify(const Zone& version, const std::vector<NotifyTarget>& targets) {
  for (const NotifyTarget& to : targets) {
    Target& target = targetOf(to);
    auto& notice = target.notices[Name(version.origin())];
    if (!notice) {
      notice = makeLocalRef<Notice>(*this, target, version.origin());
      ++pending_;
    }
    notice->renew(version);
    offer(*notice);
  }
}

// The notice is to be sent now, or when there is room.
void Notifier::offer(Notice& notice) {
  notice.disarm();
  if (notice.inWork) return;
  notice.inWork = true;
  notice.target.waiting.emplace_back(&notice);
  begin(notice.target);
}

void Notifier::begin(Target& target) {
  while (running_ && !target.waiting.empty() && target.window.hasRoom()) {
    LocalRef<Notice> notice = std::move(target.waiting.front());
    target.waiting.pop_front();
    sending_.spawn(send(std::move(notice)), sending_.token());
  }
}

Task<> Notifier::send(LocalRef<Notice> notice) {
  const unsigned version = notice->versions;
  ++notice->tries;
  bool replied = false;
  try {
    const bool reply = co_await exchange(*notice);
    replied = reply;
  } catch (const std::exception& error) {
    log::error("zone {}: {} is not told of its version: {}", notice->zone, notice->target.to.address, reasonOf(error));
  }
  notice->inWork = false;
  Target& target = notice->target;
  if (!running_) co_return;
  if (notice->versions != version) {
    offer(*notice);
  } else if (!replied && notice->tries < maxTries) {
    notice->sendAt(shard_.now() + pauses[notice->tries - 1] - replyLimit);
  } else {
    if (!replied)
      log::warning("zone {}: {} has not replied to {} notices of its version", notice->zone, target.to.address,
                   maxTries);
    --pending_;
    target.notices.erase(notice->zone);
  }
  begin(target);
}

Task<bool> Notifier::exchange(Notice& notice) {
  const QuestionWindow::Place place(notice.target.window);
  const StopToken stop = co_await currentStopToken();
  const NotifyTarget to = notice.target.to;
  Notice::Wait wait(notice, shard_, stop);
  Deadline& deadline = wait.deadline;
  const std::uint16_t id = randomU16();
  detail::RequestBuffer buffer;
  std::size_t size = detail::writeRequest(buffer, id, notifyFlags, notice.question(), detail::WantsExpire::no,
                                          Section::answer, notice.record());
  std::optional<TsigVerifier> verifier;
  if (to.key) {
    TsigSigner signer(*to.key);
    size = signer.sign(buffer, size, detail::signingTime(shard_));
    verifier.emplace(*to.key, signer.mac());
  }
  auto socket = UdpSocket::connect(shard_, to.address);
  const ByteSpan message = ByteSpan(buffer).first(size);
  IoResult result = socket ? IoResult() : socket.error();
  if (socket) {
    const IoResult sent = co_await socket->send(message, deadline.token());
    result = sent;
  }
  for (std::size_t mismatched = 0; result && mismatched < maxMismatched; ++mismatched) {
    const MutableByteSpan into(buffer);
    const IoResult received = co_await socket->receive(into, deadline.token());
    result = received;
    if (!received) break;
    if (!takeReply(notice, ByteSpan(buffer).first(received.value()), id, verifier)) continue;
    place.answered();
    co_return true;
  }
  // The next try counts from the end of the wait, however early that was known to be in vain.
  if (!deadline.expired()) {
    Event never;
    co_await never.wait(deadline.token());
  }
  // Too short a wait says nothing of what the target can take.
  if (deadline.expired() && !wait.isShort()) place.timedOut();
  co_return false;
}

// Whether that is the reply.
bool Notifier::takeReply(const Notice& notice, ByteSpan message, std::uint16_t id,
                         std::optional<TsigVerifier>& verifier) {
  auto view = MessageView::parse(message);
  if (!view || !detail::isReplyTo(*view, id, Opcode::NOTIFY, notice.question())) return false;
  const Address& target = notice.target.to.address;
  if (verifier) {
    const std::uint64_t now = detail::signingTime(shard_);
    if (const auto accepted = verifier->add(message, now); !accepted) {
      log::warning("zone {}: the reply of {} to a notice does not count: {}", notice.zone, target,
                   detail::describeFault(accepted.error(), *verifier, now));
      return false;
    }
  }
  if (view->rcode() != Rcode::NOERROR)
    log::warning("zone {}: {} answers {} to a notice of its version", notice.zone, target, view->rcode());
  return true;
}

Task<> Notifier::run() {
  assert(!running_);
  running_ = true;
  for (const auto& [address, target] : targets_) begin(*target);
  Event never;
  co_await never.wait();
  running_ = false;
  sending_.stop();
  co_await sending_.join();
}

}  // namespace taut
