// The server restarts or is down for a while: sessions and denials survive.
import { expect, test } from '../fixtures/test.ts';
import { bearer, refreshOverHttp } from '../fixtures/tokens.ts';

// What Chromium logs if the server does not respond, or responds with 503.
const failedLoads = /^Failed to load resource: (net::ERR_|the server responded with a status of 503)/;
test.beforeEach(({ traffic }) => traffic.allowErrors(failedLoads));

test('a restart keeps the session', async ({
  server,
  app,
  accountPage,
  playgroundPage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await server.stop();
  await server.start();
  traffic.reset();
  await playgroundPage.callWithToken();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toContain(200);
  await playgroundPage.refresh();
  await expect.poll(() => traffic.statuses('POST /auth/token')).toContain(200);
  await accountPage.goto();
  await accountPage.expectUser();
});

test('a restart keeps the denials', async ({ request, server, app, header, storage }) => {
  await app.signIn();
  const old = await storage.tokens();
  await header.signOut();
  await app.expectSignedOut();
  await server.stop();
  await server.start();
  const response = await request.get('/api/protected', { headers: bearer(old.access_token) });
  expect(response.status()).toBe(401);
  expect(await response.json()).toMatchObject({ code: 'token_revoked' });
  expect(await refreshOverHttp(request, old.refresh_token)).toMatchObject({
    error: 'invalid_grant',
  });
});

test('while the server is down the tokens are kept, and calls work when it is back', async ({
  server,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  const before = await storage.tokens();
  await server.stop();
  await playgroundPage.callWithToken();
  await expect(app.alert).toContainText(/cannot reach the server/i);
  expect(await storage.read()).toEqual(before);
  await server.start();
  traffic.reset();
  await playgroundPage.callWithToken();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toContain(200);
  await expect(playgroundPage.newestEntry).toContainText('200');
  await expect(app.alert).toHaveCount(0);
});

test('a 503 response to a refresh keeps the tokens, and a later refresh works', async ({
  page,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  await playgroundPage.open();
  const before = await storage.tokens();
  await page.route('**/auth/token', (route) =>
    route.fulfill({ status: 503, json: { error: 'temporarily_unavailable' } }),
  );
  await playgroundPage.refresh();
  await expect(app.alert).toBeVisible();
  expect(await storage.read()).toEqual(before);
  await page.unroute('**/auth/token');
  traffic.reset();
  await expect(async () => {
    await playgroundPage.button('Refresh now').click({ timeout: 1_000 });
    expect(traffic.statuses('POST /auth/token')).toContain(200);
  }).toPass();
  expect((await storage.tokens()).refresh_token).not.toBe(before.refresh_token);
});

test('67: signing out while the server is down empties localStorage', async ({
  server,
  app,
  header,
  storage,
}) => {
  await app.signIn();
  await server.stop();
  await header.signOut();
  await storage.expectNoTokens();
  expect(await storage.itemKeys()).toEqual([]);
});
