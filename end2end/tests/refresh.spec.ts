// Expired access tokens: the client refreshes once and retries each request once.
import { expect, test } from '../fixtures/test.ts';
import { testTimeout, within } from '../fixtures/timeouts.ts';
import { generationOf } from '../fixtures/tokens.ts';

test('an expired token leads to 401, one refresh, one retry and 200', async ({
  request,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await playgroundPage.disableRefreshAhead();
  await playgroundPage.expireToken(request);
  const before = await storage.tokens();
  traffic.reset();
  await playgroundPage.callWithToken();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([401, 200]);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  const after = await storage.tokens();
  expect(after.access_token).not.toBe(before.access_token);
  expect(generationOf(after.refresh_token)).toBe(generationOf(before.refresh_token) + 1);
});

test('30 parallel calls with an expired token lead to one refresh', async ({
  request,
  app,
  playgroundPage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await playgroundPage.disableRefreshAhead();
  await playgroundPage.expireToken(request);
  traffic.reset();
  await playgroundPage.call30Times();
  const count = (expected: number) =>
    traffic.apiCalls().filter(({ status }) => status === expected).length;
  await expect.poll(() => count(200)).toBe(30);
  expect(count(401)).toBeGreaterThan(0);
  expect(count(401)).toBeLessThanOrEqual(30);
  expect(traffic.apiCalls()).toHaveLength(30 + count(401));
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
});

test('a user who returns after the token expired is still signed in', async ({
  page,
  request,
  server,
  app,
  accountPage,
  playgroundPage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await playgroundPage.disableRefreshAhead();
  await playgroundPage.expireToken(request);
  await page.goto('about:blank');
  traffic.reset();
  await page.goto(`${server.url}/account`);
  await accountPage.expectUser();
  await expect.poll(() => traffic.statuses('POST /auth/token')[0]).toBe(200);
});

test.describe('with an access token lifetime of 20 seconds', () => {
  test.use({ serverConfig: { env: { LATCHKEY_TOKENS__ACCESS_TTL: '20s' } } });

  test('tokens are refreshed ahead of expiry, so that no request gets a 401', async ({
    app,
    playgroundPage,
    traffic,
  }) => {
    test.setTimeout(testTimeout + 120_000);
    await app.signIn();
    await playgroundPage.open();
    traffic.reset();
    const refreshes = () => traffic.count('POST /auth/token');
    await expect.poll(refreshes, within(90_000)).toBeGreaterThanOrEqual(2);
    await playgroundPage.callWithToken();
    await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
    expect(traffic.exchanges.filter(({ status }) => status === 401)).toEqual([]);
    expect(traffic.statuses('POST /auth/token').every((status) => status === 200)).toBe(true);
  });
});

test('a request is retried only once if the 401 persists', async ({
  page,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await page.route('**/api/protected', (route) =>
    route.fulfill({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="latchkey", error="invalid_token"' },
      contentType: 'application/problem+json',
      json: {
        type: 'about:blank',
        title: 'Token expired',
        status: 401,
        detail: 'The access token has expired.',
        code: 'token_expired',
        request_id: 'test',
      },
    }),
  );
  traffic.reset();
  await playgroundPage.callWithToken();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([401, 401]);
  const entries = playgroundPage.entries.filter({ hasText: '/api/protected' });
  await expect(entries).toHaveCount(2);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  expect(traffic.count('GET /api/protected')).toBe(2);
  await storage.expectTokens();
});

test('a revoked refresh token signs the user out with a message', async ({
  request,
  app,
  playgroundPage,
  storage,
}) => {
  await app.signIn();
  await playgroundPage.open();
  const { refresh_token } = await storage.tokens();
  const response = await request.post('/auth/revoke', { form: { token: refresh_token } });
  expect(response.status()).toBe(200);
  await playgroundPage.callWithToken();
  await app.expectSessionEnded();
  await storage.expectNoTokens();
});

test('a revoked refresh token signs the user out at the next visit', async ({
  page,
  request,
  app,
  storage,
}) => {
  await app.signIn();
  const { refresh_token } = await storage.tokens();
  // An open page would be notified immediately.
  await page.goto('about:blank');
  await request.post('/auth/revoke', { form: { token: refresh_token } });
  await page.goto('/account');
  await app.expectSessionEnded();
  await app.expectSignedOut();
});

test('after a lost response the client retries with the same idempotency key', async ({
  page,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  traffic.allowErrors(/ERR_CONNECTION_RESET .*\/auth\/token/);
  await app.signIn();
  await playgroundPage.open();
  const before = await storage.generation();
  let lost = 0;
  await page.route('**/auth/token', async (route) => {
    if (lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    await route.abort('connectionreset');
  });
  traffic.reset();
  await playgroundPage.refresh();
  await expect
    .poll(() => traffic.statuses('POST /auth/token'), within(10_000))
    .toEqual([0, 200]);
  const exchanges = traffic.exchangesOf('POST /auth/token');
  const keys = exchanges.map(({ headers }) => headers['idempotency-key']);
  expect(keys[0]).toBeTruthy();
  expect(keys[1]).toBe(keys[0]);
  await expect.poll(() => storage.generation()).toBe(before + 1);
  await playgroundPage.callWithToken();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
});
