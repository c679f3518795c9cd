#!/bin/sh
# Sign in, call the API, refresh, revoke: with curl 7.71 or later and jq.
#
# With `cargo xtask run` in another terminal: sh curl.sh http://127.0.0.1:7000
set -eu
base=${1:-http://127.0.0.1:7000}
umask 077                                   # The files below contain tokens.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Tokens are passed to curl on standard input: other users of this machine can see command lines.
request() { curl --silent --show-error --max-time 10 "$@"; }
token() { jq -er ".$1" "$dir/tokens.json"; }

sign_in() {
    # 1. The server sets a cookie for this sign-in and redirects to the provider.
    authorize=$(request -c "$dir/jar" -o "$dir/body.json" -w '%{redirect_url}' \
        "$base/auth/login?provider=demo")
    # 2. The user picks an account, without a password, and is redirected back with a code.
    callback=$(request -o "$dir/body.json" -w '%{redirect_url}' \
        "$base/demo/authorize" -d "${authorize#*\?}" --data-urlencode "email=$1")
    # 3. Exchange the code for tokens.
    request --fail -b "$dir/jar" -o "$dir/tokens.json" "$base/auth/token" \
        -d grant_type=authorization_code --data-urlencode "redirect_uri=${callback%%\?*}" \
        -d "${callback#*\?}"
}

# Every refresh has a new key, which its retries repeat: after a lost response, the retry gets the
# same refresh token. Without the key, the server refuses the retry; more than ten seconds later, it
# treats the retry as the reuse of a stolen token and ends the session.
refresh() {
    key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    status=$(printf 'grant_type=refresh_token&refresh_token=%s' "$(token refresh_token)" |
        request --retry 3 --retry-all-errors -o "$dir/body.json" -w '%{http_code}' \
            -H "Idempotency-Key: $key" -d @- "$base/auth/token") || return
    [ "$status" = 200 ] && mv "$dir/body.json" "$dir/tokens.json"
}

get() {
    status=$(printf 'Authorization: Bearer %s' "$(token access_token)" |
        request -H @- -o "$dir/body.json" -w '%{http_code}' "$base$1") || return
}

# Calls the API. After a 401, refreshes and repeats the request once.
call() {
    get "$1" || return
    if [ "$status" = 401 ]; then refresh && get "$1" || return; fi
    [ "$status" = 200 ]
}

revoke() {
    printf 'token=%s' "$(token "$1")" | request --fail -d @- "$base/auth/revoke"
}

sign_in ada@example.com
call /api/me
echo "signed in as $(jq -r .email "$dir/body.json")"

refresh
echo "refreshed"

revoke access_token
call /api/me                                # 401, refresh, and the same request again
echo "called again after a 401"

revoke refresh_token
if call /api/me; then echo "the session is still open" >&2; exit 1; fi
echo "signed out: $(jq -r .code "$dir/body.json")"
