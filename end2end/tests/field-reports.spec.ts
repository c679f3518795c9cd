// Problems that users of similar systems report.
import type { Page } from '@playwright/test';

import { ada } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { testTimeout, within } from '../fixtures/timeouts.ts';
import { refreshOverHttp } from '../fixtures/tokens.ts';

test('five tabs with short-lived tokens on a slow network send one successful refresh per rotation', async ({
  context,
  app,
  storage,
  traffic,
}) => {
  test.setTimeout(testTimeout + 90_000);
  await app.signIn();
  const tabs = [app];
  while (tabs.length < 5) tabs.push(await app.newTab());
  for (const tab of tabs) await tab.playgroundPage.goto();
  await context.route('**/auth/token', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await route.continue();
  });
  const before = await storage.generation();
  traffic.reset();
  for (const tab of tabs) await tab.playgroundPage.chooseLifetime('5 seconds');
  await expect
    .poll(() => storage.generation(), within(90_000))
    .toBeGreaterThanOrEqual(before + 6);
  // The number of successful refreshes whose tokens are not in storage yet.
  const excess = async () => {
    const refreshes = traffic.statusCounts('POST /auth/token')[200] ?? 0;
    return refreshes - ((await storage.generation()) - before);
  };
  await expect.poll(excess).toBe(0);
  for (const status of traffic.statuses('POST /auth/token')) expect([200, 409]).toContain(status);
  for (const tab of tabs) await expect(tab.alert).toHaveCount(0);
});

/** IndexedDB exists and never responds. */
function blockIndexedDb(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest;
  });
}

test('if IndexedDB never responds, the sign-in opens an unbound session', async ({
  page,
  app,
  playgroundPage,
  storage,
}) => {
  await blockIndexedDb(page);
  await app.signIn();
  expect((await storage.tokens()).bound ?? false).toBe(false);
  await playgroundPage.open();
  await playgroundPage.refresh();
  await playgroundPage.expectRefreshed();
});

test('if IndexedDB stops responding, a bound session is kept', async ({
  app,
  playgroundPage,
  storage,
}) => {
  await app.signIn();
  const before = await storage.tokens();
  expect(before.bound).toBe(true);
  const blocked = await app.newTab();
  await blockIndexedDb(blocked.page);
  await blocked.playgroundPage.goto();
  await blocked.playgroundPage.refresh();
  await expect(blocked.alert).toContainText(/cannot use its stored key.*still signed in/);
  expect(await storage.tokens()).toEqual(before);
  await blocked.page.close();
  await playgroundPage.open();
  await playgroundPage.refresh();
  await playgroundPage.expectRefreshed();
});

test('going back from another site after signing out in another tab shows the sign-in page', async ({
  page,
  google,
  app,
}) => {
  await app.signIn();
  await page.goto(`${google.issuer}/.well-known/openid-configuration`);
  const other = await app.newTab();
  await other.accountPage.goto();
  await other.accountPage.expectUser();
  await other.header.signOut();
  await other.expectSignedOut();
  await page.goBack();
  await app.expectSignedOut();
  await expect(page.locator('body')).not.toContainText(ada);
});

test('signing out with an expired access token ends the session on the server', async ({
  request,
  app,
  header,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await playgroundPage.disableRefreshAhead();
  await playgroundPage.expireToken(request);
  const { refresh_token } = await storage.tokens();
  traffic.reset();
  await header.signOut();
  await storage.expectNoTokens();
  await expect.poll(() => traffic.statuses('POST /auth/revoke')).toEqual([200]);
  expect(traffic.statuses('POST /auth/logout')).toEqual([401]);
  expect(await refreshOverHttp(request, refresh_token)).toMatchObject({
    status: 400,
    error: 'invalid_grant',
    code: 'session_ended',
  });
});
