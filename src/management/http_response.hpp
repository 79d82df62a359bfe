// Responses of HTTP/1.1: the octets of one, head and body.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http_request.hpp"

namespace taut {

struct PageResponse {
  HttpStatus status = HttpStatus::ok;
  std::string_view type = "text/plain; charset=utf-8";  // of the body; lives for ever
  std::string body;
  std::shared_ptr<const std::string> sharedBody;  // in place of the body: one that other responses have too

  std::string_view content() const { return sharedBody ? std::string_view(*sharedBody) : std::string_view(body); }

  static PageResponse text(HttpStatus status, std::string body);
};

// A refusal of `status`, in words.
PageResponse refusal(HttpStatus status);

// The head of the response, with the empty line that ends it. It forbids a browser to load, frame or guess anything
// that the page does not have in itself.
std::string headOf(const PageResponse& response, bool keepAlive);

// The head of a stream of events, which has no length and ends with the connection.
std::string headOfEvents();

}  // namespace taut
