// Adverse conditions in the browser: no Web Locks, frozen tabs, no network, sleep and clock changes.
import { callFromAll, openPlaygrounds } from '../fixtures/pages/app.ts';
import { grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { within } from '../fixtures/timeouts.ts';

test.describe('in a browser without Web Locks', () => {
  test.beforeEach(async ({ context }) => {
    await context.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
    });
  });

  test('two tabs refresh an expired token at the same time and stay signed in', async ({
    request,
    app,
    playgroundPage,
    storage,
    traffic,
  }) => {
    await app.signIn();
    const tabs = await openPlaygrounds(app, 2);
    for (const { page } of tabs) {
      expect(await page.evaluate(() => navigator.locks as unknown)).toBeUndefined();
    }
    await playgroundPage.expireToken(request);
    traffic.reset();
    await callFromAll(tabs);
    const succeeded = () =>
      traffic.statuses('GET /api/protected').filter((status) => status === 200).length;
    await expect.poll(succeeded, within(20_000)).toBe(60);
    // The server may refuse the later tab with 409; its client then reads the storage again.
    for (const status of traffic.statuses('POST /auth/token')) expect([200, 409]).toContain(status);
    await storage.expectTokens();
  });
});

test('another tab takes over the lock of a frozen tab', async ({ app, traffic }) => {
  traffic.allowErrors(/404/);
  await app.signIn();
  const frozen = await app.newTab();
  await frozen.page.goto('/no-such-page');
  const acquired = frozen.page.evaluate(
    () =>
      new Promise<boolean>((resolve) => {
        void navigator.locks
          .request('latchkey.refresh', () => {
            resolve(true);
            return new Promise(() => undefined);
          })
          .catch(() => undefined);
      }),
  );
  expect(await acquired).toBe(true);

  const other = await app.newTab();
  await other.page.clock.install();
  await other.playgroundPage.goto();
  const before = await other.storage.generation();
  await other.playgroundPage.refresh();
  const generation = async () => {
    await other.page.clock.fastForward(5_000);
    return other.storage.generation();
  };
  await expect.poll(generation).toBe(before + 1);
});

test('a refresh requested while offline is sent once the network is back', async ({
  context,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  traffic.allowErrors(/ERR_INTERNET_DISCONNECTED/);
  await app.signIn();
  await playgroundPage.open();
  const before = await storage.generation();
  await context.setOffline(true);
  await playgroundPage.refresh();
  await expect(app.alert).toContainText(/cannot reach the server/i);
  expect(await storage.generation()).toBe(before);
  await context.setOffline(false);
  await expect.poll(() => storage.generation()).toBe(before + 1);
  await expect(app.alert).toHaveCount(0);
});

test.describe('when the system clock jumps', () => {
  const hour = 3_600_000;

  test('ahead, as after sleep: focusing the page refreshes once', async ({
    page,
    app,
    playgroundPage,
    storage,
    traffic,
  }) => {
    await page.clock.install();
    await app.signIn();
    await playgroundPage.open();
    const before = await storage.generation();
    traffic.reset();
    // Timers and the monotonic clock do not advance during sleep.
    await page.clock.setSystemTime(new Date(Date.now() + hour));
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await expect.poll(() => storage.generation()).toBe(before + 1);
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await playgroundPage.callWithToken();
    await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
    expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  });

  test('back: the user stays signed in and the client does not loop', async ({
    page,
    app,
    playgroundPage,
    storage,
    traffic,
  }) => {
    await page.clock.install();
    await app.signIn();
    await playgroundPage.open();
    traffic.reset();
    await page.clock.setSystemTime(new Date(Date.now() - 30 * 24 * hour));
    for (const event of ['focus', 'online', 'pageshow', 'focus']) {
      await page.evaluate((name) => window.dispatchEvent(new Event(name)), event);
    }
    await playgroundPage.callWithToken();
    await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
    expect(traffic.count('POST /auth/token')).toBeLessThanOrEqual(1);
    await storage.expectTokens();
  });
});

test('refreshes are retried with exponential backoff', async ({
  page,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  traffic.allowErrors(/500/);
  await page.clock.install();
  await app.signIn();
  await playgroundPage.open();
  let requests = 0;
  await page.route('**/auth/token', (route) => {
    requests += 1;
    return route.fulfill({ status: 500, json: {} });
  });
  await playgroundPage.refresh();
  await expect(app.alert).toBeVisible();
  // The pauses before the seven retries are 1, 2, 4, 8, 16, 30 and 30 seconds, ±25 %. On a loaded
  // machine the clock of the page advances before its requests are sent, so the retries can take more
  // simulated time, but never less.
  let seconds = 0;
  while (requests < 8 && seconds < 900) {
    await page.clock.runFor(5_000);
    seconds += 5;
  }
  expect(requests).toBe(8);
  expect(seconds).toBeGreaterThanOrEqual(65);
  await storage.expectTokens();
});

test('a tab shows the user after a sign-in in another tab', async ({ app, accountPage }) => {
  await app.signIn();
  const other = await app.newTab();
  await other.accountPage.goto();
  await other.header.signOut();
  await other.signInPage.expectOpen();
  await other.signIn(grace);
  // The sign-out led the first tab to the sign-in page, and the sign-in to the account page.
  await accountPage.expectUser(grace);
});
