// SECURITY 16: no token of ours in any URL, in the history, in a cookie, or in the referrer.
import {
  atProvider,
  button,
  expectAccount,
  history,
  openPlayground,
  signIn,
  storedTokens,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('16: a whole visit leaves no token in a URL, the history or a cookie', async ({
  page,
  context,
  traffic,
}) => {
  await signIn(page);
  await openPlayground(page);
  await button(page, 'Refresh now').click();
  await expect.poll(() => traffic.tokens.size).toBeGreaterThanOrEqual(4);
  await button(page, 'Call protected with token').click();
  await expect.poll(() => traffic.count('GET /api/protected')).toBe(1);
  const cookies = (await context.cookies()).map((cookie) => cookie.value);
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expect.poll(() => storedTokens(page)).toBeNull();
  traffic.expectNoTokenIn([...traffic.urls, ...(await history(page)), ...cookies]);
});

test('27: the browser sends its token in the Authorization header alone', async ({
  page,
  traffic,
}) => {
  await signIn(page);
  await openPlayground(page);
  traffic.forget();
  await button(page, 'Call protected with token').click();
  await expect.poll(() => traffic.count('GET /api/protected')).toBe(1);
  const headers = traffic.of('GET /api/protected')[0]?.headers ?? {};
  expect(headers['authorization']).toMatch(/^Bearer eyJ/);
  for (const [name, value] of Object.entries(headers)) {
    if (name !== 'authorization') expect(value).not.toContain('eyJ');
  }
});

test('66: the flow cookie is HttpOnly, Lax and short-lived, and gone after the sign-in', async ({
  page,
  context,
  server,
}) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Continue with Google' }).click();
  await page.waitForURL(/^http:\/\/localhost/);
  const flows = async () => {
    const cookies = await context.cookies(server.url);
    return cookies.filter(({ name }) => name.startsWith('latchkey-flow'));
  };
  expect(await flows()).toMatchObject([{ httpOnly: true, sameSite: 'Lax', path: '/' }]);
  // Ten minutes. A cookie without an end would have `expires` -1.
  const life = ((await flows())[0]?.expires ?? 0) - Date.now() / 1000;
  expect(life).toBeGreaterThan(0);
  expect(life).toBeLessThanOrEqual(601);
  await atProvider(page);
  await expectAccount(page);
  expect(await flows()).toEqual([]);
});
