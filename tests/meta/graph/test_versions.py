from datetime import date

import pytest

from hirocrm.meta.graph.versions import (
    DEFAULT_VERSION,
    GraphVersionInvalid,
    check_format,
    warning_for,
)

TODAY = date(2026, 11, 22)


class TestCheckFormat:
    @pytest.mark.parametrize("version", ["v25.0", "v2.12", "v100.0"])
    def test_takes_metas_form(self, version):
        assert check_format(version) == version

    @pytest.mark.parametrize("version", ["25.0", "v25", "V25.0", "v25.0/", "", "v25.0\n"])
    def test_refuses_anything_else(self, version):
        with pytest.raises(GraphVersionInvalid) as caught:
            check_format(version)

        assert caught.value.details == {"field": "FACEBOOK_GRAPH_VERSION"}


class TestWarningFor:
    @pytest.mark.parametrize("version", [DEFAULT_VERSION, "v23.0", "v26.0", "v31.0"])
    def test_says_nothing_of_a_version_with_time_left(self, version):
        assert warning_for(version, TODAY) is None

    def test_says_when_a_version_expires(self):
        assert warning_for("v21.0", TODAY) == (
            "Graph API v21.0 expires on 2027-01-21, in 60 days. Set FACEBOOK_GRAPH_VERSION to v25.0 or newer."
        )

    def test_begins_90_days_before(self):
        assert warning_for("v21.0", date(2026, 10, 22)) is None
        assert warning_for("v21.0", date(2026, 10, 23)) is not None

    @pytest.mark.parametrize("version", ["v19.0", "v20.0"])
    def test_says_that_a_version_expired(self, version):
        assert f"Graph API {version} expired on 2026-" in str(warning_for(version, TODAY))

    def test_knows_that_unlisted_old_versions_expired(self):
        assert "expired before 2026" in str(warning_for("v3.2", TODAY))
