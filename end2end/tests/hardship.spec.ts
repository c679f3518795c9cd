// What browsers do to a page: no locks, frozen tabs, lost networks, sleep, clocks that jump.
import {
  alert,
  button,
  callFromAll,
  expectAccount,
  generation,
  heading,
  letTokenExpire,
  openPlayground,
  playgrounds,
  signIn,
  storedTokens,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test.describe('in a browser without Web Locks', () => {
  test.beforeEach(async ({ context }) => {
    await context.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
    });
  });

  test('two tabs with an expired token collide and nobody is signed out', async ({
    page,
    request,
    traffic,
  }) => {
    await signIn(page);
    const tabs = await playgrounds(page, 2);
    for (const tab of tabs) {
      expect(await tab.evaluate(() => navigator.locks as unknown)).toBeUndefined();
    }
    await letTokenExpire(page, request);
    traffic.forget();
    await callFromAll(tabs);
    const good = () => traffic.statuses('GET /api/protected').filter((it) => it === 200).length;
    await expect.poll(good, { timeout: 30_000 }).toBe(60);
    // A tab that came second was told to look at storage, no more.
    for (const status of traffic.statuses('POST /auth/token')) expect([200, 409]).toContain(status);
    expect(await storedTokens(page)).not.toBeNull();
  });
});

test('a tab that was frozen with the lock in its hand: another one takes it', async ({
  page,
  context,
  traffic,
}) => {
  traffic.expectErrors(/404/);
  await signIn(page);
  const frozen = await context.newPage();
  await frozen.goto('/no-such-page');
  const held = frozen.evaluate(
    () =>
      new Promise<boolean>((taken) => {
        void navigator.locks
          .request('latchkey.refresh', () => {
            taken(true);
            return new Promise(() => undefined);
          })
          .catch(() => undefined);
      }),
  );
  expect(await held).toBe(true);

  const other = await context.newPage();
  await other.clock.install();
  await other.goto('/playground');
  await expect(heading(other, 'Playground')).toBeVisible();
  const before = await generation(other);
  await button(other, 'Refresh now').click();
  const done = async () => {
    await other.clock.fastForward(5_000);
    return generation(other);
  };
  await expect.poll(done).toBe(before + 1);
});

test('the network goes and comes back: the refresh is done then, without a click', async ({
  page,
  context,
  traffic,
}) => {
  traffic.expectErrors(/ERR_INTERNET_DISCONNECTED/);
  await signIn(page);
  await openPlayground(page);
  const before = await generation(page);
  await context.setOffline(true);
  await button(page, 'Refresh now').click();
  await expect(alert(page)).toContainText(/cannot reach the server/i);
  expect(await generation(page)).toBe(before);
  await context.setOffline(false);
  await expect.poll(() => generation(page)).toBe(before + 1);
  await expect(alert(page)).toHaveCount(0);
});

test.describe('when the clock jumps', () => {
  const hour = 3_600_000;

  test('ahead, as after sleep: looking at the page refreshes once', async ({ page, traffic }) => {
    await page.clock.install();
    await signIn(page);
    await openPlayground(page);
    const before = await generation(page);
    traffic.forget();
    // Timers and the monotonic clock have slept.
    await page.clock.setSystemTime(new Date(Date.now() + hour));
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await expect.poll(() => generation(page)).toBe(before + 1);
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await button(page, 'Call protected with token').click();
    await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
    expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  });

  test('back: nobody is signed out, and nothing spins', async ({ page, traffic }) => {
    await page.clock.install();
    await signIn(page);
    await openPlayground(page);
    traffic.forget();
    await page.clock.setSystemTime(new Date(Date.now() - 30 * 24 * hour));
    for (const event of ['focus', 'online', 'pageshow', 'focus']) {
      await page.evaluate((name) => window.dispatchEvent(new Event(name)), event);
    }
    await button(page, 'Call protected with token').click();
    await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
    expect(traffic.count('POST /auth/token')).toBeLessThanOrEqual(1);
    expect(await storedTokens(page)).not.toBeNull();
  });
});

test('a server that fails is asked again, ever more seldom', async ({ page, traffic }) => {
  traffic.expectErrors(/500/);
  await page.clock.install();
  await signIn(page);
  await openPlayground(page);
  let asked = 0;
  await page.route('**/auth/token', (route) => {
    asked += 1;
    return route.fulfill({ status: 500, json: {} });
  });
  await button(page, 'Refresh now').click();
  await expect(alert(page)).toBeVisible();
  // Eight times: the waits between are 1, 2, 4, 8, 16, 30 and 30 seconds, give or take a quarter. On
  // a busy machine the clock of the page runs ahead of what the page does: more passes, never less.
  let passed = 0;
  while (asked < 8 && passed < 900) {
    await page.clock.runFor(5_000);
    passed += 5;
  }
  expect(asked).toBe(8);
  expect(passed).toBeGreaterThanOrEqual(65);
  expect(await storedTokens(page)).not.toBeNull();
});

test('another account signs in in another tab: this one shows it', async ({ page, context }) => {
  await signIn(page);
  const other = await context.newPage();
  await other.goto('/account');
  await other.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expect(heading(other, 'Sign in')).toBeVisible();
  await signIn(other, 'grace.hopper@example.org');
  // The first tab went to the sign-in page with the sign-out, and on from there.
  await expectAccount(page, 'grace.hopper@example.org');
});
