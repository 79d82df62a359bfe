// g++: ignoring returned value of type 'taut::TcpStream::ReadAwaiter', declared with attribute 'nodiscard'
// clang++: ignoring return value of function declared with 'nodiscard' attribute
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<> read(TcpStream& stream, MutableByteSpan buffer) {
  stream.readSome(buffer);
  co_return;
}
