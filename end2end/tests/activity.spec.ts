// The activity page: the security events of the account, including the use of a copied token.
import type { APIRequestContext } from '@playwright/test';

import { ada, grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { within } from '../fixtures/timeouts.ts';
import { refreshOverHttp } from '../fixtures/tokens.ts';

const replayed =
  /one of your sessions was used twice, the second time on .*\d.* from 127\.0\.0\.1\. It may have/;

/** Uses a copied refresh token, and returns the one that replaces it. */
async function useCopy(request: APIRequestContext, refresh_token: string): Promise<string> {
  const form = { grant_type: 'refresh_token', refresh_token };
  const response = await request.post('/auth/token', { form });
  expect(response.status()).toBe(200);
  return ((await response.json()) as { refresh_token: string }).refresh_token;
}

test('70: a sign-in is an event with device, time and address', async ({ app, activityPage }) => {
  await app.signIn();
  await activityPage.open();
  await expect(activityPage.events.first()).toContainText(/Chrome.* on \w+ signed in\./);
  await expect(activityPage.events.first()).toContainText('127.0.0.1');
});

test('70: events of another device appear without a reload, newest first', async ({
  app,
  activityPage,
  newBrowser,
}) => {
  await app.signIn();
  await activityPage.open();
  await expect(activityPage.events).toHaveCount(1);
  const other = await newBrowser();
  await other.signIn();
  await expect(activityPage.events).toHaveCount(2);
  await other.devicesPage.open();
  await other.devicesPage.endOther();
  await app.expectSignedOut();
  await other.activityPage.open();
  await expect(other.activityPage.events.first()).toContainText(
    /Chrome.* signed out another device\./,
  );
});

test('another user does not see the events', async ({ app, newBrowser }) => {
  await app.signIn();
  const other = await newBrowser();
  await other.signIn(grace);
  await other.activityPage.open();
  await expect(other.activityPage.events).toHaveCount(1);
});

test('a list that failed to load can be loaded again', async ({ page, app, activityPage }) => {
  await app.signIn();
  await page.route('**/api/activity*', (route) => route.fulfill({ status: 404, json: {} }));
  await activityPage.open();
  await expect(activityPage.button('Try again')).toBeVisible();
  await page.unroute('**/api/activity*');
  await activityPage.button('Try again').click();
  await expect(activityPage.events).toHaveCount(1);
});

test('older events are loaded page by page', async ({ page, app, activityPage }) => {
  await app.signIn();
  const event = (at: number) => ({ at, kind: 'signed_in', browser: 'Chrome', system: `No ${at}` });
  await page.route(
    (url) => url.pathname === '/api/activity',
    (route) => {
      const before = new URL(route.request().url()).searchParams.get('before');
      return route.fulfill({
        json:
          before === null
            ? { events: [event(5), event(4)], next: 'a/b+c' }
            : before === 'a/b+c'
              ? { events: [event(3)] }
              : { events: [] },
      });
    },
  );
  await activityPage.open();
  await expect(activityPage.events).toHaveCount(2);
  await activityPage.button('Show older').click();
  await expect(activityPage.events).toHaveCount(3);
  await expect(activityPage.events.last()).toContainText('Chrome on No 3 signed in.');
  await expect(activityPage.button('Show older')).toHaveCount(0);
});

test.describe('with sessions that are not bound to their browser', () => {
  test.use({ serverConfig: { env: { LATCHKEY_TOKENS__BINDING: 'off' } } });

  test('47: a copied token used before the original: the user is notified and sees it after signing in', async ({
    page,
    request,
    app,
    signInPage,
    providerPage,
    activityPage,
    playgroundPage,
    storage,
  }) => {
    await app.signIn();
    await playgroundPage.open();
    let { refresh_token } = await storage.tokens();
    // Twice, because a single recent rotation could come from another tab.
    for (let count = 1; count <= 2; count += 1) {
      refresh_token = await useCopy(request, refresh_token);
    }
    await playgroundPage.refresh();
    await expect(app.alert).toContainText(/signed out.*copy/i);
    await app.alert.getByRole('link', { name: 'Sign in' }).click();
    await expect(page).toHaveURL('/?return_to=/activity');
    await signInPage.continueWith('Google');
    await providerPage.signIn(ada);
    await activityPage.expectOpen();
    await expect(activityPage.events.filter({ hasText: replayed })).toHaveCount(1);
  });

  test('47: a copied token used after the original: the user is notified at once', async ({
    page,
    request,
    app,
    signInPage,
    providerPage,
    accountPage,
    activityPage,
    playgroundPage,
    storage,
  }) => {
    await app.signIn();
    const { refresh_token } = await storage.tokens();
    await playgroundPage.open();
    for (let count = 1; count <= 2; count += 1) {
      const before = await storage.tokens();
      await playgroundPage.refresh();
      const current = async () => (await storage.tokens()).refresh_token;
      await expect.poll(current).not.toBe(before.refresh_token);
    }
    await accountPage.open();
    expect(await refreshOverHttp(request, refresh_token)).toMatchObject({
      status: 400,
      code: 'refresh_replayed',
    });
    await expect(app.alert).toContainText(/signed out.*copy/i, within(10_000));
    await expect(page).toHaveURL('/?return_to=/activity');
    await signInPage.continueWith('Google');
    await providerPage.signIn(ada);
    await expect(activityPage.events.filter({ hasText: replayed })).toHaveCount(1);
  });
});
