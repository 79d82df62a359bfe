// What is said of words that are no command: which one of them it is, and which command was meant.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace taut::ctl {

struct CommandAdvice {
  std::string message;  // empty where the words are a command, and something else is wrong with it
  std::string command;  // the words that are known, each with a space before it
  std::string usage;    // of the command; empty where the words are none
};

CommandAdvice adviseOn(const CLI::App& app, int argc, char** argv);

}  // namespace taut::ctl
