#!/usr/bin/python3
"""Runs a program under a seccomp profile: under_profile.py PROFILE PROGRAM [ARGUMENT]...

The profile has the format of container runtimes, and is read as they do for a container without capabilities.
"""
import json
import os
import platform
import sys

import seccomp

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
ACTIONS = {"SCMP_ACT_ALLOW": lambda rule: seccomp.ALLOW,
           "SCMP_ACT_ERRNO": lambda rule: seccomp.ERRNO(rule.get("errnoRet", 1))}
COMPARISONS = {"SCMP_CMP_EQ": seccomp.EQ, "SCMP_CMP_NE": seccomp.NE, "SCMP_CMP_MASKED_EQ": seccomp.MASKED_EQ,
               "SCMP_CMP_LT": seccomp.LT, "SCMP_CMP_LE": seccomp.LE, "SCMP_CMP_GE": seccomp.GE,
               "SCMP_CMP_GT": seccomp.GT}


def applies(rule):
    here = ARCHITECTURES[platform.machine()]
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    return (not includes.get("caps") and here in includes.get("arches", [here])
            and here not in excludes.get("arches", []))


def arguments_of(rule):
    return [seccomp.Arg(argument["index"], COMPARISONS[argument["op"]], argument["value"],
                        *([argument.get("valueTwo", 0)] if argument["op"] == "SCMP_CMP_MASKED_EQ" else []))
            for argument in rule.get("args") or []]


def filter_of(profile):
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    default = seccomp.ERRNO(profile.get("defaultErrnoRet", 1))
    calls = seccomp.SyscallFilter(default)
    for rule in filter(applies, profile["syscalls"]):
        action = ACTIONS[rule["action"]](rule)
        for name in rule["names"]:
            try:
                calls.add_rule(action, name, *arguments_of(rule))
            except (ValueError, RuntimeError):
                pass  # a call of another architecture, or an errno that is the default.s
    return calls


with open(sys.argv[1], encoding="utf-8") as file:
    filter_of(json.load(file)).load()
os.execv(sys.argv[2], sys.argv[2:])
