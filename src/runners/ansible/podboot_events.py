"""Tells podboot what a run of Ansible does: one JSON object a line, appended to the file that PODBOOT_EVENTS names.

Needs nothing but ansible-core (2.9 or newer). It tells names, results, durations and short messages of failures, and never
the results themselves: those hold whatever a module returns, secrets too. Of a task with no_log not even the message.
"""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: podboot_events
    type: aggregate
    short_description: progress of a run as JSON lines, for podboot
    description:
      - Appends one JSON object a line to the file named by the environment variable PODBOOT_EVENTS.
      - Does nothing where that variable is not set.
    requirements:
      - enable it by ANSIBLE_CALLBACKS_ENABLED=podboot_events
"""

MAX_NAME = 200
MAX_MESSAGE = 600
# Tens of thousands of good results of hundreds of hosts; after that only what matters is told.
MAX_BYTES = 48 * 1024 * 1024
ALWAYS = frozenset(["failed", "unreachable", "stats", "playbook", "play", "no-hosts-left"])


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "podboot_events"
    CALLBACK_NEEDS_ENABLED = True
    CALLBACK_NEEDS_WHITELIST = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        path = os.environ.get("PODBOOT_EVENTS")
        self.disabled = not path
        self._file = None
        self._written = 0
        self._torn = False
        self._began = {}
        self._tasks = {}
        if path:
            # Unbuffered: a line is there once it is told, whatever becomes of us.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(handle, "ab", buffering=0)

    # What is under way

    def v2_playbook_on_start(self, playbook):
        plays = playbook.get_plays()
        self._tell("playbook", plays=len(plays), tasks=sum(count_tasks(play) for play in plays))

    def v2_playbook_on_play_start(self, play):
        self._tell("play", id=str(play._uuid), play=short(play.get_name()))

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._task(task)

    def v2_playbook_on_handler_task_start(self, task):
        self._task(task)

    def v2_playbook_on_cleanup_task_start(self, task):
        self._task(task)

    def v2_playbook_on_no_hosts_remaining(self):
        self._tell("no-hosts-left")

    # What becomes of hosts

    def v2_runner_on_start(self, host, task):
        self._began[(host.get_name(), task._uuid)] = time.monotonic()

    def v2_runner_on_ok(self, result):
        self._host(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._host(result, "ignored" if ignore_errors else "failed", with_message=True)

    def v2_runner_on_unreachable(self, result):
        self._host(result, "unreachable", with_message=True)

    def v2_runner_on_skipped(self, result):
        self._host(result, "skipped")

    def v2_runner_retry(self, result):
        self._host(result, "retry", ends=False)

    def v2_playbook_on_stats(self, stats):
        hosts = {name: stats.summarize(name) for name in sorted(stats.processed)}
        self._tell("stats", hosts=hosts)

    # How it is told

    def _task(self, task):
        self._tasks[task._uuid] = short(task.get_name())
        self._tell("task", id=str(task._uuid), task=short(task.get_name()))

    def _host(self, result, outcome, with_message=False, ends=True):
        host, task = result._host.get_name(), result._task
        key = (host, task._uuid)
        began = self._began.pop(key, None) if ends else self._began.get(key)
        fields = {"host": short(host), "id": str(task._uuid), "result": outcome}
        if began is not None:
            fields["seconds"] = round(time.monotonic() - began, 3)
        if with_message:
            fields["task"] = self._tasks.get(task._uuid) or short(task.get_name())
            fields["message"] = message_of(result)
        self._tell("host", **fields)

    def _tell(self, event, **fields):
        if self._file is None:
            return
        kind = fields.get("result", event)
        if self._written > MAX_BYTES and kind not in ALWAYS:
            return
        line = json.dumps({"event": event, "at": round(time.time(), 3), **fields}, separators=(",", ":"))
        data = line.encode("utf-8", "replace") + b"\n"
        if self._torn:
            data = b"\n" + data
        try:
            wrote = self._file.write(data)
            self._torn = wrote != len(data)
            self._written += wrote
        except OSError:
            # A full disk is no reason to break a cluster in the middle of its change.
            self._torn = True


def count_tasks(play):
    """Tasks that are there before any include: at least so many will run. 0 where it can't be told."""
    try:
        return sum(count_in(block) for block in play.compile())
    except Exception:  # noqa: BLE001 - an odd playbook is to run all the same
        return 0


def count_in(block):
    count = 0
    for part in (block.block, block.rescue[:0], block.always):
        for each in part:
            if hasattr(each, "block"):
                count += count_in(each)
            elif getattr(each, "action", None) != "meta" and not getattr(each, "implicit", False):
                count += 1
    return count


def message_of(result):
    """The first words that say why."""
    res = result._result
    if result._task.no_log or res.get("_ansible_no_log") or "censored" in res:
        return "hidden: the task has no_log"
    texts = [res.get("msg"), res.get("module_stderr"), res.get("stderr"), res.get("reason"), res.get("exception")]
    for item in res.get("results") or []:
        if isinstance(item, dict) and (item.get("failed") or item.get("unreachable")):
            if item.get("_ansible_no_log") or "censored" in item:
                return "hidden: the task has no_log"
            # What a loop says of itself is only that one of its items failed.
            texts = [item.get("msg"), item.get("stderr")] + texts
            break
    else:
        # "non-zero return code" says nothing; the command itself does.
        if str(res.get("msg", "")).startswith("non-zero return code"):
            texts = [res.get("stderr") or res.get("stdout")] + texts
    for text in texts:
        if text:
            return short(text, MAX_MESSAGE)
    return ""


def short(text, limit=MAX_NAME):
    text = " ".join(str(text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
