"""Where the database is, and how its connections are kept."""

from hirocrm.config.database import database_settings
from hirocrm.config.env import Env


class TestPool:
    def test_tries_for_a_connection_no_longer_than_a_request_waits(self):
        # The pool doubles the pause between two tries: with its own 300 s, a database that was away for two
        # minutes would be found again after two more.
        pool = database_settings(Env())["OPTIONS"]["pool"]

        assert (pool["timeout"], pool["reconnect_timeout"]) == (10, 10)
