// SECURITY 16, 27, 66: tokens stay out of URLs, the history and cookies; the flow cookie is short-lived.
import { expect, test } from '../fixtures/test.ts';

test('16: a visit leaves no token in URLs, the history or cookies', async ({
  context,
  app,
  header,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await playgroundPage.refresh();
  await expect.poll(() => traffic.tokens.size).toBeGreaterThanOrEqual(4);
  await playgroundPage.callWithToken();
  await expect.poll(() => traffic.count('GET /api/protected')).toBe(1);
  const cookies = (await context.cookies()).map((cookie) => cookie.value);
  await header.signOut();
  await storage.expectNoTokens();
  traffic.expectNoTokenIn([...traffic.urls, ...(await app.history()), ...cookies]);
});

test('27: the browser sends its token only in the Authorization header', async ({
  app,
  playgroundPage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  traffic.reset();
  await playgroundPage.callWithToken();
  await expect.poll(() => traffic.count('GET /api/protected')).toBe(1);
  const headers = traffic.exchangesOf('GET /api/protected')[0]?.headers ?? {};
  expect(headers['authorization']).toMatch(/^Bearer eyJ/);
  for (const [name, value] of Object.entries(headers)) {
    if (name !== 'authorization') expect(value).not.toContain('eyJ');
  }
});

test('66: the flow cookie is HttpOnly, Lax and short-lived, and removed by the sign-in', async ({
  page,
  context,
  server,
  app,
  providerPage,
  accountPage,
}) => {
  await app.beginSignIn();
  await page.waitForURL(/^http:\/\/localhost/);
  const flowCookies = async () => {
    const cookies = await context.cookies(server.url);
    return cookies.filter(({ name }) => name.startsWith('latchkey-flow'));
  };
  expect(await flowCookies()).toMatchObject([{ httpOnly: true, sameSite: 'Lax', path: '/' }]);
  // Ten minutes. `expires` of a session cookie would be -1.
  const lifetime = ((await flowCookies())[0]?.expires ?? 0) - Date.now() / 1000;
  expect(lifetime).toBeGreaterThan(0);
  expect(lifetime).toBeLessThanOrEqual(601);
  await providerPage.signIn();
  await accountPage.expectUser();
  expect(await flowCookies()).toEqual([]);
});
