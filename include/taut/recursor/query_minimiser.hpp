// Which question a walk asks next, so that no server learns more of the name than it needs (RFC 9156). A server of a
// zone is first asked for the address of the name one label below the zone. A referral leads to the next zone; any
// other reply but an error tells that there is no cut there, and a label is added.
//
//  - The first four questions have one label more each; from then on the rest of the labels is shared out among the
//    questions that are left. The tenth has the whole name (section 2.3), so a name with very many labels costs no
//    more.
//  - Labels that begin with an underscore are not asked for alone: no cut is there, but many servers are wrong about
//  it.
//  - Relaxed: where a minimised question brings a name error or a failure, the whole name is asked for (section 3),
//  since
//    there are servers that deny names that have others below.
//  - An alias at a minimised name says that the name exists, and nothing of the names below it: what the walk is for is
//    not there. A DNAME does, but servers give it for the whole name only, which is asked for in the end.
//
// The type of minimised questions is A (section 2.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/type.hpp"

namespace taut {

class QueryMinimiser {
 public:
  static constexpr std::uint8_t maxQuestions = 10;  // the whole name's included
  static constexpr std::uint8_t oneByOne = 4;

  // A walk for the name and type that begins at the servers of the zone, which is at the name or above it. The name
  // outlives the minimiser.
  QueryMinimiser(NameView name, Type type, NameView zone);

  // The question for the servers of the present zone.
  QuestionView question() const { return {asked_, isMinimised() ? Type::A : type_}; }
  bool isMinimised() const { return asked_.size() < name_.size(); }

  // A referral led to the zone.
  void descend(NameView zone) { ask(zone.labelCount()); }
  // The name that was asked for is there, or there are names below it, and no cut.
  void addLabels() { ask(asked_.labelCount()); }
  // The whole name is asked for, from now on.
  void giveUp() {
    gaveUp_ = true;
    asked_ = name_;
  }

 private:
  void ask(std::size_t known);

  NameView name_;
  NameView asked_;
  Type type_;
  std::uint8_t questions_ = 0;
  bool gaveUp_ = false;
};

}  // namespace taut
