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
    const refused = heading(page, 'Sign-in failed');
    const passed = heading(page, 'Choose an account');
    const begin = async () => {
      await page.goto('/');
      await signInLink(page, 'Google').click();
      await expect(refused.or(passed)).toBeVisible();
    };
    let flooded = false;
    const flood = (async () => {
      const one = () => request.get('/auth/login?provider=google', { maxRedirects: 0 });
      while (!flooded) await Promise.all(Array.from({ length: 10 }, one));
    })();
    do await begin();
    while (!(await refused.isVisible()));
    flooded = true;
    await flood;
    await expect(page.getByRole('main')).toContainText('Wait a minute');
    do await begin();
    while (!(await passed.isVisible()));
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
    let before = 0;
    while (!refreshes().includes(429)) {
      const asked = refreshes().length;
      before = await generation(page);
      await button(page, 'Refresh now').click();
      await expect.poll(() => refreshes().length).toBeGreaterThan(asked);
    }
    await expect(alert(page)).toContainText('You are still signed in');
    await expect.poll(() => generation(page), { timeout: 60_000 }).toBe(before + 1);
    await expect(alert(page)).toHaveCount(0);
  });
});
