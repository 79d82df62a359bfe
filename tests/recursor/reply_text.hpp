// ReplyText writes the reply of a server from lines of a master file, one record each: "www.example. 60 A 192.0.2.1".
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/packet.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/token.hpp"
#include "taut/dns/type.hpp"

namespace taut {

class ReplyText {
 public:
  ReplyText(const char* name, Type type, std::uint16_t flags = flag::QR | flag::AA, Rcode rcode = Rcode::NOERROR)
      : flags_(static_cast<std::uint16_t>(flags | static_cast<unsigned>(rcode))) {
    question_.question(name, type);
  }

  ReplyText& answer(std::string_view line) { return add(0, line); }
  ReplyText& authority(std::string_view line) { return add(1, line); }
  ReplyText& additional(std::string_view line) { return add(2, line); }
  // A signature over records of the type by the signer, which has the right form and nothing else.
  ReplyText& signedAnswer(std::string_view owner, Type covered, std::string_view signer) {
    return answer(rrsig(owner, covered, signer));
  }
  ReplyText& signedAuthority(std::string_view owner, Type covered, std::string_view signer) {
    return authority(rrsig(owner, covered, signer));
  }
  ReplyText& opt(std::uint32_t ttl) {
    sections_[2].opt(1232, ttl);
    ++counts_[2];
    return *this;
  }

  std::vector<std::uint8_t> octets() const {
    Packet packet = Packet::header(flags_, 1, counts_[0], counts_[1], counts_[2]);
    packet.bytes(question_.span());
    for (const Packet& section : sections_) packet.bytes(section.span());
    const ByteSpan octets = packet;
    return {octets.begin(), octets.end()};
  }

  static std::string rrsig(std::string_view owner, Type covered, std::string_view signer) {
    return std::string(owner) + " 60 RRSIG " + toString(covered) + " 13 2 60 20300101000000 20200101000000 1 " +
           std::string(signer) + " AAAA";
  }

 private:
  ReplyText& add(std::size_t section, std::string_view line) {
    std::vector<Token> tokens;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      tokens.push_back({line.substr(at, end - at)});
      at = end + 1;
    }
    const auto type = typeFromText(tokens.at(2).text);
    std::array<std::uint8_t, 4096> octets;
    ByteWriter rdata{MutableByteSpan(octets)};
    const std::span<const Token> rest = std::span(tokens).subspan(3);
    if (const auto error = parseRdata(type.value(), Class::IN, rest, {}, rdata))
      throw std::invalid_argument(std::string(line) + ": " + error->message);
    const auto ttl = static_cast<std::uint32_t>(std::stoul(std::string(tokens[1].text)));
    sections_[section].record(tokens[0].text, *type, rdata.written(), ttl);
    ++counts_[section];
    return *this;
  }

  std::uint16_t flags_;
  std::array<std::uint16_t, 3> counts_{};
  Packet question_;
  std::array<Packet, 3> sections_;
};

}  // namespace taut
