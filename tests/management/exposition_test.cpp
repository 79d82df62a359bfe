#include "management/exposition.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "full_snapshot.hpp"
#include "management/process_status.hpp"

namespace exposition_test {

namespace {

using namespace taut;

struct Fixture {
  std::string text = exposition(fullSnapshot());

  // Whether there is exactly this line.
  bool has(std::string_view line) const { return text.find(std::string("\n").append(line).append("\n")) != text.npos; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "requests are told by protocol, family and type, and types without a name are together") {
  CHECK(has(R"(taut_dns_requests_total{proto="udp",family="ipv4",type="A"} 11)"));
  CHECK(has(R"(taut_dns_requests_total{proto="tcp",family="ipv6",type="HTTPS"} 75)"));
  CHECK(has(R"(taut_dns_requests_total{proto="tcp",family="ipv6",type="other"} 10)"));
}

TEST_CASE_FIXTURE(Fixture, "responses are told by protocol and RCODE") {
  CHECK(has(R"(taut_dns_responses_total{proto="udp",rcode="NXDOMAIN"} 103)"));
  CHECK(has(R"(taut_dns_responses_total{proto="udp",rcode="BADCOOKIE"} 123)"));
  CHECK(has(R"(taut_dns_responses_total{proto="udp",rcode="other"} 124)"));
  CHECK(has(R"(taut_dns_responses_total{proto="tcp",rcode="SERVFAIL"} 0)"));
}

TEST_CASE_FIXTURE(Fixture, "histograms have counts of all that is not above a bound, their sum and their number") {
  CHECK(has(R"(taut_dns_request_size_bytes_bucket{le="64"} 1)"));
  CHECK(has(R"(taut_dns_request_size_bytes_bucket{le="1232"} 3)"));
  CHECK(has(R"(taut_dns_request_size_bytes_bucket{le="+Inf"} 5)"));
  CHECK(has("taut_dns_request_size_bytes_sum 22240"));
  CHECK(has("taut_dns_request_size_bytes_count 5"));
  CHECK(has(R"(taut_dns_request_duration_seconds_bucket{le="0.001"} 12777)"));
  CHECK(has(R"(taut_dns_request_duration_seconds_bucket{le="0.005"} 12778)"));
  CHECK(has(R"(taut_loop_completions_bucket{le="1"} 25)"));
}

TEST_CASE_FIXTURE(Fixture, "what was dropped, limited, displaced or failed is told by its reason") {
  CHECK(has(R"(taut_dns_dropped_total{reason="unparsable"} 1)"));
  CHECK(has(R"(taut_dns_dropped_total{reason="proxy"} 2)"));
  CHECK(has(R"(taut_dns_dropped_total{reason="send-error"} 8)"));
  CHECK(has(R"(taut_rate_limited_total{action="drop"} 4)"));
  CHECK(has(R"(taut_rate_limited_total{action="truncate"} 4)"));
  CHECK(has(R"(taut_cookies_total{state="invalid"} 7)"));
  CHECK(has(R"(taut_tsig_requests_total{result="good"} 37)"));
  CHECK(has(R"(taut_tsig_requests_total{result="badtime"} 40)"));
  CHECK(has("taut_queries_waiting 2"));
  CHECK(has("taut_queries_displaced_total 8"));
  CHECK(has("taut_answer_timeouts_total 9"));
  CHECK(has("taut_handler_failures_total 10"));
  CHECK(has(R"(taut_secondary_zones{state="up_to_date"} 61)"));
  CHECK(has(R"(taut_secondary_zones{state="failing"} 62)"));
  CHECK(has(R"(taut_secondary_zones{state="missing"} 63)"));
  CHECK(has(R"(taut_secondary_zones{state="expired"} 64)"));
  CHECK(has(R"(taut_catalog_members{catalog="zone1.example.",role="consume"} 2)"));
  CHECK(has(R"(taut_catalog_valid{catalog="zone1.example.",role="consume"} 0)"));
  CHECK(has("taut_secondary_transfers_running 65"));
  CHECK(has(R"(taut_secondary_transfers_total{result="succeeded"} 66)"));
  CHECK(has(R"(taut_secondary_transfers_total{result="failed"} 67)"));
  CHECK(has("taut_notices_pending 68"));
  CHECK(has("taut_transfers_running 2"));
  CHECK(has(R"(taut_transfers_total{result="whole"} 41)"));
  CHECK(has(R"(taut_transfers_total{result="incremental"} 42)"));
  CHECK(has(R"(taut_transfers_total{result="up_to_date"} 43)"));
  CHECK(has(R"(taut_transfers_total{result="refused"} 44)"));
  CHECK(has(R"(taut_transfers_total{result="over_quota"} 45)"));
  CHECK(has(R"(taut_transfers_total{result="failed"} 46)"));
  CHECK(has("taut_transfer_records_total 47"));
  CHECK(has("taut_transfer_bytes_total 48"));
  CHECK(has(R"(taut_notifies_total{result="accepted"} 49)"));
  CHECK(has(R"(taut_notifies_total{result="refused"} 50)"));
  CHECK(has(R"(taut_updates_total{result="done"} 69)"));
  CHECK(has(R"(taut_updates_total{result="not_met"} 70)"));
  CHECK(has(R"(taut_updates_total{result="refused"} 71)"));
  CHECK(has(R"(taut_updates_total{result="malformed"} 72)"));
  CHECK(has(R"(taut_updates_total{result="failed"} 73)"));
  CHECK(has(R"(taut_tcp_connections{proto="tcp"} 15)"));
  CHECK(has(R"(taut_tcp_refused_total{reason="resources"} 13)"));
  CHECK(has("taut_log_dropped_total 27"));
  CHECK(has("taut_dnstap_written_total 31"));
  CHECK(has("taut_dnstap_dropped_total 32"));
  CHECK(has("taut_udp_receive_errors_total 26"));
}

TEST_CASE_FIXTURE(Fixture, "each server that is asked has its own numbers, and is well where one shard says so") {
  CHECK(has(R"(taut_forward_requests_total{to="192.0.2.1:53"} 22)"));
  CHECK(has(R"(taut_forward_duration_seconds_bucket{to="192.0.2.2:53",le="0.001"} 24)"));
  CHECK(has(R"(taut_forward_healthy{to="192.0.2.1:53"} 1)"));
  CHECK(has(R"(taut_forward_healthy{to="192.0.2.2:53"} 0)"));
}

TEST_CASE_FIXTURE(Fixture, "what a recursor looked for is counted by what came of it") {
  CHECK(has("taut_recursor_questions_total 90"));
  CHECK(has("taut_recursor_cache_hits_total 80"));
  CHECK(has(R"(taut_recursor_answers_total{result="secure"} 82)"));
  CHECK(has(R"(taut_recursor_answers_total{result="bogus"} 84)"));
  CHECK(has(R"(taut_recursor_answers_total{result="failed"} 85)"));
  CHECK(has("taut_recursor_sends_total 87"));
  CHECK(has("taut_recursor_cache_bytes 88"));
}

TEST_CASE_FIXTURE(Fixture, "zones are counted by state, and have their serials where they are loaded") {
  CHECK(has(R"(taut_zones{state="loaded"} 2)"));
  CHECK(has(R"(taut_zones{state="not_loaded"} 1)"));
  CHECK(has(R"(taut_zone_serial{zone="zone1.example.",view=""} 2026010101)"));
  CHECK(text.find("missing.example") == text.npos);
  CHECK(has("taut_zone_load_failures_total 28"));
}

TEST_CASE_FIXTURE(Fixture, "reloads, the version and the process are told") {
  CHECK(has(R"(taut_config_reloads_total{result="failure"} 30)"));
  CHECK(has("taut_config_last_reload_successful 0"));
  CHECK(has("taut_ready 0"));
  CHECK(text.find(R"(taut_build_info{version="1.2.3",engine="io_uring",kernel=")") != text.npos);
  CHECK(text.find("\nprocess_resident_memory_bytes ") != text.npos);
}

TEST_CASE("a server that has done nothing yet has metrics all the same") {
  ManagementSnapshot snapshot;
  snapshot.zones = std::make_shared<const ZoneSet>();
  const std::string text = exposition(snapshot);
  CHECK(text.find("\ntaut_dns_responses_total{proto=\"udp\",rcode=\"NOERROR\"} 0\n") != text.npos);
  CHECK(text.find("taut_forward_requests_total") == text.npos);
}

TEST_CASE("what the kernel says of this process is told") {
  const ProcessStatus status = processStatus();
  CHECK(status.residentBytes > 1'000'000);
  CHECK(status.virtualBytes >= status.residentBytes);
  CHECK(status.openDescriptors >= 3);
  CHECK(status.openDescriptors < status.maxDescriptors);
  CHECK(status.cpuSeconds > 0);
  constexpr double year2020 = 1'577'836'800;
  CHECK(status.startTime > year2020);
  CHECK(processStatus().startTime == status.startTime);
}

TEST_CASE("the serials of a thousand zones are one family, with one line each") {
  ManagementSnapshot snapshot;
  snapshot.zones = zonesForMetrics(1000);
  const std::string text = exposition(snapshot);
  const auto count = [&](std::string_view piece) {
    std::size_t found = 0;
    for (std::size_t at = text.find(piece); at != text.npos; at = text.find(piece, at + 1)) ++found;
    return found;
  };
  CHECK(count("# HELP taut_zone_serial ") == 1);
  CHECK(count("# TYPE taut_zone_serial gauge\n") == 1);
  CHECK(count("\ntaut_zone_serial{") == 1000);
  for (int i = 0; i < 1000; ++i)
    CHECK(count(fmt::format("\ntaut_zone_serial{{zone=\"zone{}.example.\",view=\"\"}} {}\n", i, 2026010100 + i)) == 1);
}

}  // namespace exposition_test
