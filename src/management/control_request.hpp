// What the control tool asks for: one line of JSON, such as
//
//   {"command":["cache","flush","example.com"],"tree":true,"json":true}
//
// The reply is a row of lines of JSON. `{"octets":N}` announces a piece of N octets that follows it, of JSON or text as
// asked for; `{"status":0}` ends the reply, its number being the exit status of the tool, and has an "error" where it
// is not 0. Another request may follow.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taut {

// Exit statuses of the tool.
enum class ControlStatus : int { ok = 0, failed = 1, usage = 2 };

struct ControlRequest {
  static constexpr std::size_t maxSize = 4096;  // octets of the line

  std::vector<std::string> command;  // the words of the verb, and then its arguments
  bool json = false;                 // whether JSON is wanted, or text for people
  bool tree = false;
  bool off = false;
  bool force = false;
  bool once = false;  // what comes each second is wanted a single time
  std::string view;   // of the zone that is meant; empty: none
  // Of a zone that is added; empty: none.
  std::string settings;  // the name of the template
  std::string catalog;
  std::optional<std::chrono::seconds> duration;
  // Of the queries that are wanted, in words; empty: any.
  std::string type;
  std::string client;  // a network or an address
  std::string rcode;

  // Nothing where the line is no such request.
  static std::optional<ControlRequest> parse(std::string_view line);
  // The line, with its end.
  std::string toLine() const;
};

std::string pieceLine(std::size_t octets);
std::string endLine(ControlStatus status, std::string_view error);

// What a line of a reply says.
struct ControlLine {
  std::optional<std::size_t> octets;  // of the piece that follows; nothing: the reply ends here
  int status = 0;
  std::string error;

  static std::optional<ControlLine> parse(std::string_view line);
};

}  // namespace taut
