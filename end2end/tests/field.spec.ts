// What people report of systems of this kind, and what must stay right here.
import type { Page } from '@playwright/test';

import {
  ada,
  alert,
  button,
  expectAccount,
  expectSignedOut,
  generation,
  heading,
  letTokenExpire,
  openPlayground,
  refreshByHand,
  signIn,
  storedTokens,
  timeline,
  tokensOf,
  waitForThe401,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('five tabs with short tokens over a slow network: one refresh per rotation', async ({
  page,
  context,
  traffic,
}) => {
  await signIn(page);
  const tabs = [page];
  while (tabs.length < 5) tabs.push(await context.newPage());
  for (const tab of tabs) {
    await tab.goto('/playground');
    await expect(heading(tab, 'Playground')).toBeVisible();
  }
  await context.route('**/auth/token', async (route) => {
    await new Promise((later) => setTimeout(later, 300));
    await route.continue();
  });
  const before = await generation(page);
  traffic.forget();
  for (const tab of tabs) await tab.getByLabel('Access token lifetime').selectOption('5 seconds');
  await expect
    .poll(() => generation(page), { timeout: 120_000 })
    .toBeGreaterThanOrEqual(before + 6);
  // At some moment no answer is on its way to storage, and the two agree.
  const surplus = async () =>
    (traffic.tally('POST /auth/token')[200] ?? 0) - ((await generation(page)) - before);
  await expect.poll(surplus).toBe(0);
  for (const status of traffic.statuses('POST /auth/token')) expect([200, 409]).toContain(status);
  for (const tab of tabs) await expect(alert(tab)).toHaveCount(0);
});

/** IndexedDB is there and answers nothing, as it happens. */
function stuckIndexedDb(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest;
  });
}

test('IndexedDB never answers: the sign-in ends in a plain session', async ({ page }) => {
  await stuckIndexedDb(page);
  await signIn(page);
  expect((await tokensOf(page)).bound ?? false).toBe(false);
  await openPlayground(page);
  await button(page, 'Refresh now').click();
  await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
});

test('IndexedDB does not answer any more: a bound session is kept for later', async ({
  page,
  context,
}) => {
  await signIn(page);
  const before = await tokensOf(page);
  expect(before.bound).toBe(true);
  const stuck = await context.newPage();
  await stuckIndexedDb(stuck);
  await stuck.goto('/playground');
  await button(stuck, 'Refresh now').click();
  await expect(alert(stuck)).toContainText(/still signed in/);
  expect(await tokensOf(page)).toEqual(before);
  await stuck.close();
  await openPlayground(page);
  await button(page, 'Refresh now').click();
  await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
});

test('Back from another site after signing out elsewhere shows the sign-in page', async ({
  page,
  context,
  google,
}) => {
  await signIn(page);
  await page.goto(`${google.issuer}/.well-known/openid-configuration`);
  const other = await context.newPage();
  await other.goto('/account');
  await expectAccount(other);
  await other.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(other);
  await page.goBack();
  await expectSignedOut(page);
  await expect(page.locator('body')).not.toContainText(ada);
});

test('signing out with an expired access token ends the session on the server', async ({
  page,
  request,
  traffic,
}) => {
  await signIn(page);
  await openPlayground(page);
  await waitForThe401(page);
  await letTokenExpire(page, request);
  const { refresh_token } = await tokensOf(page);
  traffic.forget();
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expect.poll(() => storedTokens(page)).toBeNull();
  await expect.poll(() => traffic.statuses('POST /auth/revoke')).toEqual([200]);
  expect(traffic.statuses('POST /auth/logout')).toEqual([401]);
  expect(await refreshByHand(request, refresh_token)).toMatchObject({
    status: 400,
    error: 'invalid_grant',
    code: 'session_ended',
  });
});
