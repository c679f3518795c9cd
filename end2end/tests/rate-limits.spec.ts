// Too much of one thing: the page says so, and nobody is signed out.
import {
  alert,
  atProvider,
  button,
  expectAccount,
  generation,
  heading,
  openPlayground,
  signIn,
  signInLink,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test.describe('with two steps of a sign-in a second', () => {
  test.use({ setup: { env: { LATCHKEY_LIMITS__PER_ADDRESS: '2/s' } } });

  test('72: too many sign-ins: a page says so, and a later one works', async ({
    page,
    request,
  }) => {
    const flood = async () => {
      const one = () => request.get('/auth/login?provider=google', { maxRedirects: 0 });
      const answers = await Promise.all(Array.from({ length: 10 }, one));
      expect(answers.map((answer) => answer.status())).toContain(429);
    };
    await expect(async () => {
      await page.goto('/');
      await flood();
      await signInLink(page, 'Google').click();
      await expect(heading(page, 'Sign-in did not work')).toBeVisible({ timeout: 2_000 });
    }).toPass();
    await expect(page.getByRole('main')).toContainText('Wait a minute');
    await expect(async () => {
      await page.goto('/');
      await signInLink(page, 'Google').click();
      await expect(heading(page, 'Choose an account')).toBeVisible({ timeout: 2_000 });
    }).toPass();
    await atProvider(page);
    await expectAccount(page);
  });
});

test.describe('with six refreshes at once', () => {
  test.use({ setup: { env: { LATCHKEY_LIMITS__PER_SESSION: '6/m' } } });

  test('72: too many refreshes: still signed in, and the next one comes by itself', async ({
    page,
    traffic,
  }) => {
    await signIn(page);
    await openPlayground(page);
    const refreshes = () => traffic.statuses('POST /auth/token');
    traffic.forget();
    while (!refreshes().includes(429)) {
      const asked = refreshes().length;
      await button(page, 'Refresh now').click();
      await expect.poll(() => refreshes().length).toBeGreaterThan(asked);
    }
    await expect(alert(page)).toContainText('You are still signed in');
    const before = await generation(page);
    await expect.poll(() => generation(page), { timeout: 30_000 }).toBe(before + 1);
    await expect(alert(page)).toHaveCount(0);
  });
});
