"""Tasks that outlive what they refer to, that nothing awaits, that nothing stops, or that block their thread."""
import re

from clang.cindex import CursorKind, TypeKind

from lint_syntax import TRANSPARENT, body_of, is_awaiter, is_coroutine, is_record, is_reference, is_task, refers_to

VIEW = re.compile(r"(const )?(std::(basic_string_view|span)<|taut::(NameView|StopToken)\b)")
SMART_POINTER = re.compile(r"(const )?std::(shared|unique)_ptr<")
FOLLOWED = re.compile(r"\s*->")
TOKEN = re.compile(r"(const )?taut::StopToken( &)?")
RUN_TO_END = {"syncWait", "run"}
BLOCKING = {
    "sleep_for": "co_await sleepFor(shard, ...)", "sleep_until": "co_await sleepUntil(shard, ...)",
    "sleep": "co_await sleepFor(shard, ...)", "usleep": "co_await sleepFor(shard, ...)",
    "nanosleep": "co_await sleepFor(shard, ...)", "getaddrinfo": "ask a resolver, or a thread of its own",
    "gethostbyname": "ask a resolver, or a thread of its own", "system": "a thread of its own",
    "popen": "a thread of its own",
}
BLOCKING_PLACES = ("std::this_thread", "")


def is_view(a_type):
    return bool(VIEW.match(a_type.get_canonical().spelling)) or a_type.get_canonical().kind == TypeKind.POINTER


def is_temporary(node):
    """Whether the expression makes an object, which is gone at the end of the full expression."""
    node = node.unwrapped()
    if node.is_await:
        return False
    if node.kind in (CursorKind.CXX_FUNCTIONAL_CAST_EXPR, CursorKind.INIT_LIST_EXPR, CursorKind.LAMBDA_EXPR):
        return True
    if node.kind != CursorKind.CALL_EXPR:
        return False
    called = node.cursor.referenced
    if called is None:
        return False
    return called.kind == CursorKind.CONSTRUCTOR or not is_reference(called.result_type)


def owns(node):
    """Whether the expression is a temporary that memory goes with: a text, a name, a buffer."""
    a_type = node.type
    return is_record(a_type) and not is_view(a_type) and not is_task(a_type) and is_temporary(node)


def dangling_argument(call):
    """An argument of the call that the task refers to, and that does not outlive the full expression."""
    called = call.cursor.referenced
    if called is None:
        return None
    parameters = [argument.type for argument in called.get_arguments()]
    arguments = [node for node in call.children if node.cursor in list(call.cursor.get_arguments())]
    for parameter, argument in zip(parameters, arguments):
        if is_reference(parameter) and is_temporary(argument) and not is_view(argument.unwrapped().type):
            return argument
        if is_view(parameter) and any(owns(part) for part in argument.walk(into_lambdas=False)):
            return argument
    return None


def is_finished_at_once(call):
    """Whether the task ends within the full expression: it is awaited there, or run to its end."""
    for node in call.ancestors():
        if node.is_await or (node.kind == CursorKind.CALL_EXPR and node.name in RUN_TO_END):
            return True
        if node.kind in (CursorKind.COMPOUND_STMT, CursorKind.LAMBDA_EXPR):
            return False
    return False


def kept_over_temporaries(source):
    for node in source.root.walk():
        if node.kind != CursorKind.CALL_EXPR or not is_task(node.cursor.type) or node.cursor.referenced is None:
            continue
        if node.cursor.referenced.kind == CursorKind.CONSTRUCTOR or is_finished_at_once(node):
            continue
        called = definition_of(node, source)
        if called is not None and not is_coroutine(called):
            continue
        if argument := dangling_argument(node):
            yield argument.start, (
                "the task refers to a temporary that is gone when it runs",
                "give the argument a name that lives until the task is awaited",
            )


def used(variable, function):
    return [node for node in function.walk() if refers_to(node, variable.cursor)]


def locals_of(function):
    body = body_of(function)
    return [node for node in body.walk(into_lambdas=False) if node.kind == CursorKind.VAR_DECL]


def never_awaited(source):
    for function in source.functions():
        for variable in locals_of(function):
            if "[[maybe_unused]]" in variable.parent.text:
                continue
            if is_awaiter(variable.cursor.type) and not used(variable, function):
                yield variable.start, (
                    f"`{variable.name}` is never awaited, so nothing of it happens",
                    f"co_await std::move({variable.name}), or leave it out",
                )


def discarded(source):
    """Statements that make a task or an awaiter and let it go."""
    for node in source.root.walk():
        if node.kind != CursorKind.CALL_EXPR or not is_awaiter(node.cursor.type):
            continue
        statement = node
        while statement.parent.kind in TRANSPARENT and not statement.parent.is_await:
            statement = statement.parent
        if statement.parent.kind == CursorKind.COMPOUND_STMT:
            yield node.start, (f"`{node.name}` only says what to wait for", "co_await it")


def joined(variable, function):
    """Whether the scope is joined here, or given to what may join it."""
    return any(
        use.parent.kind != CursorKind.MEMBER_REF_EXPR or use.parent.name == "join"
        for use in used(variable, function)
    )


def never_joined(source):
    for function in source.functions():
        for variable in locals_of(function):
            if variable.type.spelling.removeprefix("const ") == "taut::TaskScope" and not joined(variable, function):
                yield variable.start, (
                    f"`{variable.name}` ends before its tasks, which ends the process",
                    f"co_await {variable.name}.join() on every way out",
                )


def says_token(node):
    """Whether a token is written in the code; the default of a parameter is not."""
    return any(
        node.start <= part.start < part.end <= node.end and TOKEN.fullmatch(part.type.spelling)
        for part in node.walk()
        if part.kind in (CursorKind.DECL_REF_EXPR, CursorKind.MEMBER_REF_EXPR)
        or (part.kind == CursorKind.CALL_EXPR and part.text.endswith(")"))
    )


def definition_of(call, source):
    """The function that is called, where this file has its body."""
    referenced = call.cursor.referenced
    definition = referenced.get_definition() if referenced else None
    if definition is None:
        return None
    return next((function for function in source.functions() if function.cursor == definition), None)


def spawned_without_token(source):
    for node in source.root.walk():
        if node.kind != CursorKind.CALL_EXPR or node.name != "spawn" or says_token(node):
            continue
        for call in node.walk():
            task = definition_of(call, source) if call.kind == CursorKind.CALL_EXPR and is_task(call.type) else None
            if task is not None and task.awaits() and not says_token(task):
                yield node.start, (
                    f"nothing stops the waits of `{task.name}`, which has no token",
                    "spawn(task, scope.token())",
                )


def blocks(source):
    for function in source.functions():
        if not (is_coroutine(function) or is_task(function.cursor.result_type)):
            continue
        for node in body_of(function).walk(into_lambdas=False):
            if node.kind != CursorKind.CALL_EXPR or node.name not in BLOCKING or node.cursor.referenced is None:
                continue
            place = node.cursor.referenced.semantic_parent
            if place.kind == CursorKind.NAMESPACE and place.spelling != "this_thread":
                continue
            if place.kind in (CursorKind.NAMESPACE, CursorKind.TRANSLATION_UNIT, CursorKind.LINKAGE_SPEC):
                yield node.start, (f"`{node.name}` blocks the shard and all its clients", BLOCKING[node.name])


def endless(source):
    """Functions that await themselves before anything can end them."""
    for function in source.functions():
        body = body_of(function)
        for statement in body.children:
            if re.search(r"\b(co_return|return|throw)\b", statement.text) and not any(
                node.is_await for node in statement.walk(into_lambdas=False)
            ):
                break
            if statement.kind not in (CursorKind.DECL_STMT, CursorKind.UNEXPOSED_EXPR, CursorKind.UNEXPOSED_STMT):
                continue
            calls = [
                node for node in statement.walk(into_lambdas=False) if node.kind == CursorKind.CALL_EXPR
                and node.cursor.referenced is not None and node.cursor.referenced.canonical == function.cursor.canonical
            ]
            if calls and any(ancestor.is_await for ancestor in calls[0].ancestors()):
                yield calls[0].start, (f"`{function.name}` awaits itself without an end", "let a condition end it")
                break


def null_pointers(source):
    """Pointers that are made without a value and followed."""
    for function in source.functions():
        for variable in locals_of(function):
            if not SMART_POINTER.match(variable.type.spelling) or variable.text.endswith((")", "}", "]")):
                continue
            uses = used(variable, function)
            if variable.parent.kind != CursorKind.DECL_STMT or "=" in variable.text or not uses:
                continue
            follows = [node for node in uses if FOLLOWED.match(source.text, node.end)]
            if follows and uses[0] is follows[0]:
                yield uses[0].start, (f"`{variable.name}` points to nothing here", "give it a value first")


def without_result(source):
    """What clang says of coroutines that end without co_return, which g++ 12 does not."""
    for diagnostic in source.unit.diagnostics:
        location = diagnostic.location
        if diagnostic.option == "-Wreturn-type" and location.file and location.file.name == source.path:
            yield location.offset, ("a way through the function has no result", "end it with co_return")


CHECKS = (
    kept_over_temporaries, never_awaited, discarded, never_joined, spawned_without_token, blocks, endless,
    null_pointers, without_result,
)


def find(source):
    for check in CHECKS:
        yield from check(source)
