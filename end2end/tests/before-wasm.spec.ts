// The sign-in page works before its WebAssembly has loaded, and without scripts.
import { expect, test } from '../fixtures/test.ts';

test('the sign-in link works while the WebAssembly is loading', async ({
  page,
  signInPage,
  providerPage,
}) => {
  let requested = false;
  // Never responds.
  await page.route('**/*.wasm', () => {
    requested = true;
  });
  await page.goto('/', { waitUntil: 'commit' });
  await signInPage.expectOpen();
  await expect(signInPage.providerLink('Example Inc.')).toBeVisible();
  await expect.poll(() => requested).toBe(true);
  await signInPage.continueWith('Google');
  await providerPage.expectOpen();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the links lead to the providers', async ({ page, signInPage, providerPage }) => {
    await signInPage.goto();
    for (const [id, label] of [
      ['google', 'Google'],
      ['work', 'Example Inc.'],
    ] as const) {
      const href = (await signInPage.providerLink(label).getAttribute('href')) ?? '';
      const url = new URL(href, page.url());
      expect(url.pathname).toBe('/auth/login');
      expect(url.searchParams.get('provider')).toBe(id);
      expect(url.searchParams.get('return_to')).toBe('/account');
    }
    await signInPage.continueWith('Google');
    await providerPage.expectOpen();
  });

  test('the links contain the page to return to', async ({ page, signInPage }) => {
    await page.goto('/?return_to=/playground');
    await expect(signInPage.providerLink('Google')).toHaveAttribute(
      'href',
      /return_to=(\/|%2F)playground/,
    );
  });

  for (const path of ['/account', '/sessions', '/activity', '/playground', '/callback']) {
    test(`${path} is not empty`, async ({ page }) => {
      const response = await page.goto(path);
      expect(response?.status()).toBe(200);
      await expect(page.getByRole('heading', { level: 1 })).not.toBeEmpty();
    });
  }
});
