// The provider refuses a sign-in or does not respond: an error page offers to try again.
import { expectAccessible } from '../fixtures/layout.ts';
import { expect, test } from '../fixtures/test.ts';

test('the user cancels at the provider', async ({
  page,
  app,
  signInPage,
  providerPage,
  callbackPage,
  accountPage,
  storage,
}) => {
  await app.beginSignIn();
  await providerPage.cancel();
  await callbackPage.expectFailure();
  await expect(page.locator('body')).not.toContainText('The user canceled.');
  expect(await storage.read()).toBeNull();
  await callbackPage.tryAgain();
  await signInPage.continueWith('Google');
  await providerPage.signIn();
  await accountPage.expectUser();
});

test.describe('with providers that are down when the server starts', () => {
  test.use({ providersRunning: false });

  test('a page reports the failure, and the sign-in works once the provider is up', async ({
    page,
    google,
    app,
    signInPage,
    providerPage,
    callbackPage,
    accountPage,
  }) => {
    await app.beginSignIn();
    await callbackPage.expectFailure();
    await expect(page).toHaveURL(/\/callback/);
    await google.start();
    do {
      await callbackPage.tryAgain();
      await signInPage.continueWith('Google');
      await expect(callbackPage.tryAgainLink.or(providerPage.heading)).toBeVisible();
    } while (!(await providerPage.heading.isVisible()));
    await providerPage.signIn();
    await accountPage.expectUser();
  });

  test('the other provider works', async ({ app, work }) => {
    await work.start();
    await app.signIn(undefined, 'Example Inc.');
  });
});

test('the provider goes down between consent and code exchange', async ({
  page,
  google,
  app,
  signInPage,
  providerPage,
  callbackPage,
  accountPage,
  storage,
  traffic,
}) => {
  traffic.allowErrors(/status of 503 .*\/auth\/token/);
  await page.route('**/auth/token', async (route) => {
    await google.stop();
    await route.continue();
  });
  await app.beginSignIn();
  await providerPage.signIn();
  await callbackPage.expectFailure();
  expect(await storage.read()).toBeNull();
  await page.unroute('**/auth/token');
  await google.start();
  await callbackPage.tryAgain();
  await signInPage.continueWith('Google');
  await providerPage.signIn();
  await accountPage.expectUser();
});

test('an unknown provider in the URL leads to an error page of the app', async ({
  page,
  signInPage,
  callbackPage,
}) => {
  await page.goto('/auth/login?provider=nobody&return_to=/account');
  await callbackPage.expectFailure();
  await callbackPage.tryAgain();
  await signInPage.expectOpen();
});

test.describe('with GitHub, which does not say when a user authenticated', () => {
  test.use({
    serverConfig: {
      env: {
        LATCHKEY_PROVIDERS__GITHUB__CLIENT_ID: 'client',
        LATCHKEY_PROVIDERS__GITHUB__CLIENT_SECRET: 'secret',
      },
    },
  });

  test('a step-up leads to a page that says what to do', async ({ page, callbackPage }) => {
    await page.goto('/auth/login?provider=github&prompt=login&max_age=600&return_to=/sessions');
    await callbackPage.expectFailure();
    await expect(page.getByRole('main')).toContainText('another way to sign in, use that one');
    await expectAccessible(page);
  });
});
