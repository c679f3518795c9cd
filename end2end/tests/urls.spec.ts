// SECURITY 16: no token of ours in any URL, in the history, in a cookie, or in the referrer.
import { button, history, openPlayground, signIn, storedTokens } from '../fixtures/pages.ts';
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
  const flow = (await context.cookies(server.url)).find(({ name }) =>
    name.startsWith('latchkey-flow-'),
  );
  expect(flow).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
  const life = (flow?.expires ?? 0) - Date.now() / 1000;
  expect(life === 0 || life <= 601).toBe(true);
});
