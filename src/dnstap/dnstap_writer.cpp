#include "taut/dnstap/dnstap_writer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "taut/base/log.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

constexpr Duration firstPause = std::chrono::milliseconds(100);
constexpr Duration longestPause = std::chrono::seconds(5);
constexpr Duration timeToAgree = std::chrono::seconds(5);
constexpr Duration timeToFinish = std::chrono::milliseconds(500);

}  // namespace

DnstapWriter::DnstapWriter(Shard& shard, DnstapSocket socket)
    : shard_(shard), socket_(std::move(socket)), frames_(socket_.memory), pause_(firstPause) {}

DnstapWriter::~DnstapWriter() {
  unlink();
}

void DnstapWriter::start() {
  scope_.spawn(run());
}

void DnstapWriter::stop() noexcept {
  scope_.stop();
  unlink();
}

// Entries may be made before the writer starts, and wait for it.
MutableByteSpan DnstapWriter::add(std::size_t size) noexcept {
  const MutableByteSpan room = scope_.token().stopRequested() ? MutableByteSpan() : frames_.add(size);
  if (room.empty())
    ++counters_.dropped;
  else
    writeAtEndOfTurn();
  return room;
}

void DnstapWriter::writeAtEndOfTurn() noexcept {
  if (!isLinked()) shard_.engine().callBeforeSubmit(*this);
}

Task<> DnstapWriter::run() {
  const StopToken stop = scope_.token();
  while (!stop.stopRequested()) {
    std::string reason;
    try {
      std::string lost = co_await connect();
      reason = std::move(lost);
    } catch (const std::bad_alloc&) {
      reason = "no memory";  // so short that it needs none itself
    }
    if (stop.stopRequested()) break;
    readerLost(reason);
    co_await sleepFor(shard_, pause_, stop);
    pause_ = std::min(2 * pause_, longestPause);
  }
  counters_.dropped += frames_.count();
  unlink();  // the shard may end before this object
}

// Until there is no reader any more. Returns why.
Task<std::string> DnstapWriter::connect() {
  auto stream = connectUnix(shard_, socket_.path);
  if (!stream) co_return stream.error().message();
  std::string reason = co_await serve(*stream);
  co_return reason;
}

Task<std::string> DnstapWriter::serve(TcpStream& stream) {
  const bool agreed = co_await agree(stream);
  if (!agreed) co_return "what listens there does not take dnstap by frame streams";
  readerFound();
  frames_.writeAgain();
  const IoResult ended = co_await writeEntries(stream);
  if (scope_.token().stopRequested()) co_await finish(stream);
  co_return ended.message();
}

Task<bool> DnstapWriter::agree(TcpStream& stream) {
  Deadline deadline(shard_, timeToAgree, scope_.token());
  const std::vector<std::uint8_t> ready = ControlFrame::write(ControlType::ready);
  const IoResult asked = co_await stream.writeAll(ready, deadline.token());
  if (!asked) co_return false;
  const auto reply = co_await receive(stream, deadline.token());
  if (!reply || reply->type != ControlType::accept || !reply->takesDnstap()) co_return false;
  const std::vector<std::uint8_t> start = ControlFrame::write(ControlType::start);
  const IoResult started = co_await stream.writeAll(start, deadline.token());
  co_return started.ok();
}

// A turn in which entries came ends with one write of all that wait. No further one begins before the kernel has taken
// something of it.
Task<IoResult> DnstapWriter::writeEntries(TcpStream& stream) {
  const StopToken stop = scope_.token();
  for (;;) {
    turnEnds_.reset();
    if (!frames_.empty()) writeAtEndOfTurn();
    const bool gathered = co_await turnEnds_.wait(stop);
    if (!gathered) co_return IoResult::failure(ECANCELED);
    const IoResult written = co_await stream.writeSome(frames_.unwritten(), stop);
    if (!written) co_return written;
    counters_.written += frames_.written(written.value());
  }
}

Task<> DnstapWriter::finish(TcpStream& stream) {
  Deadline deadline(shard_, timeToFinish);
  while (!frames_.empty()) {
    const IoResult written = co_await stream.writeSome(frames_.unwritten(), deadline.token());
    if (!written) co_return;
    counters_.written += frames_.written(written.value());
  }
  const std::vector<std::uint8_t> end = ControlFrame::write(ControlType::stop);
  const IoResult ended = co_await stream.writeAll(end, deadline.token());
  if (!ended) co_return;
  // FINISH says that the reader has read everything. Whatever comes instead, the connection ends.
  co_await receive(stream, deadline.token());
}

// Nothing where the stream ends, or what comes is no control frame.
Task<std::optional<ControlFrame>> DnstapWriter::receive(TcpStream& stream, StopToken stop) {
  std::array<std::uint8_t, ControlFrame::maxSize> buffer;
  const MutableByteSpan header = MutableByteSpan(buffer).first(ControlFrame::headerSize);
  const IoResult begun = co_await stream.readExactly(header, stop);
  if (begun.value() != header.size()) co_return std::nullopt;
  const auto size = ControlFrame::sizeAfter(header);
  if (!size) co_return std::nullopt;
  const MutableByteSpan rest = MutableByteSpan(buffer).first(*size);
  const IoResult read = co_await stream.readExactly(rest, stop);
  if (read.value() != rest.size()) co_return std::nullopt;
  co_return ControlFrame::parse(rest);
}

void DnstapWriter::readerFound() {
  pause_ = firstPause;
  complained_ = false;
  if (socket_.logs) log::info("dnstap is read at {}", socket_.path);
}

// One line for as long as there is none.
void DnstapWriter::readerLost(const std::string& reason) {
  if (socket_.logs && !complained_) log::warning("dnstap is not read at {}: {}", socket_.path, reason);
  complained_ = true;
}

}  // namespace taut
