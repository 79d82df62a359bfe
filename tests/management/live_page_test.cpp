#include "management/live_page.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "management/http_response.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace live_page_test {

namespace {

std::string pageWith(const char* zone) {
  taut::ManagementSnapshot snapshot;
  snapshot.version = "1.2.3";
  snapshot.readiness = taut::Readiness::ready;
  snapshot.zones = std::make_shared<const taut::ZoneSet>(std::vector{taut::Zone::notLoaded(taut::Name(zone))});
  snapshot.statistics.requests[0][0][taut::typeSlot(taut::Type::MX)] = 42;
  snapshot.top.queries = 400;
  snapshot.top.names.push_back({taut::Name(zone), 110, 10});
  snapshot.top.types.push_back({taut::Type::NAPTR, 400, 0});
  return taut::livePage(snapshot, taut::summaryOf(*snapshot.zones), taut::History());
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the page can be read without its script: it comes with the state, the numbers and the zones") {
  const std::string page = pageWith("example.com");
  CHECK(contains(page, "<div class=\"pill ready\" id=\"state\">ready</div>"));
  CHECK(contains(page, "<tr><td class=\"name\">example.com.<td class=\"bad\">not loaded"));
  CHECK(contains(page, "<tr><td class=\"name\">MX<td class=\"n\">42"));
  CHECK(contains(page, "<tr><td class=\"name\">example.com.<td class=\"n\">25.0 %"));
  CHECK(contains(page, "<tr><td class=\"name\">NAPTR<td class=\"n\">100.0 %"));
  CHECK(contains(page, "<tbody id=\"clients\"><tr><td class=\"none\">nothing is asked at the moment"));
  CHECK(!contains(page, "<!--"));
}

TEST_CASE("the page loads nothing else, and is smaller than 40 KB") {
  const std::string page = pageWith("example.com");
  CHECK(page.size() < 40'000);
  CHECK(!contains(page, "src="));
  CHECK(!contains(page, "https://"));
  CHECK(!contains(page, "@import"));
}

TEST_CASE("the policy of the page lets its own scripts and styles run, and nothing that is written elsewhere") {
  const std::string head = taut::headOf(taut::PageResponse(), true);
  CHECK(contains(head, "default-src 'none'; script-src 'sha256-"));
  CHECK(!contains(head, "unsafe"));
  const std::string page = pageWith("example.com");
  CHECK(!contains(page, " style="));
  CHECK(!contains(page, " onclick="));
}

TEST_CASE("a name cannot write into the page what is not text") {
  const std::string page = pageWith("</script><script>alert(1)</script>.example");
  CHECK(!contains(page, "alert(1)</script>"));
  CHECK(!contains(page, "<script>alert"));
  CHECK(taut::escapedForHtml("<a href=\"&\">") == "&lt;a href=&quot;&amp;&quot;&gt;");
}

}  // namespace live_page_test
