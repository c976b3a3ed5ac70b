from hirocrm.analysis.providers.http import WHEN_SENT, ProviderHttp
from tests.analysis.vendor_server import Answer, Vendor, running


class TestWhenSent:
    async def test_is_called_once_for_each_request_over_the_wire(self) -> None:
        calls: list[str] = []
        token = WHEN_SENT.set(lambda: calls.append("sent"))
        async with ProviderHttp(concurrency=2) as http, running(Vendor(Answer({}))) as vendor:
            await http.post(vendor.url, headers={}, body={"a": 1})
            await http.post(vendor.url, headers={}, body={"a": 2})
            WHEN_SENT.reset(token)
            await http.post(vendor.url, headers={}, body={"a": 3})

        assert calls == ["sent", "sent"]
