// DNS over HTTP (RFC 8484), by POST to /dns-query, without TLS: for behind a proxy that has it. Also DNS as it is.
// Every name has the text "hello".
#include <fmt/format.h>

#include "taut/http/http_requests.hpp"
#include "taut/taut.hpp"

using namespace taut;

Task<> serveHttp(StreamSession& session) {
  constexpr std::string_view type = "application/dns-message";
  HttpRequests requests(session.stream(), maxMessageSize);
  while (const auto request = co_await requests.next()) {
    std::string reply;
    unsigned status = request->method == "POST" && request->target == "/dns-query" ? 200 : 404;
    if (status == 200 && request->field("Content-Type") != type) status = 415;
    if (status == 200) reply = co_await session.answer(asBytes(request->body));
    if (status == 200 && reply.empty()) status = 400;
    co_await requests.answer(status, reply.empty() ? "" : type, reply);
  }
}

class Hello final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    Answer answer;
    answer.add(query.name(), std::chrono::minutes(1), rdata::TXT("hello"));
    return answer;
  }
};

int main(int argc, char** argv) {
  const auto address = argc == 3 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto http = argc == 3 ? Address::parse(argv[2], 80) : std::nullopt;
  if (!address || !http) {
    fmt::print(stderr, "usage: dns_over_http ADDRESS[:PORT] HTTP-ADDRESS[:PORT]\n");
    return 2;
  }
  const ServerOptions options{.listen = {*address}, .services = {{.listen = *http, .serve = serveHttp}}};
  Server server(options, [](Shard&) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Hello>()});
  });
  return server.run();
}
