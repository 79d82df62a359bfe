// What the log says when tautd has started, and when it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "config/configuration.hpp"
#include "taut/io/engine_choice.hpp"

namespace taut {

// Which program runs; the number of threads is known by now.
void logStart(const config::Configuration& configuration, const EngineChoice& engine);

// What holds of the sandbox; `holding` is empty where there is none, `wanted` or not.
void logSandbox(const std::string& holding, bool wanted);

// Where its answers come from beside the zones that are loaded already.
void logHandler(const config::HandlerSettings& handler);
void logSources(const config::Configuration& configuration);

void logEnd(std::chrono::seconds uptime, std::uint64_t requests);

}  // namespace taut
