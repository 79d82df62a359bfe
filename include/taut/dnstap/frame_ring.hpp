// Frames that wait to be written to a stream, in memory of a fixed size: a ring of octets. Each frame lies in one
// piece, so what has gathered leaves by one write, or by two where the ring begins again. A frame that finds no room is
// not taken: what is there stays, and what is new is lost.
//
// A frame is its length in four octets, then so many octets (frame streams). One that has been written in part stays
// until all of it has left, so that another stream can begin with it as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "taut/base/bytes.hpp"

namespace taut {

class FrameRing {
 public:
  static constexpr std::size_t lengthSize = 4;  // octets in front of each frame

  // Octets, the lengths of frames among them. Memory that was never filled is never touched.
  explicit FrameRing(std::size_t capacity);

  // Room for a frame of so many octets, its length apart, which are all to be filled before anything else is asked of
  // the ring. Empty where there is none.
  MutableByteSpan add(std::size_t size) noexcept;

  bool empty() const noexcept { return unwritten().empty(); }
  // What is to be written next: the rest of a frame, and whole ones behind it. Stays in place while frames are added.
  ByteSpan unwritten() const noexcept { return {data_.get() + begin_ + written_, end_ - begin_ - written_}; }
  // So many octets of it were written. Returns how many frames have left with them as a whole.
  std::size_t written(std::size_t octets) noexcept;
  // The frame that was written in part is to be written as a whole again.
  void writeAgain() noexcept { written_ = 0; }
  // How many frames there are, one that was written in part among them.
  std::size_t count() const noexcept { return count_; }

 private:
  std::uint8_t* place(std::size_t size) noexcept;

  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t capacity_;
  // Frames lie from `begin_` to `end_`, and further ones from 0 to `wrappedEnd_`, which is not behind `begin_`.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wrappedEnd_ = 0;
  std::size_t written_ = 0;  // octets of the frame at `begin_`
  std::size_t count_ = 0;
};

}  // namespace taut
