// Nobody honest is signed out: many tabs, lost and late replies, tabs closed at the worst moment.
import type { APIResponse, Route } from '@playwright/test';

import {
  button,
  callFromAll,
  expectAccount,
  generation,
  letTokenExpire,
  openPlayground,
  playgrounds,
  signIn,
  storedTokens,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('68: ten tabs, 30 calls each with an expired token: one refresh', async ({
  page,
  request,
  traffic,
}) => {
  test.setTimeout(300_000);
  await signIn(page);
  const tabs = await playgrounds(page, 10);
  await letTokenExpire(page, request);
  const before = await generation(page);
  traffic.forget();
  await callFromAll(tabs);
  const answers = () => traffic.tally('GET /api/protected');
  await expect.poll(answers, { timeout: 180_000 }).toMatchObject({ 200: 300 });
  expect(answers()[401]).toBeLessThanOrEqual(300);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  for (const tab of tabs) expect(await generation(tab)).toBe(before + 1);
});

test('200 refreshes, every tenth reply cut off, every tenth later than the next try', async ({
  page,
  traffic,
}) => {
  const refreshes = 200;
  test.setTimeout(900_000);
  traffic.expectErrors(/\/auth\/token/);
  // The waits of the client (its time-out, its pauses) are gone through quickly.
  await page.clock.install();
  await signIn(page);
  await openPlayground(page);
  const first = await generation(page);

  let fate: 'whole' | 'cut' | 'late' = 'whole';
  let late: { route: Route; response: APIResponse } | undefined;
  let cut = 0;
  let delayed = 0;
  await page.route('**/auth/token', async (route) => {
    const mine = fate;
    fate = 'whole';
    if (mine === 'whole') {
      if (late !== undefined) {
        // The next try is here: now the reply to the one before comes, to nobody.
        const { route: given, response } = late;
        late = undefined;
        await given.fulfill({ response }).catch(() => undefined);
      }
      return route.continue();
    }
    // The server has done its part, whatever becomes of its reply.
    const response = await route.fetch();
    if (mine === 'cut') {
      cut += 1;
      return route.abort('connectionreset');
    }
    delayed += 1;
    late = { route, response };
  });

  for (let count = 1; count <= refreshes; count++) {
    fate = count % 10 === 3 ? 'cut' : count % 10 === 7 ? 'late' : 'whole';
    const awaits = fate === 'whole' ? undefined : fate;
    await button(page, 'Refresh now').click();
    if (awaits === 'late') {
      await expect.poll(() => late !== undefined).toBe(true);
      await page.clock.fastForward(11_000);
    }
    const done = async () => {
      if (awaits !== undefined) await page.clock.fastForward(2_000);
      return generation(page);
    };
    await expect.poll(done, { intervals: [50, 100, 250] }).toBe(first + count);
  }

  expect([cut, delayed]).toEqual([refreshes / 10, refreshes / 10]);
  expect(await storedTokens(page)).not.toBeNull();
  expect(traffic.statuses('POST /auth/token').filter((it) => it >= 400 && it !== 409)).toEqual([]);
  await button(page, 'Call protected with token').click();
  await expect.poll(() => traffic.statuses('GET /api/protected')).toEqual([200]);
});

test('a tab closed in mid-refresh: the next one goes on with the same key', async ({
  page,
  context,
  traffic,
}) => {
  traffic.expectErrors(/\/auth\/token/);
  await signIn(page);
  await openPlayground(page);
  const before = await generation(page);
  let rotated = false;
  const keys: (string | undefined)[] = [];
  await context.route('**/auth/token', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (rotated) return route.continue();
    await route.fetch();
    rotated = true;
    // Its reply never comes.
  });
  await button(page, 'Refresh now').click();
  await expect.poll(() => rotated).toBe(true);
  const next = await context.newPage();
  await page.close();
  await next.goto('/playground');
  await button(next, 'Refresh now').click();
  await expect.poll(() => generation(next), { timeout: 30_000 }).toBe(before + 1);
  expect(keys[0]).toBeTruthy();
  expect(new Set(keys).size).toBe(1);
  await next.goto('/account');
  await expectAccount(next);
});
