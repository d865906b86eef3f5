"""Keys: what is kept of them, what they may do, how they change hands; and how much may be asked for."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from app.cli import _load_commands
from app.cli import app as geonews
from app.errors import ConfigurationError
from app.gateway import keyring
from app.gateway.access import Access, Denied
from app.gateway.keys import Caller, Keys
from app.gateway.limits import Addresses, allowance
from app.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, home=tmp_path, read_rate=2.0, push_rate=3.0)


def caller(keys: Keys, key: str) -> Caller | None:
    keys._look_at = 0.0  # as if a second had passed
    return keys.caller(make_mocked_request("GET", "/", {"Authorization": f"Bearer {key}"}))


def test_a_key_is_random_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    key, stored = keyring.make("berlin", ["read"])
    path = tmp_path / "sub" / "keys.json"
    keyring.save(path, [stored])
    parts = keyring.split(key)
    assert parts is not None
    number, secret = parts
    assert number == stored.id
    assert len(secret) >= 43  # 256 bits
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert keyring.load(path) == [stored]
    assert stored.matches(secret)
    assert not stored.matches(secret[:-1])
    assert keyring.make("berlin", ["read"])[0] != key
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_a_file_that_is_none_is_told_and_changes_nothing(settings: Settings) -> None:
    key, stored = keyring.make("a", ["read"])
    keyring.save(settings.home / "keys.json", [stored])
    keys = Keys(settings)
    (settings.home / "keys.json").write_text("{}x")
    with pytest.raises(ConfigurationError, match="GEONEWS_KEYS_FILE"):
        keyring.load(settings.home / "keys.json")
    assert caller(keys, key) is not None


def test_keys_come_and_go_while_the_gateway_runs(settings: Settings) -> None:
    path = settings.home / "keys.json"
    keys = Keys(settings)
    old, first = keyring.make("a", ["read"])
    assert caller(keys, old) is None
    keyring.save(path, [first])
    found = caller(keys, old)
    assert found is not None
    assert (found.may("read"), found.may("ingest")) == (True, False)
    new, second = keyring.make("a", ["read"])
    keyring.save(path, [first, second])
    assert caller(keys, old) is found  # what it has left is not forgotten
    assert caller(keys, new) is not None
    assert caller(keys, f"gn_{second.id}_{old.partition('_')[2]}") is None
    over = first.model_copy(update={"expires_at": datetime.now(UTC) - timedelta(seconds=1)})
    keyring.save(path, [over, second])
    assert caller(keys, old) is None
    path.unlink()
    assert caller(keys, new) is None


def test_keys_of_the_settings_read_and_push(settings: Settings) -> None:
    keys = Keys(settings.model_copy(update={"api_keys": [SecretStr("plain")]}))
    found = caller(keys, "plain")
    assert found is not None
    assert (found.may("read"), found.may("ingest"), found.may("admin")) == (True, True, False)
    assert caller(keys, "") is None


def status_of(access: Access, scope: keyring.Scope, headers: dict[str, str] | None = None) -> int:
    try:
        access.admit(make_mocked_request("GET", "/", headers or {}), scope)
    except Denied as denied:
        return denied.response.status
    return 200


def test_scopes_and_anonymous_readers(settings: Settings) -> None:
    made = {scope: keyring.make(scope, [scope]) for scope in keyring.SCOPES}
    keyring.save(settings.home / "keys.json", [stored for _, stored in made.values()])
    open_, closed = Access(settings), Access(settings.model_copy(update={"anonymous_read": False}))
    assert [status_of(open_, scope) for scope in keyring.SCOPES] == [200, 401, 401]
    assert [status_of(closed, scope) for scope in keyring.SCOPES] == [401, 401, 401]
    expected = {"read": [200, 403, 403], "ingest": [403, 200, 403], "admin": [200, 200, 200]}
    for name, (key, _) in made.items():
        assert [status_of(open_, scope, {"X-API-Key": key}) for scope in keyring.SCOPES] == expected[name]
    # Who gives a key that is wrong is told so, and not served as if there were none.
    assert status_of(open_, "read", {"X-API-Key": "wrong"}) == 401


def test_over_its_rate_a_caller_is_told_when_to_come_back(settings: Settings) -> None:
    access = Access(settings)
    for _ in range(20):  # a burst of ten seconds
        access.admit(make_mocked_request("GET", "/"), "read")
    with pytest.raises(Denied) as caught:
        access.admit(make_mocked_request("GET", "/"), "read")
    response = caught.value.response
    assert response.status == 429
    assert response.headers["Retry-After"] == "1"
    access.admit(make_mocked_request("GET", "/"), "read", counted=False)


def test_an_allowance_says_what_is_left() -> None:
    bucket = allowance(2.0)
    assert bucket.headers() == {"RateLimit-Policy": '"default";q=20;w=10', "RateLimit": '"default";r=20;t=0'}
    assert bucket.take(11) == 0
    assert bucket.headers()["RateLimit"] == '"default";r=9;t=6'


def test_addresses_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.limits._MOST_ADDRESSES", 3)
    addresses = Addresses(1.0)
    first = addresses.of("a")
    for address in ("b", "c", "a", "d"):
        addresses.of(address)
    assert set(addresses._known) == {"c", "a", "d"}
    assert addresses.of("a") is first


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    _load_commands()
    monkeypatch.setenv("GEONEWS_KEYS_FILE", str(tmp_path / "keys.json"))
    return Run()


class Run:
    """`geonews keys …` in this process."""

    def __call__(self, *arguments: str) -> Result:
        from app.settings import get_settings

        get_settings.cache_clear()
        try:
            return CliRunner().invoke(geonews, ["keys", *arguments])
        finally:
            get_settings.cache_clear()


def test_the_commands_make_rotate_and_revoke(run: Run) -> None:
    path = Path(os.environ["GEONEWS_KEYS_FILE"])
    made = run("create", "berlin", "--scope", "ingest", "--scope", "read")
    [key] = re.findall(r"^gn_\S+$", made.stdout, re.M)
    [stored] = keyring.load(path)
    assert (stored.name, stored.scopes, stored.expires_at) == ("berlin", ["read", "ingest"], None)
    rotated = run("rotate", stored.id, "--overlap-hours", "2")
    [other] = re.findall(r"^gn_\S+$", rotated.stdout, re.M)
    old, new = keyring.load(path)
    assert (old.id, new.name, new.scopes) == (stored.id, "berlin", ["read", "ingest"])
    assert old.expires_at is not None
    assert timedelta(hours=1.9) < old.expires_at - datetime.now(UTC) <= timedelta(hours=2)
    for stored_key, text in ((old, key), (new, other)):
        parts = keyring.split(text)
        assert parts is not None
        assert stored_key.matches(parts[1])
        assert stored_key.valid(datetime.now(UTC))
    shown = run("list").stdout
    assert old.id in shown
    assert new.id in shown
    assert key not in shown
    assert other not in shown
    assert run("revoke", old.id).exit_code == 0
    assert keyring.load(path) == [new]


def test_the_commands_say_what_is_wrong(run: Run) -> None:
    for arguments, text in (
        (["create", "x", "--scope", "write"], "read, ingest, admin"),
        (["revoke", "12345678"], "keys list"),
    ):
        found = run(*arguments)
        assert isinstance(found.exception, ConfigurationError)
        assert text in str(found.exception)
