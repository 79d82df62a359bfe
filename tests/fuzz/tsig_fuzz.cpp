// Any octets as a request with a TSIG, and as messages that answer one: nothing is accepted that the key has not
// signed, and what is made of a request's TSIG for the reply can be read again.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/tsig.hpp"

namespace tsig_fuzz {

namespace {

using namespace taut;
using fuzz::require;

constexpr std::uint64_t now = 1767225600;

// The key that signs the corpus.
const KeyRing& keys() {
  static const KeyRing ring = [] {
    const ByteSpan secret = asBytes("0123456789abcdef0123456789abcdef");
    std::vector<TsigKey> made;
    for (std::size_t i = 0; i < tsigAlgorithmNames.size(); ++i)
      made.push_back({Name("transfer.key.example"), static_cast<TsigAlgorithm>(i), {secret.begin(), secret.end()}});
    return KeyRing(std::move(made));
  }();
  return ring;
}

void checkReply(const TsigRequest& request, ByteSpan message) {
  TsigSigner signer(request);
  std::vector<std::uint8_t> reply(message.begin(), message.begin() + messageHeaderSize);
  std::fill(reply.begin() + 4, reply.end(), std::uint8_t{0});
  reply.resize(messageHeaderSize + signer.room());
  require(signer.sign(reply, messageHeaderSize, now) == reply.size(),
          "the TSIG of a reply takes the room that it asks");
  const TsigSearch found = findTsig(reply);
  require(found.outcome == TsigSearch::Outcome::found, "the TSIG of a reply parses");
  require(found.record.error == static_cast<std::uint16_t>(request.error), "the reply has the error of the request");
  if (!request.isGood()) return;
  TsigVerifier verifier(*request.key, request.mac.span());
  require(verifier.add(reply, now).ok() && verifier.complete(), "the client accepts the reply");
}

void checkRequest(ByteSpan message) {
  const TsigRequest request = checkTsig(message, keys(), now);
  require(request.isGood() <= (request.key != nullptr), "a good request has a key");
  const auto query = Query::parse(message, {});
  if (query && !query->formatError())
    require(request.malformed || findTsig(message).outcome == TsigSearch::Outcome::found, "a TSIG is found twice");
  if (!request.malformed) checkReply(request, message);
}

// Messages of any size one after another, each with its size before it: a request, and those that answer it.
void checkStream(fuzz::Input& input) {
  const TsigKey* const key = keys().find(Name("transfer.key.example"), TsigAlgorithm::hmacSha256);
  const TsigSearch request = findTsig(input.take(input.u16()));
  TsigVerifier verifier(*key, TsigMacOctets(request.record.mac).span());
  bool failed = false;
  for (ByteSpan size = input.take(2); size.size() == 2; size = input.take(2)) {
    const ByteSpan message = input.take(loadU16(size.data()));
    const auto added = verifier.add(message, now);
    require(!failed || !added.ok(), "after a fault nothing is accepted");
    failed = !added.ok();
    require(!failed || !verifier.complete(), "what has a fault is not complete");
  }
}

}  // namespace

TAUT_FUZZ_TARGET(tsig) {
  const ByteSpan octets(data, std::min(size, maxMessageSize));
  checkRequest(octets);
  fuzz::Input input(data, size);
  checkStream(input);
  return 0;
}

}  // namespace tsig_fuzz
