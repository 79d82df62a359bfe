// All that handlers and the programs around them use, by one include: fmt::print and the standard types of these
// interfaces too. What only the server itself needs is not here: an own transport or ZoneLoader includes its header
// beside this one. So does what looks names up by a `Client`, whose header takes longer to compile than half of these.
#pragma once

#include "taut/base/standard.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/all_of.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/first_of.hpp"
#include "taut/coro/race.hpp"
#include "taut/coro/semaphore.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/address_name.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/name_set.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/http/http_client.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/every.hpp"
#include "taut/io/offload.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/io/with_deadline.hpp"
#include "taut/net/buffered_stream.hpp"
#include "taut/net/connection_pool.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/dynamic_zone.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/reply_channel.hpp"
#include "taut/server/server.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/zone/zone_file.hpp"
