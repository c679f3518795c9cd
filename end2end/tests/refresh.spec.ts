// The access token expires: the call succeeds all the same, with one refresh and one retry.
import {
  alert,
  button,
  claims,
  expectAccount,
  expectSignedOut,
  openPlayground,
  signIn,
  storedTokens,
  timeline,
  tokensOf,
  letTokenExpire,
  waitForThe401,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('an expired token: 401, one refresh, one retry, 200', async ({ page, request, traffic }) => {
  await signIn(page);
  await openPlayground(page);
  await waitForThe401(page);
  await letTokenExpire(page, request);
  const before = await tokensOf(page);
  traffic.forget();
  await button(page, 'Call protected with token').click();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([401, 200]);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  const after = await tokensOf(page);
  expect(after.access_token).not.toBe(before.access_token);
  expect(claims(after.refresh_token)['gen']).toBe(Number(claims(before.refresh_token)['gen']) + 1);
});

test('30 calls at once with an expired token: one refresh', async ({ page, request, traffic }) => {
  await signIn(page);
  await openPlayground(page);
  await waitForThe401(page);
  await letTokenExpire(page, request);
  traffic.forget();
  await button(page, '30 calls at once').click();
  const succeeded = () => traffic.exchanges.filter(isCall).filter((it) => it.status === 200);
  const isCall = ({ call }: { call: string }) => call.startsWith('GET /api/');
  await expect.poll(() => succeeded().length).toBe(30);
  const refused = traffic.exchanges.filter(isCall).filter((it) => it.status === 401);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThanOrEqual(30);
  expect(traffic.exchanges.filter(isCall)).toHaveLength(30 + refused.length);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
});

test('coming back after the token expired is still being signed in', async ({
  page,
  request,
  traffic,
  server,
}) => {
  await signIn(page);
  await openPlayground(page);
  await waitForThe401(page);
  await letTokenExpire(page, request);
  await page.goto('about:blank');
  traffic.forget();
  await page.goto(`${server.url}/account`);
  await expectAccount(page);
  await expect.poll(() => traffic.statuses('POST /auth/token')[0]).toBe(200);
});

test.describe('with access tokens that live 20 seconds', () => {
  test.use({ setup: { env: { LATCHKEY_TOKENS__ACCESS_TTL: '20s' } } });

  test('tokens are refreshed ahead of expiry: no call ever meets a 401', async ({
    page,
    traffic,
  }) => {
    test.setTimeout(300_000);
    await signIn(page);
    await openPlayground(page);
    traffic.forget();
    const refreshes = () => traffic.count('POST /auth/token');
    await expect.poll(refreshes, { timeout: 120_000 }).toBeGreaterThanOrEqual(2);
    await button(page, 'Call protected with token').click();
    await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
    expect(traffic.exchanges.filter((it) => it.status === 401)).toEqual([]);
    expect(traffic.statuses('POST /auth/token').every((status) => status === 200)).toBe(true);
  });
});

test('a request is retried once, not again, when the 401 stays', async ({ page, traffic }) => {
  await signIn(page);
  await openPlayground(page);
  await page.route('**/api/protected', (route) =>
    route.fulfill({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="latchkey", error="invalid_token"' },
      contentType: 'application/problem+json',
      json: {
        type: 'about:blank',
        title: 'Token expired',
        status: 401,
        detail: 'The access token is past its end.',
        code: 'token_expired',
        request_id: 'test',
      },
    }),
  );
  traffic.forget();
  await button(page, 'Call protected with token').click();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([401, 401]);
  await expect(timeline(page).filter({ hasText: '/api/protected' })).toHaveCount(2);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  expect(traffic.count('GET /api/protected')).toBe(2);
  expect(await storedTokens(page)).not.toBeNull();
});

test('a revoked refresh token signs out, with a message', async ({ page, request }) => {
  await signIn(page);
  await openPlayground(page);
  const { refresh_token } = await tokensOf(page);
  const revoked = await request.post('/auth/revoke', { form: { token: refresh_token } });
  expect(revoked.status()).toBe(200);
  await button(page, 'Call protected with token').click();
  await expect(alert(page)).toContainText(/signed out/i);
  await expect.poll(() => storedTokens(page)).toBeNull();
});

test('a revoked refresh token is noticed at the next visit too', async ({ page, request }) => {
  await signIn(page);
  const { refresh_token } = await tokensOf(page);
  // A page that is open would know at once.
  await page.goto('about:blank');
  await request.post('/auth/revoke', { form: { token: refresh_token } });
  await page.goto('/account');
  await expect(alert(page)).toContainText(/signed out/i);
  await expectSignedOut(page);
});

test('a lost answer: the same key is sent again and nobody is signed out', async ({
  page,
  traffic,
}) => {
  traffic.expectErrors(/ERR_CONNECTION_RESET .*\/auth\/token/);
  await signIn(page);
  await openPlayground(page);
  const before = await tokensOf(page);
  let lost = 0;
  await page.route('**/auth/token', async (route) => {
    if (lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    await route.abort('connectionreset');
  });
  traffic.forget();
  await button(page, 'Refresh now').click();
  // The client tries again by itself after a while.
  await expect
    .poll(() => traffic.statuses('POST /auth/token'), { timeout: 30_000 })
    .toEqual([0, 200]);
  const keys = traffic.of('POST /auth/token').map((it) => it.headers['idempotency-key']);
  expect(keys[0]).toBeTruthy();
  expect(keys[1]).toBe(keys[0]);
  const generation = Number(claims(before.refresh_token)['gen']);
  await expect
    .poll(async () => claims((await tokensOf(page)).refresh_token)['gen'])
    .toBe(generation + 1);
  await button(page, 'Call protected with token').click();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
});
