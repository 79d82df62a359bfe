// A handler that tautd loads from a shared object, named by a [[handler]] of its configuration, without being built
// anew. The object is one source file or more, none of which links the library: what it needs of taut is tautd's own.
//
//   std::shared_ptr<Resolver> makeWorkstations(Shard& shard, const HandlerOptions& options) {
//     return std::make_shared<Workstations>(options.text("prefix", "workstation"));
//   }
//   TAUT_HANDLER("workstations", makeWorkstations)
//
// The factory is called once for each shard, and again at a reload that changes the options or the file. It runs before
// the shard does, or beside it on another thread: it keeps the shard for later and uses nothing of it. What it throws
// is the operator's mistake. What the handler does beside answering begins in `Resolver::start`.
//
// What the macro exports is a record that tautd reads from the file before anything of the object is run: what it was
// built with has to be what tautd was built with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/handler_options.hpp"

namespace taut {

using HandlerFactory = std::shared_ptr<Resolver> (*)(Shard& shard, const HandlerOptions& options);

// The one copy of taut in a process. Its address is all that there is to it.
extern "C" const char tautLibrary;

namespace detail {

// Raised by every change to a public header after which an object that was built before would go wrong: to the members
// or virtual functions of a class, to the signature of a function, or to what an inline function relies on.
inline constexpr std::uint32_t handlerAbi = 1;
inline constexpr std::string_view libraryVersion = "0.1.0";

template <std::size_t Size>
constexpr std::array<char, Size> fixedText(std::string_view text) {
  std::array<char, Size> fixed{};
  for (std::size_t i = 0; i < text.size() && i < Size - 1; ++i) fixed[i] = text[i];
  return fixed;
}

// Plain data, which mean the same in every object: in another version it is at least as long, and begins the same.
struct HandlerAbi {
  static constexpr std::string_view expectedMark = "taut-handler";

  std::array<char, 16> mark = fixedText<16>(expectedMark);
  std::uint32_t abi = handlerAbi;
  std::uint32_t size = sizeof(HandlerAbi);
  std::array<char, 16> version = fixedText<16>(libraryVersion);
#ifdef __clang__
  std::array<char, 64> compiler = fixedText<64>(__VERSION__);
#else
  std::array<char, 64> compiler = fixedText<64>("g++ " __VERSION__);
#endif
  std::array<char, 16> standardLibrary = fixedText<16>(
#if defined(_LIBCPP_VERSION)
      "libc++"
#elif defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
      "libstdc++"
#else
      "old libstdc++"
#endif
  );
  // Of the classes that a handler's own code looks into.
  std::array<std::uint32_t, 8> sizes{
      sizeof(Query), sizeof(Answer),   sizeof(Name),      sizeof(Task<std::optional<Answer>>),
      sizeof(Shard), sizeof(Resolver), sizeof(TaskScope), sizeof(HandlerOptions),
  };
  std::array<char, 64> name{};
};

struct HandlerRecord {
  HandlerAbi abi;
  HandlerFactory factory = nullptr;
  const char* library = &tautLibrary;
};

template <std::size_t Size>
consteval HandlerRecord recordOf(const char (&name)[Size], HandlerFactory factory) {
  static_assert(Size > 1 && Size <= 64, "the name of a handler has 1 to 63 octets");
  HandlerRecord record;
  record.abi.name = fixedText<64>(name);
  record.factory = factory;
  return record;
}

}  // namespace detail

}  // namespace taut

// Once in a shared object. The name is a literal; `factory` names a function, or is a lambda that captures nothing.
#define TAUT_HANDLER(name, factory)                                                                    \
  extern "C" {                                                                                         \
  extern __attribute__((visibility("default"))) const ::taut::detail::HandlerRecord tautHandlerRecord; \
  __attribute__((used)) constinit const ::taut::detail::HandlerRecord tautHandlerRecord =              \
      ::taut::detail::recordOf(name, factory);                                                         \
  }
