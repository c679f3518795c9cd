// Sign in, call the API, refresh, revoke: in Node.js 20 or later, without packages.
//
// With `cargo xtask run` in another terminal: node client.mjs http://127.0.0.1:7000
const base = process.argv[2] ?? "http://127.0.0.1:7000";
let tokens;

const send = (path, options) =>
  fetch(base + path, { redirect: "manual", signal: AbortSignal.timeout(10_000), ...options });
const post = (path, form, headers) =>
  send(path, { method: "POST", body: new URLSearchParams(form), headers });

async function success(response) {
  if (response.ok) return response;
  const { code, detail, error_description } = await response.json();
  throw Object.assign(new Error(detail ?? error_description), { code, status: response.status });
}

async function signIn(email) {
  // 1. The server sets a cookie for this sign-in and redirects to the provider.
  const login = await send("/auth/login?provider=demo");
  const cookie = login.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  const authorize = new URL(login.headers.get("location"));
  // 2. The user picks an account, without a password, and is redirected back with a code.
  const form = { ...Object.fromEntries(authorize.searchParams), email };
  const callback = new URL((await post("/demo/authorize", form)).headers.get("location"));
  // 3. Exchange the code for tokens.
  const received = Object.fromEntries(callback.searchParams);
  const redirect_uri = callback.origin + callback.pathname;
  const grant = { grant_type: "authorization_code", redirect_uri, ...received };
  tokens = await (await success(await post("/auth/token", grant, { cookie }))).json();
}

// Every refresh has a new key, which its retries repeat: after a lost response, the retry gets the
// same refresh token. Without the key, the server refuses the retry; more than ten seconds later, it
// treats the retry as the reuse of a stolen token and ends the session.
async function rotate(retries = 3, key = crypto.randomUUID()) {
  const grant = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
  try {
    const response = await post("/auth/token", grant, { "idempotency-key": key });
    tokens = await (await success(response)).json();
  } catch (error) {
    if (error.status < 500 || retries === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 8000 / 2 ** retries));
    await rotate(retries - 1, key);
  }
}

// Requests that fail at the same time share one refresh.
let refreshing;
const refresh = () => (refreshing ??= rotate().finally(() => (refreshing = undefined)));

// Calls the API. After a 401, refreshes and repeats the request once.
async function call(path) {
  const { access_token } = tokens;
  const get = () => send(path, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  const response = await get();
  if (response.status !== 401) return success(response);
  if (tokens.access_token === access_token) await refresh();
  return success(await get());
}

const revoke = async (token) => success(await post("/auth/revoke", { token }));

await signIn("ada@example.com");
console.log("signed in as", (await (await call("/api/me")).json()).email);
await refresh();
console.log("refreshed");
await revoke(tokens.access_token);
await Promise.all([call("/api/me"), call("/api/sessions")]); // 401, one refresh, and both again
console.log("called again after a 401");
await revoke(tokens.refresh_token);
const error = await call("/api/me").catch((error) => error);
if (error.status !== 400) throw new Error("the session is still open", { cause: error });
console.log("signed out:", error.code);
