import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from hirocrm.meta.graph.signature import (
    SignedRequest,
    SignedRequestInvalid,
    appsecret_proof,
    find_signing_secret,
    parse_signed_request,
)

SECRET = "the-app-secret"
BODY = b'{"object":"page","text":"caf\\u00e9 \\/ ok"}'


def signature(body=BODY, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed_request(payload, secret=SECRET):
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    encoded = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    digest = hmac.new(secret.encode(), encoded.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() + "." + encoded


class TestAppsecretProof:
    def test_is_the_hmac_of_the_token(self):
        # computed with: printf token | openssl dgst -sha256 -hmac secret
        assert appsecret_proof("token", "secret") == (
            "e941110e3d2bfe82621f0e3e1434730d7305d106c5f68c87165d0b27a4611a4a"
        )


class TestFindSigningSecret:
    def test_names_the_secret_that_signed(self):
        assert find_signing_secret(BODY, signature(), ["another", SECRET]) == 1

    def test_takes_upper_case_digits(self):
        header = "sha256=" + signature().removeprefix("sha256=").upper()

        assert find_signing_secret(BODY, header, [SECRET]) == 0

    def test_is_over_the_raw_bytes(self):
        parsed_and_written_again = json.dumps(json.loads(BODY)).encode()

        assert find_signing_secret(parsed_and_written_again, signature(), [SECRET]) is None

    @pytest.mark.parametrize(
        "header",
        [None, "", "sha256=", "sha256=00", "sha1=" + "0" * 40, signature(secret="x"), "sha256=é"],
    )
    def test_refuses(self, header):
        assert find_signing_secret(BODY, header, [SECRET]) is None

    def test_never_matches_without_a_secret(self):
        assert find_signing_secret(BODY, signature(), []) is None
        assert find_signing_secret(BODY, signature(secret=""), [""]) is None


class TestParseSignedRequest:
    payload = {"user_id": "218471", "algorithm": "HMAC-SHA256", "issued_at": 1291836800}

    def test_reads_who_it_is_about(self):
        request = parse_signed_request(signed_request(self.payload), [SECRET])

        assert request == SignedRequest(
            user_id="218471", issued_at=datetime(2010, 12, 8, 19, 33, 20, tzinfo=UTC)
        )

    def test_takes_the_algorithm_in_any_case(self):
        request = signed_request({**self.payload, "algorithm": "hmac-sha256"})

        assert parse_signed_request(request, ["another", SECRET]).user_id == "218471"

    @pytest.mark.parametrize(
        "request_",
        [
            "",
            "no dot",
            "a.b.c",
            "!!.!!",
            "é.é",
            signed_request(payload, secret="forged"),
            signed_request({**payload, "algorithm": "none"}),
            signed_request({"algorithm": "HMAC-SHA256"}),
            signed_request(b"not json"),
            signed_request([1]),
        ],
    )
    def test_refuses(self, request_):
        with pytest.raises(SignedRequestInvalid):
            parse_signed_request(request_, [SECRET])

    def test_refuses_without_a_secret(self):
        with pytest.raises(SignedRequestInvalid):
            parse_signed_request(signed_request(self.payload, secret=""), [""])
