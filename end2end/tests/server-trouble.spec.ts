// The server restarts, or is away for a while: nobody is signed out by that, and nobody back in.
import {
  alert,
  bearer,
  button,
  expectAccount,
  expectSignedOut,
  openPlayground,
  refreshByHand,
  signIn,
  storedTokens,
  timeline,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

// What Chromium itself writes when nobody answers, or when the answer is a 503.
const failedLoads = /^Failed to load resource: (net::ERR_|the server responded with a status of 503)/;
test.beforeEach(({ traffic }) => traffic.expectErrors(failedLoads));

test('a restart keeps the session', async ({ page, server, traffic }) => {
  await signIn(page);
  await openPlayground(page);
  await server.stop();
  await server.start();
  traffic.forget();
  await button(page, 'Call protected with token').click();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toContain(200);
  await button(page, 'Refresh now').click();
  await expect.poll(() => traffic.statuses('POST /auth/token')).toContain(200);
  await page.goto('/account');
  await expectAccount(page);
});

test('a restart keeps the denials', async ({ page, server, request }) => {
  await signIn(page);
  const old = await tokensOf(page);
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  await server.stop();
  await server.start();
  const call = await request.get('/api/protected', { headers: bearer(old.access_token) });
  expect(call.status()).toBe(401);
  expect(((await call.json()) as { code: string }).code).toBe('token_revoked');
  expect(await refreshByHand(request, old.refresh_token)).toMatchObject({ error: 'invalid_grant' });
});

test('a server that is away keeps the tokens, says so, and works when it is back', async ({
  page,
  server,
  traffic,
}) => {
  await signIn(page);
  await openPlayground(page);
  const before = await tokensOf(page);
  await server.stop();
  await button(page, 'Call protected with token').click();
  await expect(alert(page)).toContainText(/cannot reach the server/i);
  expect(await storedTokens(page)).toEqual(before);
  await server.start();
  traffic.forget();
  await button(page, 'Call protected with token').click();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toContain(200);
  await expect(timeline(page).first()).toContainText('200');
  await expect(alert(page)).toHaveCount(0);
});

test('a 503 to a refresh keeps the tokens, and a later refresh works', async ({
  page,
  traffic,
}) => {
  await signIn(page);
  await openPlayground(page);
  const before = await tokensOf(page);
  await page.route('**/auth/token', (route) =>
    route.fulfill({ status: 503, json: { error: 'temporarily_unavailable' } }),
  );
  await button(page, 'Refresh now').click();
  await expect(alert(page)).toBeVisible();
  expect(await storedTokens(page)).toEqual(before);
  await page.unroute('**/auth/token');
  traffic.forget();
  await expect(async () => {
    await button(page, 'Refresh now').click({ timeout: 1_000 });
    expect(traffic.statuses('POST /auth/token')).toContain(200);
  }).toPass();
  expect((await tokensOf(page)).refresh_token).not.toBe(before.refresh_token);
});

test('67: signing out while the server is away empties localStorage', async ({ page, server }) => {
  await signIn(page);
  await server.stop();
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expect.poll(() => storedTokens(page)).toBeNull();
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
});
