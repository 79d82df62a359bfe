#include "import_command.hpp"

#include <cstdio>
#include <exception>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "import/import.hpp"
#include "taut/base/reason.hpp"

namespace taut::ctl {

ImportCommand::ImportCommand(CLI::App& app) {
  CLI::App* const command =
      app.add_subcommand("import",
                         "Print a taut.toml for the configuration of another server.\n"
                         "Each statement that it cannot express stands in a comment, with its place.");
  command->set_help_flag("-h,--help", "Print this help and exit");
  command->add_option("FILE", file_, "A named.conf, knot.conf, nsd.conf, unbound.conf or Corefile")
      ->required()
      ->type_name("");
  command
      ->add_option("--from", from_,
                   "Whose it is: bind, knot, nsd, unbound or coredns [seen by the file's name, or else by its text]")
      ->type_name("KIND")
      ->check([](const std::string& name) {
        return importer::kindOf(name) ? "" : "'" + name + "': expected bind, knot, nsd, unbound or coredns";
      });
}

int ImportCommand::run() const try {
  importer::Disk disk;
  const auto imported = importer::importFile(file_, importer::kindOf(from_), disk);
  if (std::fwrite(imported.toml.data(), 1, imported.toml.size(), stdout) != imported.toml.size() ||
      std::fflush(stdout) != 0) {
    fmt::print(stderr, "tautctl: the output cannot be written\n");
    return 1;
  }
  if (imported.unsupported > 0)
    fmt::print(stderr, "tautctl: {} not supported: see the comments\n",
               imported.unsupported == 1 ? "1 statement is" : fmt::format("{} statements are", imported.unsupported));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "tautctl: {}\n", reasonOf(error));
  return 1;
}

}  // namespace taut::ctl
