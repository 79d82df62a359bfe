#include "policy_query.hpp"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <exception>
#include <stdexcept>

#include <fmt/format.h>

#include "python_error.hpp"
#include "taut/base/log.hpp"

namespace py = pybind11;

namespace taut {

namespace {

py::object toPython(const PolicyReply& reply) {
  if (const auto* const found = std::get_if<std::vector<std::string>>(&reply)) return py::cast(*found);
  if (const auto* const failure = std::get_if<LookupFailure>(&reply)) return py::str(failure->reason);
  return py::none();
}

PolicyWait waitFrom(const py::object& given) {
  if (py::isinstance<PolicySleep>(given)) return given.cast<PolicySleep>();
  if (py::isinstance<PolicyLookup>(given)) return given.cast<PolicyLookup>();
  throw std::runtime_error("awaits what is not of the module taut");
}

std::optional<PolicyAnswer> answerFrom(const py::object& given) {
  if (given.is_none()) return std::nullopt;
  if (!py::isinstance<PolicyAnswer>(given)) throw std::runtime_error("returns neither a taut.Answer nor None");
  return given.cast<const PolicyAnswer&>();
}

}  // namespace

PolicyQuery::PolicyQuery(Shard& shard, std::shared_ptr<const Script> script, PolicyQuestion question,
                         std::shared_ptr<std::atomic<std::size_t>> count)
    : PythonWork(shard), script_(std::move(script)), question_(std::move(question)), count_(std::move(count)) {
  count_->fetch_add(1, std::memory_order_relaxed);
}

void PolicyQuery::call() noexcept {
  wait_.reset();
  try {
    if (isUnwanted())
      close();
    else
      step();
  } catch (py::error_already_set& error) {
    failure_ = describe(error);
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
  if (!wait_) coroutine_ = PythonReference();
}

void PolicyQuery::step() {
  if (coroutine_.get() == nullptr) {
    py::object made = py::handle(script_->resolve())(question_);
    coroutine_ = PythonReference(made.release().ptr());
  }
  const py::object reply = toPython(reply_);
  PyObject* given = nullptr;
  const PySendResult result = PyIter_Send(coroutine_.get(), reply.ptr(), &given);
  if (result == PYGEN_ERROR) throw py::error_already_set();
  const auto value = py::reinterpret_steal<py::object>(given);
  if (result == PYGEN_RETURN)
    answer_ = answerFrom(value);
  else
    wait_ = waitFrom(value);
}

// The coroutine gets GeneratorExit where it awaits.
void PolicyQuery::close() {
  if (coroutine_.get() != nullptr) py::handle(coroutine_.get()).attr("close")();
}

const std::optional<PolicyAnswer>& PolicyQuery::answer() const {
  if (!failure_.empty()) throw std::runtime_error(failure_);
  return answer_;
}

}  // namespace taut
