// The provider says no, or says nothing: a page that says so, with a way back.
import {
  atProvider,
  button,
  expectAccount,
  heading,
  link,
  signIn,
  signInLink,
  storedTokens,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('the person cancels at the provider', async ({ page }) => {
  await page.goto('/');
  await signInLink(page, 'Google').click();
  await button(page, 'Cancel').click();
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('The person said no.');
  expect(await storedTokens(page)).toBeNull();
  await link(page, 'Try again').click();
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await expectAccount(page);
});

test.describe('the provider is down when the server starts', () => {
  test.use({ providersUp: false });

  test('a page says so, and when the provider is back the sign-in works', async ({
    page,
    google,
  }) => {
    await page.goto('/');
    await signInLink(page, 'Google').click();
    await expect(heading(page, 'Sign-in failed')).toBeVisible();
    await expect(page).toHaveURL(/\/callback/);
    await google.start();
    const passed = heading(page, 'Choose an account');
    do {
      await link(page, 'Try again').click();
      await signInLink(page, 'Google').click();
      await expect(link(page, 'Try again').or(passed)).toBeVisible();
    } while (!(await passed.isVisible()));
    await atProvider(page);
    await expectAccount(page);
  });

  test('the other provider works all the same', async ({ page, work }) => {
    await work.start();
    await signIn(page, undefined, 'Example Inc.');
  });
});

test('the provider goes down between consent and exchange', async ({
  page,
  google,
  traffic,
}) => {
  traffic.expectErrors(/status of 503 .*\/auth\/token/);
  await page.route('**/auth/token', async (route) => {
    await google.stop();
    await route.continue();
  });
  await page.goto('/');
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  expect(await storedTokens(page)).toBeNull();
  await page.unroute('**/auth/token');
  await google.start();
  await link(page, 'Try again').click();
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await expectAccount(page);
});

test('an unknown provider in the address leads to a page, not to a bare error', async ({
  page,
}) => {
  await page.goto('/auth/login?provider=nobody&return_to=/account');
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await link(page, 'Try again').click();
  await expect(heading(page, 'Sign in')).toBeVisible();
});
