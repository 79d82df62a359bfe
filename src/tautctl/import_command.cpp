#include "import_command.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "import/import.hpp"
#include "taut/base/reason.hpp"

namespace taut::tautctl {

namespace {

struct Arguments {
  std::string file;
  std::string from;
};

int import(const Arguments& arguments) try {
  importer::Disk disk;
  const auto imported = importer::importFile(arguments.file, importer::kindOf(arguments.from), disk);
  std::fwrite(imported.toml.data(), 1, imported.toml.size(), stdout);
  if (imported.unsupported > 0)
    fmt::print(stderr, "tautctl: {} not supported: see the comments\n",
               imported.unsupported == 1 ? "1 statement is" : fmt::format("{} statements are", imported.unsupported));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "tautctl: {}\n", reasonOf(error));
  return 1;
}

}  // namespace

std::function<int()> declareImport(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("import",
                         "Print a taut.toml for the configuration of another server.\n"
                         "Each statement that it cannot express stands in a comment, with its place.");
  command->add_option("FILE", arguments->file, "a named.conf, knot.conf, nsd.conf, unbound.conf or Corefile")
      ->required();
  command
      ->add_option("--from", arguments->from,
                   "whose configuration it is: bind, knot, nsd, unbound or coredns; seen by the file's name or text "
                   "where not given")
      ->check(CLI::IsMember({"bind", "knot", "nsd", "unbound", "coredns"}));
  return [arguments] { return import(*arguments); };
}

}  // namespace taut::tautctl
