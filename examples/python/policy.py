"""A policy in Python, for tautd with the handler that -Dpython=true builds (docs/python.md):

    [[handler]]
    name = "python"
    library = "/usr/local/lib/taut/libtaut-python.so"
    place = "before-zones"
    options = { script = "/etc/taut/policy.py", servers = ["192.0.2.53"] }
"""
import taut

BLOCKED = {"ads.example.", "tracker.example."}


def is_blocked(name):
    """Whether the name or one above it is on the list."""
    while name:
        if name in BLOCKED:
            return True
        name = name.partition(".")[2]
    return False


async def resolve(query):
    if is_blocked(query.name):
        answer = taut.Answer("NXDOMAIN")
        answer.set_extended_error(15, "by the house rules")
        return answer
    if query.name == "client.example." and query.type == "TXT":
        answer = taut.Answer()
        answer.add(query.name, 0, "TXT", f'"you are {query.client}"')
        return answer
    if query.name == "mirror.example." and query.type == "A":
        answer = taut.Answer()
        for address in await taut.lookup("www.example.org.", "A"):
            answer.add(query.name, 60, "A", address)
        return answer
    if query.type == "ANY":
        await taut.sleep(0.2)
    return None  # the next resolver answers
