"""Who may do what: wrong passwords, users who only look, and what they can't reach."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from connetos_sdk.lab.lab import LabSwitch
from tests.agent.conftest import TEXT, VIEWER, assert_refused, client


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Basic", "Basic !!!", "Basic /w==", "Basic bm9jb2xvbg==", "Bearer x", "Basic " + "A" * 20_000,
        "Digest username=admin",
    ],
)  # fmt: skip
def test_a_request_without_a_password_is_refused(api: httpx.Client, still: None, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    with httpx.Client(base_url=api.base_url, verify=False, headers=headers) as nobody:  # noqa: S501
        for path in ("config", "state", "openapi.json", "events", "nothing"):
            answer = nobody.get(path)
            assert_refused(answer, 401, "authentication-failed")
            assert answer.headers["www-authenticate"].startswith("Basic ")
            if header is not None and len(header) > 10_000:
                break


@pytest.mark.parametrize("user", ["admin", "nobody", "", "a:b", "root"])
def test_a_wrong_password_is_refused_late_and_without_saying_what_is_wrong(
    leaf1: LabSwitch, api: httpx.Client, user: str
) -> None:
    begun = time.monotonic()
    with client(leaf1, user, "wrong") as guesser:
        problem = assert_refused(guesser.get("config"), 401, "authentication-failed")
    assert time.monotonic() - begun >= 0.9
    assert problem["detail"] == "user name or password is wrong"


def test_others_are_answered_while_passwords_are_guessed(leaf1: LabSwitch, api: httpx.Client) -> None:
    """Seven guesses wait for their answer; who knows the password doesn't wait for them."""
    assert api.get("config/system").status_code == 200

    def guess(number: int) -> int:
        with client(leaf1, leaf1.username, f"wrong{number}") as guesser:
            return guesser.get("config").status_code

    with ThreadPoolExecutor(7) as threads:
        guesses = [threads.submit(guess, number) for number in range(7)]
        answered = 0
        while not all(guess.done() for guess in guesses):
            assert api.get("config/system").status_code == 200
            answered += 1
    assert [guess.result() for guess in guesses] == [401] * 7
    assert answered >= 3, "who waits for the guesses is answered once, when they are"


def test_guessing_in_a_crowd_is_turned_away(leaf1: LabSwitch, api: httpx.Client) -> None:
    def guess(number: int) -> int:
        with client(leaf1, leaf1.username, f"crowd{number}") as guesser:
            return guesser.get("config").status_code

    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(guess, range(80)))
    assert set(answers) <= {401, 429}
    assert 429 in answers
    assert api.get("config").status_code == 200


CHANGES = [
    ("PUT", "config", "{}"), ("PATCH", "config", "{}"), ("PATCH", "config/system", '{"hostname": "x"}'),
    ("PUT", "config/system/hostname", '"x"'), ("DELETE", "config/system", ""), ("POST", "sessions", "{}"),
    ("PATCH", "config?dry_run=true", "{}"), ("POST", "sessions", '{"exclusive": true}'), ("POST", "rpc/confirm", ""),
    ("POST", "rpc/cancel-confirmed", ""), ("POST", "rpc/rollback", '{"rollback": 1}'), ("POST", "rpc/save", "{}"),
    ("POST", "rpc/save", '{"source": "default"}'), ("PUT", "config", "{"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[f"{m} {p} {b}" for m, p, b in CHANGES])
def test_a_read_only_user_changes_nothing(
    viewer: httpx.Client, still: None, method: str, path: str, body: str
) -> None:
    answer = viewer.request(method, path, content=body)
    problem = assert_refused(answer, 403, "permission-denied")
    assert "super-user" in problem["problems"][0]["hint"]


def test_a_read_only_user_types_no_lines_and_rolls_nothing_back(viewer: httpx.Client, still: None) -> None:
    revision = viewer.get("revisions").json()["revisions"][-1]["id"]
    assert_refused(viewer.post(f"revisions/{revision}/rollback"), 403, "permission-denied")
    lines = viewer.patch("config", content="set system hostname x", headers=TEXT)
    assert_refused(lines, 403, "permission-denied")


@pytest.mark.parametrize("path", ["config", "startup", "revisions/{}/config"])
def test_a_read_only_user_sees_everything_but_secrets(viewer: httpx.Client, path: str) -> None:
    newest = viewer.get("revisions").json()["revisions"][0]["id"]
    path = path.format(newest)
    for form in ("json", "text", "set"):
        shown = viewer.get(path, params={"format": form})
        assert shown.status_code == 200
        assert "$6$" not in shown.text
        assert VIEWER[1] not in shown.text
    assert_refused(viewer.get(path, params={"secrets": "true"}), 403, "permission-denied")


def test_a_deleted_user_is_out_at_once(api: httpx.Client, viewer: httpx.Client) -> None:
    assert viewer.get("config").status_code == 200
    assert api.delete(f"config/system/login/user/{VIEWER[0]}").status_code == 200
    assert_refused(viewer.get("config"), 401, "authentication-failed")
