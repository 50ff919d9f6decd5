"""A first request as 402T Labs' customers send it."""

import shlex

from palomar.apidocs.samples import API_KEY, Sample, SampleValues, as_json, curl, python_post


def sample(values: SampleValues) -> Sample:
    """Write a ``POST /sms/send`` with an API key, and with a new idempotency key each time."""
    url, bearer = f"{values.url}/api/v1/sms/send", f"Bearer {values.api_key or API_KEY}"
    body = {"to": values.number, "text": values.text}
    headers = {"Authorization": repr(bearer), "Idempotency-Key": "str(uuid.uuid4())"}
    return Sample(
        curl=curl(
            url,
            f"-H {shlex.quote(f'Authorization: {bearer}')}",
            '-H "Idempotency-Key: $(date +%s%N)"',
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(as_json(body))}",
        ),
        python="import uuid\n" + python_post(url, headers, body),
    )
