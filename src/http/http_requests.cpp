#include "taut/http/http_requests.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "message_fields.hpp"
#include "short_chunk.hpp"
#include "taut/base/text.hpp"

namespace taut {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using Parser = http::request_parser<http::string_body>;

unsigned statusFor(const beast::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  return error == http::error::body_limit ? 413 : 400;
}

HttpRequest requestOf(Parser& parser) {
  auto message = parser.release();
  HttpRequest request;
  request.method = textOf(message.method_string());
  request.target = textOf(message.target());
  request.fields = fieldsOf(message);
  request.body = std::move(message.body());
  return request;
}

}  // namespace

std::optional<std::string_view> HttpRequest::field(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [&](const auto& field) { return equalIgnoringCase(field.first, name); });
  if (found == fields.end()) return std::nullopt;
  return found->second;
}

// A head stays in the buffer until all of it is there, and what is put beside its last octets has to fit.
HttpRequests::HttpRequests(ByteStream& stream, std::size_t maxBody) : stream_(stream, 2 * maxHead), maxBody_(maxBody) {}

Task<std::optional<HttpRequest>> HttpRequests::next() {
  if (!keeps_) co_return std::nullopt;
  Parser parser;
  parser.header_limit(maxHead);
  parser.body_limit(maxBody_);
  parser.eager(true);
  for (bool waits = stream_.buffered().empty(); !parser.is_done(); waits = true) {
    if (waits) {
      const IoResult come = co_await stream_.fill();
      keeps_ = come.value() > 0;
      if (!keeps_) co_return std::nullopt;
    }
    const std::string_view octets = stream_.buffered();
    if (isShortChunk(parser, octets.size())) continue;
    beast::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(octets.data(), octets.size()), error);
    stream_.consume(used);
    if (error && error != http::error::need_more) {
      keeps_ = false;
      co_await answer(statusFor(error));
      co_return std::nullopt;
    }
  }
  keeps_ = parser.keep_alive();
  co_return requestOf(parser);
}

Task<IoResult> HttpRequests::answer(unsigned status, std::string_view contentType, std::string_view body) {
  std::string reply =
      fmt::format("HTTP/1.1 {} {}\r\n", status, textOf(http::obsolete_reason(http::int_to_status(status))));
  if (!contentType.empty()) reply += fmt::format("Content-Type: {}\r\n", contentType);
  if (!keeps_) reply += "Connection: close\r\n";
  reply += fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
  const IoResult written = co_await stream_.write(reply);
  if (!written) keeps_ = false;
  co_return written;
}

}  // namespace taut
