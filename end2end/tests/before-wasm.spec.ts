// The sign-in page is of use before its WebAssembly has arrived, and without any script.
import { heading, signInLink } from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('the sign-in link works while the WebAssembly is still under way', async ({ page }) => {
  let asked = false;
  // Asked for, and never answered.
  await page.route('**/*.wasm', () => {
    asked = true;
  });
  await page.goto('/', { waitUntil: 'commit' });
  await expect(heading(page, 'Sign in')).toBeVisible();
  await expect(signInLink(page, 'Example Inc.')).toBeVisible();
  await expect.poll(() => asked).toBe(true);
  await signInLink(page, 'Google').click();
  await expect(heading(page, 'Choose an account')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the links are there and lead to the provider', async ({ page }) => {
    await page.goto('/');
    await expect(heading(page, 'Sign in')).toBeVisible();
    for (const [id, label] of [
      ['google', 'Google'],
      ['work', 'Example Inc.'],
    ] as const) {
      const href = (await signInLink(page, label).getAttribute('href')) ?? '';
      const url = new URL(href, page.url());
      expect(url.pathname).toBe('/auth/login');
      expect(url.searchParams.get('provider')).toBe(id);
      expect(url.searchParams.get('return_to')).toBe('/account');
    }
    await signInLink(page, 'Google').click();
    await expect(heading(page, 'Choose an account')).toBeVisible();
  });

  test('the place to return to is in the links as well', async ({ page }) => {
    await page.goto('/?return_to=/playground');
    await expect(signInLink(page, 'Google')).toHaveAttribute('href', /return_to=(\/|%2F)playground/);
  });

  for (const path of ['/account', '/sessions', '/activity', '/playground', '/callback']) {
    test(`${path} is not an empty page`, async ({ page }) => {
      const response = await page.goto(path);
      expect(response?.status()).toBe(200);
      await expect(page.getByRole('heading', { level: 1 })).not.toBeEmpty();
    });
  }
});
