#include "taut/zone/master_file.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "taut/dns/ttl.hpp"
#include "taut/zone/zone_writer.hpp"

namespace master_file_test {

using namespace taut;

namespace {

class Collector final : public MasterFileHandler {
 public:
  bool onRecord(const MasterRecord& record) override {
    fmt::memory_buffer line;
    writeRecord(record.owner, record.ttl, record.rrClass, record.type, record.rdata, line);
    records.emplace_back(line.data(), line.size() - 1);
    lines.push_back(record.line);
    return records.size() < limit;
  }
  bool onDiagnostic(Diagnostic diagnostic) override {
    diagnostics.push_back(diagnostic.toString());
    return true;
  }
  void onFile(const std::string& path) override { files.push_back(path); }
  bool onText() override { return texts++ < textLimit; }

  std::vector<std::string> records;
  std::vector<std::uint32_t> lines;
  std::vector<std::string> diagnostics;
  std::vector<std::string> files;
  std::size_t limit = 1000000;
  std::size_t texts = 0;
  std::size_t textLimit = 1000000;
};

Collector scan(std::string_view text, const char* origin = "example.") {
  MasterFileOptions options;
  if (origin != nullptr) options.origin = Name(origin);
  Collector collector;
  const bool good = scanMasterText(text, "f", options, collector);
  CHECK(good == collector.diagnostics.empty());
  return collector;
}

using Lines = std::vector<std::string>;

// A folder of its own that goes with the test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / fmt::format("taut-master-file-{}", getpid())) {
    std::filesystem::create_directories(path_ / "sub");
  }
  ~Folder() { std::filesystem::remove_all(path_); }

  std::string write(const std::string& name, std::string_view text) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("TTL and class are taken in either order, and both may be left out") {
  const auto read = scan(
      "$TTL 9\n"
      "a 5 IN A 192.0.2.1\n"
      "b IN 5 A 192.0.2.1\n"
      "c 5 A 192.0.2.1\n"
      "d IN A 192.0.2.1\n"
      "e A 192.0.2.1\n"
      "f CH TXT x\n"
      "g CLASS1 1h TYPE1 192.0.2.1\n");
  CHECK(read.records == Lines{"a.example. 5 IN A 192.0.2.1", "b.example. 5 IN A 192.0.2.1",
                              "c.example. 5 IN A 192.0.2.1", "d.example. 9 IN A 192.0.2.1",
                              "e.example. 9 IN A 192.0.2.1", "f.example. 9 CH TXT \"x\"",
                              "g.example. 3600 IN A 192.0.2.1"});
}

TEST_CASE("Owners are completed by the origin, repeated by a blank, and may be numbers or escaped") {
  const auto read = scan(
      "$TTL 1\n"
      "@ A 192.0.2.1\n"
      "\tA 192.0.2.2\n"
      "1 A 192.0.2.3\n"
      "$ORIGIN sub\n"
      "abs. A 192.0.2.4\n"
      "@ A 192.0.2.5\n"
      "a\\.b A 192.0.2.6\n"
      "\\065\\$x A 192.0.2.7\n"
      "$ORIGIN .\n"
      "   A 192.0.2.8\n"
      "x A 192.0.2.9\n");
  CHECK(read.records == Lines{"example. 1 IN A 192.0.2.1", "example. 1 IN A 192.0.2.2", "1.example. 1 IN A 192.0.2.3",
                              "abs. 1 IN A 192.0.2.4", "sub.example. 1 IN A 192.0.2.5",
                              "a\\.b.sub.example. 1 IN A 192.0.2.6", "A\\$x.sub.example. 1 IN A 192.0.2.7",
                              "A\\$x.sub.example. 1 IN A 192.0.2.8", "x. 1 IN A 192.0.2.9"});
}

TEST_CASE("Parentheses join lines, comments end them, and blank lines do not count") {
  const auto read = scan(
      "; nothing\n"
      "\n"
      "   \t ; nothing either\n"
      "a 1 MX ( 10 ; preference\n"
      "  mail ) ; done\n"
      "b 1 ( ) MX (10)(mail)\n"
      "(c 1 A 192.0.2.1\n"
      ")\n");
  CHECK(read.records == Lines{"a.example. 1 IN MX 10 mail.example.", "b.example. 1 IN MX 10 mail.example.",
                              "c.example. 1 IN A 192.0.2.1"});
  CHECK(read.lines == std::vector<std::uint32_t>{4, 6, 7});
}

TEST_CASE("Quoted strings keep blanks, semicolons and line ends") {
  const auto read = scan(
      "a 1 TXT \"x ; (y\" \"\" z\n"
      "b 1 TXT \"one\ntwo\" \"q\\\"q\"\n"
      "c 1 TXT \"after\"\n"
      "d 1 TXT x\"y\"\"z\"w\n");
  CHECK(read.records == Lines{"a.example. 1 IN TXT \"x ; (y\" \"\" \"z\"",
                              "b.example. 1 IN TXT \"one\\010two\" \"q\\\"q\"", "c.example. 1 IN TXT \"after\"",
                              "d.example. 1 IN TXT \"x\" \"y\" \"z\" \"w\""});
  CHECK(read.lines == std::vector<std::uint32_t>{1, 2, 4, 5});
}

TEST_CASE("A quote after an equals sign belongs to the word in SVCB parameters only") {
  const auto read = scan(
      "a 1 SVCB 1 . alpn=\"h2,h3\" port=8\n"
      "b 1 TXT a=\"b c\"\n");
  CHECK(read.records == Lines{"a.example. 1 IN SVCB 1 . alpn=\"h2,h3\" port=8", "b.example. 1 IN TXT \"a=\" \"b c\""});
}

TEST_CASE("Lines may end in CR LF, and the last one without an end") {
  const auto read = scan("$TTL 1\r\na A 192.0.2.1\r\n\r\nb MX ( 1\r\n c )\r\nd A 192.0.2.2");
  CHECK(read.records ==
        Lines{"a.example. 1 IN A 192.0.2.1", "b.example. 1 IN MX 1 c.example.", "d.example. 1 IN A 192.0.2.2"});
  CHECK(scan("").records.empty());
  CHECK(scan("; only a comment").records.empty());
}

TEST_CASE("A record without TTL takes $TTL, else the TTL before it, else an SOA's MINIMUM, which is the default then") {
  CHECK(scan("a 7 A 192.0.2.1\nb A 192.0.2.1\n$TTL 1d\nc A 192.0.2.1\n").records ==
        Lines{"a.example. 7 IN A 192.0.2.1", "b.example. 7 IN A 192.0.2.1", "c.example. 86400 IN A 192.0.2.1"});
  MasterFileOptions options;
  options.origin = Name("example.");
  Collector collector;
  CHECK(scanMasterText("@ SOA a b 1 2 3 4 50\nb A 192.0.2.1\n", "f", options, collector));
  CHECK(collector.records ==
        Lines{"example. 50 IN SOA a.example. b.example. 1 2 3 4 50", "b.example. 50 IN A 192.0.2.1"});
  CHECK(collector.diagnostics ==
        Lines{"f:1:1: warning: SOA without a TTL and no $TTL before it: its MINIMUM, 50, is used"});
  Collector after;
  CHECK(scanMasterText("@ SOA a b 1 2 3 4 50\nb 7 A 192.0.2.1\nc A 192.0.2.1\n", "f", options, after));
  CHECK(after.records.back() == "c.example. 50 IN A 192.0.2.1");
  CHECK(scan("a A 192.0.2.1\n").diagnostics ==
        Lines{"f:1:1: error: record without a TTL, expected one here or $TTL before it"});
}

TEST_CASE("TTLs are seconds or sums of units, and what is too large counts as zero") {
  CHECK(parseTtl("0") == 0);
  CHECK(parseTtl("1w2d3h4m5s") == 604800 + 2 * 86400 + 3 * 3600 + 4 * 60 + 5);
  CHECK(parseTtl("1H30m") == 5400);
  CHECK(parseTtl("4294967295") == 4294967295U);
  for (const char* wrong : {"", "x", "1x", "h", "1h30", "1hm", "-1", "4294967296", "99999999999999999999", "8000w"})
    CHECK_MESSAGE(!parseTtl(wrong), wrong);

  MasterFileOptions options;
  options.origin = Name("example.");
  Collector collector;
  CHECK(scanMasterText("a 2147483648 A 192.0.2.1\nb 2147483647 A 192.0.2.1\n", "f", options, collector));
  CHECK(collector.records == Lines{"a.example. 0 IN A 192.0.2.1", "b.example. 2147483647 IN A 192.0.2.1"});
  CHECK(collector.diagnostics.size() == 1);
}

TEST_CASE("Every mistake is told with file, line and column, and what was expected") {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"$TTL 1\na A 192.0.2.256\n", "f:2:5: error: A: '192.0.2.256'"},
      {"$TTL 1\na A\n", "f:2:4: error: A: "},
      {"$TTL 1\na A 192.0.2.1 x\n", "f:2:15: error: A: "},
      {"$TTL 1\na  BOGUS x\n", "f:2:4: error: unknown type 'BOGUS'"},
      {"$TTL 1\na ANY x\n", "f:2:3: error: type ANY cannot be data"},
      {"$TTL 1\na IN\n", "f:2:5: error: record without a type"},
      {"$TTL 1\na 5x A 192.0.2.1\n", "f:2:3: error: '5x' is not a TTL, expected seconds or units as in 1w2d3h4m5s"},
      {"$TTL 1\na..b A 192.0.2.1\n", "f:2:1: error: 'a..b' is not a domain name: empty label"},
      {"$TTL 1\na \"A\" 192.0.2.1\n", "f:2:3: error: a quoted string, expected TTL, class or type"},
      {"$TTL 1\n A 192.0.2.1\n", "f:2:2: error: record without an owner"},
      {"$TTL 1\na TXT \"x\n\ny\n", "f:2:7: error: quoted string is never closed, expected '\"'"},
      {"$TTL 1\na MX ( 1\n\ny\n", "f:2:6: error: '(' is never closed, expected ')'"},
      {"$TTL 1\na MX 1 y )\n", "f:2:10: error: ')' without '('"},
      {"$TTL 1\na TXT x\\\n", "f:2:8: error: '\\' at the end of a line"},
      {"$TTL\n", "f:1:5: error: $TTL without a TTL"},
      {"$TTL 1 2\n", "f:1:8: error: more words than $TTL takes"},
      {"$ORIGIN\n", "f:1:8: error: $ORIGIN without a domain name"},
      {"$ORIGIN a b\n", "f:1:11: error: more words than $ORIGIN takes"},
      {"$BOGUS\n", "f:1:1: error: unknown directive '$BOGUS', expected $ORIGIN, $TTL, $INCLUDE or $GENERATE"},
      {"$INCLUDE\n", "f:1:9: error: $INCLUDE without a file name"},
      {"$INCLUDE /nowhere/at/all\n", "f:1:10: error: cannot read '/nowhere/at/all': No such file or directory"},
      {"$GENERATE 1-2 a\n", "f:1:16: error: $GENERATE: expected range, owner, type and RDATA"},
      {"$GENERATE 2-1 a 1 A 192.0.2.$\n", "f:1:11: error: bad range '2-1', expected start-stop or start-stop/step"},
      {"$GENERATE 1-2/0 a 1 A 192.0.2.$\n", "f:1:11: error: bad range"},
      {"$GENERATE 1-2 a${1,2,q} 1 A 192.0.2.1\n", "f:1:15: error: bad modifier"},
      {"$GENERATE 255-257 a$ 1 A 192.0.2.$\n", "f:1:26: error: A: '192.0.2.256'"},
  };
  for (const Case& one : cases) {
    const auto read = scan(one.text);
    REQUIRE_MESSAGE(!read.diagnostics.empty(), one.text);
    CHECK_MESSAGE(read.diagnostics.front().starts_with(one.message), read.diagnostics.front(), " instead of ",
                  one.message);
  }
}

TEST_CASE("A scan goes on after a mistake and reports the next one too") {
  const auto read = scan("$TTL 1\na A bad\nb A 192.0.2.1\nc A worse\n");
  CHECK(read.records == Lines{"b.example. 1 IN A 192.0.2.1"});
  CHECK(read.diagnostics.size() == 2);
}

TEST_CASE("A handler that has enough stops the scan") {
  MasterFileOptions options;
  options.origin = Name("example.");
  Collector collector;
  collector.limit = 2;
  scanMasterText("$TTL 1\n$GENERATE 1-100 a$ A 192.0.2.1\nb A 192.0.2.1\n", "f", options, collector);
  CHECK(collector.records.size() == 2);
}

TEST_CASE("Without an origin the first owner must be absolute and becomes it") {
  CHECK(
      scan("example.org. 1 SOA ns mail 1 2 3 4 5\nwww 1 A 192.0.2.1\n", nullptr).records ==
      Lines{"example.org. 1 IN SOA ns.example.org. mail.example.org. 1 2 3 4 5", "www.example.org. 1 IN A 192.0.2.1"});
  CHECK(scan("@ 1 A 192.0.2.1\n", nullptr).diagnostics.front() ==
        "f:1:1: error: '@' is relative, but no origin is known: expected an absolute name or $ORIGIN before it");
  CHECK(scan("a\\. 1 A 192.0.2.1\n", nullptr).diagnostics.size() == 1);
}

TEST_CASE("$GENERATE counts with steps, offsets, widths and bases as BIND does") {
  const auto read = scan(
      "$TTL 1\n"
      "$GENERATE 0-4/2 host$ A 192.0.2.$\n"
      "$GENERATE 9-10 a${-1,3} 5 IN CNAME b${1,2,x}\n"
      "$GENERATE 10-10 x${0,4,X} CNAME o${0,3,o}\n"
      "$GENERATE 18-18 ${0,0,n} PTR ${0,8,N}c\n"
      "$GENERATE 1-1 d TXT \"a \\$ $$ $ b\" $\n"
      "$GENERATE 1-1 e TXT \"\\\"two words\\\" $\"\n"
      "$GENERATE 1-1 $.f NS ns$\n");
  CHECK(read.records == Lines{"host0.example. 1 IN A 192.0.2.0", "host2.example. 1 IN A 192.0.2.2",
                              "host4.example. 1 IN A 192.0.2.4", "a008.example. 5 IN CNAME b0a.example.",
                              "a009.example. 5 IN CNAME b0b.example.", "x000A.example. 1 IN CNAME o012.example.",
                              "2.1.example. 1 IN PTR 2.1.0.0.c.example.", "d.example. 1 IN TXT \"a $ $ 1 b\" \"1\"",
                              "e.example. 1 IN TXT \"two words\" \"1\"", "1.f.example. 1 IN NS ns1.example."});
}

TEST_CASE("$GENERATE prints what is below zero as BIND does: a sign, or 32 bits in two's complement") {
  const auto generated = [](const char* modifier) {
    const auto read = scan(fmt::format("$TTL 1\n$GENERATE 1-1 a TXT ${{{}}}\n", modifier));
    REQUIRE(read.records.size() == 1);
    constexpr std::string_view before = "a.example. 1 IN TXT \"";
    return read.records[0].substr(before.size(), read.records[0].size() - before.size() - 1);
  };
  CHECK(generated("-2") == "-1");
  CHECK(generated("-2,4") == "-001");
  CHECK(generated("-2,4,d") == "-001");
  CHECK(generated("-2,0,n") == "f.f.f.f.f.f.f.f");
  CHECK(generated("-2,16,n") == "f.f.f.f.f.f.f.f.");
  CHECK(generated("-2,20,n") == "f.f.f.f.f.f.f.f.0.0.");
  CHECK(generated("-2,0,N") == "F.F.F.F.F.F.F.F");
  CHECK(generated("-2,0,x") == "ffffffff");
  CHECK(generated("-2,12,x") == "0000ffffffff");
  CHECK(generated("-2,0,X") == "FFFFFFFF");
  CHECK(generated("-2,0,o") == "37777777777");
  CHECK(generated("-2,13,o") == "0037777777777");
  CHECK(generated("-2147483647,0,x") == "80000002");
  CHECK(generated("-2147483648,0,d") == "-2147483647");
}

TEST_CASE("$INCLUDE reads beside the including file and gives back origin and owner") {
  const Folder folder;
  folder.write("sub/inner", "x A 192.0.2.2\n$ORIGIN elsewhere.\ny A 192.0.2.3\n$INCLUDE \"more\"\n");
  folder.write("sub/more", "$TTL 77\nz A 192.0.2.4");
  const std::string main = folder.write("main",
                                        "$TTL 1\n"
                                        "a A 192.0.2.1\n"
                                        "$INCLUDE sub/inner deep\n"
                                        "  A 192.0.2.5\n"
                                        "b A 192.0.2.6\n");
  MasterFileOptions options;
  options.origin = Name("example.");
  Collector collector;
  CHECK(scanMasterFile(main, options, collector));
  CHECK(collector.diagnostics.empty());
  CHECK(collector.records == Lines{"a.example. 1 IN A 192.0.2.1", "x.deep.example. 1 IN A 192.0.2.2",
                                   "y.elsewhere. 1 IN A 192.0.2.3", "z.elsewhere. 77 IN A 192.0.2.4",
                                   "a.example. 77 IN A 192.0.2.5", "b.example. 77 IN A 192.0.2.6"});
  REQUIRE(collector.files.size() == 3);
  CHECK(collector.files[2].ends_with("sub/more"));
}

TEST_CASE("A file larger than what is read at once is the same text, with the same lines and columns") {
  const Folder folder;
  std::string text = "$TTL 1\n";
  int line = 1;
  for (int i = 0; i < 20000; ++i) {
    text += i % 3 == 0 ? fmt::format("h{} MX ( {} ; comment (\n  mail )\n", i, i)
                       : fmt::format("h{} TXT \"{}\n;\"\n", i, std::string(static_cast<std::size_t>(i % 50), 'x'));
    line += 2;
  }
  text += "long TXT (";
  for (int i = 0; i < 200; ++i) text += " \"" + std::string(250, 'y') + "\" ;" + std::string(5000, 'c') + "\n";
  line += 201;
  text += ")\n";
  text += std::string(1000000, ';') + "\n\n";
  text += "bad A x\nlast A 192.0.2.1";
  MasterFileOptions options;
  options.origin = Name("example.");
  Collector collector;
  const std::string path = folder.write("large", text);
  CHECK(!scanMasterFile(path, options, collector));
  CHECK(collector.diagnostics.size() == 1);
  CHECK(collector.diagnostics[0].starts_with(fmt::format("{}:{}:7: error: A: 'x'", path, line + 3)));
  REQUIRE(collector.records.size() == 20002);
  CHECK(collector.records[0] == "h0.example. 1 IN MX 0 mail.example.");
  CHECK(collector.records[19999] == fmt::format("h19999.example. 1 IN TXT \"{}\\010;\"", std::string(49, 'x')));
  CHECK(collector.lines[19999] == 40000);
  CHECK(collector.records[20000].size() > 200 * 250);
  CHECK(collector.records[20001] == "last.example. 1 IN A 192.0.2.1");

  Collector same;
  CHECK(!scanMasterText(text, path, options, same));
  CHECK(same.records == collector.records);
  CHECK(same.lines == collector.lines);
  CHECK(same.diagnostics == collector.diagnostics);
}

TEST_CASE("A circle of $INCLUDE is found, and nesting has a limit") {
  const Folder folder;
  folder.write("b", "$INCLUDE ./a\n");
  const std::string a = folder.write("a", "$INCLUDE b\n");
  MasterFileOptions options;
  options.origin = Name("example.");
  Collector collector;
  CHECK(!scanMasterFile(a, options, collector));
  REQUIRE(collector.diagnostics.size() == 1);
  CHECK(collector.diagnostics[0].find("leads back to") != std::string::npos);

  for (int i = 0; i < 20; ++i) folder.write(fmt::format("n{}", i), fmt::format("$INCLUDE n{}\n", i + 1));
  folder.write("n20", "");
  Collector deep;
  options.maxIncludeDepth = 4;
  CHECK(!scanMasterFile(folder.write("start", "$INCLUDE n0\n"), options, deep));
  REQUIRE(deep.diagnostics.size() == 1);
  CHECK(deep.diagnostics[0].find("nested more than 4 deep") != std::string::npos);
}

TEST_CASE("A file that cannot be read, and a folder, are told by their names") {
  MasterFileOptions options;
  Collector collector;
  CHECK(!scanMasterFile("/nowhere/zone", options, collector));
  CHECK(!scanMasterFile("/", options, collector));
  CHECK(collector.diagnostics == Lines{"/nowhere/zone: error: cannot read the file: No such file or directory",
                                       "/: error: cannot read the file: Is a directory"});
}

TEST_CASE("What is no regular file, or is too large, is refused without being read") {
  const Folder folder;
  const std::string fifo = folder.write("sub/fifo", "");
  std::filesystem::remove(fifo);
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const std::string large = folder.write("large", "");
  std::filesystem::resize_file(large, (std::uintmax_t{64} << 30) + 1);
  MasterFileOptions options;
  Collector collector;
  CHECK(!scanMasterFile(fifo, options, collector));
  CHECK(!scanMasterFile("/dev/zero", options, collector));
  CHECK(!scanMasterFile(large, options, collector));
  CHECK(!scanMasterFile(folder.write("including", "$INCLUDE sub/fifo\n"), options, collector));
  REQUIRE(collector.diagnostics.size() == 4);
  CHECK(collector.diagnostics[0] == fifo + ": error: cannot read the file: it is not a regular file");
  CHECK(collector.diagnostics[1] == "/dev/zero: error: cannot read the file: it is not a regular file");
  CHECK(collector.diagnostics[2] == large + ": error: cannot read the file: it is larger than 68719476736 octets");
  CHECK(collector.diagnostics[3].ends_with("it is not a regular file"));
}

TEST_CASE("An entry has a bounded length, and one that is longer is told by its line") {
  const Folder folder;
  MasterFileOptions options;
  options.origin = Name("example.");
  const std::string head = "\na 1 A 192.0.2.1\n";
  Collector collector;
  CHECK(!scanMasterFile(folder.write("zeros", head + std::string(5 << 20, '\0')), options, collector));
  CHECK(!scanMasterFile(folder.write("open", head + "b 1 TXT (\n" + std::string(5 << 20, '\n')), options, collector));
  CHECK(collector.records.size() == 2);
  REQUIRE(collector.diagnostics.size() == 2);
  for (const std::string& diagnostic : collector.diagnostics)
    CHECK(diagnostic.ends_with(":3:1: error: entry is longer than 4194304 octets"));

  Collector spreadOut;
  const std::string spread = "b 1 TXT ( x\n" + std::string(3 << 20, '\n') + ")\nc 1 A 192.0.2.1\n";
  CHECK(scanMasterFile(folder.write("spread", spread), options, spreadOut));
  CHECK(spreadOut.records.size() == 2);
}

TEST_CASE("A scan of text without records stops where it is told to") {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "; a comment of some length\n";
  const std::string path = folder.write("comments", text);
  MasterFileOptions options;
  Collector whole;
  CHECK(scanMasterFile(path, options, whole));
  REQUIRE(whole.texts > 5);
  for (std::size_t limit = 0; limit < whole.texts; ++limit) {
    Collector part;
    part.textLimit = limit;
    CHECK(scanMasterFile(path, options, part));
    CHECK(part.texts == limit + 1);
  }
}

TEST_CASE("Generic types, classes and RDATA are read") {
  CHECK(scan("a 1 CLASS65280 TYPE65281 \\# 3 01 0203\nb 1 A \\# 4 c0000201\n").records ==
        Lines{"a.example. 1 CLASS65280 TYPE65281 \\# 3 010203", "b.example. 1 IN A 192.0.2.1"});
}

}  // namespace master_file_test
