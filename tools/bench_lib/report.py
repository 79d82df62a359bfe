"""The results as Markdown tables, and the page docs/performance.md that is made of them."""
from chart import bars

HOW = """## How it is measured

- One worker for each server, pinned to one core; the load is pinned to another. All on 127.0.0.1, with the same zones
  and the same socket buffers for all. No server logs queries or limits rates.
- Rounds are interleaved: in each round every server has its turn under each load. A figure is the median over
  the rounds; a ratio is taken within each round, and its median stands first, its least and greatest in brackets.
- CPU per query is the CPU time of the server, all its threads and processes, divided by the queries that it answered.
  The scheduler gives the sum; the clock ticks tell which part was spent in user space.
- `dnsperf` saturates before a fast server does. The generator of this project sends in batches, keeps a window of
  queries in flight over its sockets and never sleeps, so it finds out what the server can do.
- Latency is taken at a constant rate, from the moment that a query was due, so a stalled server is charged for all that
  it keeps waiting.
- Memory is the proportional set size. Loading ends with the first answer.
- Recursion starts at a root of the bench's own: three servers (taut) on port 53 of 127.53.0.1 to 127.53.0.3, for which
  root is needed, have the root, a top-level domain, and 20,000 unsigned zones in it. Each name is asked for once, of a
  server that was just started, which asks two others for it; then a thousand of them again and again.
- The bare UDP echo (`benchmarks/echo.cpp`) reads and writes datagrams in batches and does nothing with them: what it
  costs is what the kernel costs.

## How to repeat it

    tools/bench              # all workloads; installs the peers from Debian, and takes a while
    tools/bench --quick      # ten names only, less than three minutes
    tools/bench --attack     # only the clients beside attacks
    tools/bench --write-docs # makes this page from the results; what was not measured stays as it is

Quote ratios from one run. Absolute figures depend on the machine and on what else it does.
"""


def number(value, digits=2):
    return f"{value:,.{digits}f}"


def thousands(value):
    return f"{value / 1000:,.1f} k"


def octets(value):
    if value < 10_000:
        return f"{value:,.0f} B"
    if value < 10_000_000:
        return f"{value / 1024:,.0f} KiB"
    return f"{value / 1024 / 1024:,.0f} MiB"


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def table(heads, rows):
    return row(*heads) + "|" + "---|" * len(heads) + "\n" + "".join(row(*cells) for cells in rows) + "\n"


def ratio_text(ratio):
    return f"{ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f})" if ratio else ""


def title_of(document, name):
    server = document["servers"][name]
    return f"{server['title']} {server['version']}".strip()


def measure_table(document, measure):
    heads = ["server", "answered/s", "lost", "CPU/query, µs", "user", "system", "memory", "taut's CPU / its",
             "taut's rate / its"]
    rows = []
    for name, server in measure["servers"].items():
        ratios = measure["ratios"].get(name, {})
        cpu = server["cpu_us"]
        rows.append([
            title_of(document, name),
            thousands(server["qps"]["median"]),
            f"{server['lost']:,}",
            f"{number(cpu['median'])} ({number(cpu['min'])}–{number(cpu['max'])})",
            number(server["user_us"]["median"]),
            number(server["system_us"]["median"]),
            octets(server["memory"]),
            ratio_text(ratios.get("cpu_us")),
            ratio_text(ratios.get("qps")),
        ])
    return table(heads, rows)


def rcode_note(measure):
    """Servers whose answers differ in their RCODEs did not do the same work."""
    shares = {name: server["rcodes"] for name, server in measure["servers"].items() if name != "echo"}
    reference = shares.get("taut") or next(iter(shares.values()), {})

    def differs(other):
        return any(abs(other.get(key, 0) - reference.get(key, 0)) > 0.02 for key in other.keys() | reference.keys())

    differing = [f"{name}: {share}" for name, share in shares.items() if differs(share)]
    return f"Answers differ: taut {reference}; {'; '.join(differing)}.\n\n" if differing else ""


def latency_table(document, measure):
    keys = ["p50", "p90", "p99", "p99.9"]
    rows = [
        [title_of(document, name), *(number(server["latency"][key]["median"], 1) for key in keys),
         f"{server['lost']:,}"]
        for name, server in measure["servers"].items()
        if server.get("latency")
    ]
    return table(["server", *(f"{key}, µs" for key in keys), "lost"], rows)


def load_table(document, load):
    rows = [
        [title_of(document, name), number(server["seconds"]["median"]), octets(server["memory"]["median"])]
        for name, server in load["servers"].items()
    ]
    return table(["server", "seconds to the first answer", "memory"], rows)


def idle_table(document):
    rows = [
        [title_of(document, one["server"]), octets(one["memory"]), octets(one["kernel"]), octets(one["total"])]
        for one in document["idle"]
    ]
    return table(["server", "memory for each", "the kernel's for each end", "memory of the server"], rows)


def summary_table(document):
    """How taut stands: its CPU per query over that of each peer, one line for each load."""
    peers = [name for name in document["servers"] if name != "taut"]
    rows = []
    for measure in document["measures"]:
        if measure["load"] == "paced" or not measure["ratios"]:
            continue
        ratios = [measure["ratios"].get(name, {}).get("cpu_us") for name in peers]
        cells = [f"{ratio['median']:.2f}" if ratio else "" for ratio in ratios]
        rows.append([f"{measure['title']}; {measure['load_title']}", *cells])
    heads = ["CPU per query of taut / that of", *(document["servers"][name]["title"] for name in peers)]
    return table(heads, rows) if rows else ""


def circumstances(document):
    machine = document["machine"]
    return (
        f"Taken {document['taken']} on {machine['processor']}, {machine['cores']} cores, kernel {machine['kernel']}, "
        f"{machine['system']}; {document['rounds']} rounds of {document['seconds']:g} s. Load average before: "
        f"{machine['load_before']:.1f}.\n\n"
    )


ATTACK_NOTE = """Two well-behaved clients ask 200 questions a second each: one for names of a zone, one for names that
are forwarded. Another address attacks meanwhile (`tools/attack_lib/`). Each cell has the median and the 99th percentile
of the client's latency in milliseconds, and how many of its questions had no answer with NOERROR within a second.
Attacks, clients and the server that is forwarded to share the core that has no server under test.

"""


def attack_cell(server):
    if server is None:
        return ""
    latency = " / ".join("–" if server[key] is None else number(server[key] / 1000) for key in ("p50", "p99"))
    return f"{latency}; {server['unanswered']:,} of {server['sent']:,}"


def attack_section(attack):
    """What clients saw beside attacks, as Markdown: a table for each client, a row for each attack."""
    parts = ["## Under attack\n\n", circumstances(attack), ATTACK_NOTE]
    for client in ("authoritative", "forwarding"):
        rows = [one for one in attack["results"] if one["client"] == client]
        names = [name for name in attack["servers"] if any(name in one["servers"] for one in rows)]
        cells = [[one["attack"], *(attack_cell(one["servers"].get(name)) for name in names)] for one in rows]
        parts.append(table([f"{client} client beside", *(title_of(attack, name) for name in names)], cells))
    return "".join(parts)


def joined(document, written):
    """The results of a run, and those that were written before of what it did not measure: attacks are measured apart
    from the rest."""
    if not document.get("attack"):
        return document | {"attack": written.get("attack")}
    if document["measures"] or document["loads"] or document["idle"]:
        return document
    return written | {"attack": document["attack"]}


def tables(document):
    """All results as Markdown."""
    parts = []
    if document["measures"] or document["loads"] or document["idle"]:
        parts += [circumstances(document), summary_table(document)]
    for measure in document["measures"]:
        parts.append(f"### {measure['title'].capitalize()}: {measure['load_title']}\n\n")
        if measure["load"] == "paced":
            parts.append(latency_table(document, measure))
        else:
            parts += [measure_table(document, measure), rcode_note(measure)]
    if document["idle"]:
        count = document["idle"][0]["connections"]
        parts += [f"### {count:,} idle TCP connections\n\n", idle_table(document)]
    for load in document["loads"]:
        parts += [f"### Start with {load['title']}\n\n", load_table(document, load)]
    if document["failures"]:
        parts += ["### Failures\n\n", *(f"- {failure.splitlines()[0]}\n" for failure in document["failures"]), "\n"]
    if document.get("attack"):
        parts.append(attack_section(document["attack"]))
    return "".join(parts)


def chart(document):
    """CPU per query of every server under every load at saturation, as SVG."""
    groups = []
    for measure in document["measures"]:
        if measure["load"] == "paced":
            continue
        entries = [
            (document["servers"][name]["title"], server["user_us"]["median"], server["system_us"]["median"])
            for name, server in measure["servers"].items()
        ]
        groups.append((f"{measure['title']}; {measure['load_title']}", entries))
    return bars("CPU per query, µs", ("user", "system"), groups)


def instruction_table(counts):
    """What one answer costs without the kernel, in instructions."""
    rows = [[name.replace("-", " "), f"{count:,}"] for name, count in counts["instructions"].items()]
    return table(["answer", "instructions"], rows)


def page(document, counts, trials):
    """docs/performance.md. What was tried is written by hand: it stays as it is, from its heading to the end."""
    return (
        "# Performance\n\nMade by `tools/bench` from its results ([performance.json](performance.json)).\n\n"
        "![CPU per query of each server](performance.svg)\n\n" + HOW + "\n## Results\n\n" + tables(document)
        + "## Instructions of one answer\n\n"
        + "Request octets in, reply octets out, no I/O: `benchmarks/whole_answer.cpp`, built with "
        + f"{counts['compiler']} and counted by callgrind.\n`tools/test bench` fails when one grows by over 5%. "
        + "The frame of the coroutine that a query is counts too.\n\n"
        + instruction_table(counts) + trials
    ).rstrip() + "\n"


def without_rounds(document):
    """The results without the single rounds, which would only make them long."""
    return document | {
        "measures": [{key: value for key, value in measure.items() if key != "rounds"}
                     for measure in document["measures"]]
    }
