from collections.abc import AsyncIterator
from typing import Any

import pytest

from hirocrm.analysis.providers.errors import (
    AnswerInvalid,
    AnswerTruncated,
    KeyRefused,
    ModelRetired,
    PromptBlocked,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRefused,
    TokenUsage,
)
from hirocrm.analysis.providers.http import ProviderHttp
from hirocrm.analysis.providers.openai import OpenAIProvider
from hirocrm.analysis.providers.protocol import CompletionRequest
from hirocrm.core.errors import UpstreamError
from tests.analysis.vendor_server import Answer, Vendor, running

SECRET = "sk-the-key-of-the-tests"
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        }
    },
    "required": ["items"],
}
QUESTION = CompletionRequest(model="gpt-x", system="Label as JSON.", user="Hi?", schema=SCHEMA)
DONE = Answer(
    {
        "id": "chatcmpl-1",
        "model": "gpt-x-2026",
        "choices": [{"message": {"content": '{"items":[]}'}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 50,
            "completion_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 20},
        },
    }
)


def error(status: int, message: str, code: str | None = None, **headers: str) -> Answer:
    body = {"error": {"message": message, "type": "x", "code": code}}
    return Answer(body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.fixture
async def http() -> AsyncIterator[ProviderHttp]:
    async with ProviderHttp(concurrency=4, answer_seconds=2) as opened:
        yield opened


async def refusal(http: ProviderHttp, answer: Answer) -> UpstreamError:
    async with running(Vendor(answer)) as vendor:
        with pytest.raises(UpstreamError) as caught:
            await OpenAIProvider(http, base_url=vendor.url).complete(QUESTION, secret=SECRET)
    assert SECRET not in str(caught.value)
    return caught.value


class TestComplete:
    async def test_asks_with_a_strict_schema(self, http: ProviderHttp) -> None:
        async with running(Vendor(DONE)) as vendor:
            provider = OpenAIProvider(http, base_url=f"{vendor.url}/v1/")
            answer = await provider.complete(QUESTION, secret=SECRET)

        seen = vendor.seen[0]
        assert (seen.path, seen.headers["authorization"]) == (
            "/v1/chat/completions",
            f"Bearer {SECRET}",
        )
        sent = seen.body["response_format"]["json_schema"]
        assert sent["strict"] is True
        assert sent["schema"]["additionalProperties"] is False
        assert sent["schema"]["properties"]["items"]["items"]["additionalProperties"] is False
        assert [item["role"] for item in seen.body["messages"]] == ["system", "user"]
        assert answer.usage == TokenUsage(50, 7, 20)
        assert (answer.text, answer.model) == ('{"items":[]}', "gpt-x-2026")

    async def test_falls_back_to_plain_json_and_remembers(self, http: ProviderHttp) -> None:
        refused = error(400, "This response_format type is unavailable now")
        async with running(Vendor(refused, DONE)) as vendor:
            provider = OpenAIProvider(http, base_url=vendor.url)
            await provider.complete(QUESTION, secret=SECRET)
            await provider.complete(QUESTION, secret=SECRET)

        formats = [seen.body["response_format"]["type"] for seen in vendor.seen]
        assert formats == ["json_schema", "json_object", "json_object"]
        assert '"required":["items"]' in vendor.seen[1].body["messages"][0]["content"]

    async def test_falls_back_to_no_format_at_all(self, http: ProviderHttp) -> None:
        refused = error(422, "unknown field response_format")
        async with running(Vendor(refused, refused, DONE)) as vendor:
            await OpenAIProvider(http, base_url=vendor.url).complete(QUESTION, secret=SECRET)

        assert "response_format" not in vendor.seen[2].body

    async def test_sends_no_key_where_none_is_set(self, http: ProviderHttp) -> None:
        async with running(Vendor(DONE)) as vendor:
            await OpenAIProvider(http, base_url=vendor.url).complete(QUESTION, secret="")

        assert "authorization" not in vendor.seen[0].headers


class TestErrors:
    @pytest.mark.parametrize(
        ("answer", "scope", "delay"),
        [
            (error(429, "Rate limit reached", retry_after="3"), "minute", 3.0),
            (
                error(429, "Limit 30, Used 30. Please try again in 1m2.5s. Visit"),
                "minute",
                62.5,
            ),
            (
                error(429, "Rate limit on tokens per min (TPM). Please try again in 120ms."),
                "tokens_minute",
                0.12,
            ),
            (error(429, "Slow", x_ratelimit_reset_requests="6m0s"), "minute", 360.0),
            (error(429, "Too many"), "burst", None),
            (error(429, "You exceeded your quota", "insufficient_quota"), "billing", None),
            (error(402, "Insufficient credits"), "billing", None),
        ],
    )
    async def test_quota(
        self, http: ProviderHttp, answer: Answer, scope: str, delay: float | None
    ) -> None:
        caught = await refusal(http, answer)
        assert isinstance(caught, QuotaExceeded)
        assert (caught.scope.value, caught.retry_after_seconds) == (scope, delay)

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (error(401, f"Incorrect API key provided: {SECRET}", "invalid_api_key"), KeyRefused),
            (error(404, "The model does not exist", "model_not_found"), ModelRetired),
            (error(400, "It was decommissioned", "model_decommissioned"), ModelRetired),
            (Answer("nope", status=404), RequestRefused),
            (error(400, "maximum context length", "context_length_exceeded"), RequestRefused),
            (error(500, "Oops"), ProviderUnavailable),
            (Answer({"error": {"message": "Upstream", "code": 502}}), ProviderUnavailable),
            (Answer({"choices": [{"message": {"content": ""}}]}), AnswerInvalid),
            (Answer({"choices": []}), AnswerInvalid),
            (Answer("text"), AnswerInvalid),
            (
                Answer({"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]}),
                AnswerTruncated,
            ),
            (
                Answer({"choices": [{"message": {"content": None, "refusal": "No."}}]}),
                PromptBlocked,
            ),
        ],
    )
    async def test_the_others(self, http: ProviderHttp, answer: Answer, kind: type[Any]) -> None:
        assert type(await refusal(http, answer)) is kind


class TestCheckKey:
    async def test_lists_the_models(self, http: ProviderHttp) -> None:
        async with running(Vendor(Answer({"data": []}))) as vendor:
            await OpenAIProvider(http, base_url=vendor.url).check_key(secret=SECRET, model="gpt-x")

        assert (vendor.seen[0].method, vendor.seen[0].path) == ("GET", "/models")


class TestListModels:
    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (Answer({"data": [{"id": "gpt-x"}, {"id": 7}, "?"]}), ("gpt-x",)),
            (Answer({"detail": "Not found"}, status=404), None),
        ],
    )
    async def test_names_them_or_says_that_there_is_no_list(
        self, http: ProviderHttp, answer: Answer, expected: tuple[str, ...] | None
    ) -> None:
        async with running(Vendor(answer)) as vendor:
            found = await OpenAIProvider(http, base_url=vendor.url).list_models(secret=SECRET)

        assert found == expected

    async def test_raises_what_the_endpoint_says(self, http: ProviderHttp) -> None:
        async with running(Vendor(error(401, "Wrong key"))) as vendor:
            with pytest.raises(KeyRefused):
                await OpenAIProvider(http, base_url=vendor.url).list_models(secret=SECRET)
