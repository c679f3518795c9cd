// The playground: sends requests and shows what the client does.
import { expect, test } from '../fixtures/test.ts';
import { claims } from '../fixtures/tokens.ts';

test('the protected route needs a token, the unprotected one does not', async ({
  playgroundPage,
}) => {
  await playgroundPage.goto();
  await playgroundPage.callUnprotected();
  await expect(playgroundPage.newestEntry).toContainText(/GET \/api\/\s*→\s*200/);
  await playgroundPage.callWithoutToken();
  await expect(playgroundPage.newestEntry).toContainText(
    /GET \/api\/protected\s*→\s*401 token_missing/,
  );
});

test('the timeline shows 401, refresh and retry, newest first', async ({
  request,
  app,
  playgroundPage,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await playgroundPage.disableRefreshAhead();
  await playgroundPage.expireToken(request);
  await playgroundPage.callWithToken();
  const { entries } = playgroundPage;
  await expect(entries.nth(0)).toContainText(/GET \/api\/protected\s*→\s*200 \(retry\)/);
  await expect(entries.nth(1)).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
  await expect(entries.nth(2)).toContainText(/GET \/api\/protected\s*→\s*401 token_expired/);
  for (const index of [0, 1, 2]) await expect(entries.nth(index)).toContainText(/\d\s*ms/);
});

test('the claims of both tokens are shown', async ({ app, playgroundPage, storage }) => {
  await app.signIn();
  await playgroundPage.open();
  const tokens = await storage.tokens();
  for (const claim of ['iss', 'sub', 'jti', 'sid']) {
    const value = String(claims(tokens.access_token)[claim]);
    await expect(playgroundPage.accessToken).toContainText(value);
  }
  const { refreshToken } = playgroundPage;
  await expect(refreshToken).toContainText(String(claims(tokens.refresh_token)['sid']));
  await expect(refreshToken).toContainText('gen');
});

test('the countdown of the access token is updated', async ({ app, playgroundPage }) => {
  await app.signIn();
  await playgroundPage.open();
  const first = await playgroundPage.accessToken.innerText();
  await expect.poll(() => playgroundPage.accessToken.innerText()).not.toBe(first);
});

test('a manual refresh rotates the refresh token', async ({
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  const before = claims((await storage.tokens()).refresh_token);
  traffic.reset();
  await playgroundPage.refresh();
  await playgroundPage.expectRefreshed();
  const after = claims((await storage.tokens()).refresh_token);
  expect(after['gen']).toBe(Number(before['gen']) + 1);
  expect(after['sid']).toBe(before['sid']);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
});

test('30 parallel calls with a valid token send 30 requests and cause no refresh', async ({
  app,
  playgroundPage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  traffic.reset();
  await playgroundPage.call30Times();
  await expect.poll(() => traffic.apiCalls().length).toBe(30);
  expect(traffic.apiCalls().every(({ status }) => status === 200)).toBe(true);
  expect(traffic.count('POST /auth/token')).toBe(0);
});

test('a call with a token while signed out is not sent, and the timeline says so', async ({
  playgroundPage,
  traffic,
}) => {
  await playgroundPage.goto();
  await playgroundPage.callWithToken();
  await expect(playgroundPage.entries).toHaveCount(1);
  await expect(playgroundPage.newestEntry).toContainText(
    'GET /api/protected → not sent, signed out',
  );
  expect(traffic.count('GET /api/protected')).toBe(0);
});
