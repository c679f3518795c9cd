// Signing in: the first time, again, from a deep link, and with a second provider.
import { ada, grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { bearer } from '../fixtures/tokens.ts';

test('a first sign-in leads to the account page with name and email', async ({
  header,
  signInPage,
  providerPage,
  accountPage,
  storage,
}) => {
  await signInPage.goto();
  expect(await storage.read()).toBeNull();
  await signInPage.continueWith('Google');
  await providerPage.signIn();
  await accountPage.expectUser(ada);
  await expect(accountPage.main).toContainText('Ada Lovelace');
  await expect(header.signOutButton).toBeVisible();
});

test('a sign-in sends one request to the login endpoint and one to the token endpoint', async ({
  app,
  traffic,
}) => {
  await app.signIn();
  expect(traffic.statuses('GET /auth/login')).toEqual([303]);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
});

test('after a reload the user is signed in, without another sign-in or refresh', async ({
  page,
  app,
  accountPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  const before = await storage.tokens();
  traffic.reset();
  await page.reload();
  await accountPage.expectUser();
  expect(await storage.tokens()).toEqual(before);
  expect(traffic.count('POST /auth/token')).toBe(0);
});

test('a new tab is signed in, and its start page leads to the account', async ({ app }) => {
  await app.signIn();
  const tab = await app.newTab();
  await tab.page.goto('/');
  await tab.accountPage.expectUser();
});

test('a protected request succeeds', async ({ app, playgroundPage, traffic }) => {
  await app.signIn();
  await playgroundPage.open();
  traffic.reset();
  await playgroundPage.callWithToken();
  await expect(playgroundPage.newestEntry).toContainText(/GET \/api\/protected\s*→\s*200/);
  expect(traffic.statuses('GET /api/protected')).toEqual([200]);
});

test('a deep link while signed out leads to the sign-in page and back', async ({
  page,
  signInPage,
  providerPage,
  accountPage,
}) => {
  await page.goto('/account');
  await signInPage.expectOpen();
  await expect(page).toHaveURL('/?return_to=/account');
  await signInPage.continueWith('Google');
  await providerPage.signIn();
  await accountPage.expectUser();
});

test('the sign-in returns to the requested page', async ({
  page,
  signInPage,
  providerPage,
  playgroundPage,
}) => {
  await page.goto('/?return_to=/playground');
  await signInPage.continueWith('Google');
  await providerPage.signIn();
  await playgroundPage.expectOpen();
  await expect(page).toHaveURL('/playground');
});

for (const evil of ['https://evil.example/', '//evil.example', '/\\evil.example', '/%2F/evil']) {
  test(`14: return_to=${evil} does not lead to another site`, async ({
    page,
    server,
    signInPage,
    providerPage,
    callbackPage,
    accountPage,
  }) => {
    await page.goto(`/?return_to=${encodeURIComponent(evil)}`);
    await signInPage.continueWith('Google');
    await expect(providerPage.heading.or(callbackPage.failure)).toBeVisible();
    if (await providerPage.heading.isVisible()) {
      await providerPage.signIn();
      await accountPage.expectOpen();
    }
    expect(new URL(page.url()).origin).toBe(server.url);
  });
}

test('a second provider works like the first', async ({ app, accountPage }) => {
  await app.signIn(grace, 'Example Inc.');
  await expect(accountPage.main).toContainText('Grace Hopper');
});

test('11: the same email at two providers is not the same account', async ({ newBrowser }) => {
  const subject = async (provider: string) => {
    const app = await newBrowser();
    await app.signIn(ada, provider);
    const { access_token } = await app.storage.tokens();
    const me = await app.page.request.get('/api/me', { headers: bearer(access_token) });
    return ((await me.json()) as { sub: string }).sub;
  };
  const first = await subject('Google');
  expect(await subject('Google')).toBe(first);
  expect(await subject('Example Inc.')).not.toBe(first);
});

test('a sign-in can be started with the keyboard', async ({ page, signInPage, providerPage }) => {
  await page.goto('/');
  const google = signInPage.providerLink('Google');
  await expect(google).toBeVisible();
  await expect(async () => {
    await page.keyboard.press('Tab');
    await expect(google).toBeFocused({ timeout: 100 });
  }).toPass();
  await page.keyboard.press('Enter');
  await providerPage.expectOpen();
});

test('the navigation leads from page to page', async ({ page, app, accountPage, playgroundPage }) => {
  await app.signIn();
  await playgroundPage.open();
  await expect(page).toHaveURL('/playground');
  await accountPage.open();
  await accountPage.expectUser();
});
