// The callback page: Back, reload, and forged addresses.
import { ada, grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import type { Traffic } from '../fixtures/traffic.ts';

/** The address, with code and state, that the provider redirected to. */
function callbackUrl(traffic: Traffic): string {
  const found = traffic.urls.find((url) => /\/callback\/google\?.*code=/.test(url));
  if (found === undefined) throw new Error('the provider did not redirect to /callback');
  return found;
}

/** A promise, and the function that resolves it. */
function signal(): { received: Promise<void>; send: () => void } {
  let send = () => {};
  const received = new Promise<void>((resolve) => (send = resolve));
  return { received, send: () => send() };
}

test('the code is removed from the address bar and the history', async ({ app }) => {
  await app.signIn();
  for (const url of await app.history()) expect(url).not.toMatch(/[?&](code|state)=/);
});

test('the page shows its progress during the exchange', async ({
  page,
  app,
  providerPage,
  callbackPage,
  accountPage,
}) => {
  const release = signal();
  await page.route('**/auth/token', async (route) => {
    await release.received;
    await route.continue();
  });
  await app.beginSignIn();
  await providerPage.signIn();
  await expect(callbackPage.status).toContainText('Signing you in…');
  release.send();
  await accountPage.expectUser();
});

test('opening the callback again while signed in redirects and changes nothing', async ({
  page,
  app,
  accountPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  const before = await storage.tokens();
  await page.goto(callbackUrl(traffic));
  await accountPage.expectUser();
  expect(await storage.tokens()).toEqual(before);
});

test('Back and Forward after a sign-in do no harm', async ({ page, app, accountPage }) => {
  await app.signIn();
  await page.goBack();
  await page.goForward();
  await accountPage.expectUser();
  await page.reload();
  await accountPage.expectUser();
});

test('4: the callback fails in another browser, which can start a new sign-in', async ({
  app,
  newBrowser,
  traffic,
}) => {
  await app.signIn();
  const other = await newBrowser();
  await other.page.goto(callbackUrl(traffic));
  await other.callbackPage.expectFailure();
  expect(await other.storage.read()).toBeNull();
  await other.page.reload();
  await other.callbackPage.expectFailure();
  await other.callbackPage.tryAgain();
  await other.signInPage.expectOpen();
});

test('a reload before the response arrives leads to a new sign-in', async ({
  page,
  app,
  signInPage,
  providerPage,
  callbackPage,
  accountPage,
  storage,
}) => {
  const exchanged = signal();
  let requests = 0;
  await page.route('**/auth/token', async (route) => {
    requests += 1;
    if (requests > 1) return route.continue();
    // The server redeems the code, and its response is lost.
    await route.fetch();
    exchanged.send();
  });
  await app.beginSignIn();
  await providerPage.signIn();
  await exchanged.received;
  await page.reload();
  // The code cannot be used again, and the tokens for it never arrived.
  await callbackPage.expectFailure();
  expect(await storage.read()).toBeNull();
  expect(requests).toBe(1);
  await callbackPage.tryAgain();
  await signInPage.continueWith('Google');
  await providerPage.signIn();
  await accountPage.expectUser();
});

/** Keycloak's response if its page was open for too long. */
const timedOut = new URLSearchParams({
  error: 'temporarily_unavailable',
  error_description: 'authentication_expired',
  state: 'x',
});
const tooSlow = 'The sign-in at the provider took too long. Try again.';

test('after a timeout at the provider, the same sign-in is started again', async ({
  page,
  signInPage,
  providerPage,
  callbackPage,
  playgroundPage,
}) => {
  await page.goto('/?return_to=/playground');
  await signInPage.continueWith('Example Inc.');
  await providerPage.expectOpen();
  await page.goto(`/callback/work?${timedOut}`);
  await expect(page.getByText(tooSlow)).toBeVisible();
  await expect(page.locator('body')).not.toContainText('authentication_expired');
  await expect(callbackPage.tryAgainLink).toHaveAttribute(
    'href',
    /^\/auth\/login\?provider=work&/,
  );
  await callbackPage.tryAgain();
  await providerPage.signIn();
  await playgroundPage.expectOpen();
});

test('after a timeout in another tab, the sign-in is started at the same provider', async ({
  page,
  providerPage,
  callbackPage,
  accountPage,
}) => {
  await page.goto(`/callback/work?${timedOut}`);
  await expect(page.getByText(tooSlow)).toBeVisible();
  await callbackPage.tryAgain();
  await providerPage.signIn();
  await accountPage.expectUser();
});

test('an unavailable provider is reported as such', async ({ page, callbackPage }) => {
  await page.goto('/callback/work?error=temporarily_unavailable&error_description=maintenance');
  await expect(page.getByText(/provider is not responding/)).toBeVisible();
  await expect(callbackPage.tryAgainLink).toHaveAttribute('href', '/');
});

test('the callback without parameters leads to a new sign-in', async ({
  page,
  signInPage,
  callbackPage,
}) => {
  await page.goto('/callback');
  await callbackPage.expectFailure();
  await callbackPage.tryAgain();
  await signInPage.expectOpen();
});

test('13: error_description is neither shown nor rendered as HTML', async ({
  page,
  callbackPage,
}) => {
  const html = '<b id="evil">evil</b><img src="x" onerror="window.evil = true">';
  const query = new URLSearchParams({ error: 'access_denied', error_description: html });
  await page.goto(`/callback?${query}`);
  await callbackPage.expectFailure();
  await expect(page.locator('#evil')).toHaveCount(0);
  await expect(page.locator('body')).not.toContainText('evil');
  expect(await page.evaluate(() => 'evil' in window)).toBe(false);
});

test('13: HTML in an unknown error code is not rendered', async ({ page, callbackPage }) => {
  await page.goto(`/callback?error=${encodeURIComponent('<b id="evil">evil</b>')}`);
  await callbackPage.expectFailure();
  await expect(page.locator('#evil')).toHaveCount(0);
});

test("3: an attacker's callback does not sign in the victim", async ({
  page,
  callbackPage,
  storage,
  newBrowser,
}) => {
  // Login CSRF: the victim opens a callback with the code and state of the attacker.
  const attacker = await newBrowser();
  let planted = '';
  attacker.page.on('request', (request) => {
    if (/\/callback\/google\?.*code=/.test(request.url())) planted = request.url();
  });
  // The attacker's browser does not redeem the code.
  await attacker.page.route('**/auth/token', (route) => route.abort());
  await attacker.beginSignIn();
  await attacker.providerPage.signIn(ada);
  await expect.poll(() => planted).toContain('code=');
  await page.goto(planted);
  await callbackPage.expectFailure();
  expect(await storage.read()).toBeNull();
});

test('a failed sign-in is reported even if a session exists', async ({ app, storage }) => {
  await app.signIn();
  const before = await storage.tokens();
  const other = await app.newTab();
  await other.page.goto('/callback/google?code=of-another&state=of-another');
  await other.callbackPage.expectFailure();
  await other.page.reload();
  await other.callbackPage.expectFailure();
  expect(await storage.tokens()).toEqual(before);
});

test('a reload during a sign-in with another account ends in an error, and the session remains', async ({
  page,
  context,
  app,
  providerPage,
  callbackPage,
  storage,
}) => {
  await app.signIn();
  const before = await storage.tokens();
  const exchanged = signal();
  await page.route('**/auth/token', async (route) => {
    await route.fetch();
    exchanged.send();
  });
  // Signs out at the provider.
  await context.clearCookies();
  await page.goto('/auth/login?provider=google');
  await providerPage.signIn(grace);
  await exchanged.received;
  await page.reload();
  await callbackPage.expectFailure();
  expect(await storage.tokens()).toEqual(before);
});
