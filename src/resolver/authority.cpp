#include "taut/resolver/authority.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "additional_data.hpp"
#include "denial.hpp"
#include "dynamic_zone_state.hpp"
#include "signed_rrset.hpp"
#include "taut/base/log.hpp"

namespace taut {

// The time between two changes of what is served. An answer pins the moment in which it begins, and with it all later
// ones of the same set: what a moment has used last is kept by the moment itself.
class Authority::Moment final : public PinnedStorage {
 public:
  explicit Moment(std::shared_ptr<const ZoneSet> zones) : zones_(std::move(zones)) {}

  // Moments that nothing else pins go one by one: there may be more of them than the stack holds.
  ~Moment() override {
    for (LocalRef<Moment> next = std::move(next_); next && next->useCount() == 1;) next = std::move(next->next_);
  }

  const ZoneSet& zones() const { return *zones_; }
  // Whether answers that have begun in it, or before it, go on.
  bool isPinned() const { return useCount() > 1; }

  void retire(std::shared_ptr<const RetiredVersions> versions) { retired_ = std::move(versions); }
  void setNext(LocalRef<Moment> next) { next_ = std::move(next); }

 private:
  std::shared_ptr<const ZoneSet> zones_;
  std::shared_ptr<const RetiredVersions> retired_;  // at its end
  LocalRef<Moment> next_;
};

// A zone that changes at run time, in the version that this shard answers from.
class Authority::Following {
 public:
  Following(Authority& authority, Shard& shard, std::shared_ptr<detail::ZoneVersions> versions)
      : versions_(std::move(versions)) {
    follower_ = versions_->follow(shard, [this, &authority](std::shared_ptr<const Zone> version) {
      version_ = std::move(version);
      if (follower_) authority.begin(authority.set_);
    });
  }
  Following(const Following&) = delete;
  Following& operator=(const Following&) = delete;
  ~Following() { unfollow(); }

  void unfollow() noexcept { versions_->unfollow(follower_); }
  const std::shared_ptr<const Zone>& version() const { return version_; }

 private:
  std::shared_ptr<detail::ZoneVersions> versions_;
  std::shared_ptr<const Zone> version_;
  std::shared_ptr<detail::ZoneVersions::Follower> follower_;  // null until it is followed
};

namespace {

std::shared_ptr<const ZoneSet> inPlaceOfNull() {
  log::error("an authority was given a null pointer for its zones; it answers SERVFAIL");
  const std::vector<std::shared_ptr<const Zone>> zones = {Zone::notLoaded(Name())};
  return std::make_shared<const ZoneSet>(zones);
}

// Names that one answer is about: the one asked for, and those that aliases lead to. A longer chain is a mistake in a
// zone; the bound keeps the work for a question small.
constexpr std::size_t maxNames = 20;

// From which zone the answer begins: the one that a look-up finds, or the one behind it that only some clients may ask
// about. One class for each, so that what all other answers are made by has one caller, and is inlined there.
enum class Begins : bool { found, behind };

bool answerBehind(const Zone& found, const ZoneSet& zones, const Query& query, Answer& answer);

// The answer to one question while it is made: the algorithm of RFC 1034 section 4.3.2, one function for each outcome.
template <Begins begins>
class Resolution {
 public:
  Resolution(const ZoneSet& zones, const Query& query, Answer& answer)
      : zones_(zones), query_(query), answer_(answer), dnssec_(query.dnssecOk()), name_(query.name()) {}

  // False where no zone encloses the question's name.
  bool run() requires(begins == Begins::found) {
    zone_ = zoneFor(name_);
    if (!zone_) return false;
    answer_.setSource(AnswerSource::zone(zone_->origin()));
    if (!zone_->isLoaded()) return answerBehind(*zone_, zones_, query_, answer_);
    answerAll();
    return true;
  }

  void run(const Zone& zone) requires(begins == Begins::behind) {
    zone_ = &zone;
    answerAll();
  }

 private:
  void answerAll() {
    hashes_[0] = query_.nameHash();
    do answerFrom();
    while (alias_ && takeAlias());
  }

  // The zone to ask about a name; DS lies on the parent's side of a cut (RFC 4035 section 3.1.4.1).
  const Zone* zoneFor(NameView name) const {
    const Zone* const zone = zones_.find(name, query_.rrClass());
    if (zone && query_.type() == Type::DS && zone->origin() == name)
      if (const Zone* const parent = zones_.findParent(name, query_.rrClass())) return parent;
    return zone;
  }

  // Goes on to the name that the alias leads to. False where the chain has been at that name already, is too long, or
  // leaves the loaded zones.
  bool takeAlias() {
    name_ = *std::exchange(alias_, std::nullopt);
    const std::uint64_t hash = name_.hash();
    const auto end = hashes_.begin() + static_cast<std::ptrdiff_t>(nameCount_);
    // Names are compared by their hashes: long ones that differ in their last label would cost too much.
    if (nameCount_ == maxNames || std::find(hashes_.begin(), end, hash) != end) return false;
    hashes_[nameCount_++] = hash;
    zone_ = zoneFor(name_);
    return zone_ && zone_->isLoaded();
  }

  void answerFrom() {
    found_ = zone_->find(name_, hashes_[nameCount_ - 1]);
    const bool atParent = query_.type() == Type::DS && found_.cut && found_.cut == found_.node;
    if (found_.cut && !atParent) return refer(found_.cut);
    if (answer_.entryCount() == 0) answer_.setAuthoritative(true);
    if (found_.dname) return redirect(found_.dname);
    if (found_.node) return answerNode(found_.node);
    if (found_.wildcard) return answerNode(found_.wildcard);
    nameError();
  }

  void answerNode(ZoneNode node) {
    if (query_.type() == Type::ANY) return answerAny(node);
    if (query_.type() == Type::RRSIG) return answerSignatures(node);
    if (const ZoneRRset set = node.rrset(query_.type())) {
      addAnswer(set);
      proveExpansion();
      if (set.hasTargets())
        answer_.setAdditionalSource(AdditionalData(*zone_, node, query_.type(), ownerOf(set.data), dnssec_));
    } else if (node.hasCname()) {
      follow(node.rrset(Type::CNAME));
    } else {
      noData(node);
    }
  }

  // The owner of a wildcard's records in a reply is the name that was asked for (RFC 4592 section 2.1).
  NameView ownerOf(const RRset& rrset) {
    if (found_.node) return rrset.owner;
    if (answer_.entryCount() == 0) answer_.setSourceOfSynthesis(found_.wildcard.owner());
    if (name_.data() == query_.name().data()) name_ = answer_.keep(name_);
    return name_;
  }

  void addAnswer(RRset rrset) {
    rrset.owner = ownerOf(rrset);
    answer_.borrowRRset(Section::answer, rrset);
  }

  void addAnswer(const ZoneRRset& set) {
    addAnswer(set.data);
    if (dnssec_ && set.rrsig.count != 0) addAnswer(set.rrsig);
  }

  void proveExpansion() {
    if (dnssec_ && !found_.node) Denial(*zone_, answer_).wildcardAnswer(name_, found_.encloser);
  }

  // Over UDP one RRset is enough (RFC 8482 section 4.1): a client that wants all asks over TCP. An NSEC is given for
  // its own name only, because one made from a wildcard does not exist. Beside a CNAME an NSEC is given with DO only.
  void answerAny(ZoneNode node) {
    const bool givesNsec = found_.node && (dnssec_ || !node.hasCname());
    std::optional<Type> last;
    for (const RRset rrset : node) {
      if (rrset.type == Type::NSEC && !givesNsec) continue;
      if (rrset.type == Type::RRSIG) {
        if (dnssec_ && last && loadU16(rrset.front().data()) == static_cast<std::uint16_t>(*last)) addAnswer(rrset);
        continue;
      }
      if (last && (query_.transport() == Transport::udp || answer_.exceeds(query_.replyLimit()))) break;
      addAnswer(rrset);
      last = rrset.type;
    }
    if (!last) return noData(node);
    proveExpansion();
  }

  void answerSignatures(ZoneNode node) {
    bool found = false;
    for (const RRset rrset : node) {
      if (rrset.type != Type::RRSIG) continue;
      addAnswer(rrset);
      found = true;
      if (answer_.exceeds(query_.replyLimit())) break;
    }
    if (!found) return noData(node);
    proveExpansion();
  }

  void follow(const ZoneRRset& cname) {
    addAnswer(cname);
    proveExpansion();
    alias_ = NameView::fromWire(cname.data.front());
  }

  // RFC 6672 section 3.2: the DNAME, and a CNAME made for this name; a name that grows too long is YXDOMAIN.
  void redirect(ZoneNode node) {
    const ZoneRRset dname = node.rrset(Type::DNAME);
    if (!isIn(answer_, dname.data)) addSigned(answer_, Section::answer, dname, dnssec_);
    const auto to = NameView::fromWire(dname.data.front());
    if (!to) return;
    const auto target = Name::substitute(name_, node.owner(), *to);
    if (!target) return answer_.setRcode(Rcode::YXDOMAIN);
    answer_.addRecord(Section::answer, name_, Type::CNAME, dname.data.rrClass, dname.data.ttl, target->wire());
    if (query_.type() == Type::CNAME) return;
    const RRset& cname = answer_.entry(answer_.entryCount() - 1).rrset;
    alias_ = NameView::fromWire(cname.front());
  }

  void refer(ZoneNode cut) {
    const ZoneRRset nameServers = cut.rrset(Type::NS);
    answer_.borrowRRset(Section::authority, nameServers.data);
    if (dnssec_ && zone_->isSigned()) {
      if (const ZoneRRset ds = cut.rrset(Type::DS))
        addSigned(answer_, Section::authority, ds, true);
      else
        Denial(*zone_, answer_).noData(cut);
    }
    if (nameServers.hasTargets())
      answer_.setAdditionalSource(AdditionalData(*zone_, cut, Type::NS, cut.owner(), dnssec_));
  }

  void noData(ZoneNode node) {
    addSigned(answer_, Section::authority, zone_->negativeSoa(), dnssec_);
    if (!dnssec_) return;
    if (found_.node)
      Denial(*zone_, answer_).noData(node);
    else
      Denial(*zone_, answer_).wildcardNoData(name_, found_.encloser, node);
  }

  void nameError() {
    answer_.setRcode(Rcode::NXDOMAIN);
    addSigned(answer_, Section::authority, zone_->negativeSoa(), dnssec_);
    if (dnssec_) Denial(*zone_, answer_).nameError(name_, found_.encloser);
  }

  const ZoneSet& zones_;
  const Query& query_;
  Answer& answer_;
  const bool dnssec_;

  // The current step of the answer: a name, what its zone knows of it, and where an alias leads.
  NameView name_;
  const Zone* zone_ = nullptr;
  ZoneLookup found_;
  std::optional<NameView> alias_;
  std::size_t nameCount_ = 1;
  std::array<std::uint64_t, maxNames> hashes_;  // of the names so far
};

// The zone that was found is not loaded. To those who may not ask about the one behind it, it is as if none was served.
// Apart, so that it takes no registers of the way of all other answers.
[[gnu::noinline]] bool answerBehind(const Zone& found, const ZoneSet& zones, const Query& query, Answer& answer) {
  const Zone* const zone = zones.behind(found, query);
  if (zone && zone->isLoaded()) {
    Resolution<Begins::behind>(zones, query, answer).run(*zone);
  } else if (zone) {
    answer.setRcode(Rcode::SERVFAIL);
    answer.setExtendedError(ExtendedErrorCode::notReady, "the zone is not loaded");
  } else {
    answer.setRcode(Rcode::REFUSED);
    answer.setExtendedError(ExtendedErrorCode::notAuthoritative);
  }
  return true;
}

}  // namespace

Authority::Authority(std::shared_ptr<const ZoneSet> zones, std::string view) : view_(std::move(view)) {
  replace(std::move(zones));
}

Authority::Authority(Shard& shard, DynamicZone& zone) {
  add(shard, zone);
}

Authority::Authority(Shard& shard, const std::vector<std::shared_ptr<detail::ZoneVersions>>& zones) {
  for (const auto& versions : zones) following_.push_back(std::make_unique<Following>(*this, shard, versions));
  begin(set_);
}

Authority::~Authority() = default;

void Authority::add(Shard& shard, DynamicZone& zone) {
  following_.push_back(std::make_unique<Following>(*this, shard, zone.state_->versions()));
  begin(set_);
}

void Authority::replace(std::shared_ptr<const ZoneSet> zones) {
  serve({std::move(zones)});
}

void Authority::serve(const ZonePublication& publication) {
  std::shared_ptr<const ZoneSet> zones = publication.zones ? publication.zones : inPlaceOfNull();
  const ZoneSet* const own = view_.empty() ? nullptr : zones->view(view_);
  if (own) zones = std::shared_ptr<const ZoneSet>(zones, own);  // keeps the whole set
  const bool isPinned = moment_ && moment_->isPinned();
  if (publication.retired && isPinned) moment_->retire(publication.retired);
  const bool isOther = zones != set_;
  if (isOther || (publication.retired && (isPinned || !following_.empty()))) begin(std::move(zones));
}

// From now on answers come from these zones, and from what is followed.
void Authority::begin(std::shared_ptr<const ZoneSet> set) {
  std::shared_ptr<const ZoneSet> zones = set;
  if (!following_.empty()) {
    std::vector<std::shared_ptr<const Zone>> versions;
    for (const auto& following : following_) versions.push_back(following->version());
    zones =
        zones ? std::make_shared<const ZoneSet>(versions, std::move(zones)) : std::make_shared<const ZoneSet>(versions);
  }
  LocalRef<Moment> next(new Moment(std::move(zones)));
  // A moment of another set needs no next one: that set keeps what it has.
  if (set == set_ && moment_ && moment_->isPinned()) moment_->setNext(next);
  set_ = std::move(set);
  moment_ = std::move(next);
}

Task<> Authority::close() {
  for (const auto& following : following_) following->unfollow();
  return Task<>::ready();
}

const ZoneSet& Authority::zones() const {
  return moment_->zones();
}

Task<std::optional<Answer>> Authority::resolve(const Query& query) {
  return Task<std::optional<Answer>>::ready(answer(query));
}

void Authority::prefetch(std::span<const Query* const> queries) const {
  if (!zones().isLarge()) return;
  std::array<ZoneSet::LookAhead, 32> ahead;
  for (; !queries.empty(); queries = queries.subspan(std::min(queries.size(), ahead.size()))) {
    const std::size_t count = std::min(queries.size(), ahead.size());
    for (std::size_t i = 0; i < count; ++i) ahead[i] = {zones(), queries[i]->name(), queries[i]->nameHash()};
    for (std::size_t i = 0; i < count; ++i) ahead[i].prefetchZone();
    for (std::size_t i = 0; i < count; ++i) ahead[i].prefetchIndex();
    for (std::size_t i = 0; i < count; ++i) ahead[i].prefetchNode();
  }
}

ServedZone Authority::servedZone(NameView origin, Class rrClass) const {
  for (const ZoneSet* set = &zones(); set; set = set->outer())
    if (auto zone = set->getServed(origin, rrClass)) return {std::move(zone), set->viewName()};
  return {};
}

std::optional<Answer> Authority::answer(const Query& query) const {
  std::optional<Answer> answer(std::in_place);
  if (!Resolution<Begins::found>(zones(), query, *answer).run()) return std::nullopt;
  answer->pin(*moment_);
  return answer;
}

}  // namespace taut
