"""Every test is run: none hides behind another's id."""

import pytest

from tests import schedule


class TestRefuseTwins:
    def test_takes_ids_that_differ(self):
        schedule.refuse_twins(["a.py::test[1]", "a.py::test[2]"])

    def test_names_what_several_tests_share(self):
        with pytest.raises(pytest.UsageError, match=r"^1 ids belong to several tests: a.py::test$"):
            schedule.refuse_twins(["a.py::test", "a.py::test", "b.py::test"])
