#include "http_response_reader.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "message_fields.hpp"
#include "short_chunk.hpp"
#include "taut/http/http_client.hpp"

namespace taut {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// A server may say that it goes on before it replies (status 1xx). So many times are enough.
constexpr std::size_t maxInterim = 8;

IoResult failureOf(const beast::error_code& error) {
  const bool tooLarge =
      error == http::error::header_limit || error == http::error::body_limit || error == http::error::buffer_overflow;
  return IoResult::failure(tooLarge ? EMSGSIZE : EPROTO);
}

}  // namespace

struct HttpResponseReader::Parser : http::response_parser<http::string_body> {};

HttpResponseReader::HttpResponseReader(std::size_t maxBody) : maxBody_(maxBody) {
  begin();
}

HttpResponseReader::~HttpResponseReader() = default;

void HttpResponseReader::begin() {
  parser_ = std::make_unique<Parser>();
  parser_->header_limit(HttpClient::maxHead);
  parser_->body_limit(maxBody_);
  parser_->eager(true);
}

IoResult HttpResponseReader::put(std::string_view octets) {
  std::size_t used = 0;
  while (used < octets.size() && !isDone() && !isShortChunk(*parser_, octets.size() - used)) {
    beast::error_code error;
    const std::size_t taken = parser_->put(boost::asio::buffer(octets.data() + used, octets.size() - used), error);
    used += taken;
    if (error == http::error::need_more) break;
    if (error) return failureOf(error);
    if (parser_->is_done() && parser_->get().result_int() / 100 == 1) {
      if (++interim_ > maxInterim) return IoResult::failure(EPROTO);
      begin();
    } else if (taken == 0) {
      break;
    }
  }
  return IoResult(static_cast<int>(used));
}

IoResult HttpResponseReader::putEnd() {
  // The parser takes the end of nothing for a fault of its caller.
  if (!parser_->got_some()) return IoResult::failure(EPROTO);
  beast::error_code error;
  parser_->put_eof(error);
  return error || !parser_->is_done() ? IoResult::failure(EPROTO) : IoResult();
}

bool HttpResponseReader::isDone() const {
  return parser_->is_done();
}

bool HttpResponseReader::keepsConnection() const {
  return parser_->keep_alive();
}

HttpResponse HttpResponseReader::take() {
  auto message = parser_->release();
  HttpResponse response;
  response.status = message.result_int();
  response.fields = fieldsOf(message);
  response.body = std::move(message.body());
  return response;
}

}  // namespace taut
