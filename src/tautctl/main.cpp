// tautctl: the operator's tool beside tautd.
#include <CLI/CLI.hpp>

#include "import_command.hpp"

int main(int argc, char** argv) {
  constexpr int misused = 2;
  CLI::App app(
      "Helps to run tautd.\n"
      "Exit status: 0 it is done, 1 it could not be done, 2 wrong usage.",
      "tautctl");
  app.require_subcommand(1);
  const taut::ctl::ImportCommand import(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : misused;
  }
  return import.run();
}
