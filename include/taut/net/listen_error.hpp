// Why an address cannot be listened on, and what an operator can do about it.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "taut/base/address.hpp"

namespace taut {

class ListenError : public std::system_error {
 public:
  ListenError(int error, const Address& address, std::string_view protocol);

  const char* what() const noexcept override { return text_.c_str(); }
  // As it was asked for.
  const Address& address() const noexcept { return address_; }

 private:
  Address address_;
  std::string text_;
};

}  // namespace taut
