// Signing out ends the session in the browser, on the server, and for copies of the tokens.
import { grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { bearer, refreshOverHttp } from '../fixtures/tokens.ts';

test('signing out empties localStorage and leads to the sign-in page', async ({
  page,
  app,
  header,
  storage,
}) => {
  await app.signIn();
  await header.signOut();
  await app.expectSignedOut();
  expect(await storage.itemKeys()).toEqual([]);
  await page.goto('/account');
  await app.expectSignedOut();
});

test('the playground can sign out', async ({ app, playgroundPage, storage }) => {
  await app.signIn();
  await playgroundPage.open();
  await playgroundPage.signOut();
  await storage.expectNoTokens();
  expect(await storage.itemKeys()).toEqual([]);
});

test('the server refuses the old tokens', async ({ request, app, header, storage }) => {
  await app.signIn();
  const old = await storage.tokens();
  await header.signOut();
  await app.expectSignedOut();
  const response = await request.get('/api/protected', { headers: bearer(old.access_token) });
  expect(response.status()).toBe(401);
  expect(response.headers()['www-authenticate']).toContain('error="invalid_token"');
  expect(await response.json()).toMatchObject({ code: 'token_revoked' });
  expect(await refreshOverHttp(request, old.refresh_token)).toMatchObject({
    status: 400,
    error: 'invalid_grant',
  });
});

for (const path of ['/account', '/playground']) {
  test(`old tokens that are restored to localStorage are refused on ${path}`, async ({
    page,
    app,
    header,
    playgroundPage,
    storage,
    traffic,
  }) => {
    await app.signIn();
    const old = await page.evaluate(() => localStorage.getItem('latchkey.tokens') ?? '');
    await header.signOut();
    await app.expectSignedOut();
    traffic.reset();
    await page.evaluate((value) => localStorage.setItem('latchkey.tokens', value), old);
    await page.goto(path);
    if (path === '/playground') await playgroundPage.callWithToken();
    await app.expectSessionEnded();
    await storage.expectNoTokens();
    const responses = traffic.exchanges.filter(({ endpoint }) =>
      /^(GET \/api|POST \/auth)\//.test(endpoint),
    );
    expect(responses.map(({ status }) => status)).not.toContain(200);
  });
}

test('signing out ends this session only', async ({ request, app, header, newBrowser }) => {
  await app.signIn();
  const other = await newBrowser();
  await other.signIn();
  const kept = await other.storage.tokens();
  await header.signOut();
  await app.expectSignedOut();
  const response = await request.get('/api/protected', { headers: bearer(kept.access_token) });
  expect(response.status()).toBe(200);
});

test('after signing out, the user can sign in with another account', async ({
  app,
  header,
  accountPage,
}) => {
  await app.signIn();
  await header.signOut();
  await app.expectSignedOut();
  await app.signIn(grace);
  await expect(accountPage.main).not.toContainText('Ada Lovelace');
});
