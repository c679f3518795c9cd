// What happened to the account, for its person to read: above all that somebody used a copy.
import { endTheOther, openDevices, signInElsewhere } from '../fixtures/devices.ts';
import {
  ada,
  alert,
  atProvider,
  button,
  expectSignedOut,
  heading,
  link,
  openPlayground,
  refreshByHand,
  signIn,
  signInLink,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';
import type { Page } from '@playwright/test';

const events = (page: Page) => page.getByRole('list', { name: 'Activity' }).getByRole('listitem');
const copied = /Someone used a copy of this device's token at .*\d.* from 127\.0\.0\.1\. We ended the session\./;

async function openActivity(page: Page): Promise<void> {
  await link(page, 'Activity').click();
  await expect(heading(page, 'Activity')).toBeVisible();
}

test('70: a sign-in is an event, with device, time and address', async ({ page }) => {
  await signIn(page);
  await openActivity(page);
  await expect(events(page).first()).toContainText(/Chrome.* on \w+ signed in\./);
  await expect(events(page).first()).toContainText('127.0.0.1');
});

test('70: what another device does shows by itself, newest first', async ({ page, browser }) => {
  await signIn(page);
  await openActivity(page);
  await expect(events(page)).toHaveCount(1);
  const other = await signInElsewhere(browser, page);
  await expect(events(page)).toHaveCount(2);
  await openDevices(other);
  await endTheOther(other);
  await expectSignedOut(page);
  await openActivity(other);
  await expect(events(other).first()).toContainText(/Chrome.* signed out another device\./);
  await other.context().close();
});

test('another person sees none of it', async ({ page, browser }) => {
  await signIn(page);
  const other = await signInElsewhere(browser, page, 'grace.hopper@example.org');
  await openActivity(other);
  await expect(events(other)).toHaveCount(1);
  await other.context().close();
});

test('the list that cannot be had is asked for again', async ({ page }) => {
  await signIn(page);
  await page.route('**/api/activity*', (route) => route.fulfill({ status: 404, json: {} }));
  await openActivity(page);
  await expect(button(page, 'Try again')).toBeVisible();
  await page.unroute('**/api/activity*');
  await button(page, 'Try again').click();
  await expect(events(page)).toHaveCount(1);
});

test('older events come page by page', async ({ page }) => {
  await signIn(page);
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
  await openActivity(page);
  await expect(events(page)).toHaveCount(2);
  await button(page, 'Show older').click();
  await expect(events(page)).toHaveCount(3);
  await expect(events(page).last()).toContainText('Chrome on No 3 signed in.');
  await expect(button(page, 'Show older')).toHaveCount(0);
});

test.describe('with sessions that are not bound to their browser', () => {
  test.use({ setup: { env: { LATCHKEY_TOKENS__BINDING: 'off' } } });

  test('47: a copy used before its owner: the owner is told, and reads it after signing in', async ({
    page,
    request,
  }) => {
    await signIn(page);
    await openPlayground(page);
    let { refresh_token } = await tokensOf(page);
    // Twice: a single rotation moments ago could have been another tab's.
    for (let times = 1; times <= 2; times += 1) {
      const form = { grant_type: 'refresh_token', refresh_token };
      const response = await request.post('/auth/token', { form });
      expect(response.status()).toBe(200);
      ({ refresh_token } = (await response.json()) as { refresh_token: string });
    }
    await button(page, 'Refresh now').click();
    await expect(alert(page)).toContainText(/signed out.*copy/i);
    await alert(page).getByRole('link', { name: 'Sign in' }).click();
    await expect(page).toHaveURL('/?return_to=/activity');
    await signInLink(page, 'Google').click();
    await atProvider(page, ada);
    await expect(heading(page, 'Activity')).toBeVisible();
    await expect(events(page).filter({ hasText: copied })).toHaveCount(1);
  });

  test('47: a copy used after its owner: the owner is told at once', async ({
    page,
    request,
  }) => {
    await signIn(page);
    const { refresh_token } = await tokensOf(page);
    for (let times = 1; times <= 2; times += 1) {
      const before = await tokensOf(page);
      await link(page, 'Playground').click();
      await button(page, 'Refresh now').click();
      await expect
        .poll(async () => (await tokensOf(page)).refresh_token)
        .not.toBe(before.refresh_token);
    }
    await link(page, 'Account').click();
    await expect(heading(page, 'Your account')).toBeVisible();
    expect(await refreshByHand(request, refresh_token)).toMatchObject({
      status: 400,
      code: 'refresh_replayed',
    });
    await expect(alert(page)).toContainText(/signed out.*copy/i, { timeout: 20_000 });
    await expect(page).toHaveURL('/?return_to=/activity');
    await signInLink(page, 'Google').click();
    await atProvider(page, ada);
    await expect(events(page).filter({ hasText: copied })).toHaveCount(1);
  });
});
