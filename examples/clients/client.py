"""Sign in, call the API, refresh, revoke: in Python 3.9 or later, without packages.

With `cargo xtask run` in another terminal: python3 client.py http://127.0.0.1:7000
"""
import json
import sys
import time
import uuid
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7000"
tokens = {}


class KeepRedirects(HTTPRedirectHandler):
    def http_error_303(self, request, response, *_):
        return response


opener = build_opener(HTTPCookieProcessor(), KeepRedirects)


def send(path, form=None, headers={}):
    """Sends a GET, or a POST with a form. Returns the JSON response, or the URL of a redirect."""
    body = form and urlencode(form).encode()
    with opener.open(Request(base + path, body, headers), timeout=10) as response:
        return response.headers["Location"] or json.loads(response.read() or "null")


def sign_in(email):
    # 1. The server sets a cookie for this sign-in and redirects to the provider.
    authorize = urlsplit(send("/auth/login?provider=demo"))
    # 2. The user picks an account, without a password, and is redirected back with a code.
    account = {**dict(parse_qsl(authorize.query)), "email": email}
    redirect_uri, _, received = send("/demo/authorize", account).partition("?")
    # 3. Exchange the code for tokens.
    grant = {"grant_type": "authorization_code", "redirect_uri": redirect_uri}
    tokens.update(send("/auth/token", {**grant, **dict(parse_qsl(received))}))


def refresh():
    # Every refresh has a new idempotency key, which its retries repeat: after a lost response, the
    # retry gets the same refresh token. Without the idempotency key, the server refuses a retry or, if
    # it comes after more than ten seconds, takes it for the reuse of a stolen token and ends the session.
    key = {"Idempotency-Key": str(uuid.uuid4())}
    grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for delay in 1, 2, 4, None:
        try:
            return tokens.update(send("/auth/token", grant, key))
        except (OSError, HTTPException) as error:
            if delay is None or isinstance(error, HTTPError) and error.code < 500:
                raise
            time.sleep(delay)


def call(path, repeat=True):
    """Calls the API. After a 401, refreshes and repeats the request once."""
    try:
        return send(path, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    except HTTPError as error:
        if error.code != 401 or not repeat:
            raise
    refresh()
    return call(path, repeat=False)


sign_in("ada@example.com")
print("signed in as", call("/api/me")["email"])
refresh()
print("refreshed")
send("/auth/revoke", {"token": tokens["access_token"]})
call("/api/me")  # 401, refresh, and the same request again
print("called again after a 401")
send("/auth/revoke", {"token": tokens["refresh_token"]})
try:
    sys.exit(f"the session is still open: {call('/api/me')}")
except HTTPError as error:
    print("signed out:", json.load(error)["code"])
