// Several tabs of one browser share one session.
import {
  callFromAll,
  expectSignedOut,
  heading,
  letTokenExpire,
  playgrounds,
  signIn,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('signing out in one tab signs out the other', async ({ page, context }) => {
  await signIn(page);
  const other = await context.newPage();
  await other.goto('/account');
  await expect(heading(other, 'Your account')).toBeVisible();
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  await expectSignedOut(other);
});

test('localStorage cleared in one tab signs out the other', async ({ page, context }) => {
  await signIn(page);
  const other = await context.newPage();
  await other.goto('/account');
  await expect(heading(other, 'Your account')).toBeVisible();
  await page.evaluate(() => localStorage.clear());
  await expectSignedOut(other);
});

test('68: two tabs, 60 calls with an expired token: one refresh, all succeed', async ({
  page,
  request,
  traffic,
}) => {
  await signIn(page);
  const tabs = await playgrounds(page, 2);
  await letTokenExpire(page, request);
  const before = await tokensOf(page);
  traffic.forget();
  await callFromAll(tabs);
  const calls = () => traffic.exchanges.filter((it) => it.call.startsWith('GET /api/'));
  await expect.poll(() => calls().filter((it) => it.status === 200).length).toBe(60);
  expect(calls().filter((it) => it.status === 401).length).toBeLessThanOrEqual(60);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  for (const tab of tabs) {
    expect((await tokensOf(tab)).refresh_token).not.toBe(before.refresh_token);
  }
});
