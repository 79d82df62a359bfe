#include "http_request.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

namespace taut {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::string_view endOfHead = "\r\n\r\n";
constexpr std::string_view endOfLine = "\r\n";

HttpHead refused(HttpStatus status) {
  HttpHead head;
  head.status = status;
  head.request.keepAlive = false;
  return head;
}

HttpStatus statusOf(const beast::error_code& error) {
  if (error == http::error::bad_version) return HttpStatus::versionNotSupported;
  if (error == http::error::header_limit) return HttpStatus::headTooLarge;
  return HttpStatus::badRequest;
}

// The path of a target in origin form, or in absolute form, which a server has to take too (RFC 9112 section 3.2).
std::string pathOf(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (target.starts_with(scheme)) {
    const std::size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  return std::string(target.substr(0, target.find('?')));
}

}  // namespace

HttpHead parseHttpHead(std::string_view head) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(HttpRequestReader::maxHead);
  beast::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error && !parser.is_header_done()) return refused(statusOf(error));
  const auto& message = parser.get();
  const bool isHead = message.method() == http::verb::head;
  if (!isHead && message.method() != http::verb::get) return refused(HttpStatus::methodNotAllowed);
  // A body would be taken for the next request.
  if (error || !parser.is_done() || used != head.size()) return refused(HttpStatus::badRequest);
  if (message.version() >= 11 && message.count(http::field::host) != 1) return refused(HttpStatus::badRequest);
  const auto target = message.target();
  HttpHead parsed;
  parsed.request.path = pathOf({target.data(), target.size()});
  parsed.request.head = isHead;
  parsed.request.keepAlive = message.keep_alive();
  return parsed;
}

void HttpRequestReader::put(ByteSpan octets) {
  const std::size_t from = buffer_.size();
  buffer_.append(reinterpret_cast<const char*>(octets.data()), octets.size());
  findEnd(from);
}

// Empty lines before a request are skipped (RFC 9112 section 2.2).
void HttpRequestReader::findEnd(std::size_t from) {
  std::size_t begin = 0;
  while (std::string_view(buffer_).substr(begin).starts_with(endOfLine)) begin += endOfLine.size();
  buffer_.erase(0, begin);
  const std::size_t overlap = endOfHead.size() - 1;
  const std::size_t end = buffer_.find(endOfHead, from - std::min(from, begin + overlap));
  end_ = end == std::string::npos ? end : end + endOfHead.size();
}

HttpHead HttpRequestReader::take() {
  if (end_ == std::string::npos || end_ > maxHead) return refused(HttpStatus::headTooLarge);
  HttpHead head = parseHttpHead(std::string_view(buffer_).substr(0, end_));
  buffer_.erase(0, end_);
  findEnd(0);
  return head;
}

}  // namespace taut
