// Signing in at the demo provider, which `--demo` enables without any configuration.
import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import { expect, test } from '../fixtures/test.ts';

test.use({ serverConfig: { demo: true } });

const demo = 'Demo account';

test('sign in, call, refresh, sign out', async ({
  page,
  app,
  header,
  accountPage,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.beginSignIn(demo);
  await page.getByRole('button', { name: /Ada Lovelace/ }).click();
  await accountPage.expectUser('ada@example.com');
  await expect(accountPage.main).toContainText('Ada Lovelace');

  await playgroundPage.open();
  await playgroundPage.callWithToken();
  await expect(playgroundPage.newestEntry).toContainText(/GET \/api\/protected\s*→\s*200/);

  const before = await storage.tokens();
  await playgroundPage.refresh();
  const current = async () => (await storage.tokens()).refresh_token;
  await expect.poll(current).not.toBe(before.refresh_token);

  await header.signOut();
  await storage.expectNoTokens();
  await expect.poll(() => traffic.statuses('POST /auth/logout')).toEqual([204]);
  await page.goto('/account');
  await app.expectSignedOut();
});

test('any email address can sign in', async ({ page, app, providerPage, accountPage }) => {
  await app.beginSignIn(demo);
  await page.getByLabel('Email').fill('someone.else@example.com');
  await providerPage.button('Continue').click();
  await accountPage.expectUser('someone.else@example.com');
});

test('after Cancel, the user can start a new sign-in', async ({
  app,
  signInPage,
  providerPage,
  callbackPage,
}) => {
  await app.beginSignIn(demo);
  await providerPage.cancel();
  await callbackPage.expectFailure();
  await callbackPage.tryAgain();
  await signInPage.expectOpen();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`${colorScheme}, 360 px wide`, () => {
    test.use({ colorScheme, viewport: { width: 360, height: 740 } });

    test('the page of the demo provider is accessible and not cut off', async ({
      page,
      app,
      providerPage,
    }) => {
      await app.beginSignIn(demo);
      await expect(providerPage.button('Cancel')).toBeVisible();
      await expectAccessible(page);
      await expectNoOverflow(page);
      await page.setViewportSize({ width: 1280, height: 740 });
      await expectNoOverflow(page);
    });
  });
}

test('after switching accounts, the pages show the other account', async ({
  page,
  app,
  header,
  accountPage,
}) => {
  const signInAs = async (name: RegExp, email: string) => {
    await app.beginSignIn(demo);
    await page.getByRole('button', { name }).click();
    await accountPage.expectUser(email);
  };
  await signInAs(/Ada Lovelace/, 'ada@example.com');
  await header.signOut();
  await app.expectSignedOut();
  await signInAs(/Grace Hopper/, 'grace@example.com');
});
