// RecursorBench is a Recursor that asks a FakeInternet, with the zones of a World:
//
//   RecursorBench bench;
//   bench.world.zone("example.com").add("www A 192.0.2.1").signedWith().servedBy("198.18.2.1");
//   CHECK(bench.ask("www.example.com", Type::A).texts().front() == "www.example.com. 3600 A 192.0.2.1");
//
// There are the root, at 198.18.0.1, "com", at 198.18.1.1, and "net", at 198.18.1.2, all signed. The options are good
// until the first question, and the zones are published with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fake_internet.hpp"
#include "reply_text.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/reply.hpp"
#include "taut/io/sleep.hpp"
#include "taut/recursor/recursor.hpp"
#include "taut/testing/ask.hpp"
#include "taut/testing/query.hpp"
#include "taut/testing/reply.hpp"
#include "world.hpp"

namespace taut::test {

// Over TCP, so that no answer is too large, or too late.
inline const testing::QueryShape withDo{.dnssecOk = true, .transport = Transport::tcp};
inline const testing::QueryShape withCd{.flags = flag::RD | flag::CD, .dnssecOk = true, .transport = Transport::tcp};
inline const testing::QueryShape plain{.transport = Transport::tcp};

struct ClientQuestion {
  std::string name;
  Type type = Type::A;
};

class RecursorBench {
 public:
  RecursorBench() {
    world.zone("com").signedWith().servedBy("198.18.1.1");
    world.zone("net").signedWith().servedBy("198.18.1.2");
  }
  RecursorBench(const RecursorBench&) = delete;
  RecursorBench& operator=(const RecursorBench&) = delete;
  ~RecursorBench() {
    if (recursor_) shard.run(recursor_->close());
  }

  // Made with the first call.
  Recursor& recursor() {
    if (!recursor_) {
      world.publish();
      options.hints = world.hints();
      if (validates) options.anchors = world.anchors();
      recursor_ = std::make_unique<Recursor>(shard, options, internet.transport());
    }
    return *recursor_;
  }
  // Everything is forgotten, as if it had begun anew.
  void forgetAll() {
    recursor().flushAll();
    recursor().flushServers();
    internet.forgetQuestions();
  }

  testing::ParsedReply ask(std::string_view name, Type type = Type::A, const testing::QueryShape& shape = withDo) {
    return testing::ask(shard, recursor(), testing::query(name, type, shape));
  }
  // The same, and the questions before it are forgotten.
  testing::ParsedReply askAnew(std::string_view name, Type type = Type::A, const testing::QueryShape& shape = withDo) {
    recursor();
    internet.forgetQuestions();
    return ask(name, type, shape);
  }
  // So many at the same time, one after the other; the replies in the order of the questions.
  std::vector<testing::ParsedReply> askAll(const std::vector<ClientQuestion>& questions, std::size_t window) {
    std::vector<testing::ParsedReply> replies;
    All all{recursor(), questions, std::vector<testing::Octets>(questions.size())};
    shard.run(askAll(all, window));
    for (const testing::Octets& octets : all.replies) replies.emplace_back(octets);
    return replies;
  }

  // What comes of a question, and what hits meanwhile are like: a client asks for a name that is kept, each ms.
  struct BesideHits {
    testing::ParsedReply reply;
    bool hasReason = false;  // the answer has an extended error
    std::size_t hits = 0;
    std::size_t ready = 0;  // of them, answered without a wait
  };
  BesideHits askBesideHits(std::string_view name, Type type, std::string_view kept) {
    ask(kept);
    internet.forgetQuestions();
    Beside beside{shard, recursor(), testing::query(name, type, withDo), testing::query(kept, Type::A, withDo)};
    shard.run(askBeside(beside));
    return {testing::ParsedReply(beside.reply), beside.hasReason, beside.hits, beside.ready};
  }

  Duration elapsedOf(std::string_view name, Type type = Type::A) {
    const Duration before = shard.elapsed();
    ask(name, type);
    return shard.elapsed() - before;
  }

  MemoryShard shard;
  FakeInternet internet{shard};
  World world{internet};
  RecursorOptions options;
  bool validates = true;

 private:
  struct All {
    Recursor& recursor;
    const std::vector<ClientQuestion>& questions;
    std::vector<testing::Octets> replies;
    std::size_t next = 0;
  };
  struct Beside {
    Shard& shard;
    Recursor& recursor;
    testing::ReceivedQuery query;
    testing::ReceivedQuery kept;
    testing::Octets reply{};
    bool hasReason = false;
    std::size_t hits = 0;
    std::size_t ready = 0;
  };

  static testing::Octets octetsOf(const Query& query, const std::optional<Answer>& answer) {
    testing::Octets octets(maxMessageSize);
    octets.resize(writeReply(query, answer.value(), {}, octets));
    return octets;
  }

  static Task<> askSome(All& all) {
    while (all.next < all.questions.size()) {
      const std::size_t place = all.next++;
      const ClientQuestion& question = all.questions[place];
      const auto query = testing::query(question.name, question.type, withDo);
      const Query& asked = query;
      const auto answer = co_await all.recursor.resolve(asked);
      all.replies[place] = octetsOf(asked, answer);
    }
  }
  static Task<> askAll(All& all, std::size_t window) {
    TaskScope clients;
    for (std::size_t i = 0; i < window; ++i) clients.spawn(askSome(all), clients.token());
    co_await clients.join();
  }

  static Task<> askFor(Beside& beside) {
    const Query& query = beside.query;
    const auto answer = co_await beside.recursor.resolve(query);
    beside.reply = octetsOf(query, answer);
    beside.hasReason = answer->extendedError() != nullptr;
  }
  static Task<> askBeside(Beside& beside) {
    TaskScope clients;
    clients.spawn(askFor(beside), clients.token());
    while (!clients.empty()) {
      const Query& kept = beside.kept;
      auto hit = beside.recursor.resolve(kept);
      ++beside.hits;
      if (hit.isReady()) ++beside.ready;
      co_await std::move(hit);
      co_await sleepFor(beside.shard, std::chrono::milliseconds(1));
    }
    co_await clients.join();
  }

  std::unique_ptr<Recursor> recursor_;
};

// The reply of a server, from lines.
inline ReplyText replyTo(const Query& query, std::uint16_t flags = flag::QR | flag::AA, Rcode rcode = Rcode::NOERROR) {
  return ReplyText(query.name().toString().c_str(), query.type(), flags, rcode);
}

}  // namespace taut::test
