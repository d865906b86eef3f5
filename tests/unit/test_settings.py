"""Settings: from the environment alone, typed, consistent, and clear about what is wrong."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.settings import Settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"GEONEWS_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_consistent() -> None:
    settings = Settings()
    assert settings.kafka_bootstrap is None
    assert settings.channels.raw == "geonews.raw.v1"


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GEONEWS_NAMESPACE=file\nGEONEWS_PARTITIONS=3\nOTHER=1\n")
    monkeypatch.setenv("GEONEWS_NAMESPACE", "environment")
    settings = Settings()
    assert (settings.namespace, settings.partitions) == ("environment", 3)
    assert settings.channels.events_of("davos") == "environment.events.davos.v1"


def test_lists_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEONEWS_INGEST_FEEDS", '["https://a.example/feed", "https://b.example/feed"]')
    assert Settings().ingest_feeds == ["https://a.example/feed", "https://b.example/feed"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"partitions": 0}, "partitions"),
        ({"namespace": "Geo News"}, "namespace"),
        ({"namespace": "-x"}, "namespace"),
        ({"batch_records": "many"}, "batch_records"),
        ({"web_port": 65536}, "web_port"),
        ({"seen_hours": 0}, "seen_hours"),
        ({"log_level": "loud"}, "log_level"),
        ({"heartbeat_interval_ms": 2001}, "at most a third of GEONEWS_SESSION_TIMEOUT_MS"),
        ({"session_timeout_ms": 1400}, "at most a third of GEONEWS_SESSION_TIMEOUT_MS"),
        ({"kafka_security_protocol": "SASL_SSL"}, "SASL needs GEONEWS_KAFKA_SASL_USERNAME"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_sasl_username": "u"}, "and GEONEWS_KAFKA_SASL_PASSWORD"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(**given)


def test_a_password_is_not_shown() -> None:
    settings = Settings(kafka_security_protocol="SASL_SSL", kafka_sasl_username="u", kafka_sasl_password="hunter2")
    assert "hunter2" not in repr(settings)
    assert settings.kafka_sasl_password is not None
    assert settings.kafka_sasl_password.get_secret_value() == "hunter2"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().partitions = 3  # type: ignore[misc]


def test_a_value_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" hunter 2 \n")
    (tmp_path / "keys").write_text('["one", "two"]\n')
    monkeypatch.setenv("GEONEWS_KAFKA_SASL_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("GEONEWS_API_KEYS_FILE", str(tmp_path / "keys"))
    settings = Settings()
    assert settings.kafka_sasl_password is not None
    assert settings.kafka_sasl_password.get_secret_value() == " hunter 2 "
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]


def test_a_file_that_cannot_be_read_or_is_one_too_many_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEONEWS_NAMESPACE_FILE", str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match=r"GEONEWS_NAMESPACE_FILE names .*missing, which cannot be read"):
        Settings()
    monkeypatch.setenv("GEONEWS_NAMESPACE", "here")
    with pytest.raises(SettingsError, match="GEONEWS_NAMESPACE and GEONEWS_NAMESPACE_FILE are both set"):
        Settings()
