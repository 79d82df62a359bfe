// DNS over TLS (RFC 7858) by OpenSSL: a ByteStream over the connection, which has the messages. Also DNS as it is.
// Every name has the text "hello".
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fmt/format.h>

#include "taut/net/byte_stream.hpp"
#include "taut/taut.hpp"

using namespace taut;

// Plain to the one who reads and writes it. OpenSSL works in memory, and this carries its records.
class TlsStream final : public ByteStream {
 public:
  TlsStream(ByteStream& records, SSL_CTX* context) : records_(records), ssl_(SSL_new(context), &SSL_free) {
    if (!ssl_) throw std::bad_alloc();
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }

  // The first one makes the handshake.
  Task<IoResult> readSome(MutableByteSpan buffer, StopToken stop) override {
    for (;;) {
      ERR_clear_error();
      const int read = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      const int error = SSL_get_error(ssl_.get(), read);
      const IoResult sent = co_await send(stop);
      if (read > 0) co_return IoResult(read);
      if (!sent || error == SSL_ERROR_ZERO_RETURN) co_return sent;
      if (error != SSL_ERROR_WANT_READ) co_return IoResult::failure(EPROTO);
      const IoResult come = co_await records_.readSome(received_, stop);
      if (come.value() == 0) co_return come;
      BIO_write(SSL_get_rbio(ssl_.get()), received_.data(), static_cast<int>(come.value()));
    }
  }

  Task<IoResult> writeAll(ByteSpan octets, StopToken stop) override {
    ERR_clear_error();
    const int written = SSL_write(ssl_.get(), octets.data(), static_cast<int>(octets.size()));
    if (written <= 0) co_return IoResult::failure(EPROTO);
    const IoResult sent = co_await send(stop);
    co_return sent ? IoResult(written) : sent;
  }

  // Tells the client that nothing follows.
  Task<IoResult> close() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    return send({});
  }

 private:
  // What OpenSSL has made of records. A read may have made some while others are being written.
  Task<IoResult> send(StopToken stop) {
    if (BIO_ctrl_pending(SSL_get_wbio(ssl_.get())) == 0) co_return IoResult();
    const auto turn = co_await writer_.acquire(stop);
    if (!turn) co_return IoResult::failure(ECANCELED);
    char* made = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &made);
    const std::string octets(made, static_cast<std::size_t>(size));
    (void)BIO_reset(SSL_get_wbio(ssl_.get()));
    const IoResult written = co_await records_.writeAll(asBytes(octets), stop);
    co_return written ? IoResult() : written;
  }

  ByteStream& records_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  std::array<std::uint8_t, 4096> received_;
  Semaphore writer_{1};
};

Task<> serveTls(StreamSession& session, SSL_CTX* context) {
  TlsStream tls(session.stream(), context);
  co_await session.serveMessages(tls);
  co_await tls.close();
}

// Of all connections. Null where the files cannot be used.
std::shared_ptr<SSL_CTX> makeContext(const char* certificates, const char* key) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  const bool usable = context && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
                      SSL_CTX_use_certificate_chain_file(context.get(), certificates) == 1 &&
                      SSL_CTX_use_PrivateKey_file(context.get(), key, SSL_FILETYPE_PEM) == 1;
  return usable ? context : nullptr;
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
  const auto address = argc == 5 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto secured = argc == 5 ? Address::parse(argv[2], 853) : std::nullopt;
  if (!address || !secured) {
    fmt::print(stderr, "usage: dns_over_tls ADDRESS[:PORT] TLS-ADDRESS[:PORT] CERTIFICATES KEY\n");
    return 2;
  }
  const auto context = makeContext(argv[3], argv[4]);
  if (!context) {
    fmt::print(stderr, "dns_over_tls: the certificates or their key cannot be used\n");
    ERR_print_errors_fp(stderr);
    return 1;
  }
  auto serve = [context](StreamSession& session) { return serveTls(session, context.get()); };
  const ServerOptions options{.listen = {*address}, .services = {{.listen = *secured, .serve = serve}}};
  Server server(options, [](Shard&) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Hello>()});
  });
  return server.run();
}
