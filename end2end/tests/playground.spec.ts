// The playground: every call can be made, and what happened can be read.
import {
  button,
  claims,
  heading,
  openPlayground,
  signIn,
  timeline,
  tokensOf,
  letTokenExpire,
  waitForThe401,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('the unprotected call needs nothing, the protected one a token', async ({ page }) => {
  await page.goto('/playground');
  await expect(heading(page, 'Playground')).toBeVisible();
  await button(page, 'Call unprotected').click();
  await expect(timeline(page).first()).toContainText(/GET \/api\/\s*→\s*200/);
  await button(page, 'Call protected without token').click();
  await expect(timeline(page).first()).toContainText(/GET \/api\/protected\s*→\s*401 token_missing/);
});

test('401, refresh and retry can be watched, newest first', async ({ page, request }) => {
  await signIn(page);
  await openPlayground(page);
  await waitForThe401(page);
  await letTokenExpire(page, request);
  await button(page, 'Call protected with token').click();
  const items = timeline(page);
  await expect(items.nth(0)).toContainText(/GET \/api\/protected\s*→\s*200 \(retry\)/);
  await expect(items.nth(1)).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
  await expect(items.nth(2)).toContainText(/GET \/api\/protected\s*→\s*401 token_expired/);
  for (const item of [items.nth(0), items.nth(1), items.nth(2)]) {
    await expect(item).toContainText(/\d\s*ms/);
  }
});

test('the claims of both tokens are shown', async ({ page }) => {
  await signIn(page);
  await openPlayground(page);
  const tokens = await tokensOf(page);
  const access = page.getByRole('region', { name: 'Access token' });
  const refresh = page.getByRole('region', { name: 'Refresh token' });
  for (const claim of ['iss', 'sub', 'jti', 'sid']) {
    await expect(access).toContainText(String(claims(tokens.access_token)[claim]));
  }
  await expect(refresh).toContainText(String(claims(tokens.refresh_token)['sid']));
  await expect(refresh).toContainText('gen');
});

test('the countdown of the access token runs', async ({ page }) => {
  await signIn(page);
  await openPlayground(page);
  const access = page.getByRole('region', { name: 'Access token' });
  const first = await access.innerText();
  await expect.poll(() => access.innerText()).not.toBe(first);
});

test('a refresh by hand rotates the refresh token', async ({ page, traffic }) => {
  await signIn(page);
  await openPlayground(page);
  const before = claims((await tokensOf(page)).refresh_token);
  traffic.forget();
  await button(page, 'Refresh now').click();
  await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
  const after = claims((await tokensOf(page)).refresh_token);
  expect(after['gen']).toBe(Number(before['gen']) + 1);
  expect(after['sid']).toBe(before['sid']);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
});

test('30 calls at once with a good token are 30 calls and no refresh', async ({
  page,
  traffic,
}) => {
  await signIn(page);
  await openPlayground(page);
  traffic.forget();
  await button(page, '30 calls at once').click();
  const calls = () => traffic.exchanges.filter((it) => it.call.startsWith('GET /api/'));
  await expect.poll(() => calls().length).toBe(30);
  expect(calls().every((it) => it.status === 200)).toBe(true);
  expect(traffic.count('POST /auth/token')).toBe(0);
});

test('signed out, a call with a token says what is missing instead of failing silently', async ({
  page,
  traffic,
}) => {
  await page.goto('/playground');
  await expect(heading(page, 'Playground')).toBeVisible();
  await button(page, 'Call protected with token').click();
  await expect(timeline(page)).toHaveCount(1);
  await expect(timeline(page).first()).toContainText('GET /api/protected → not sent, signed out');
  expect(traffic.count('GET /api/protected')).toBe(0);
});
