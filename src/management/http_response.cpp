#include "http_response.hpp"

#include <utility>

#include <fmt/format.h>

#include "page_html.hpp"

namespace taut {

namespace {

std::string_view reasonPhrase(HttpStatus status) {
  switch (status) {
    case HttpStatus::ok:
      return "OK";
    case HttpStatus::badRequest:
      return "Bad Request";
    case HttpStatus::forbidden:
      return "Forbidden";
    case HttpStatus::notFound:
      return "Not Found";
    case HttpStatus::methodNotAllowed:
      return "Method Not Allowed";
    case HttpStatus::headTooLarge:
      return "Request Header Fields Too Large";
    case HttpStatus::unavailable:
      return "Service Unavailable";
    case HttpStatus::versionNotSupported:
      return "HTTP Version Not Supported";
  }
  return "";
}

std::string_view explanation(HttpStatus status) {
  switch (status) {
    case HttpStatus::forbidden:
      return "This address may not read here: the list of networks that may does not hold it.\n";
    case HttpStatus::notFound:
      return "There is: / /metrics /health/live /health/ready /status.json /events\n";
    case HttpStatus::methodNotAllowed:
      return "Expected GET or HEAD.\n";
    case HttpStatus::headTooLarge:
      return "Expected a head of at most 4096 octets.\n";
    case HttpStatus::unavailable:
      return "There are too many connections.\n";
    case HttpStatus::versionNotSupported:
      return "Expected HTTP/1.1 or HTTP/1.0.\n";
    default:
      return "Expected a request of HTTP/1.1 without a body.\n";
  }
}

// What the page holds in itself may run and be shown, and it may read from its own server; nothing else. A script that
// someone brings into it would not be one of those that the policy names.
const std::string& safety() {
  static const std::string text = fmt::format(
      "Cache-Control: no-store\r\n"
      "Content-Security-Policy: default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "X-Content-Type-Options: nosniff\r\n",
      pageScripts, pageStyles);
  return text;
}

}  // namespace

PageResponse PageResponse::text(HttpStatus status, std::string body) {
  PageResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

PageResponse refusal(HttpStatus status) {
  return PageResponse::text(status, std::string(explanation(status)));
}

std::string headOf(const PageResponse& response, bool keepAlive) {
  return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Connection: {}\r\n{}\r\n",
                     static_cast<int>(response.status), reasonPhrase(response.status), response.type,
                     response.content().size(),
                     response.status == HttpStatus::methodNotAllowed ? "Allow: GET, HEAD\r\n" : "",
                     keepAlive ? "keep-alive" : "close", safety());
}

std::string headOfEvents() {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n{}\r\n", safety());
}

}  // namespace taut
