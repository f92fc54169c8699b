"""A program against one `curl --parallel` of exactly what it fetches: what bench/survey and bench/sim share.

An engine here is anything with `socket`, the path of one, and `environment()`, in which programs find it.
"""
import os
import subprocess
import time

import common
import relay

BYTES_TOLERANCE = 0.001  # times of day are written with as few digits as they need


def timed(command, environment):
    """Seconds from start to end, and CPU seconds of it and its children."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        common.end(process)
        raise
    took = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    return {"seconds": took, "cpu_seconds": usage.ru_utime + usage.ru_stime, "code": process.returncode}


def curl_command(socket, urls):
    command = ["curl", "--silent", "--no-progress-meter", "--fail", "--parallel", "--parallel-immediate",
               "--unix-socket", str(socket)]
    for url in urls:
        command += ["--output", os.devnull, f"http://docker{url}"]
    return command


def relayed(engine, command_of):
    """Runs a program through a relay; returns what it asked for, and the bytes of the answers."""
    with relay.relay(engine.socket) as r:
        result = timed(command_of(r.path), {**engine.environment(), "DOCKER_HOST": f"unix://{r.path}"})
        require_fine("a relayed run", result)
        return r.urls, r.bytes


def require_fine(name, result):
    """headroom ends with 1 or 2 for findings, as monitoring wants it."""
    if result["code"] not in ((0, 1, 2) if name == "headroom" else (0,)):
        raise common.Failure(f"{name} ended with {result['code']}")


def summaries(runs):
    return {"seconds": common.summary([r["seconds"] for r in runs]),
            "cpu_seconds": common.summary([r["cpu_seconds"] for r in runs])}


def asked_alike(engine, headroom):
    """The URLs that headroom fetches, and the bytes of both programs' answers, which must be the same."""
    urls, bytes_headroom = relayed(engine, lambda path: [headroom])
    urls_curl, bytes_curl = relayed(engine, lambda path: curl_command(path, urls))
    if sorted(urls) != sorted(urls_curl) or abs(bytes_headroom / bytes_curl - 1) > BYTES_TOLERANCE:
        raise common.Failure(f"not the same was asked: {len(urls)} and {len(urls_curl)} URLs, "
                             f"{bytes_headroom} and {bytes_curl} bytes")
    return urls, {"headroom": bytes_headroom, "curl": bytes_curl}


def measure_pairs(commands, environment, pairs):
    """Interleaved pairs, the first of a pair by turns, so that what else the machine does falls on both."""
    runs = {"headroom": [], "curl": []}
    for name in runs:
        require_fine(name, timed(commands[name], environment))  # the caches are warm for both
    for i in range(pairs):
        for name in list(runs)[:: 1 if i % 2 == 0 else -1]:
            result = timed(commands[name], environment)
            require_fine(name, result)
            runs[name].append(result)
    ratios = [h["seconds"] / c["seconds"] for h, c in zip(runs["headroom"], runs["curl"])]
    return {name: summaries(r) for name, r in runs.items()}, common.summary(ratios)
