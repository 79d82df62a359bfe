"""Coroutine shapes that g++ 12 silently translates wrongly, as far as reading the text can find them."""
import re

from registry import check
from tree import code_only, line_of, matching

CONDITION = re.compile(r"\b(if|while|switch|for)\s*(?:constexpr\s*)?\(")
LOOP_VARIABLE = re.compile(r"^\(\s*(?:const\s+)?auto&?&?\s+\w+\s*=\s*co_await\b")
AWAIT = re.compile(r"(?<!operator )\bco_await\b")
BLOCK_HEAD = re.compile(r"([);:}{]|\b(else|do|try|const|noexcept|override|final|mutable)|->[^;{}]*|^)\s*$")
LAMBDA = re.compile(r"(?<![\w)\]\[])\[(?!\[)([^\[\]\n]+)\]\s*(?=[({]|mutable\b)")
COROUTINE_WORD = re.compile(r"\bco_(await|return|yield)\b")


def coroutines(tree):
    """C++ files, without those that show taut-lint what it is to find."""
    return ((path, text) for path, text in tree.cpp().items() if not path.startswith("tests/lint/"))


def source(body):
    return {"src/net/x.cpp": body}


@check(
    bad=[
        source("Task<> f() { if (co_await g()) h(); }"),
        source("Task<> f() { while (co_await g()) h(); }"),
        source("Task<> f() { switch (co_await g()) {} }"),
        source("Task<> f() { for (auto x : co_await g()) h(); }"),
        source("Task<> f() { if (a && (b || co_await g())) h(); }"),
    ],
    good=[
        source("Task<> f() { while (auto x = co_await s.next()) h(); }"),
        source("Task<> f() { const bool more = co_await g(); if (more) co_await h(); }"),
        source('Task<> f() { g("if (co_await x)"); }  // if (co_await x)'),
    ],
)
def no_await_in_conditions(tree):
    """No condition awaits"""
    for path, text in coroutines(tree):
        code = code_only(text)
        for match in CONDITION.finditer(code):
            start = match.end() - 1
            condition = code[start : matching(code, start)]
            if not AWAIT.search(condition):
                continue
            if match.group(1) == "while" and LOOP_VARIABLE.match(condition) and len(AWAIT.findall(condition)) == 1:
                continue
            yield f"{path}:{line_of(code, match.start())}: co_await in the condition of `{match.group(1)}`"


def statement_before(code, position):
    """The text between the statement's begin and `position`; brackets that are closed again belong to it."""
    begin = position
    closed = 0
    while begin > 0:
        letter = code[begin - 1]
        if closed == 0 and letter in ";{}":
            break
        closed += (letter == ")") - (letter == "(" and closed > 0)
        begin -= 1
    return code[begin:position].strip()


def begins_initialiser(code, position):
    """Whether the nearest brace before `position`, with no statement between, is that of an initialiser."""
    begin = max(code.rfind(mark, 0, position) for mark in ";{}")
    return begin >= 0 and code[begin] == "{" and not BLOCK_HEAD.search(code[:begin][-200:])


def strip_heads(text):
    """Takes `if (...)`, `else`, labels and attributes off the front of a statement."""
    while True:
        text = text.strip()
        head = re.match(r"(if|for|while|switch)\s*(constexpr\s*)?\(", text)
        if head:
            end = matching(text, head.end() - 1)
            if end == len(text) and not text.endswith(")"):
                return text
            text = text[end:]
        elif head := re.match(r"(else|do|try)\b|(case\b[^:?]*|default|\w+)\s*:(?!:)|\[\[[^\]]*\]\]", text):
            text = text[head.end() :]
        else:
            return text


@check(
    bad=[
        source("Task<> f() { h(co_await g()); }"),
        source("Task<> f() { const int x = 1 + co_await g(); }"),
        source("Task<> f() { const X x = c ? co_await g() : y; }"),
        source("Task<> f() { X x{.a = co_await g()}; }"),
        source("Task<> f() { X x{co_await g()}; }"),
        source("Task<int> f() { co_return 1 + co_await g(); }"),
    ],
    good=[
        source("Task<> f() { const auto x = co_await g(); }"),
        source("Task<> f() { X x; x = co_await g(); if (x) co_await h(); else co_await k(); }"),
        source("Task<> f() { switch (a) { case 1: co_await g(); } }"),
        source("Task<> f() { for (int i = 0; i < 3; ++i) co_await g(); }"),
        source("Task<int> f() { co_return co_await g(); }"),
    ],
)
def awaits_stand_alone(tree):
    """An await is a whole statement or the whole initialiser of a variable"""
    for path, text in coroutines(tree):
        code = code_only(text)
        for match in AWAIT.finditer(code):
            statement = statement_before(code, match.start())
            place = f"{path}:{line_of(code, match.start())}"
            if begins_initialiser(code, match.start()):
                yield f"{place}: co_await inside the braces of an initialiser"
                continue
            before = strip_heads(statement)
            if before in ("", "co_return"):
                continue
            if before.endswith("=") and "?" not in before:
                if before.count("(") == before.count(")") or re.match(r"while\s*\(", before):
                    continue
            yield f"{place}: co_await inside an expression: `{before[-60:]} co_await`"


@check(
    bad=[
        source("Task<> f() { co_await g({}); }"),
        source("Task<> f() { co_await g({.a = 1}); }"),
        source("Task<> f() { const auto x = co_await g(Options{1, 2}, y); }"),
        source("Task<> f() { co_await g([a] { return a; }); }"),
        source("Task<> f() { co_await g(std::array<std::string, 2>{x, y}); }"),
    ],
    good=[
        source("Task<> f() { const Options options{1}; co_await g(options); }"),
        source("Task<> f() { while (auto x = co_await s.next()) { h({}); } }"),
        source("Task<> f() { co_await g(std::move(x)); h({}); }"),
    ],
)
def no_braces_in_awaited_expressions(tree):
    """No awaited expression builds an aggregate or a lambda"""
    for path, text in coroutines(tree):
        code = code_only(text)
        for match in AWAIT.finditer(code):
            depth = 0
            for position in range(match.end(), len(code)):
                letter = code[position]
                depth += (letter in "([") - (letter in ")]")
                if depth < 0 or letter == ";":
                    break
                if letter == "{":
                    place = f"{path}:{line_of(code, match.start())}"
                    yield f"{place}: braces in an awaited expression; name the value first"
                    break


def own_body(code, start):
    """The body that begins with the brace at `start`, inner lambdas left out."""
    body = code[start : matching(code, start)]
    for inner in reversed(list(re.finditer(r"(?<![\w)\]])\[[^\[\]\n]*\]\s*(\([^()]*\))?[^;{}()]*\{", body))):
        end = matching(body, inner.end() - 1)
        body = body[: inner.end()] + body[end:]
    return body


@check(
    bad=[
        source("void f() { scope.spawn([&]() -> Task<> { co_await g(); }()); }"),
        source("void f() { auto x = [this](int a) -> Task<int> { co_return a; }; }"),
        source("void f() { auto x = [value = g()]() mutable -> Task<> { co_await h(value); }; }"),
    ],
    good=[
        source("void f() { auto x = [](int a) -> Task<int> { co_return a; }; }"),
        source("Task<> f() { auto x = [&] { return 1; }; int a[2]; a[0] = 1; co_await g(); }"),
        source("void f() { h([&] { return [](int a) -> Task<int> { co_return a; }; }); }"),
        source("[[nodiscard]] Task<> f() { co_return; }"),
    ],
)
def no_capturing_lambda_is_a_coroutine(tree):
    """No lambda that captures is a coroutine"""
    for path, text in coroutines(tree):
        code = code_only(text)
        for match in LAMBDA.finditer(code):
            position = match.end()
            if code[position : position + 1] == "(":
                position = matching(code, position)
            brace = code.find("{", position)
            if brace < 0 or re.search(r"[;()]", code[position:brace].replace("noexcept(true)", "")):
                continue
            if COROUTINE_WORD.search(own_body(code, brace)):
                yield f"{path}:{line_of(code, match.start())}: a lambda that captures [{match.group(1)}] is a coroutine"
