"""Ids in addresses and forms, which anybody may write."""

from uuid import UUID

import pytest

from hirocrm.web.parameters import read_uuid

ID = UUID("0190c0de-1f2e-7abc-8def-0123456789ab")


class TestReadUuid:
    @pytest.mark.parametrize("text", [str(ID), ID.hex, str(ID).upper(), f"{{{ID}}}"])
    def test_reads_each_way_of_writing_one(self, text):
        assert read_uuid(text) == ID

    @pytest.mark.parametrize("text", ["", "1", "new", f"{ID}0", "\x00", "😀" * 32, "' OR 1=1"])
    def test_says_none_of_anything_else(self, text):
        assert read_uuid(text) is None
