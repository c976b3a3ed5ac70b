import json
import time

import pytest

from hirocrm.sandbox.server import SandboxServer
from tests.sandbox.conftest import Answer, Caller

MODEL = "gemini-3.5-flash-lite"
PROMPT = """Stages of the pipeline
1. New Lead (LEAD): first contact
2. Proposal Sent (IN_PROGRESS): a price was given
3. Negotiating (IN_PROGRESS): haggling
4. Closed Won (WON)
===== BEGIN CONVERSATION =====
[m1] customer 2026-01-02 10:00: Hi po, magkano yung linen set?
[m2] business 2026-01-02 10:04: ₱850 po ang set 😊
[m3] customer 2026-01-02 10:09: Mahal naman, may discount po ba pag 2?
===== END CONVERSATION =====
Analyse the conversation above."""
STAGE = {"type": "string", "enum": ["New Lead", "Proposal Sent", "Negotiating", "Closed Won"]}
SCHEMA = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "recommendedStage": STAGE,
        "recommendations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"stage": STAGE, "probability": {"type": "integer"}},
                "required": ["stage", "probability"],
            },
        },
        "leadStatus": {"type": "string", "enum": ["NEW", "NEGOTIATING", "WON"]},
        "confidence": {"type": "integer", "minimum": 0, "maximum": 100},
        "evidence": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"messageId": {"type": "string"}, "quote": {"type": "string"}},
                "required": ["messageId", "quote"],
            },
        },
        "language": {"type": "string"},
        "suggestedFollowUpDate": {"type": ["string", "null"]},
    },
    "required": ["summary", "recommendedStage", "evidence"],
}


class Gemini(Caller):
    def generate(
        self, *, key: str = "key-1", model: str = MODEL, prompt: str = PROMPT, **config: object
    ) -> Answer:
        body = {
            "contents": [{"role": "user", "parts": [{"text": prompt}]}],
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseJsonSchema": SCHEMA,
            }
            | config,
        }
        return self.post(
            f"/v1beta/models/{model}:generateContent", body, headers={"x-goog-api-key": key}
        )


def text_of(answer: Answer) -> str:
    return answer.json["candidates"][0]["content"]["parts"][0]["text"]


@pytest.fixture
def gemini(sandbox: SandboxServer) -> Gemini:
    return Gemini(sandbox.gemini_url)


class TestAnswer:
    def test_fills_the_schema_from_the_conversation(self, gemini):
        answer = gemini.generate()

        assert answer.status == 200
        said = json.loads(text_of(answer))
        assert said["recommendedStage"] == "Negotiating"
        assert said["leadStatus"] == "NEGOTIATING"
        assert said["evidence"] == [
            {"messageId": "m3", "quote": "Mahal naman, may discount po ba pag 2?"}
        ]
        assert said["recommendations"][0] == {"stage": "Negotiating", "probability": 74}
        assert said["language"] == "tl"
        assert said["suggestedFollowUpDate"] == "2026-01-04"
        assert "leadScore" not in said

    def test_has_the_fields_of_the_real_one(self, gemini):
        body = gemini.generate().json

        assert list(body) == ["candidates", "usageMetadata", "modelVersion", "responseId"]
        assert body["candidates"][0]["finishReason"] == "STOP"
        assert body["modelVersion"] == MODEL
        assert body["usageMetadata"]["thoughtsTokenCount"] == 44

    def test_quotes_words_and_not_photos(self, gemini):
        photos = PROMPT.replace("Hi po, magkano yung linen set?", "(photo) (voice note)")
        photos = photos.replace("may discount po ba pag 2?", "may discount po? ⏎ salamat (photo)")
        only_photo = "\n".join(PROMPT.splitlines()[:5]) + "\n[m1] customer: (photo)\n===== END"

        haggling = json.loads(text_of(gemini.generate(prompt=photos)))
        silent = json.loads(text_of(gemini.generate(prompt=only_photo)))

        assert haggling["evidence"] == [
            {"messageId": "m3", "quote": "Mahal naman, may discount po?"}
        ]
        assert (silent["recommendedStage"], silent["evidence"]) == ("New Lead", [])

    def test_takes_snake_case_and_openapi_types(self, gemini):
        schema = {
            "type": "OBJECT",
            "properties": {"intent": {"type": "STRING", "enum": ["order", "other"]}, "n": {"type": "INTEGER", "minimum": 3}},
            "required": ["intent", "n"],
        }  # fmt: skip
        body = {
            "system_instruction": {"parts": [{"text": "Label."}]},
            "contents": [{"parts": [{"text": "hello"}]}],
            "generation_config": {"response_schema": schema, "thinkingConfig": {"thinking_level": "LOW"}},
        }  # fmt: skip
        answer = gemini.post(
            f"/v1beta/models/{MODEL}:generateContent", body, headers={"x-goog-api-key": "k"}
        )

        assert json.loads(text_of(answer)) == {"intent": "order", "n": 3}

    def test_is_the_same_for_the_same_prompt(self, gemini, sandbox):
        assert text_of(gemini.generate()) == text_of(gemini.generate(key="key-2"))
        assert sandbox.control.repeated_prompts() == 1

    def test_lists_models(self, gemini):
        listed = gemini.ask("GET", "/v1beta/models", headers={"x-goog-api-key": "k"}).json["models"]

        assert f"models/{MODEL}" in [model["name"] for model in listed]
        assert "models/gemini-2.0-flash-exp" not in [model["name"] for model in listed]


class TestRefusals:
    def test_has_no_retired_model(self, gemini):
        answer = gemini.generate(model="gemini-2.0-flash-exp")

        assert answer.status == 404
        assert answer.json["error"]["status"] == "NOT_FOUND"
        assert "is not found for API version v1beta" in answer.json["error"]["message"]

    def test_needs_a_key_and_only_one_credential(self, gemini):
        assert gemini.generate(key="").status == 403
        body = {"contents": [{"parts": [{"text": "x"}]}]}
        both = {"x-goog-api-key": "k", "authorization": "Bearer k"}
        answer = gemini.post(f"/v1beta/models/{MODEL}:generateContent", body, headers=both)
        assert answer.status == 400
        assert answer.json["error"]["message"].startswith("Multiple authentication credentials")

    def test_knows_only_the_keys_it_was_told(self, gemini, sandbox):
        sandbox.gemini.accepts(["key-1"])

        assert gemini.generate(key="key-1").status == 200
        refused = gemini.generate(key="key-9")
        assert refused.status == 400
        assert refused.json["error"]["details"][0]["reason"] == "API_KEY_INVALID"

    def test_refuses_minimal_thinking_where_google_does(self, gemini):
        config = {"thinkingConfig": {"thinkingLevel": "MINIMAL"}}

        assert gemini.generate(**config).status == 200
        refused = gemini.generate(model="gemini-3.8-flash", **config)
        assert refused.status == 400
        assert (
            refused.json["error"]["message"]
            == "Thinking level MINIMAL is not supported for this model."
        )

    def test_refuses_two_schemas(self, gemini):
        assert gemini.generate(responseSchema={"type": "OBJECT"}).status == 400


class TestQuota:
    def test_refuses_over_the_minute_with_googles_body(self, gemini, sandbox):
        sandbox.gemini.limits(rpm=2)

        statuses = [gemini.generate().status for _ in range(3)]
        refused = gemini.generate().json["error"]

        assert statuses == [200, 200, 429]
        _, failure, retry = refused["details"]
        assert failure["violations"][0]["quotaId"] == (
            "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
        )
        assert failure["violations"][0]["quotaValue"] == "2"
        assert 50 < float(retry["retryDelay"].removesuffix("s")) <= 60
        assert sandbox.gemini.key("key-1")["rejected"] == 2
        assert sandbox.gemini.key("key-2")["calls"] == 0

    def test_counts_per_project_and_model_not_per_key(self, gemini, sandbox):
        sandbox.gemini.limits(rpm=1)
        sandbox.gemini.groups({"key-a": "p", "key-b": "p"})

        assert gemini.generate(key="key-a").status == 200
        assert gemini.generate(key="key-b").status == 429
        assert gemini.generate(key="key-b", model="gemini-3.1-flash-lite").status == 200

    def test_refuses_over_the_day_and_over_tokens(self, gemini, sandbox):
        sandbox.gemini.limits(rpd=1, model=MODEL)
        sandbox.gemini.limits(tpm=10, model="gemini-3.1-flash-lite")

        gemini.generate()
        day = gemini.generate().json["error"]["details"][1]["violations"][0]
        tokens = gemini.generate(model="gemini-3.1-flash-lite").json["error"]["details"][1]

        assert day["quotaId"] == "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
        assert tokens["violations"][0]["quotaId"] == (
            "GenerateContentInputTokensPerModelPerMinute-FreeTier"
        )


class TestFaults:
    @pytest.mark.parametrize(
        ("kind", "status", "name"),
        [
            ("key_invalid", 400, "INVALID_ARGUMENT"),
            ("key_expired", 400, "INVALID_ARGUMENT"),
            ("unauthenticated", 401, "UNAUTHENTICATED"),
            ("leaked", 403, "PERMISSION_DENIED"),
            ("forbidden", 403, "PERMISSION_DENIED"),
            ("billing_required", 400, "FAILED_PRECONDITION"),
            ("retired", 404, "NOT_FOUND"),
            ("prepayment", 429, "RESOURCE_EXHAUSTED"),
            ("exhausted", 429, "RESOURCE_EXHAUSTED"),
            ("limit_zero", 429, "RESOURCE_EXHAUSTED"),
            ("overloaded", 503, "UNAVAILABLE"),
            ("internal", 500, "INTERNAL"),
            ("deadline", 504, "DEADLINE_EXCEEDED"),
            ("too_large", 413, "INVALID_ARGUMENT"),
        ],
    )
    def test_answers_with_the_error_once(self, gemini, sandbox, kind, status, name):
        sandbox.gemini.answers_with(kind, times=1)

        refused = gemini.generate()

        assert (refused.status, refused.json["error"]["status"]) == (status, name)
        assert refused.json["error"]["code"] == status
        assert gemini.generate().status == 200

    @pytest.mark.parametrize(
        ("period", "ids"),
        [("minute", ["PerMinute"]), ("day", ["PerDay"]), ("both", ["PerMinute", "PerDay"])],
    )
    def test_names_the_quota_of_a_429(self, gemini, sandbox, period, ids):
        sandbox.gemini.answers_with("quota", period=period, retry_seconds=0.2, value=7)

        details = gemini.generate().json["error"]["details"]

        violations = details[1]["violations"]
        assert [id_ in v["quotaId"] for id_, v in zip(ids, violations, strict=True)] == [
            True
        ] * len(ids)
        assert details[2]["retryDelay"] == "0.2s"

    def test_may_give_no_details(self, gemini, sandbox):
        sandbox.gemini.answers_with("quota", period="none")

        assert "details" not in gemini.generate().json["error"]

    def test_says_limit_zero(self, gemini, sandbox):
        sandbox.gemini.answers_with("limit_zero")

        assert "limit: 0, model" in gemini.generate().json["error"]["message"]

    def test_strikes_one_key_or_one_model(self, gemini, sandbox):
        sandbox.gemini.refuses_key("key-2")
        sandbox.gemini.retires("gemini-3.1-flash-lite")

        assert gemini.generate(key="key-1").status == 200
        assert gemini.generate(key="key-2").status == 400
        assert gemini.generate(key="key-1", model="gemini-3.1-flash-lite").status == 404

    def test_wraps_the_error_in_a_list(self, gemini, sandbox):
        sandbox.gemini.answers_with("list_wrapped")

        assert gemini.generate().json[0]["error"]["code"] == 503

    def test_refuses_a_thinking_level(self, gemini, sandbox):
        sandbox.gemini.answers_with("thinking_refused", levels=["LOW", "MINIMAL"])

        assert gemini.generate(thinkingConfig={"thinkingLevel": "LOW"}).status == 400
        assert gemini.generate().status == 200

    def test_blocks_the_prompt(self, gemini, sandbox):
        sandbox.gemini.answers_with("blocked")

        body = gemini.generate().json
        assert "candidates" not in body
        assert body["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"

    def test_stops_for_safety_without_content(self, gemini, sandbox):
        sandbox.gemini.answers_with("safety")

        candidate = gemini.generate().json["candidates"][0]
        assert candidate["finishReason"] == "SAFETY"
        assert "content" not in candidate

    def test_runs_out_of_tokens_with_nothing_or_half(self, gemini, sandbox):
        sandbox.gemini.answers_with("max_tokens", times=1)
        sandbox.gemini.answers_with("max_tokens", partial=True, after=1)

        empty = gemini.generate().json["candidates"][0]
        half = gemini.generate()

        assert empty == {"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}
        assert half.json["candidates"][0]["finishReason"] == "MAX_TOKENS"
        with pytest.raises(json.JSONDecodeError):
            json.loads(text_of(half))

    @pytest.mark.parametrize(
        ("kind", "params", "text"),
        [
            ("empty_text", {}, ""),
            ("invalid_json", {"text": "Sure! {oops"}, "Sure! {oops"),
            ("wrong_shape", {}, '{"verdict": "fine", "score": "a lot"}'),
            ("text", {"text": "{}"}, "{}"),
        ],
    )
    def test_says_odd_things(self, gemini, sandbox, kind, params, text):
        sandbox.gemini.answers_with(kind, **params)

        assert text_of(gemini.generate()) == text

    def test_is_invalid_then_valid_for_each_conversation(self, gemini, sandbox):
        sandbox.gemini.answers_with("invalid_json", times=1, per="prompt", text="{")
        other = PROMPT.replace("linen set", "tote bag")

        first = [text_of(gemini.generate()), text_of(gemini.generate(prompt=other))]
        second = [text_of(gemini.generate()), text_of(gemini.generate(prompt=other))]

        assert first == ["{", "{"]
        assert [json.loads(text)["recommendedStage"] for text in second] == ["Negotiating"] * 2

    def test_leaves_out_usage_and_invents_finish_reasons(self, gemini, sandbox):
        sandbox.gemini.answers_with("no_usage")
        sandbox.gemini.answers_with("finish", reason="PUP_LIMITED_DISABLED")

        body = gemini.generate().json
        assert "usageMetadata" not in body
        assert body["candidates"][0]["finishReason"] == "PUP_LIMITED_DISABLED"


class TestDelay:
    def test_is_served_side_by_side(self, gemini, sandbox):
        sandbox.control.latency(gemini=150)

        began = time.monotonic()
        gemini.generate()

        assert time.monotonic() - began >= 0.15
        assert sandbox.control.counters()["in_flight"]["gemini"] == 0
