// Packet puts a message together octet by octet, right or wrong, for tests of what reads messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut {

class Packet {
 public:
  Packet() = default;

  // A header: ID 0x1234, `flags`, and the counts as given, whatever follows.
  static Packet header(std::uint16_t flags, std::uint16_t questions, std::uint16_t answers = 0,
                       std::uint16_t authorities = 0, std::uint16_t additionals = 0) {
    Packet packet;
    packet.u16(0x1234).u16(flags).u16(questions).u16(answers).u16(authorities).u16(additionals);
    return packet;
  }

  Packet& u8(unsigned value) {
    octets_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  Packet& u16(unsigned value) { return u8(value >> 8).u8(value & 0xff); }
  Packet& u32(std::uint32_t value) { return u16(value >> 16).u16(value & 0xffff); }

  Packet& bytes(ByteSpan data) {
    octets_.insert(octets_.end(), data.begin(), data.end());
    return *this;
  }
  Packet& label(std::string_view text) { return u8(static_cast<unsigned>(text.size())).bytes(asBytes(text)); }
  Packet& name(std::string_view text) { return bytes(Name(text).wire()); }
  Packet& pointer(std::size_t target) { return u16(static_cast<unsigned>(0xc000 | target)); }

  Packet& question(std::string_view owner, Type type = Type::A, Class rrClass = Class::IN) {
    return name(owner).u16(static_cast<unsigned>(type)).u16(static_cast<unsigned>(rrClass));
  }
  // TYPE, CLASS, TTL, RDLENGTH and RDATA; the owner was written before.
  Packet& recordBody(Type type, ByteSpan rdata, std::uint32_t ttl = 300, unsigned rrClass = 1) {
    u16(static_cast<unsigned>(type)).u16(rrClass).u32(ttl).u16(static_cast<unsigned>(rdata.size()));
    return bytes(rdata);
  }
  Packet& record(std::string_view owner, Type type, ByteSpan rdata, std::uint32_t ttl = 300) {
    return name(owner).recordBody(type, rdata, ttl);
  }
  // OPT; `ttl` holds the upper RCODE bits, the version and the DO bit.
  Packet& opt(unsigned payloadSize, std::uint32_t ttl = 0, ByteSpan options = {}) {
    return u8(0).recordBody(Type::OPT, options, ttl, payloadSize);
  }
  Packet& option(unsigned code, ByteSpan data) { return u16(code).u16(static_cast<unsigned>(data.size())).bytes(data); }

  std::size_t size() const { return octets_.size(); }
  std::uint8_t* data() { return octets_.data(); }
  void resize(std::size_t size) { octets_.resize(size); }
  ByteSpan span() const { return octets_; }
  operator ByteSpan() const { return octets_; }

 private:
  std::vector<std::uint8_t> octets_;
};

}  // namespace taut
