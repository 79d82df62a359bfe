#include "taut/dns/tsig.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "dns/rdata_support.hpp"
#include "dns/tsig_vectors.hpp"
#include "support/packet.hpp"
#include "taut/dns/query.hpp"

namespace taut::tsig_test {

namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint64_t time = 1767225600;
constexpr std::string_view secretText = "0123456789abcdef0123456789abcdef";

TsigKey makeKey(TsigAlgorithm algorithm = TsigAlgorithm::hmacSha256, std::string_view name = "Transfer.Key.example",
                std::string_view secret = secretText) {
  const ByteSpan octets = asBytes(secret);
  return {Name(name), algorithm, Octets(octets.begin(), octets.end())};
}

KeyRing ringOf(TsigKey key) {
  std::vector<TsigKey> keys;
  keys.push_back(std::move(key));
  return KeyRing(std::move(keys));
}

// The message as it was before it was signed.
Octets withoutTsig(const Octets& message) {
  const TsigSearch search = findTsig(message);
  REQUIRE(search.outcome == TsigSearch::Outcome::found);
  Octets octets(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(search.record.offset));
  storeU16(octets.data() + 10, static_cast<std::uint16_t>(loadU16(octets.data() + 10) - 1));
  return octets;
}

Octets signedBy(TsigSigner& signer, Octets message, std::uint64_t now = time) {
  const std::size_t size = message.size();
  message.resize(size + signer.room());
  REQUIRE(signer.sign(message, size, now) == message.size());
  return message;
}

Octets macOf(const Octets& message) {
  const TsigSearch search = findTsig(message);
  REQUIRE(search.outcome == TsigSearch::Outcome::found);
  return {search.record.mac.begin(), search.record.mac.end()};
}

// The signed message with its MAC cut to so many octets, or lengthened.
Octets withMacOf(const Octets& message, std::size_t size) {
  const TsigSearch search = findTsig(message);
  const std::size_t at = static_cast<std::size_t>(search.record.mac.data() - message.data());
  const std::size_t before = search.record.mac.size();
  Octets changed(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(at + std::min(size, before)));
  changed.resize(at + size);
  changed.insert(changed.end(), message.begin() + static_cast<std::ptrdiff_t>(at + before), message.end());
  storeU16(changed.data() + at - 2, static_cast<std::uint16_t>(size));
  const std::size_t rdlengthAt = search.record.offset + search.record.key.size() + 8;
  storeU16(changed.data() + rdlengthAt,
           static_cast<std::uint16_t>(loadU16(changed.data() + rdlengthAt) + size - before));
  return changed;
}

Octets plainMessage(std::uint16_t flags = flag::QR) {
  const Packet packet = Packet::header(flags, 1).question("example.com", Type::SOA);
  return {packet.span().begin(), packet.span().end()};
}

TsigFault faultOf(TsigVerifier& verifier, const Octets& message, std::uint64_t now = time) {
  const auto added = verifier.add(message, now);
  REQUIRE_FALSE(added.ok());
  CHECK_FALSE(verifier.complete());
  return added.error();
}

}  // namespace

TEST_CASE("Requests and replies are signed as dnspython signs them, with each algorithm") {
  for (std::size_t i = 0; i < tsigAlgorithmNames.size(); ++i) {
    CAPTURE(tsigAlgorithmNames[i]);
    const TsigKey key = makeKey(static_cast<TsigAlgorithm>(i));
    const Octets request = fromHex(tsig_vectors::exchanges[i].request);
    const Octets reply = fromHex(tsig_vectors::exchanges[i].reply);

    TsigSigner client(key);
    CHECK(signedBy(client, withoutTsig(request)) == request);
    const KeyRing keys = ringOf(key);
    const TsigRequest checked = checkTsig(request, keys, time);
    CHECK(checked.isGood());
    REQUIRE(checked.key != nullptr);
    CHECK(checked.key->algorithm == key.algorithm);
    TsigSigner server(checked);
    CHECK(signedBy(server, withoutTsig(reply)) == reply);

    TsigVerifier verifier(key, client.mac());
    CHECK(verifier.add(reply, time).ok());
    CHECK(verifier.complete());
  }
}

TEST_CASE("The messages of a transfer are signed as dnspython signs them, each with the MAC of the one before") {
  const KeyRing keys = ringOf(makeKey());
  const TsigRequest request = checkTsig(fromHex(tsig_vectors::transferRequest), keys, time);
  REQUIRE(request.isGood());
  TsigSigner signer(request);
  TsigVerifier verifier(keys.keys().front(), request.mac.span());
  for (std::size_t i = 0; i < tsig_vectors::transfer.size(); ++i) {
    const Octets message = fromHex(tsig_vectors::transfer[i]);
    CHECK(signedBy(signer, withoutTsig(message), time + i) == message);
    CHECK(verifier.add(message, time).ok());
    CHECK(verifier.complete());
  }
}

TEST_CASE("What is unsigned between two signed messages is in the MAC of the second one") {
  const TsigKey key = makeKey();
  const Octets mac = macOf(fromHex(tsig_vectors::transferRequest));
  const Octets first = fromHex(tsig_vectors::transfer[0]);
  const Octets last = fromHex(tsig_vectors::afterUnsigned);
  const Octets between = fromHex(tsig_vectors::unsignedMessage);
  {
    TsigVerifier verifier(key, mac);
    CHECK(verifier.add(first, time).ok());
    CHECK(verifier.add(between, time).ok());
    CHECK_FALSE(verifier.complete());
    CHECK(verifier.add(last, time).ok());
    CHECK(verifier.complete());
  }
  for (std::size_t bit = 0; bit < between.size() * 8; ++bit) {
    Octets changed = between;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    TsigVerifier verifier(key, mac);
    REQUIRE(verifier.add(first, time).ok());
    const bool refused = !verifier.add(changed, time).ok() || !verifier.add(last, time).ok();
    CHECK(refused);
  }
  TsigVerifier verifier(key, mac);
  REQUIRE(verifier.add(first, time).ok());
  CHECK(faultOf(verifier, last) == TsigFault::badSignature);
  CHECK(faultOf(verifier, fromHex(tsig_vectors::transfer[1])) == TsigFault::badSignature);  // once refused, for ever
}

TEST_CASE("The first answer has to be signed, and at least every hundredth") {
  const TsigKey key = makeKey();
  TsigSigner client(key);
  signedBy(client, plainMessage(0));
  {
    TsigVerifier verifier(key, client.mac());
    CHECK_FALSE(verifier.complete());
    CHECK(faultOf(verifier, plainMessage()) == TsigFault::isUnsigned);
  }
  const KeyRing keys = ringOf(key);
  const Octets request = [&] {
    TsigSigner signer(key);
    return signedBy(signer, plainMessage(0));
  }();
  TsigSigner server(checkTsig(request, keys, time));
  TsigVerifier verifier(key, macOf(request));
  CHECK(verifier.add(signedBy(server, plainMessage()), time).ok());
  for (std::size_t i = 0; i < TsigVerifier::maxUnsigned; ++i) CHECK(verifier.add(plainMessage(), time).ok());
  CHECK_FALSE(verifier.complete());
  CHECK(faultOf(verifier, plainMessage()) == TsigFault::isUnsigned);
}

TEST_CASE("No bit of a signed request can be changed unnoticed, but the case of names and the message's ID") {
  const KeyRing keys = ringOf(makeKey());
  const Octets request = fromHex(tsig_vectors::exchanges[2].request);
  const std::size_t tsigAt = findTsig(request).record.offset;
  for (std::size_t bit = 16; bit < request.size() * 8; ++bit) {
    Octets changed = request;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    const bool isCase = bit / 8 > tsigAt && bit % 8 == 5 && foldCase(changed[bit / 8]) == foldCase(request[bit / 8]);
    CAPTURE(bit);
    const bool isTtl = bit / 8 >= tsigAt + 26 && bit / 8 < tsigAt + 30;  // which a receiver takes for 0
    if (!isCase && !isTtl) CHECK_FALSE(checkTsig(changed, keys, time).isGood());
  }
}

TEST_CASE("The ID that a message was signed with is put back before it is checked") {
  const TsigKey key = makeKey();
  const KeyRing keys = ringOf(key);
  Octets request = fromHex(tsig_vectors::exchanges[2].request);
  storeU16(request.data(), 0x4321);
  CHECK(checkTsig(request, keys, time).isGood());
  Octets reply = fromHex(tsig_vectors::exchanges[2].reply);
  storeU16(reply.data(), 0x4321);
  TsigVerifier verifier(key, macOf(request));
  CHECK(verifier.add(reply, time).ok());
}

TEST_CASE("Names of keys and algorithms are the same in any case") {
  const Octets request = fromHex(tsig_vectors::exchanges[2].request);
  CHECK(checkTsig(request, ringOf(makeKey(TsigAlgorithm::hmacSha256, "TRANSFER.key.EXAMPLE")), time).isGood());
  CHECK(tsigAlgorithmOf(Name("HMAC-sha512")) == TsigAlgorithm::hmacSha512);
  CHECK_FALSE(tsigAlgorithmOf(Name("hmac-md5.sig-alg.reg.int")).has_value());
  CHECK_FALSE(tsigAlgorithmOf(Name("hmac-sha256.example")).has_value());
}

TEST_CASE("An unknown name, another algorithm and another secret are told apart") {
  const Octets request = fromHex(tsig_vectors::exchanges[2].request);
  CHECK(checkTsig(request, KeyRing(), time).error == TsigError::BADKEY);
  CHECK(checkTsig(request, ringOf(makeKey(TsigAlgorithm::hmacSha256, "other.example")), time).error ==
        TsigError::BADKEY);
  CHECK(checkTsig(request, ringOf(makeKey(TsigAlgorithm::hmacSha512)), time).error == TsigError::BADKEY);
  const KeyRing wrong = ringOf(makeKey(TsigAlgorithm::hmacSha256, "Transfer.Key.example", "another secret"));
  const TsigRequest refused = checkTsig(request, wrong, time);
  CHECK(refused.error == TsigError::BADSIG);
  CHECK_FALSE(refused.malformed);
}

TEST_CASE("A refusal of a key or a signature has no MAC, and the client learns the reason") {
  const TsigKey key = makeKey();
  const Octets request = fromHex(tsig_vectors::exchanges[2].request);
  const KeyRing wrong = ringOf(makeKey(TsigAlgorithm::hmacSha256, "Transfer.Key.example", "another secret"));
  for (const KeyRing& keys : {KeyRing(), wrong}) {
    const TsigRequest refused = checkTsig(request, keys, time);
    TsigSigner server(refused);
    const Octets reply = signedBy(server, plainMessage(), time + 7);
    const TsigSearch found = findTsig(reply);
    CHECK(found.record.mac.empty());
    CHECK(found.record.timeSigned == time);  // the client's
    CHECK(found.record.error == static_cast<std::uint16_t>(refused.error));
    TsigVerifier verifier(key, macOf(request));
    CHECK(faultOf(verifier, reply) == TsigFault::refusedByServer);
    CHECK(verifier.serverError() == refused.error);
  }
}

TEST_CASE("Clocks may differ by the fudge, and the refusal of more is signed and has the server's time") {
  const TsigKey key = makeKey();
  const KeyRing keys = ringOf(key);
  const Octets request = fromHex(tsig_vectors::transferRequest);
  CHECK(checkTsig(request, keys, time + 300).isGood());
  CHECK(checkTsig(request, keys, time - 300).isGood());
  CHECK(checkTsig(request, keys, time + 301).error == TsigError::BADTIME);
  CHECK(checkTsig(request, keys, time - 301).error == TsigError::BADTIME);

  const Octets reply = fromHex(tsig_vectors::badTimeReply);
  TsigSigner server(checkTsig(request, keys, time + 1000));
  CHECK(signedBy(server, withoutTsig(reply), time + 1000) == reply);
  TsigVerifier verifier(key, macOf(request));
  CHECK(faultOf(verifier, reply) == TsigFault::refusedByServer);
  CHECK(verifier.serverError() == TsigError::BADTIME);
  CHECK(verifier.serverTime() == time + 1000);

  Octets forged = reply;
  forged.back() ^= 1;
  TsigVerifier another(key, macOf(request));
  CHECK(faultOf(another, forged) == TsigFault::badSignature);
  CHECK_FALSE(another.serverTime().has_value());
}

TEST_CASE("A reply that was signed at another time is refused") {
  const TsigKey key = makeKey();
  TsigVerifier verifier(key, macOf(fromHex(tsig_vectors::exchanges[2].request)));
  CHECK(faultOf(verifier, fromHex(tsig_vectors::exchanges[2].reply), time + 301) == TsigFault::badTime);
}

TEST_CASE("A truncated MAC is accepted down to half of it and 10 octets, and a shorter or longer one is malformed") {
  for (std::size_t i = 0; i < tsigAlgorithmNames.size(); ++i) {
    const TsigKey key = makeKey(static_cast<TsigAlgorithm>(i));
    const KeyRing keys = ringOf(key);
    const Octets request = fromHex(tsig_vectors::exchanges[i].request);
    const Octets reply = fromHex(tsig_vectors::exchanges[i].reply);
    const std::size_t whole = macSizeOf(key.algorithm);
    for (std::size_t size = 0; size <= whole + 1; ++size) {
      CAPTURE(size);
      const bool allowed = size <= whole && size >= 10 && size >= whole / 2;
      const TsigRequest checked = checkTsig(withMacOf(request, size), keys, time);
      CHECK(checked.isGood() == allowed);
      CHECK(checked.malformed == !allowed);
      TsigVerifier verifier(key, macOf(request));
      const auto added = verifier.add(withMacOf(reply, size), time);
      CHECK(added.ok() == allowed);
      if (!allowed) CHECK(added.error() == TsigFault::malformed);
    }
  }
}

TEST_CASE("The reply to a request with a truncated MAC is signed with the MAC as it came") {
  const TsigKey key = makeKey();
  const KeyRing keys = ringOf(key);
  const Octets request = withMacOf(fromHex(tsig_vectors::exchanges[2].request), 16);
  TsigSigner server(checkTsig(request, keys, time));
  const Octets reply = signedBy(server, plainMessage());
  CHECK(macOf(reply).size() == 32);
  TsigVerifier verifier(key, macOf(request));
  CHECK(verifier.add(reply, time).ok());
}

TEST_CASE("A reply with another key, of another algorithm or to another request is refused") {
  const TsigKey key = makeKey();
  const Octets mac = macOf(fromHex(tsig_vectors::exchanges[2].request));
  const TsigKey stranger = makeKey(TsigAlgorithm::hmacSha256, "stranger.example");
  TsigVerifier ofStranger(stranger, mac);
  CHECK(faultOf(ofStranger, fromHex(tsig_vectors::exchanges[2].reply)) == TsigFault::otherKey);
  TsigVerifier verifier(key, mac);
  CHECK(faultOf(verifier, fromHex(tsig_vectors::exchanges[4].reply)) == TsigFault::otherKey);
  TsigVerifier another(key, macOf(fromHex(tsig_vectors::transferRequest)));
  CHECK(faultOf(another, fromHex(tsig_vectors::exchanges[2].reply)) == TsigFault::badSignature);
}

TEST_CASE("A TSIG that is not last, not of class ANY, twice there or cut is malformed") {
  const auto outcomeOf = [](ByteSpan message) { return findTsig(message).outcome; };
  const Octets rdata = fromHex("0b686d61632d7368613235360000006955b900012c0003010203123400000000");
  const auto any = static_cast<unsigned>(Class::ANY);
  const auto with = [&](Packet packet, unsigned rrClass) {
    return packet.question("x").name("k").recordBody(Type::TSIG, rdata, 0, rrClass);
  };
  const Packet good = with(Packet::header(0, 1, 0, 0, 1), any);
  CHECK(outcomeOf(good) == TsigSearch::Outcome::found);
  CHECK(outcomeOf(plainMessage()) == TsigSearch::Outcome::none);
  CHECK(outcomeOf(with(Packet::header(0, 1, 0, 0, 1), 1)) == TsigSearch::Outcome::malformed);
  CHECK(outcomeOf(with(Packet::header(0, 1, 1), any)) == TsigSearch::Outcome::malformed);
  CHECK(outcomeOf(with(Packet::header(0, 1, 0, 0, 2), any).opt(1232)) == TsigSearch::Outcome::malformed);
  CHECK(outcomeOf(with(Packet::header(0, 1, 0, 0, 2), any).name("k").recordBody(Type::TSIG, rdata, 0, any)) ==
        TsigSearch::Outcome::malformed);
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(outcomeOf(good.span().first(size)) == TsigSearch::Outcome::malformed);
}

TEST_CASE("A ring holds several names, and one name with several algorithms") {
  std::vector<TsigKey> keys;
  keys.push_back(makeKey(TsigAlgorithm::hmacSha512, "b.example"));
  keys.push_back(makeKey(TsigAlgorithm::hmacSha256, "b.example"));
  keys.push_back(makeKey(TsigAlgorithm::hmacSha256, "A.example"));
  const KeyRing ring(std::move(keys));
  REQUIRE(ring.find(Name("B.EXAMPLE"), TsigAlgorithm::hmacSha256) != nullptr);
  CHECK(ring.find(Name("b.example"), TsigAlgorithm::hmacSha512)->algorithm == TsigAlgorithm::hmacSha512);
  CHECK(ring.find(Name("a.example"), TsigAlgorithm::hmacSha256)->name == Name("a.example"));
  CHECK(ring.find(Name("a.example"), TsigAlgorithm::hmacSha512) == nullptr);
  CHECK(ring.find(Name("c.example"), TsigAlgorithm::hmacSha256) == nullptr);
}

TEST_CASE("A ring refuses a key without a secret and two that cannot be told apart") {
  CHECK_THROWS_AS(ringOf(makeKey(TsigAlgorithm::hmacSha256, "a", "")), std::invalid_argument);
  std::vector<TsigKey> keys;
  keys.push_back(makeKey(TsigAlgorithm::hmacSha256, "a.example"));
  keys.push_back(makeKey(TsigAlgorithm::hmacSha256, "A.example", "other"));
  CHECK_THROWS_AS(KeyRing(std::move(keys)), std::invalid_argument);
}

TEST_CASE("A message without room for its signature is left as it is") {
  const TsigKey key = makeKey();
  TsigSigner signer(key);
  Octets buffer = plainMessage();
  const std::size_t size = buffer.size();
  buffer.resize(size + signer.room() - 1);
  const Octets before = buffer;
  CHECK(signer.sign(buffer, size, time) == size);
  CHECK(buffer == before);
}

}  // namespace taut::tsig_test
