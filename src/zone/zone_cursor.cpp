#include "taut/zone/zone_cursor.hpp"

namespace taut::detail {

ZoneCursor::ZoneCursor(const Zone& zone)
    : soa_(zone.soa().data),
      nodes_(zone.nodes()),
      chain_(zone.nsec3Nodes()),
      node_(nodes_.begin()),
      link_(chain_.begin()) {
  take(soa_);
}

void ZoneCursor::take(const RRset& set) {
  set_ = set;
  record_ = set.begin();
  left_ = set.count;
}

// The apex has the SOA among its RRsets, which is there already.
void ZoneCursor::nextRRset() {
  if (ends_) return;
  do {
    while (nextSet_ != setsEnd_) {
      const RRset set = *nextSet_++;
      if (set.rdata != soa_.rdata) return take(set);
    }
  } while (enterNextNode());
  ends_ = true;
  take(soa_);
}

// Empty non-terminals have no RRset.
bool ZoneCursor::enterNextNode() {
  const bool isOfChain = node_ == nodes_.end();
  if (isOfChain && link_ == chain_.end()) return false;
  const ZoneNode node = isOfChain ? *link_++ : *node_++;
  nextSet_ = node.begin();
  setsEnd_ = node.end();
  return true;
}

DifferenceCursor::DifferenceCursor(const RRset& soa, Differences differences)
    : soa_{soa.owner, soa.type, soa.ttl, soa.front()}, differences_(differences) {}

void DifferenceCursor::enter(Stage stage) {
  stage_ = stage;
  const RecordList& list = stage == Stage::removed ? differences_.front()->removed() : differences_.front()->added();
  at_ = list.begin();
  end_ = list.end();
}

// A list of a difference is never empty.
void DifferenceCursor::next() {
  switch (stage_) {
    case Stage::first:
      return enter(Stage::removed);
    case Stage::removed:
      if (++at_ == end_) enter(Stage::added);
      return;
    case Stage::added:
      if (++at_ != end_) return;
      differences_ = differences_.subspan(1);
      if (!differences_.empty()) return enter(Stage::removed);
      stage_ = Stage::last;
      return;
    case Stage::last:
    case Stage::end:
      stage_ = Stage::end;
      return;
  }
}

}  // namespace taut::detail
