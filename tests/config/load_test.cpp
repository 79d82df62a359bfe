#include "config/load.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/account.hpp"
#include "config/secrets.hpp"
#include "support/temporary_folder.hpp"
#include "taut/testing/query.hpp"

namespace load_test {

using namespace taut;
using namespace taut::config;

namespace {

// A folder with configuration files.
class Folder : public TemporaryFolder {
 public:
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
  }

  Result<Configuration, Mistakes> load(Environment::Variables variables = {}, Settings commandLine = {}) const {
    return config::load({path("taut.toml"), Environment(std::move(variables)), std::move(commandLine)});
  }

  // A line for each, the folder left out.
  std::string mistakes(Environment::Variables variables = {}) const {
    const auto loaded = load(std::move(variables));
    std::string text;
    if (loaded) return text;
    for (const Mistake& mistake : loaded.error()) text += mistake.toText() + "\n";
    return without(std::move(text));
  }

  // The text, the folder left out.
  std::string without(std::string text) const {
    const std::string folder = path("");
    for (std::size_t at = text.find(folder); at != text.npos; at = text.find(folder)) text.erase(at, folder.size());
    return text;
  }
};

const std::string zone = "[[zone]]\nname = \"example.com\"\n";

testing::ReceivedQuery queryFrom(const Address& client) {
  return testing::query("www.example.com", Type::A, {.client = client});
}

}  // namespace

TEST_CASE("a zone has the file that it names, or the one that the defaults make of its name") {
  const Folder folder;
  folder.write("taut.toml", zone + "[[zone]]\nname = \"net.\"\nfile = \"x/net\"\n[[zone]]\nfile = \"/a\"\n");
  auto loaded = folder.load();
  REQUIRE(loaded);
  CHECK(loaded->zones[0].path == folder.path("example.com.zone"));
  CHECK(loaded->zones[1].path == folder.path("x/net"));
  CHECK(loaded->zones[2].path == "/a");
  CHECK(!loaded->zones[2].source().origin);
  folder.write("taut.toml", "zone-defaults = { directory = \"/zones\", file = \"{name}/db\" }\n" + zone);
  loaded = folder.load();
  REQUIRE(loaded);
  CHECK(loaded->zones[0].path == "/zones/example.com/db");
}

TEST_CASE("a default file without the zone's name, and a name that makes no file, are mistakes") {
  const Folder folder;
  folder.write("taut.toml", "zone-defaults.file = \"db\"\n" + zone);
  CHECK(folder.mistakes().starts_with("taut.toml:1:22: without {name}, all zones have one file"));
  folder.write("taut.toml", "[[zone]]\nname = \".\"\n[[zone]]\nname = \"0/25.2.0.192.in-addr.arpa\"\n[[zone]]\n");
  CHECK(
      folder.mistakes() ==
      "taut.toml:2:8: '' makes no name of a file; expected file = \"example.com.zone\", say\n"
      "taut.toml:4:8: '0/25.2.0.192.in-addr.arpa' makes no name of a file; expected file = \"example.com.zone\", say\n"
      "taut.toml:5:1: a zone without name and file; expected name = \"example.com\", say\n");
}

TEST_CASE("files are included in the order of their names, relative to the file that includes them, lists appended") {
  const Folder folder;
  folder.write("taut.toml", "include = [\"conf.d/*.toml\", \"one.toml\"]\n" + zone);
  folder.write("conf.d/b.toml", "[[zone]]\nname = \"b\"\n");
  folder.write("conf.d/a.toml", "include = [\"deep/x.toml\"]\n[[zone]]\nname = \"a\"\n");
  folder.write("conf.d/deep/x.toml", "[[zone]]\nname = \"x\"\n");
  folder.write("one.toml", "server.identity = \"ns1\"\n");
  CHECK(folder.mistakes() == "");
  const auto loaded = folder.load();
  REQUIRE(loaded);
  std::string names;
  for (const ZoneSettings& found : loaded->zones) names += found.name + " ";
  CHECK(names == "example.com a x b ");
  CHECK(loaded->zones[2].path == folder.path("conf.d/deep/x.zone"));
  CHECK(loaded->server.identity == "ns1");
}

TEST_CASE("a pattern that no file fits includes none, and a file that is not there is a mistake") {
  const Folder folder;
  folder.write("taut.toml", "include = [\"conf.d/*.toml\"]\n" + zone);
  CHECK(folder.mistakes() == "");
  folder.write("taut.toml", "include = [\"conf.d/one.toml\"]\n" + zone);
  CHECK(folder.mistakes() == "taut.toml:1:12: cannot read 'conf.d/one.toml': No such file or directory\n");
}

TEST_CASE("a value that stands in two files is a mistake that names both places") {
  const Folder folder;
  folder.write("taut.toml", "include = [\"a.toml\"]\n[server]\nthreads = 1\nhide = [\"nsid\"]\n" + zone);
  folder.write("a.toml", "[server]\nthreads = 2\nhide = [\"id.server\"]\n");
  CHECK(folder.mistakes() ==
        "a.toml:2:1: 'server.threads' is there already (taut.toml:3:11); expected it once\n"
        "a.toml:3:1: 'server.hide' is there already (taut.toml:4:8); expected it once\n");
}

TEST_CASE("a zone that stands in two files is a mistake that names both places") {
  const Folder folder;
  folder.write("taut.toml", "include = [\"z.toml\"]\n" + zone);
  folder.write("z.toml", zone);
  CHECK(folder.mistakes() ==
        "z.toml:2:8: zone example.com. of example.com.zone is there already, from example.com.zone "
        "(taut.toml:3:8); expected it once\n");
}

TEST_CASE("files that include each other, or are included without end, are a mistake") {
  const Folder folder;
  folder.write("taut.toml", "include = [\"a.toml\"]\n" + zone);
  folder.write("a.toml", "include = [\"taut.toml\"]\n");
  CHECK(folder.mistakes() == "a.toml:1:12: 'taut.toml' is read already (taut.toml:1:1); expected it once\n");
  for (int i = 0; i < 12; ++i) folder.write(fmt::format("{}.toml", i), fmt::format("include = [\"{}.toml\"]\n", i + 1));
  folder.write("taut.toml", "include = [\"0.toml\"]\n" + zone);
  CHECK(folder.mistakes() == "7.toml:1:12: expected at most 8 files that include each other\n");
}

TEST_CASE("a mistake of syntax in one file hides no mistake of another") {
  const Folder folder;
  folder.write("taut.toml", "include = [\"*.conf\"]\n[server]\nthreads = 5000\n" + zone);
  folder.write("a.conf", "log.verbose = high\nlog.verbose = low\n");
  folder.write("b.conf", "[[zone]]\nnmae = \"x\"\nfile = \"x\"\n");
  CHECK(folder.mistakes() ==
        "a.conf:1:15: a text needs quotes; expected \"high\"\n"
        "b.conf:2:1: 'nmae' is not known in [[zone]]; did you mean 'name'?\n"
        "taut.toml:3:11: 'threads': expected a whole number from 0 to 1024, not 5000\n");
}

TEST_CASE("a file that serves nothing is a mistake of the file") {
  const Folder folder;
  folder.write("taut.toml", "[server]\nthreads = 1\n");
  CHECK(folder.mistakes() ==
        "taut.toml:1:1: nothing to serve; expected [[zone]], [[zone-list]], hosts-file, [forward], [recursion] or "
        "[[handler]]\n");
}

TEST_CASE("a table that does nothing is a mistake, and what is wrong in it is not missing too") {
  const Folder folder;
  folder.write("taut.toml", zone + "[forward]\n[rate-limit]\nslip = 1\n");
  CHECK(folder.mistakes() ==
        "taut.toml:3:2: [forward] without a server forwards nothing; expected servers or resolv-conf\n"
        "taut.toml:4:2: [rate-limit] without responses limits nothing; expected responses = 20, say\n");
  folder.write("taut.toml",
               "[[zone]]\nname = 1\n[forward]\nservers = 1\n[rate-limit]\nresponses = 0\n[[listen]]\naddress = 1\n");
  CHECK(std::ranges::count(folder.mistakes(), '\n') == 4);
}

TEST_CASE("a file of secrets that others may read is a mistake, and one that is not there is none") {
  const Folder folder;
  folder.write("taut.toml", "server.cookies.secrets-file = \"secrets\"\n" + zone);
  const auto loaded = folder.load();
  REQUIRE(loaded);
  CHECK(checkSecrets(*loaded).empty());
  folder.write("secrets", "");
  for (const mode_t mode : {0600u, 0640u, 0400u, 0440u}) {
    ::chmod(folder.path("secrets").c_str(), mode);
    CHECK(checkSecrets(*loaded).empty());
  }
  for (const mode_t mode : {0644u, 0660u, 0700u}) {
    ::chmod(folder.path("secrets").c_str(), mode);
    const Mistakes wrong = checkSecrets(*loaded);
    REQUIRE(wrong.size() == 1);
    CHECK(wrong[0].toText() ==
          fmt::format("{}:1:1: the mode of a file of secrets is {:04o}; expected at most 0640 ({}:1:31)",
                      folder.path("secrets"), mode, folder.path("taut.toml")));
  }
}

TEST_CASE("a file of a key's secret that others may read is a mistake too") {
  const Folder folder;
  folder.write("taut.toml", "[tsig.k]\nsecret-file = \"secret\"\n" + zone);
  folder.write("secret", "AQID\n");
  ::chmod(folder.path("secret").c_str(), 0644);
  const auto loaded = folder.load();
  REQUIRE(loaded);
  const Mistakes wrong = checkSecrets(*loaded);
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].toText().find("0644; expected at most 0640") != std::string::npos);
}

TEST_CASE("a key has the name of its table, an algorithm, and a secret that stands there or in a file") {
  const Folder folder;
  folder.write("taut.toml",
               "[tsig.\"Transfer.example\"]\nalgorithm = \"hmac-sha512\"\nsecret = \"AQID\"\n"
               "[tsig.other]\nsecret-file = \"secrets/other\"\n" +
                   zone);
  const auto loaded = folder.load({{"TAUT_TSIG__THIRD_KEY__SECRET", "BAUG"}});
  INFO(folder.mistakes());
  REQUIRE(loaded);
  REQUIRE(loaded->keys.size() == 3);
  const auto keyOf = [&](std::string_view name) {
    const auto found =
        std::ranges::find_if(loaded->keys, [&](const auto& each) { return each.key.name == Name(name); });
    REQUIRE(found != loaded->keys.end());
    return *found;
  };
  CHECK(keyOf("transfer.example").key.algorithm == TsigAlgorithm::hmacSha512);
  CHECK(keyOf("transfer.example").key.secret == std::vector<std::uint8_t>{1, 2, 3});
  CHECK(keyOf("other").key.algorithm == TsigAlgorithm::hmacSha256);
  CHECK(keyOf("other").secretFile == folder.path("secrets/other"));
  CHECK(keyOf("third-key").key.secret == std::vector<std::uint8_t>{4, 5, 6});
  CHECK(std::ranges::count(loaded->files, folder.path("secrets/other"), &NamedFile::path) == 1);
}

TEST_CASE("the secret of a key is in no text that is shown, and a change of it is one all the same") {
  const Folder folder;
  folder.write("taut.toml", "[tsig.k]\nsecret = \"AQID\"\n" + zone);
  const auto before = folder.load();
  folder.write("taut.toml", "[tsig.k]\nsecret = \"BAUG\"\n" + zone);
  const auto after = folder.load();
  REQUIRE((before && after));
  const auto changes = differences(before->values, after->values);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].either().path == "tsig.k.secret");
  for (const EffectiveValue& value : after->values) {
    CHECK(value.text.find("BAUG") == std::string::npos);
    CHECK(value.json.find("BAUG") == std::string::npos);
  }
}

TEST_CASE("no mistake about a secret repeats it") {
  const Folder folder;
  for (const char* const line : {"secret = \"Geheim!\"", "secret = Geheim", "secret = [\"Geheim\"]"}) {
    folder.write("taut.toml", fmt::format("[tsig.k]\n{}\n", line) + zone);
    CHECK(folder.mistakes().starts_with("taut.toml:2:"));
    CHECK(folder.mistakes().find("Geheim") == std::string::npos);
  }
}

TEST_CASE("a name of an access list can ask for keys, alone or with networks, wherever messages are allowed") {
  const Folder folder;
  const std::string keys = "[tsig.one]\nsecret = \"AQID\"\n[tsig.\"two.example\"]\nsecret = \"BAUG\"\n";
  folder.write("taut.toml", "server.allow-query = [\"both\", \"10.0.0.0/8\"]\n" + keys +
                                "[acl]\nsigned = { networks = [\"office\"], tsig = [\"ONE\", \"two.example.\"] }\n"
                                "office = { networks = [\"192.0.2.0/24\"] }\nanywhere.tsig = [\"one\"]\n"
                                "both = [\"signed\", \"signed\"]\n"
                                "[[view]]\nname = \"v\"\nmatch = [\"anywhere\"]\n" +
                                zone);
  const auto loaded = folder.load();
  INFO(folder.mistakes());
  REQUIRE(loaded);
  const AddressPolicy nobody(AddressPolicy::Action::refuse);
  AddressPolicy office = nobody;
  office.allow("192.0.2.0/24");
  AddressPolicy ten = nobody;
  ten.allow("10.0.0.0/8");
  CHECK(loaded->server.allowQuery == AccessList(ten).allow(office, {Name("one"), Name("two.example")}));
  CHECK(loaded->views[0].match == AccessList(nobody).allow(AddressPolicy(), {Name("one")}));
}

TEST_CASE("a name that asks for keys is a mistake where no message is concerned") {
  const Folder folder;
  const std::string start = "[tsig.k]\nsecret = \"AQID\"\n[acl]\nx = { tsig = [\"k\"] }\ny = [\"x\"]\n";
  for (const char* const place :
       {"[http]\nlisten = [\"127.0.0.1\"]\nallow = [\"y\"]\n", "[rate-limit]\nresponses = 5\nexempt = [\"y\"]\n",
        "[server]\n\nproxy-from = [\"y\"]\n"}) {
    folder.write("taut.toml", start + place + zone);
    const std::string text = folder.mistakes();
    CHECK(text.starts_with("taut.toml:8:"));
    CHECK(text.ends_with(": 'y' asks for a key, which is not known here; expected networks alone\n"));
  }
}

TEST_CASE("a user that there is not is a mistake with its place") {
  const Folder folder;
  folder.write("taut.toml", "user = \"root\"\n" + zone);
  auto loaded = folder.load();
  REQUIRE(loaded);
  CHECK(checkUser(*loaded).empty());
  folder.write("taut.toml", "user = \"no-such-user\"\n" + zone);
  loaded = folder.load();
  REQUIRE(loaded);
  const Mistakes wrong = checkUser(*loaded);
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].toText() ==
        folder.path("taut.toml") + ":1:8: there is no user 'no-such-user'; expected one that `getent passwd` lists");
}

TEST_CASE(
    "the files that are read again are known with the places that name them, and socket files are not among them") {
  const Folder folder;
  folder.write("conf.d/one.toml", "zone-defaults.directory = \"/zones\"\n");
  folder.write("taut.toml",
               "include = [\"conf.d/*.toml\"]\nhosts-file = \"hosts\"\n"
               "server = { control = \"/run/control\", cookies.secrets-file = \"/secrets\" }\n"
               "dnstap.socket = \"/run/tap\"\nforward.resolv-conf = \"/resolv.conf\"\n" +
                   zone +
                   "[[zone-list]]\nfile = \"list\"\n"
                   "[[view]]\nname = \"v\"\nmatch = [\"any\"]\nforward.resolv-conf = \"/other\"\n");
  const auto loaded = folder.load();
  REQUIRE(loaded);
  std::string files;
  for (const NamedFile& file : loaded->files) files += file.path + ' ' + file.origin.toText() + '\n';
  CHECK(folder.without(files) ==
        "taut.toml taut.toml:1:1\n"
        "conf.d/ taut.toml:1:12\n"
        "conf.d/one.toml taut.toml:1:12\n"
        "hosts taut.toml:2:14\n"
        "/secrets taut.toml:3:61\n"
        "/zones/ conf.d/one.toml:1:27\n"
        "list taut.toml:9:8\n"
        "/resolv.conf taut.toml:5:23\n"
        "/other taut.toml:13:23\n");
}

TEST_CASE("a zone's file that does not exist is no mistake of the configuration") {
  const Folder folder;
  folder.write("taut.toml",
               "[[zone]]\nname = \"example.com\"\nfile = \"/nowhere\"\n[[zone-list]]\nfile = \"/nowhere\"\n");
  CHECK(folder.mistakes() == "");
}

TEST_CASE("the environment takes the place of the file, and the command line that of both") {
  const Folder folder;
  folder.write("taut.toml", "[server]\nidentity = \"file\"\nversion = \"file\"\nthreads = 1\n" + zone);
  Settings commandLine;
  commandLine.set("server.threads", {std::int64_t{3}, Origin::ofOption("--threads")});
  const auto loaded =
      folder.load({{"TAUT_SERVER__VERSION", "environment"}, {"TAUT_SERVER__THREADS", "2"}}, commandLine);
  REQUIRE(loaded);
  CHECK(loaded->server.identity == "file");
  CHECK(loaded->server.version == "environment");
  CHECK(loaded->server.threads == 3);
}

TEST_CASE("variables are read in the types of their keys") {
  const Folder folder;
  folder.write("taut.toml", zone);
  const auto loaded = folder.load({{"TAUT_SERVER__IDENTITY", "a \"b\" \\ ${HOME}"},
                                   {"TAUT_SERVER__UDP_SIZE", "1400"},
                                   {"TAUT_SERVER__ANSWER_TIMEOUT", "3s"},
                                   {"TAUT_SERVER__VERSION", "false"},
                                   {"TAUT_SERVER__HIDE", "[\"nsid\"]"},
                                   {"TAUT_SERVER__RRSET_ROUNDROBIN", "true"},
                                   {"TAUT_SERVER__COOKIES__ENABLED", "false"},
                                   {"TAUT_FORWARD__SERVERS", "['192.0.2.1']"},
                                   {"TAUT_FORWARD__CACHE__SIZE", "1M"},
                                   {"TAUT_ACL__OFFICE", "['192.0.2.0/24']"},
                                   {"TAUT_FORWARD__ALLOW", "['office']"},
                                   {"TAUT_ZONE", "[{name = 'a'}, {name = 'b', file = 'c'}]"},
                                   {"TAUT_LISTEN", "[{address = ['127.0.0.1:5300']}]"}});
  REQUIRE(loaded);
  CHECK(loaded->server.identity == "a \"b\" \\ ${HOME}");
  CHECK(loaded->server.udpSize == 1400);
  CHECK(loaded->server.answerTimeout == std::chrono::seconds(3));
  CHECK(loaded->server.version == "");
  CHECK(!loaded->server.tells("nsid"));
  CHECK(loaded->server.rrsetRoundRobin);
  CHECK(!loaded->server.cookies);
  CHECK(loaded->forward->cacheSize == 1 << 20);
  CHECK(loaded->forward->allow.allows(queryFrom(*Address::parse("192.0.2.1"))));
  CHECK(loaded->zones.size() == 2);
  CHECK(loaded->zones[1].path == "c");
  CHECK(addressesOf(loaded->listen) == std::vector{*Address::parse("127.0.0.1:5300")});
}

TEST_CASE("a list in a variable may have several lines, and sets no other key") {
  const Folder folder;
  folder.write("taut.toml", zone);
  const auto loaded = folder.load({{"TAUT_SERVER__HIDE", "[\n\"nsid\",\n]"}});
  REQUIRE(loaded);
  CHECK(loaded.value().server.hidden == std::vector<std::string>{"nsid"});
  CHECK(folder.mistakes({{"TAUT_SERVER__HIDE", "[]\nserver.threads = 9"}}).find("TAUT_SERVER__HIDE") == 0);
}

TEST_CASE("a variable includes no file") {
  const Folder folder;
  folder.write("taut.toml", zone);
  CHECK(folder.mistakes({{"TAUT_INCLUDE", "[\"other.toml\"]"}}) ==
        "TAUT_INCLUDE: 'include' is for files; expected it in the configuration file\n");
}

TEST_CASE("a variable that is no key, or has no value of its type, is a mistake by its name") {
  const Folder folder;
  folder.write("taut.toml", zone);
  CHECK(folder.mistakes({{"TAUT_SERVER__NOTHING_SUCH", "x"}})
            .starts_with("TAUT_SERVER__NOTHING_SUCH: 'nothing-such' is not known in [server]; expected one of"));
  CHECK(folder.mistakes({{"TAUT_SERVER_IDENTITY", "x"}}) ==
        "TAUT_SERVER_IDENTITY: there is no key 'server-identity'; did you mean TAUT_SERVER__IDENTITY?\n");
  CHECK(folder.mistakes({{"TAUT_SERVER__THREADS", "four"}}) ==
        "TAUT_SERVER__THREADS: 'threads': expected a whole number from 0 to 1024, not the text \"four\"\n");
  CHECK(folder.mistakes({{"TAUT_SERVER__HIDE", "nsid"}}) ==
        "TAUT_SERVER__HIDE: a text needs quotes; expected \"nsid\"\n");
  CHECK(folder.mistakes({{"TAUT_SERVER__IDENTITY", ""}}).starts_with("TAUT_SERVER__IDENTITY: 'identity': expected"));
  CHECK(folder.mistakes({{"TAUT_ACL__A]B", "[]"}}).starts_with("TAUT_ACL__A]B: "));
}

TEST_CASE("what container managers put into the environment for a service named taut is left alone") {
  const Folder folder;
  folder.write("taut.toml", zone);
  CHECK(folder.mistakes({{"TAUT_SERVICE_HOST", "10.0.0.1"},
                         {"TAUT_SERVICE_PORT", "53"},
                         {"TAUT_SERVICE_PORT_DNS", "53"},
                         {"TAUT_PORT", "tcp://10.0.0.1:53"},
                         {"TAUT_PORT_53_UDP", "udp://10.0.0.1:53"},
                         {"TAUT_PORT_53_UDP_ADDR", "10.0.0.1"},
                         {"TAUT_PORT_53_UDP_PORT", "53"},
                         {"TAUT_PORT_53_UDP_PROTO", "udp"},
                         {"TAUTOLOGY__X", "1"}}) == "");
}

TEST_CASE("the file of the system is read where it is there and the command line says nothing of what to serve") {
  const Folder folder;
  const std::string there = folder.path("there");
  folder.write("there", "");
  Settings settings;
  CHECK(chooseFile("", settings, there) == there);
  CHECK(chooseFile("", settings, folder.path("missing")) == "");
  CHECK(chooseFile("given", settings, there) == "given");
  settings.set("server.threads", {std::int64_t{3}, Origin::ofOption("--threads")});
  CHECK(chooseFile("", settings, there) == there);
  settings.append("forward.servers", "192.0.2.1", Origin::ofOption("--forward"));
  CHECK(chooseFile("", settings, there) == "");
  CHECK(chooseFile("given", settings, there) == "given");
  Settings zones;
  zones.add("zone", Origin::ofOption("--zone"));
  CHECK(chooseFile("", zones, there) == "");
}

TEST_CASE("the values that hold are told as TOML with their places, presets too, except the zones") {
  const Folder folder;
  folder.write("taut.toml",
               "[server]\nidentity = \"a\\\"b\"\nhide = [\"nsid\"]\n[acl]\noffice = [\"192.0.2.1\"]\n"
               "[[listen]]\naddress = [\"127.0.0.1\"]\n[[listen]]\naddress = [\"::1\"]\n" +
                   zone);
  const auto loaded = folder.load({{"TAUT_SERVER__ANSWER_TIMEOUT", "90s"}, {"TAUT_FORWARD__SERVERS", "['192.0.2.1']"}});
  REQUIRE(loaded);
  std::string text;
  for (const EffectiveValue& value : loaded->values)
    text += fmt::format(
        "{} = {} {}\n", value.path, value.text,
        value.origin.toText().substr(value.origin.kind() == Origin::Kind::file ? folder.path("").size() : 0));
  for (const char* const line :
       {"server.identity = \"a\\\"b\" taut.toml:2:12\n", "server.hide = [\"nsid\"] taut.toml:3:8\n",
        "server.udp-size = 1232 default\n", "server.answer-timeout = \"90s\" TAUT_SERVER__ANSWER_TIMEOUT\n",
        "acl.office = [\"192.0.2.1\"] taut.toml:5:10\n", "listen[0].address = [\"127.0.0.1\"] taut.toml:7:11\n",
        "listen[1].address = [\"::1\"] taut.toml:9:11\n", "forward.cache.size = \"0\" default\n"})
    CHECK_MESSAGE(text.find(line) != std::string::npos, text);
  CHECK(text.find("example.com") == std::string::npos);
}

TEST_CASE("what differs between two configurations is told with both values") {
  const Folder folder;
  folder.write("taut.toml", "[server]\nidentity = \"a\"\nthreads = 1\n" + zone);
  const auto before = folder.load();
  folder.write("taut.toml", "[server]\nthreads = 2\nversion = \"v\"\n" + zone);
  const auto after = folder.load();
  REQUIRE((before && after));
  std::string text;
  for (const ValueChange& change : differences(before->values, after->values))
    text += fmt::format("{}: {} {}\n", change.either().path, change.before ? change.before->text : "-",
                        change.after ? change.after->text : "-");
  CHECK(text == "server.version: - \"v\"\nserver.threads: 1 2\nserver.identity: \"a\" -\n");
  CHECK(differences(before->values, before->values).empty());
}

TEST_CASE("a value that is shown as TOML reads as the same value, whatever characters it has") {
  const Folder folder;
  for (const char* const text :
       {"plain", "${HOME}", "$${", "a \"quoted\" \\ text", "${${", "$", "line\nand\ttab\x7f", "é"}) {
    Settings settings;
    settings.set("server.identity", {std::string(text), Origin::ofOption("--identity")});
    const auto values = effectiveValues(settings);
    const auto shown = std::ranges::find(values, "server.identity", &EffectiveValue::path);
    REQUIRE(shown != values.end());
    folder.write("taut.toml", fmt::format("{} = {}\n{}", shown->path, shown->text, zone));
    const auto loaded = folder.load();
    REQUIRE_MESSAGE(loaded, folder.mistakes());
    CHECK(loaded->server.identity == text);
    CHECK(std::ranges::find(loaded->values, "server.identity", &EffectiveValue::path)->text == shown->text);
    CHECK(folder.load({{"TAUT_SERVER__VERSION", text}})->server.version == text);
  }
}

TEST_CASE("a view has its networks, its zones, and what its forwarding does not say from [forward]") {
  const Folder folder;
  folder.write("taut.toml",
               "[acl]\noffice = [\"192.0.2.0/24\"]\n"
               "[forward]\nservers = [\"192.0.2.1\"]\nallow = [\"any\"]\ncache.size = \"64M\"\n"
               "deny-rebinding = true\nprivate-domains = [\"corp.example\"]\n"
               "[[view]]\nname = \"inside\"\nmatch = [\"office\"]\nforward.servers = [\"192.0.2.2\"]\n"
               "[[view.zone]]\nname = \"example.com\"\n[[view.zone]]\nname = \"example.net\"\nfile = \"net\"\n"
               "[[view]]\nname = \"same\"\nmatch = [\"10.0.0.0/8\"]\n[view.forward]\n"
               "[[view]]\nname = \"other\"\nmatch = [\"loopback\"]\nzone = [{name = \"example.com\", file = \"/x\"}]\n"
               "[view.forward]\nresolv-conf = \"resolv.conf\"\nallow = [\"office\"]\ncache.size = 0\n"
               "deny-rebinding = false\n"
               "[[view]]\nname = \"none\"\nmatch = [\"any\"]\nrecursion = false\n");
  const auto loaded = folder.load();
  INFO(folder.mistakes());
  REQUIRE(loaded);
  REQUIRE(loaded->views.size() == 4);
  const ViewSettings& inside = loaded->views[0];
  CHECK(inside.name == "inside");
  CHECK(inside.match.allows(queryFrom(*Address::parse("192.0.2.7"))));
  CHECK(!inside.match.allows(queryFrom(*Address::parse("192.0.3.7"))));
  REQUIRE(inside.zones.size() == 2);
  CHECK(inside.zones[0].path == folder.path("example.com.zone"));
  CHECK(inside.zones[1].path == folder.path("net"));
  REQUIRE(inside.forward);
  CHECK(inside.forward->servers == std::vector{*Address::parse("192.0.2.2", 53)});
  CHECK(inside.forward->allow == loaded->forward->allow);
  CHECK(inside.forward->cacheSize == 64u << 20);
  CHECK(inside.forward->privateDomains == std::vector{Name("corp.example")});
  CHECK(loaded->views[1].forward->servers == loaded->forward->servers);
  CHECK(loaded->views[1].zones.empty());
  const ViewSettings& other = loaded->views[2];
  CHECK(other.zones[0].path == "/x");
  CHECK(other.forward->servers.empty());
  CHECK(other.forward->resolvConf == folder.path("resolv.conf"));
  CHECK(other.forward->allow == inside.match);
  CHECK(other.forward->cacheSize == 0);
  CHECK(!other.forward->denyRebinding);
  CHECK(other.forward->privateDomains.empty());
  CHECK(!loaded->views[3].forward);
  CHECK(!loaded->views[3].recursion);
  CHECK(loaded->zones.empty());
  CHECK(countForwarders(*loaded) == 4);
}

TEST_CASE("views go on in files that are included, and the environment takes the place of all of them") {
  const Folder folder;
  const std::string name = "match = [\"any\"]\n[[view.zone]]\nname = \"example.com\"\n";
  folder.write("taut.toml", "include = [\"more\"]\n[[view]]\nname = \"first\"\n" + name);
  folder.write("more", "[[view]]\nname = \"second\"\n" + name + "[[view.zone]]\nname = \"example.net\"\n");
  auto loaded = folder.load();
  REQUIRE(loaded);
  REQUIRE(loaded->views.size() == 2);
  CHECK(loaded->views[0].zones.size() == 1);
  CHECK(loaded->views[1].zones.size() == 2);
  const char* const views = "[{name = \"third\", match = [\"any\"], forward = {servers = [\"192.0.2.1\"]}}]";
  loaded = folder.load({{"TAUT_VIEW", views}});
  REQUIRE(loaded);
  REQUIRE(loaded->views.size() == 1);
  CHECK(loaded->views[0].name == "third");
  CHECK(loaded->views[0].zones.empty());
  CHECK(loaded->views[0].forward);
  CHECK(folder.mistakes({{"TAUT_VIEW__NAME", "x"}}) ==
        "TAUT_VIEW__NAME: 'name' is not known in [view]; expected it in [[view]]\n");
  CHECK(folder.mistakes({{"TAUT_VIEW__FORWARD__SERVERS", "x"}}) ==
        "TAUT_VIEW__FORWARD__SERVERS: 'servers' is not known in [view.forward]; expected it in [view.forward]\n");
}

TEST_CASE("the values of views are known with their places, and those of their zones are not") {
  const Folder folder;
  folder.write(
      "taut.toml",
      "[[view]]\nname = \"a\"\nmatch = [\"any\"]\n[[view.zone]]\nname = \"x\"\n"
      "[[view]]\nname = \"b\"\nmatch = [\"any\"]\nforward = {servers = [\"192.0.2.1\"], cache.size = \"1M\"}\n");
  const auto loaded = folder.load();
  REQUIRE(loaded);
  std::vector<std::string> values;
  for (const EffectiveValue& value : loaded->values)
    if (value.path.starts_with("view")) values.push_back(value.path + " = " + value.text);
  CHECK(values == std::vector<std::string>{"view[0].name = \"a\"", "view[1].name = \"b\"", "view[0].match = [\"any\"]",
                                           "view[1].match = [\"any\"]", "view[1].forward.servers = [\"192.0.2.1\"]",
                                           "view[1].forward.cache.size = \"1M\""});
}

TEST_CASE("what is wrong in views is told where it stands") {
  const Folder folder;
  folder.write("taut.toml", zone + "[view]\nname = \"x\"\n");
  CHECK(folder.mistakes() == "taut.toml:3:2: 'view' is a list of tables; expected [[view]]\n");
  folder.write("taut.toml", zone + "[[view]]\nname = \"x\"\nmatch = [\"any\"]\nzone = \"example.com\"\nforward = 1\n");
  CHECK(folder.mistakes() ==
        "taut.toml:6:8: 'view.zone' is a list of tables; expected [[view.zone]], not the text \"example.com\"\n"
        "taut.toml:7:11: 'view.forward' is a table; expected [view.forward], not 1\n");
  folder.write("taut.toml", zone +
                                "[[view]]\nname = \"x\"\nmatch = [\"any\"]\n[view.forward]\nallow = [\"any\"]\n"
                                "private-domains = [\"example.org\"]\nservers = []\n[[view.zone]]\n");
  CHECK(folder.mistakes() ==
        "taut.toml:8:19: needs deny-rebinding = true, without which all domains may have private addresses\n"
        "taut.toml:9:11: [view.forward] without a server forwards nothing; expected servers or resolv-conf\n"
        "taut.toml:10:1: a zone without name and file; expected name = \"example.com\", say\n");
}

TEST_CASE("a handler has its library beside the file, a place, names that it is asked for, and options of any type") {
  const Folder folder;
  folder.write("taut.toml",
               "[[handler]]\nname = \"ws\"\nlibrary = \"ws.so\"\nplace = \"before-zones\"\nsuffix = [\"example.com\"]\n"
               "[handler.options]\non = true\nmost = 5\nttl = \"5m\"\nlimits = { rate = 7, names = [\"a\", \"b\"] }\n");
  const auto loaded = folder.load();
  REQUIRE(loaded);
  REQUIRE(loaded->handlers.size() == 1);
  const HandlerSettings& handler = loaded->handlers.front();
  CHECK(handler.library == folder.path("ws.so"));
  CHECK(handler.place == HandlerPlace::beforeZones);
  CHECK(handler.suffixes == std::vector{Name("example.com")});
  CHECK(handler.options.flag("on", false));
  CHECK(handler.options.integer("most", 0, 9) == 5);
  CHECK(handler.options.duration("ttl") == std::chrono::minutes(5));
  CHECK(handler.options.integer("limits.rate", 0, 9) == 7);
  CHECK(handler.options.texts("limits.names") == std::vector<std::string>{"a", "b"});
  CHECK(std::ranges::find(loaded->files, folder.path("ws.so"), &NamedFile::path) != loaded->files.end());
  const auto shown =
      std::ranges::find(loaded->values, "handler[0].options.limits.names", &config::EffectiveValue::path);
  REQUIRE(shown != loaded->values.end());
  CHECK(shown->text == "[\"a\", \"b\"]");
}

TEST_CASE("what a handler lacks, and an option of a type that none takes, are mistakes with their places") {
  const Folder folder;
  folder.write("taut.toml",
               "[[handler]]\nlibrary = \"ws.so\"\n[[handler]]\nname = \"a b\"\nplace = \"first\"\n[[handler]]\nname = "
               "\"ws\"\nlibrary = \"ws.so\"\noptions = { a = 1.5, b = [1], c = [{ d = 1 }] }\n[[handler]]\nname = "
               "\"ws\"\nlibrary = \"ws.so\"\noptins = {}\n");
  CHECK(folder.mistakes() ==
        "taut.toml:1:1: a handler without a name; expected name = \"workstations\", say\n"
        "taut.toml:4:8: 'a b' is no name of a handler; expected letters, digits, '-', '_' and '.'\n"
        "taut.toml:5:9: 'place': expected one of \"before-zones\", \"after-zones\", not the text \"first\"\n"
        "taut.toml:9:17: expected true or false, a whole number, a text, a list of texts, or a table of these, "
        "not a number with a fraction\n"
        "taut.toml:9:27: expected true or false, a whole number, a text, a list of texts, or a table of these, "
        "not 1\n"
        "taut.toml:9:36: 'c' is a list of tables; expected true or false, a whole number, a text, a list of texts, or "
        "a table of these\n"
        "taut.toml:11:8: handler ws is there already; expected it once\n"
        "taut.toml:13:1: 'optins' is not known in [[handler]]; did you mean 'options'?\n");
}

}  // namespace load_test
