// The page that the provider leads back to: Back, reload, and what strangers put into its address.
import {
  ada,
  atProvider,
  expectAccount,
  grace,
  heading,
  history,
  link,
  signIn,
  signInLink,
  storedTokens,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';
import type { Traffic } from '../fixtures/traffic.ts';

/** The address, with code and state, to which the provider led the browser. */
function callbackOf(traffic: Traffic): string {
  const url = traffic.urls.find((seen) => /\/callback\/google\?.*code=/.test(seen));
  if (url === undefined) throw new Error('the browser was not led to /callback');
  return url;
}

test('the code leaves the address bar and the history', async ({ page }) => {
  await signIn(page);
  for (const url of await history(page)) expect(url).not.toMatch(/[?&](code|state)=/);
});

test('while the exchange runs the page says what it does', async ({ page }) => {
  let answer = () => {};
  const released = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/auth/token', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto('/');
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await expect(page.getByRole('status')).toContainText('Signing you in…');
  answer();
  await expectAccount(page);
});

test('the callback opened again when signed in goes on and changes nothing', async ({
  page,
  traffic,
}) => {
  await signIn(page);
  const before = await tokensOf(page);
  await page.goto(callbackOf(traffic));
  await expectAccount(page);
  expect(await tokensOf(page)).toEqual(before);
});

test('Back after a sign-in, and forward again, does no harm', async ({ page }) => {
  await signIn(page);
  await page.goBack();
  await page.goForward();
  await expectAccount(page);
  await page.reload();
  await expectAccount(page);
});

test('4: the callback opened in another browser says so and offers a way back', async ({
  page,
  traffic,
  browser,
}) => {
  await signIn(page);
  const context = await browser.newContext();
  const stranger = await context.newPage();
  await stranger.goto(callbackOf(traffic));
  await expect(heading(stranger, 'Sign-in failed')).toBeVisible();
  expect(await storedTokens(stranger)).toBeNull();
  await stranger.reload();
  await expect(heading(stranger, 'Sign-in failed')).toBeVisible();
  await link(stranger, 'Try again').click();
  await expect(heading(stranger, 'Sign in')).toBeVisible();
  await context.close();
});

test('a reload before the answer arrives leads to a way back', async ({ page }) => {
  let arrived = () => {};
  const exchanged = new Promise<void>((resolve) => (arrived = resolve));
  let replies = 0;
  await page.route('**/auth/token', async (route) => {
    replies += 1;
    if (replies > 1) return route.continue();
    // The server takes the code, and its answer is never delivered.
    await route.fetch();
    arrived();
  });
  await page.goto('/');
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await exchanged;
  await page.reload();
  // The code is used up, and the tokens that were given for it never arrived.
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  expect(await storedTokens(page)).toBeNull();
  expect(replies).toBe(1);
  await link(page, 'Try again').click();
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await expectAccount(page);
});

/** What Keycloak answers when its page was open for too long. */
const tooSlow = new URLSearchParams({
  error: 'temporarily_unavailable',
  error_description: 'authentication_expired',
  state: 'x',
});

test('a provider that was kept waiting: the same sign-in is begun again', async ({ page }) => {
  await page.goto('/?return_to=/playground');
  await signInLink(page, 'Example Inc.').click();
  await expect(heading(page, 'Choose an account')).toBeVisible();
  await page.goto(`/callback/work?${tooSlow}`);
  await expect(page.getByText('The sign-in at the provider took too long. Try again.')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('authentication_expired');
  const again = link(page, 'Try again');
  await expect(again).toHaveAttribute('href', /^\/auth\/login\?provider=work&/);
  await again.click();
  await atProvider(page);
  await expect(heading(page, 'Playground')).toBeVisible();
});

test('a provider that was kept waiting by another tab is gone to as well', async ({ page }) => {
  await page.goto(`/callback/work?${tooSlow}`);
  await expect(page.getByText('The sign-in at the provider took too long. Try again.')).toBeVisible();
  await link(page, 'Try again').click();
  await atProvider(page);
  await expectAccount(page);
});

test('a provider that is really not there is called that', async ({ page }) => {
  await page.goto('/callback/work?error=temporarily_unavailable&error_description=maintenance');
  await expect(page.getByText(/provider is not responding/)).toBeVisible();
  await expect(link(page, 'Try again')).toHaveAttribute('href', '/');
});

test('the callback without any parameter has a way back', async ({ page }) => {
  await page.goto('/callback');
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await link(page, 'Try again').click();
  await expect(heading(page, 'Sign in')).toBeVisible();
});

test('13: HTML in error_description is not rendered, nor is the text shown', async ({ page }) => {
  const html = '<b id="evil">evil</b><img src="x" onerror="window.evil = true">';
  const query = new URLSearchParams({ error: 'access_denied', error_description: html });
  await page.goto(`/callback?${query}`);
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await expect(page.locator('#evil')).toHaveCount(0);
  await expect(page.locator('body')).not.toContainText('evil');
  expect(await page.evaluate(() => 'evil' in window)).toBe(false);
});

test('13: HTML in an unknown error code is not rendered', async ({ page }) => {
  await page.goto(`/callback?error=${encodeURIComponent('<b id="evil">evil</b>')}`);
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await expect(page.locator('#evil')).toHaveCount(0);
});

test('3: a callback that this browser did not begin signs nobody in', async ({ page, browser }) => {
  // An attacker's own code and state, put before a victim: login CSRF.
  const context = await browser.newContext();
  const attacker = await context.newPage();
  let planted = '';
  attacker.on('request', (request) => {
    if (/\/callback\/google\?.*code=/.test(request.url())) planted = request.url();
  });
  // The attacker's own browser does not use up the code.
  await attacker.route('**/auth/token', (route) => route.abort());
  await page.goto('/');
  await attacker.goto(page.url());
  await signInLink(attacker, 'Google').click();
  await atProvider(attacker, ada);
  await expect.poll(() => planted).toContain('code=');
  await page.goto(planted);
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  expect(await storedTokens(page)).toBeNull();
  await context.close();
});

test('a sign-in that did not work is not passed off as that of the account that is there', async ({
  page,
  context,
}) => {
  await signIn(page);
  const before = await tokensOf(page);
  const other = await context.newPage();
  await other.goto('/callback/google?code=of-another&state=of-another');
  await expect(heading(other, 'Sign-in failed')).toBeVisible();
  await other.reload();
  await expect(heading(other, 'Sign-in failed')).toBeVisible();
  expect(await tokensOf(page)).toEqual(before);
});

test('a reload before the answer for another account arrives says that it failed', async ({
  page,
  context,
}) => {
  await signIn(page);
  const before = await tokensOf(page);
  let arrived = () => {};
  const exchanged = new Promise<void>((resolve) => (arrived = resolve));
  await page.route('**/auth/token', async (route) => {
    await route.fetch();
    arrived();
  });
  // The provider does not know the person any more.
  await context.clearCookies();
  await page.goto('/auth/login?provider=google');
  await atProvider(page, grace);
  await exchanged;
  await page.reload();
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  expect(await tokensOf(page)).toEqual(before);
});
