#include "control_request.hpp"

#include <cstdint>

#include "json_text.hpp"

namespace taut {

namespace {

constexpr std::int64_t maxSeconds = 86400;

// Null where the text is no object.
Json parseObject(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? json : Json();
}

bool flagOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

// Empty where there is none.
std::string textOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A whole number from 0 on.
std::optional<std::int64_t> numberOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace

std::optional<ControlRequest> ControlRequest::parse(std::string_view line) {
  const Json object = parseObject(line);
  const auto command = object.find("command");
  if (object.is_null() || command == object.end() || !command->is_array() || command->empty()) return std::nullopt;
  ControlRequest request;
  for (const Json& word : *command) {
    if (!word.is_string()) return std::nullopt;
    request.command.push_back(word.get<std::string>());
  }
  request.json = flagOf(object, "json");
  request.tree = flagOf(object, "tree");
  request.off = flagOf(object, "off");
  request.force = flagOf(object, "force");
  request.once = flagOf(object, "once");
  request.view = textOf(object, "view");
  request.settings = textOf(object, "template");
  request.catalog = textOf(object, "catalog");
  request.type = textOf(object, "type");
  request.client = textOf(object, "client");
  request.rcode = textOf(object, "rcode");
  if (const auto seconds = numberOf(object, "seconds")) {
    if (*seconds < 1 || *seconds > maxSeconds) return std::nullopt;
    request.duration = std::chrono::seconds(*seconds);
  }
  return request;
}

std::string ControlRequest::toLine() const {
  Json line;
  line["command"] = command;
  if (json) line["json"] = true;
  if (tree) line["tree"] = true;
  if (off) line["off"] = true;
  if (force) line["force"] = true;
  if (once) line["once"] = true;
  if (!type.empty()) line["type"] = type;
  if (!client.empty()) line["client"] = client;
  if (!rcode.empty()) line["rcode"] = rcode;
  if (!view.empty()) line["view"] = view;
  if (!settings.empty()) line["template"] = settings;
  if (!catalog.empty()) line["catalog"] = catalog;
  if (duration) line["seconds"] = duration->count();
  return taut::toLine(line);
}

std::string pieceLine(std::size_t octets) {
  Json json;
  json["octets"] = octets;
  return taut::toLine(json);
}

std::string endLine(ControlStatus status, std::string_view error) {
  Json json;
  json["status"] = static_cast<int>(status);
  if (!error.empty()) json["error"] = error;
  return taut::toLine(json);
}

std::optional<ControlLine> ControlLine::parse(std::string_view line) {
  const Json json = parseObject(line);
  if (json.is_null()) return std::nullopt;
  ControlLine parsed;
  if (const auto octets = numberOf(json, "octets")) {
    parsed.octets = static_cast<std::size_t>(*octets);
    return parsed;
  }
  const auto status = numberOf(json, "status");
  if (!status || *status > static_cast<int>(ControlStatus::usage)) return std::nullopt;
  parsed.status = static_cast<int>(*status);
  parsed.error = textOf(json, "error");
  return parsed;
}

}  // namespace taut
