#include "module.hpp"

#include <pybind11/eval.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "interpreter.hpp"
#include "policy_values.hpp"

namespace py = pybind11;

namespace taut {

namespace {

// A coroutine of ours hands what it waits for to the one that runs it, and is sent the reply.
constexpr const char* awaits = R"(
import types

class Cancelled(BaseException):
    """The query is not waited for any more"""

class LookupFailed(Exception):
    """A lookup found out neither records nor that there are none"""

@types.coroutine
def sleep(seconds):
    yield _sleep(seconds)

@types.coroutine
def lookup(name, type):
    found = yield _lookup(name, type)
    if isinstance(found, str):
        raise LookupFailed(found)
    return found
)";

void defineValues(py::module_& taut) {
  py::class_<PolicyQuestion>(taut, "Query")
      .def_readonly("name", &PolicyQuestion::name)
      .def_readonly("type", &PolicyQuestion::type)
      .def_readonly("client", &PolicyQuestion::client);
  py::class_<PolicyAnswer>(taut, "Answer")
      .def(py::init<std::string_view>(), py::arg("rcode") = "NOERROR")
      .def("add", &PolicyAnswer::add, py::arg("name"), py::arg("ttl"), py::arg("type"), py::arg("rdata"),
           py::arg("section") = "answer")
      .def("set_extended_error", &PolicyAnswer::setExtendedError, py::arg("code"), py::arg("text") = "")
      .def_property_readonly("rcode", &PolicyAnswer::rcode)
      .def_readwrite("authoritative", &PolicyAnswer::authoritative);
}

void defineAwaits(py::module_& taut) {
  py::class_<PolicySleep>(taut, "_Sleep");
  py::class_<PolicyLookup>(taut, "_Lookup");
  taut.def("_sleep", &sleepOf);
  taut.def("_lookup", &lookupOf);
  py::exec(awaits, taut.attr("__dict__"));
}

// The handler of a signal runs between two instructions of whatever runs then, which may be other work by now.
void defineInterruption(py::module_& taut, int interruptSignal) {
  const py::object cancelled = taut.attr("Cancelled");
  const py::cpp_function interrupt([type = cancelled.ptr()](int, const py::object&) {
    if (!Interpreter::ofProcess().runsUnwanted()) return;
    PyErr_SetString(type, "the query is not waited for any more");
    throw py::error_already_set();
  });
  py::module_::import("signal").attr("signal")(interruptSignal, interrupt);
}

}  // namespace

void makeTautModule(int interruptSignal) {
  static PyModuleDef definition;
  auto taut = py::module_::create_extension_module("taut", nullptr, &definition);
  taut.attr("__dict__")["__builtins__"] = py::module_::import("builtins");
  defineValues(taut);
  defineAwaits(taut);
  defineInterruption(taut, interruptSignal);
  py::module_::import("sys").attr("modules")["taut"] = taut;
}

}  // namespace taut
