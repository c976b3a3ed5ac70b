"""A database of its own for each stack, copied from one that is migrated once and holds two owners."""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests import postgres
from tests.log_guard import guard

HIROCRM = Path(sys.executable).with_name("hirocrm")
SECRET_KEY = "end-to-end-secret-key-of-no-one"
COMMAND_SECONDS = 120
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Template:
    """The migrated database, and the API tokens of the owners in it."""

    name: str
    token: str
    stranger_token: str


def environment(**more: str) -> dict[str, str]:
    """This process's environment for a command: without the settings of the test run itself."""
    dropped = {"DJANGO_SETTINGS_MODULE", "PYTEST_CURRENT_TEST"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith(("GOOGLE_AI_", "FACEBOOK_", "HIROCRM_ANALY"))
    }
    return {**kept, "HIROCRM_SECRET_KEY": SECRET_KEY, **more}


def run_command(*arguments: str, env: dict[str, str]) -> str:
    """What a `hirocrm` command prints; it must succeed."""
    done = subprocess.run(
        [HIROCRM, *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    guard.read(done.stderr)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@lru_cache(maxsize=1)
def template() -> Template:
    """Make the template database of this process, once."""
    name = f"e2e_{os.getpid()}_template"
    migrated = postgres.TEMPLATE_DATABASE if postgres.has_template() else "template1"
    _copy_database(migrated, name)
    env = environment(DATABASE_URL=database_url(name), PYTHONPATH="")
    done = subprocess.run(
        [sys.executable, "-c", _FILL],
        env=env,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Template(name, *done.stdout.split())


# One process instead of five commands, which would each load everything: the commands have tests of their own.
_FILL = """
from hirocrm.cli.connection import django_on_database
with django_on_database():
    from hirocrm.core import clock
    from hirocrm.organizations.permissions import Scope
    from hirocrm.organizations.services import create_api_token
    from hirocrm.pipelines.onboarding import create_user_with_organization
    for who in ("owner", "stranger"):
        member = create_user_with_organization(
            email=f"{who}@example.com", password="correct-horse-battery", organization_name=who,
            now=clock.now(),
        )
        print(create_api_token(member=member, name="e2e", scopes=list(Scope), now=clock.now())[1])
"""


def create_database() -> str:
    """A fresh copy of the template; its address."""
    name = f"e2e_{os.getpid()}_{next(_numbers)}"
    _copy_database(template().name, name)
    return database_url(name)


def _copy_database(template: str, name: str) -> None:
    _execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )


def drop_database(url: str) -> None:
    """Remove a database; whoever is still connected is thrown out."""
    name = urlsplit(url).path.lstrip("/")
    _execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def database_url(name: str) -> str:
    """The address of another database on the test run's server."""
    parts = urlsplit(os.environ["HIROCRM_TEST_DATABASE"])
    return urlunsplit(parts._replace(path=f"/{name}"))


def _execute(statement: sql.Composed) -> None:
    with psycopg.connect(os.environ["HIROCRM_TEST_DATABASE"], autocommit=True) as connection:
        connection.execute(statement)
