"""A first request as FOXSYS's customers send it."""

import shlex

from palomar.apidocs.samples import API_KEY, Sample, SampleValues, as_json, curl, python_post


def sample(values: SampleValues) -> Sample:
    """Write a ``POST /json/send`` with login and token, and a callback."""
    url, credentials = f"{values.url}/json/send", f"{values.login}:{values.api_key or API_KEY}"
    body = {"message": values.text, "recipient": [{"msisdn": values.number}], "ackurl": values.status_url}
    basic = f'"Basic " + base64.b64encode({credentials!r}.encode()).decode()'
    return Sample(
        curl=curl(
            url,
            f"-u {shlex.quote(credentials)}",
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(as_json(body))}",
        ),
        python="import base64\n" + python_post(url, {"Authorization": basic}, body),
    )
