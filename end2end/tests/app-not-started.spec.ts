// If the app does not start, every page shows what is missing and what to do, and a sign-in in progress
// is not lost.
import type { Page } from '@playwright/test';

import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import { expect, test } from '../fixtures/test.ts';
import { within } from '../fixtures/timeouts.ts';

const paths = ['/', '/account', '/sessions', '/activity', '/playground', '/callback'];
/** The notice appears after five seconds at the latest. */
const noticeTimeout = within(5_000);

const visibleNotice = (page: Page) => page.locator('.c-notice:visible');
const reloadLink = (page: Page) => page.getByRole('link', { name: 'Reload', exact: true });

/** The page shows one notice, and nothing that suggests that it is still loading. */
async function expectNotice(page: Page, message: RegExp): Promise<void> {
  await expect(visibleNotice(page)).toContainText(message, noticeTimeout);
  await expect(visibleNotice(page)).toHaveCount(1);
  await expect(reloadLink(page)).toBeVisible();
  await expect(page.locator('.c-spinner:visible, .c-skeleton:visible')).toHaveCount(0);
  await expect(page.getByText('Signing you in…')).toBeHidden();
}

test('without WebAssembly every page says that it is missing', async ({
  page,
  providerPage,
  callbackPage,
  traffic,
}) => {
  traffic.allowErrors(/WebAssembly is not defined/);
  await page.addInitScript(() => {
    delete (globalThis as { WebAssembly?: unknown }).WebAssembly;
  });
  for (const path of paths) {
    await page.goto(path);
    await expectNotice(page, /needs WebAssembly/);
    await expectAccessible(page);
    await expectNoOverflow(page);
  }
  await page.goto('/auth/login?provider=google');
  await providerPage.signIn();
  await expect(callbackPage.notSignedIn).toBeVisible(noticeTimeout);
  await expectNotice(page, /needs WebAssembly/);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('every page says that it is missing', async ({ page, providerPage, callbackPage }) => {
    for (const path of paths) {
      await page.goto(path);
      await expectNotice(page, /needs JavaScript/);
    }
    await page.goto('/auth/login?provider=google');
    await providerPage.signIn();
    await expect(callbackPage.notSignedIn).toBeVisible();
    await expectNotice(page, /needs JavaScript/);
  });
});

for (const [condition, pattern, errors] of [
  ['the WebAssembly cannot be loaded', '**/*.wasm', /wasm|Failed to fetch/i],
  ['the script cannot be loaded', '**/*.js', /\.js/],
] as const) {
  test(`${condition}: every page says so, and a reload completes the sign-in`, async ({
    page,
    providerPage,
    callbackPage,
    accountPage,
    playgroundPage,
    traffic,
  }) => {
    traffic.allowErrors(errors);
    await page.route(pattern, (route) => route.abort());
    for (const path of paths) {
      await page.goto(path);
      await expectNotice(page, /did not load/);
    }
    await page.goto('/auth/login?provider=google&return_to=/playground');
    await providerPage.signIn();
    await expect(callbackPage.notSignedIn).toBeVisible(noticeTimeout);
    await expectNotice(page, /did not load/);
    await page.unroute(pattern);
    await reloadLink(page).click();
    await playgroundPage.expectOpen();
    await accountPage.goto();
    await accountPage.expectUser();
    await expect(visibleNotice(page)).toHaveCount(0);
  });
}

test('the notice disappears when the WebAssembly arrives late', async ({ page, signInPage }) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/*.wasm', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto('/account', { waitUntil: 'commit' });
  await expectNotice(page, /did not load/);
  release();
  await signInPage.expectOpen();
  await expect(visibleNotice(page)).toHaveCount(0);
});
