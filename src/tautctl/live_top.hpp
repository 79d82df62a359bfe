// Shows the live view on the standard output: on a terminal until it is ended, with keys, and otherwise once.
#pragma once

#include <string>
#include <string_view>

#include "terminal.hpp"
#include "top.hpp"

namespace taut::ctl {

class LiveTop {
 public:
  // Takes a part of what the server writes, which is a line of JSON each second. The first one may come before the
  // server has anything to say. False where no more is wanted.
  bool take(std::string_view part);

  // Waits until there is something to read, and does meanwhile what keys say. False where no more is wanted.
  bool waitFor(int fd);

 private:
  bool press(char key);
  void show() const;

  Terminal terminal_;
  TopList list_ = TopList::zones;
  std::string incoming_;
  std::string last_;  // the last line that was whole
};

}  // namespace taut::ctl
