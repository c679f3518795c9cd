// Refreshes under adverse conditions: many tabs, lost and late responses, tabs closed during a refresh.
// The user stays signed in.
import type { APIResponse, Route } from '@playwright/test';

import { callFromAll, openPlaygrounds } from '../fixtures/pages/app.ts';
import { expect, test } from '../fixtures/test.ts';
import { testTimeout, within } from '../fixtures/timeouts.ts';

test('68: ten tabs with an expired token make 300 calls but refresh only once', async ({
  request,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  test.setTimeout(testTimeout + 120_000);
  await app.signIn();
  const tabs = await openPlaygrounds(app, 10);
  await playgroundPage.expireToken(request);
  const before = await storage.generation();
  traffic.reset();
  await callFromAll(tabs);
  const counts = () => traffic.statusCounts('GET /api/protected');
  await expect.poll(counts, within(150_000)).toMatchObject({ 200: 300 });
  expect(counts()[401]).toBeLessThanOrEqual(300);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  for (const tab of tabs) expect(await tab.storage.generation()).toBe(before + 1);
});

test('200 refreshes succeed if one in ten responses is lost and one in ten is late', async ({
  page,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  const refreshes = 200;
  test.setTimeout(testTimeout + 720_000);
  traffic.allowErrors(/\/auth\/token/);
  // With a fake clock, the test skips the client's timeouts and pauses.
  await page.clock.install();
  await app.signIn();
  await playgroundPage.open();
  const first = await storage.generation();

  type Fault = 'none' | 'lost' | 'late';
  let nextFault: Fault = 'none';
  let late: { route: Route; response: APIResponse } | undefined;
  let lostCount = 0;
  let lateCount = 0;
  await page.route('**/auth/token', async (route) => {
    const fault = nextFault;
    nextFault = 'none';
    if (fault === 'none') {
      if (late !== undefined) {
        // The client has sent its retry. Now the late response arrives, and nothing waits for it.
        const { route: lateRoute, response } = late;
        late = undefined;
        await lateRoute.fulfill({ response }).catch(() => undefined);
      }
      return route.continue();
    }
    // The server rotates the token, whatever happens to its response.
    const response = await route.fetch();
    if (fault === 'lost') {
      lostCount += 1;
      return route.abort('connectionreset');
    }
    lateCount += 1;
    late = { route, response };
  });

  for (let count = 1; count <= refreshes; count++) {
    const fault: Fault = count % 10 === 3 ? 'lost' : count % 10 === 7 ? 'late' : 'none';
    nextFault = fault;
    await playgroundPage.refresh();
    if (fault === 'late') {
      await expect.poll(() => late !== undefined).toBe(true);
      await page.clock.fastForward(11_000);
    }
    const generation = async () => {
      if (fault !== 'none') await page.clock.fastForward(2_000);
      return storage.generation();
    };
    await expect.poll(generation, { intervals: [50, 100, 250] }).toBe(first + count);
  }

  expect([lostCount, lateCount]).toEqual([refreshes / 10, refreshes / 10]);
  await storage.expectTokens();
  const refused = traffic
    .statuses('POST /auth/token')
    .filter((status) => status >= 400 && status !== 409);
  expect(refused).toEqual([]);
  await playgroundPage.callWithToken();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
});

test('if a tab closes during a refresh, the next tab retries with the same key', async ({
  page,
  context,
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  traffic.allowErrors(/\/auth\/token/);
  await app.signIn();
  await playgroundPage.open();
  const before = await storage.generation();
  let rotated = false;
  const keys: (string | undefined)[] = [];
  await context.route('**/auth/token', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (rotated) return route.continue();
    await route.fetch();
    rotated = true;
    // The response never arrives.
  });
  await playgroundPage.refresh();
  await expect.poll(() => rotated).toBe(true);
  const next = await app.newTab();
  await page.close();
  await next.playgroundPage.goto();
  await next.playgroundPage.refresh();
  await expect.poll(() => next.storage.generation(), within(20_000)).toBe(before + 1);
  expect(keys[0]).toBeTruthy();
  expect(new Set(keys).size).toBe(1);
  await next.accountPage.goto();
  await next.accountPage.expectUser();
});
