#include "python_error.hpp"

#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstddef>
#include <exception>

#include <fmt/format.h>

namespace py = pybind11;

namespace taut {

namespace {

constexpr std::size_t maxLength = 300;  // octets

// Where it was raised: the last of the frames. Empty without one, as for a mistake of syntax.
std::string placeOf(py::handle trace) {
  if (!trace || trace.is_none()) return {};
  py::object frame = py::reinterpret_borrow<py::object>(trace);
  while (!py::object(frame.attr("tb_next")).is_none()) frame = frame.attr("tb_next");
  const auto path = frame.attr("tb_frame").attr("f_code").attr("co_filename").cast<std::string>();
  return fmt::format(", at {} line {}", path.substr(path.rfind('/') + 1), frame.attr("tb_lineno").cast<int>());
}

}  // namespace

// The text is made by Python code, which may fail too.
std::string describe(py::error_already_set& error) {
  std::string said;
  try {
    const auto type = error.type().attr("__name__").cast<std::string>();
    const auto text = py::str(error.value()).cast<std::string>();
    said = text.empty() ? type : fmt::format("{}: {}", type, text);
    if (said.size() > maxLength) said = said.substr(0, maxLength) + "...";
    said += placeOf(error.trace());
  } catch (const std::exception&) {
    if (said.empty()) said = "an exception that cannot be told";
  }
  std::ranges::replace_if(
      said, [](char octet) { return static_cast<unsigned char>(octet) < ' '; }, ' ');
  return said;
}

}  // namespace taut
