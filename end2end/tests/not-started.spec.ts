// The app does not start: every page says what is missing and what to do, and a sign-in that is
// under way is not lost.
import type { Page } from '@playwright/test';

import { expectAccessible, expectFits } from '../fixtures/layout.ts';
import { atProvider, expectAccount, heading, link } from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

const paths = ['/', '/account', '/sessions', '/activity', '/playground', '/callback'];
/** "Within a few seconds". */
const soon = { timeout: 10_000 };

/** Only the one notice, and nothing that looks as if it would go on by itself. */
async function expectNotice(page: Page, says: RegExp): Promise<void> {
  const notice = page.locator('.c-notice:visible');
  await expect(notice).toContainText(says, soon);
  await expect(notice).toHaveCount(1);
  await expect(link(page, 'Reload')).toBeVisible();
  await expect(page.locator('.c-spinner:visible, .c-skeleton:visible')).toHaveCount(0);
  await expect(page.getByText('Signing you in…')).toBeHidden();
}

test('without WebAssembly every page says so', async ({ page, traffic }) => {
  traffic.expectErrors(/WebAssembly is not defined/);
  await page.addInitScript(() => {
    delete (globalThis as { WebAssembly?: unknown }).WebAssembly;
  });
  for (const path of paths) {
    await page.goto(path);
    await expectNotice(page, /needs WebAssembly/);
    await expectAccessible(page);
    await expectFits(page);
  }
  await page.goto('/auth/login?provider=google');
  await atProvider(page);
  await expect(heading(page, 'Not signed in yet')).toBeVisible(soon);
  await expectNotice(page, /needs WebAssembly/);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('every page says so', async ({ page }) => {
    for (const path of paths) {
      await page.goto(path);
      await expectNotice(page, /needs JavaScript/);
    }
    await page.goto('/auth/login?provider=google');
    await atProvider(page);
    await expect(heading(page, 'Not signed in yet')).toBeVisible();
    await expectNotice(page, /needs JavaScript/);
  });
});

for (const [what, pattern, errors] of [
  ['the WebAssembly is cut off', '**/*.wasm', /wasm|Failed to fetch/i],
  ['the script is cut off', '**/*.js', /\.js/],
] as const) {
  test(`${what}: every page says so, and a reload finishes the sign-in`, async ({
    page,
    traffic,
  }) => {
    traffic.expectErrors(errors);
    await page.route(pattern, (route) => route.abort());
    for (const path of paths) {
      await page.goto(path);
      await expectNotice(page, /did not load/);
    }
    await page.goto('/auth/login?provider=google&return_to=/playground');
    await atProvider(page);
    await expect(heading(page, 'Not signed in yet')).toBeVisible(soon);
    await expectNotice(page, /did not load/);
    await page.unroute(pattern);
    await link(page, 'Reload').click();
    await expect(heading(page, 'Playground')).toBeVisible();
    await page.goto('/account');
    await expectAccount(page);
    await expect(page.locator('.c-notice:visible')).toHaveCount(0);
  });
}

test('the WebAssembly never comes: the page says so, and takes it back when it does', async ({
  page,
}) => {
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await page.route('**/*.wasm', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto('/account', { waitUntil: 'commit' });
  await expectNotice(page, /did not load/);
  release();
  await expect(heading(page, 'Sign in')).toBeVisible();
  await expect(page.locator('.c-notice:visible')).toHaveCount(0);
});
