#include "script.hpp"

#include <pybind11/pybind11.h>

#include <exception>
#include <map>
#include <stdexcept>

#include "python_error.hpp"

namespace py = pybind11;

namespace taut {

namespace {

constexpr std::uint64_t maxSize = 16u << 20;  // octets

struct Loaded {
  FileVersion version;
  std::weak_ptr<const Script> script;
};

PythonReference resolveOf(const std::string& path, const std::string& text) {
  py::object code = py::reinterpret_steal<py::object>(Py_CompileString(text.c_str(), path.c_str(), Py_file_input));
  if (!code) throw py::error_already_set();
  py::dict names;
  names["__builtins__"] = py::module_::import("builtins");
  names["__name__"] = "policy";
  names["__file__"] = path;
  const auto done = py::reinterpret_steal<py::object>(PyEval_EvalCode(code.ptr(), names.ptr(), names.ptr()));
  if (!done) throw py::error_already_set();
  const auto flags = names.contains("resolve")
                         ? py::getattr(py::getattr(names["resolve"], "__code__", py::none()), "co_flags", py::int_(0))
                         : py::object(py::int_(0));
  if ((flags.cast<int>() & CO_COROUTINE) == 0) throw std::runtime_error("has no 'async def resolve(query)'");
  return PythonReference(py::object(names["resolve"]).release().ptr());
}

}  // namespace

void ScriptLoading::call() noexcept {
  if (isUnwanted()) return;
  try {
    failure_ = Interpreter::ofProcess().failure();
    if (failure_.empty()) load();
  } catch (py::error_already_set& error) {
    failure_ = describe(error);
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
}

// Of all scripts, one after the other on this thread.
void ScriptLoading::load() {
  static auto* const scripts = new std::map<std::string, Loaded>;
  InputFile file(path_, maxSize);
  Loaded& known = (*scripts)[path_];
  script_ = known.script.lock();
  if (script_ && known.version == file.version()) return;
  script_ = std::make_shared<const Script>(resolveOf(path_, file.readAll()));
  known = {file.version(), script_};
}

std::shared_ptr<const Script> ScriptLoading::take() {
  if (!failure_.empty()) throw std::runtime_error(path_ + ": " + failure_);
  return script_;
}

}  // namespace taut
