// The whole way once through the built-in provider of `--demo`, with nothing configured.
import { expectAccessible, expectFits } from '../fixtures/layout.ts';
import {
  button,
  expectAccount,
  expectSignedOut,
  heading,
  link,
  openPlayground,
  signInLink,
  storedTokens,
  timeline,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test.use({ setup: { demo: true } });

const demo = 'Demo account';

test('sign in, call, refresh, sign out', async ({ page, traffic }) => {
  await page.goto('/');
  await signInLink(page, demo).click();
  await page.getByRole('button', { name: /Ada Lovelace/ }).click();
  await expectAccount(page, 'ada@example.com');
  await expect(page.getByRole('main')).toContainText('Ada Lovelace');

  await openPlayground(page);
  await button(page, 'Call protected with token').click();
  await expect(timeline(page).first()).toContainText(/GET \/api\/protected\s*→\s*200/);

  const before = await tokensOf(page);
  await button(page, 'Refresh now').click();
  await expect.poll(async () => (await tokensOf(page)).refresh_token).not.toBe(before.refresh_token);

  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expect.poll(() => storedTokens(page)).toBeNull();
  await expect.poll(() => traffic.statuses('POST /auth/logout')).toEqual([204]);
  await page.goto('/account');
  await expectSignedOut(page);
});

test('a typed email is an account too', async ({ page }) => {
  await page.goto('/');
  await signInLink(page, demo).click();
  await page.getByLabel('Email').fill('someone.else@example.com');
  await button(page, 'Continue').click();
  await expectAccount(page, 'someone.else@example.com');
});

test('Cancel leads to a page with a way back', async ({ page }) => {
  await page.goto('/');
  await signInLink(page, demo).click();
  await button(page, 'Cancel').click();
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await link(page, 'Try again').click();
  await expect(heading(page, 'Sign in')).toBeVisible();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`${colorScheme}, 360 px wide`, () => {
    test.use({ colorScheme, viewport: { width: 360, height: 740 } });

    test('the page of the built-in provider is accessible and not cut off', async ({ page }) => {
      await page.goto('/');
      await signInLink(page, demo).click();
      await expect(button(page, 'Cancel')).toBeVisible();
      await expectAccessible(page);
      await expectFits(page);
      await page.setViewportSize({ width: 1280, height: 740 });
      await expectFits(page);
    });
  });
}

test('switching accounts shows the other account', async ({ page }) => {
  const as = async (name: RegExp, email: string) => {
    await page.goto('/');
    await signInLink(page, demo).click();
    await page.getByRole('button', { name }).click();
    await expectAccount(page, email);
  };
  await as(/Ada Lovelace/, 'ada@example.com');
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  await as(/Grace Hopper/, 'grace@example.com');
});
