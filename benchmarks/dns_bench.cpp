// What the wire format costs for each query: parsing, answering from borrowed RRsets, writing the reply.
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/reply.hpp"
#include "taut/dns/reply_builder.hpp"
#include "taut/dns/rrset.hpp"

namespace {

using namespace taut;

constexpr std::size_t bufferSize = 4096;

// A query for www.example.com A, as dig sends it: RD, AD, OPT with a client cookie.
std::vector<std::uint8_t> typicalQuery() {
  std::vector<std::uint8_t> message(bufferSize);
  ReplyBuilder builder(message, bufferSize);
  builder.begin(0x1234, flag::RD | flag::AD);
  const Name asked("www.example.com");
  builder.putQuestion({asked, Type::A, Class::IN});
  constexpr std::array<std::uint8_t, 12> cookie = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
  builder.putOpt(1232, Rcode::NOERROR, false, cookie);
  message.resize(builder.finish());
  return message;
}

// RRsets as a zone stores them: names and RDATA stay where they are.
class Storage {
 public:
  RRset rrset(const char* owner, Type type, const std::vector<std::vector<std::uint8_t>>& records) {
    RRset rrset;
    names_.push_back(std::make_unique<Name>(owner));
    auto data = std::make_unique<std::vector<std::uint8_t>>();
    for (const auto& rdata : records) {
      data->push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
      data->push_back(static_cast<std::uint8_t>(rdata.size()));
      data->insert(data->end(), rdata.begin(), rdata.end());
    }
    rrset.owner = *names_.back();
    rrset.rdata = data->data();
    rrset.ttl = 3600;
    rrset.type = type;
    rrset.count = static_cast<std::uint16_t>(records.size());
    data_.push_back(std::move(data));
    return rrset;
  }

 private:
  std::vector<std::unique_ptr<Name>> names_;
  std::vector<std::unique_ptr<std::vector<std::uint8_t>>> data_;
};

std::vector<std::uint8_t> wireOf(const char* name) {
  const Name made(name);
  return {made.wire().begin(), made.wire().end()};
}

// A delegation with thirteen name servers and two addresses for each, as a top-level domain's has.
class Referral {
 public:
  Referral() {
    std::vector<std::vector<std::uint8_t>> servers;
    for (char letter = 'a'; letter <= 'm'; ++letter) {
      const std::string host = std::string(1, letter) + ".gtld-servers.net";
      servers.push_back(wireOf(host.c_str()));
      glue_.push_back(storage_.rrset(host.c_str(), Type::A, {{192, 0, 2, 1}}));
      glue_.push_back(storage_.rrset(host.c_str(), Type::AAAA, {std::vector<std::uint8_t>(16, 1)}));
    }
    servers_ = storage_.rrset("com", Type::NS, servers);
  }

  Answer answer() const {
    Answer answer;
    answer.borrowRRset(Section::authority, servers_);
    for (const RRset& rrset : glue_) answer.borrowGlue(rrset);
    return answer;
  }

 private:
  Storage storage_;
  RRset servers_;
  std::vector<RRset> glue_;
};

void parseQuery(benchmark::State& state) {
  const auto message = typicalQuery();
  const Address peer = Address::loopbackV4(5353);
  for (auto _ : state) {
    const auto query = Query::parse(message, {peer, Transport::udp});
    benchmark::DoNotOptimize(query->type());
  }
}
BENCHMARK(parseQuery);

void answerAndReply(benchmark::State& state) {
  const auto message = typicalQuery();
  std::vector<std::uint8_t> buffer(bufferSize);
  Storage storage;
  const RRset address = storage.rrset("www.example.com", Type::A, {{192, 0, 2, 1}});
  const auto query = Query::parse(message, {Address::loopbackV4(5353), Transport::udp});
  const ReplyOptions options;
  for (auto _ : state) {
    Answer answer;
    answer.borrowRRset(Section::answer, address);
    answer.setAuthoritative(true);
    benchmark::DoNotOptimize(writeReply(*query, answer, options, buffer));
  }
}
BENCHMARK(answerAndReply);

// All that this layer does for a hit over UDP: the reply is written over the query.
void wholeHit(benchmark::State& state) {
  const auto message = typicalQuery();
  std::vector<std::uint8_t> buffer(bufferSize);
  Storage storage;
  const RRset address = storage.rrset("www.example.com", Type::A, {{192, 0, 2, 1}});
  const Address peer = Address::loopbackV4(5353);
  const ReplyOptions options;
  for (auto _ : state) {
    std::memcpy(buffer.data(), message.data(), message.size());
    const auto query = Query::parse(ByteSpan(buffer).first(message.size()), {peer, Transport::udp});
    Answer answer;
    answer.borrowRRset(Section::answer, address);
    answer.setAuthoritative(true);
    benchmark::DoNotOptimize(writeReply(*query, answer, options, buffer));
  }
}
BENCHMARK(wholeHit);

void handlerRecord(benchmark::State& state) {
  const auto message = typicalQuery();
  std::vector<std::uint8_t> buffer(bufferSize);
  const auto query = Query::parse(message, {Address::loopbackV4(5353), Transport::udp});
  const ReplyOptions options;
  constexpr std::array<std::uint8_t, 4> address = {192, 0, 2, 1};
  for (auto _ : state) {
    Answer answer;
    answer.addRecord(Section::answer, query->name(), Type::A, Class::IN, 300, address);
    benchmark::DoNotOptimize(writeReply(*query, answer, options, buffer));
  }
}
BENCHMARK(handlerRecord);

void writeReferral(benchmark::State& state) {
  const auto message = typicalQuery();
  std::vector<std::uint8_t> buffer(bufferSize);
  const Referral referral;
  const auto query = Query::parse(message, {Address::loopbackV4(5353), Transport::udp});
  const ReplyOptions options;
  for (auto _ : state) {
    const Answer answer = referral.answer();
    benchmark::DoNotOptimize(writeReply(*query, answer, options, buffer));
  }
}
BENCHMARK(writeReferral);

void readReferral(benchmark::State& state) {
  const auto message = typicalQuery();
  std::vector<std::uint8_t> buffer(bufferSize);
  const Referral referral;
  const auto query = Query::parse(message, {Address::loopbackV4(5353), Transport::tcp});
  buffer.resize(writeReply(*query, referral.answer(), ReplyOptions(), buffer));
  for (auto _ : state) {
    auto view = MessageView::parse(buffer);
    while (const auto record = view->nextRecord()) benchmark::DoNotOptimize(record->ttl);
  }
}
BENCHMARK(readReferral);

void readName(benchmark::State& state) {
  const auto message = typicalQuery();
  for (auto _ : state) {
    ByteReader reader(message, messageHeaderSize);
    const auto name = Name::read(message, reader);
    benchmark::DoNotOptimize(name->data());
  }
}
BENCHMARK(readName);

void copyName(benchmark::State& state) {
  const Name name("www.example.com");
  for (auto _ : state) {
    Name copy = name;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(copyName);

void hashName(benchmark::State& state) {
  const Name name("www.example.com");
  for (auto _ : state) {
    std::uint64_t hash = name.hash();
    benchmark::DoNotOptimize(hash);
  }
}
BENCHMARK(hashName);

void compareNames(benchmark::State& state) {
  const Name left("www.example.com");
  const Name right("WWW.EXAMPLE.COM");
  for (auto _ : state) {
    bool equal = left == right;
    benchmark::DoNotOptimize(equal);
  }
}
BENCHMARK(compareNames);

void orderNames(benchmark::State& state) {
  const Name left("www.example.com");
  const Name right("wwx.EXAMPLE.COM");
  for (auto _ : state) {
    bool less = (left <=> right) < 0;
    benchmark::DoNotOptimize(less);
  }
}
BENCHMARK(orderNames);

void printName(benchmark::State& state) {
  const Name name("www.example.com");
  for (auto _ : state) benchmark::DoNotOptimize(name.toString());
}
BENCHMARK(printName);

}  // namespace

BENCHMARK_MAIN();
