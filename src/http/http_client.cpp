#include "taut/http/http_client.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "http_response_reader.hpp"

namespace taut {

namespace {

constexpr unsigned char del = 0x7f;

// What would end a line of the head, or a word of the first one, is no part of it.
bool isOneWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char octet) { return octet > ' ' && octet < del; });
}
bool isOneLine(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char octet) { return octet >= ' ' && octet != del; });
}

ConnectionPoolOptions poolOptions(const HttpClientOptions& options) {
  ConnectionPoolOptions pool;
  pool.maxConnections = options.maxConnections;
  pool.idleTime = options.idleTime;
  pool.deadline = options.deadline;
  // A head stays in the buffer until all of it is there, and what is put beside its last octets has to fit.
  pool.readLimit = 2 * HttpClient::maxHead;
  return pool;
}

}  // namespace

HttpClient::HttpClient(Shard& shard, const Address& server, std::string host, const HttpClientOptions& options)
    : host_(std::move(host)), maxBody_(options.maxBody), pool_(shard, server, poolOptions(options)) {
  if (!isOneWord(host_)) throw std::invalid_argument("HTTP: \"" + host_ + "\" is not the name of a host");
}

Task<HttpClient::Outcome> HttpClient::get(std::string target) {
  if (!target.starts_with('/') || !isOneWord(target)) return Task<Outcome>::ready(Failure(IoResult::failure(EINVAL)));
  return ask(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: taut\r\n\r\n", target, host_),
             ConnectionPool::Repeat::once);
}

Task<HttpClient::Outcome> HttpClient::post(std::string target, std::string contentType, std::string body) {
  if (!target.starts_with('/') || !isOneWord(target) || !isOneLine(contentType))
    return Task<Outcome>::ready(Failure(IoResult::failure(EINVAL)));
  return ask(
      fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: taut\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                  "\r\n{}",
                  target, host_, contentType, body.size(), body),
      ConnectionPool::Repeat::never);
}

Task<HttpClient::Outcome> HttpClient::ask(std::string request, ConnectionPool::Repeat repeat) {
  auto exchangeOnce = [this, &request](BufferedStream& server) { return exchange(server, request); };
  auto response = co_await pool_.exchange(exchangeOnce, repeat);
  co_return response;
}

Task<HttpClient::Outcome> HttpClient::exchange(BufferedStream& server, const std::string& request) {
  const IoResult written = co_await server.write(request);
  if (!written) co_return Failure(written);
  HttpResponseReader reader(maxBody_);
  while (!reader.isDone()) {
    const IoResult come = co_await server.fill();
    if (!come) co_return Failure(come);
    const IoResult used = come.value() > 0 ? reader.put(server.buffered()) : reader.putEnd();
    if (!used) co_return Failure(used);
    server.consume(used.value());
  }
  if (!reader.keepsConnection()) server.close();
  co_return reader.take();
}

}  // namespace taut
