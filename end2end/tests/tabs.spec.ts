// Several tabs of one browser share a session.
import { callFromAll, openPlaygrounds } from '../fixtures/pages/app.ts';
import { expect, test } from '../fixtures/test.ts';

test('signing out in one tab signs out the other', async ({ app, header }) => {
  await app.signIn();
  const other = await app.newTab();
  await other.accountPage.goto();
  await header.signOut();
  await app.expectSignedOut();
  await other.expectSignedOut();
});

test('clearing localStorage in one tab signs out the other', async ({ page, app }) => {
  await app.signIn();
  const other = await app.newTab();
  await other.accountPage.goto();
  await page.evaluate(() => localStorage.clear());
  await other.expectSignedOut();
});

test('68: two tabs with 60 calls and an expired token refresh once, and all calls succeed', async ({
  request,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  const tabs = await openPlaygrounds(app, 2);
  await playgroundPage.expireToken(request);
  const before = await storage.tokens();
  traffic.reset();
  await callFromAll(tabs);
  const count = (expected: number) =>
    traffic.apiCalls().filter(({ status }) => status === expected).length;
  await expect.poll(() => count(200)).toBe(60);
  expect(count(401)).toBeLessThanOrEqual(60);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  for (const tab of tabs) {
    expect((await tab.storage.tokens()).refresh_token).not.toBe(before.refresh_token);
  }
});
