// What an exception of Python says, on one line.
#pragma once

#include <string>

namespace pybind11 {
class error_already_set;
}  // namespace pybind11

namespace taut {

// "ValueError: no such colour, at policy.py line 12", cut to a bounded length.
std::string describe(pybind11::error_already_set& error);

}  // namespace taut
