"""Medians, spreads and ratios of what the rounds gave, and the JSON that holds everything."""
import statistics

FIGURES = ("qps", "cpu_us", "user_us", "system_us")


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio(ours, theirs, figure):
    """Round by round, so that what the machine does beside us touches both."""
    values = [a[figure] / b[figure] for a, b in zip(ours, theirs) if b[figure] > 0]
    return spread(values) if values else None


def summary(rounds):
    result = {figure: spread([one[figure] for one in rounds]) for figure in FIGURES}
    result["lost"] = sum(one["lost"] for one in rounds)
    result["sent"] = sum(one["sent"] for one in rounds)
    result["memory"] = statistics.median(one["memory"] for one in rounds)
    result["reconnects"] = sum(one.get("reconnects", 0) for one in rounds)
    result["rcodes"] = rcode_shares(rounds)
    latencies = [one["latency"] for one in rounds if one.get("latency")]
    if latencies:
        result["latency"] = {key: spread([one[key] for one in latencies]) for key in latencies[0]}
    return result


def rcode_shares(rounds):
    counts = {}
    for one in rounds:
        for rcode, count in one["rcodes"].items():
            counts[rcode] = counts.get(rcode, 0) + count
    total = sum(counts.values()) or 1
    return {rcode: round(count / total, 3) for rcode, count in sorted(counts.items())}


def summarise(measure):
    """The measure with a summary of each server, and taut's ratios to each other."""
    rounds = measure["rounds"]
    measure["servers"] = {name: summary(results) for name, results in rounds.items()}
    ours = rounds.get("taut")
    measure["ratios"] = {
        name: {figure: ratio(ours, results, figure) for figure in FIGURES}
        for name, results in rounds.items()
        if ours and name != "taut"
    }
    return measure


def summarise_loads(loads):
    """Seconds to the first answer and memory, by workload and server."""
    grouped = {}
    for load in loads:
        entry = grouped.setdefault((load["workload"], load["title"]), {})
        entry.setdefault(load["server"], []).append(load)
    return [
        {
            "workload": workload,
            "title": title,
            "servers": {
                name: {"seconds": spread([one["seconds"] for one in starts]),
                       "memory": spread([one["memory"] for one in starts])}
                for name, starts in servers.items()
            },
        }
        for (workload, title), servers in grouped.items()
    ]
