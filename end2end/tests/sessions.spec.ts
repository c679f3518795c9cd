// Your devices: every session of the account, and ending them from afar.
import {
  confirm,
  devices,
  endAllOthers,
  endEverything,
  endTheOther,
  openDevices,
  otherDevices,
  signInElsewhere,
  thisDevice,
  wantStepUpOnce,
} from '../fixtures/devices.ts';
import {
  ada,
  alert,
  atProvider,
  bearer,
  button,
  claims,
  expectSignedOut,
  grace,
  heading,
  signIn,
  storedTokens,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

/** By when another tab knows, in milliseconds: by itself it would not ask for minutes. */
const soon = 20_000;

test('53: every device is listed with what is known of it, this one first', async ({
  page,
  browser,
}) => {
  await signIn(page);
  const other = await signInElsewhere(browser, page);
  await openDevices(page);
  await expect(devices(page)).toHaveCount(2);
  await expect(devices(page).first()).toContainText(/This device/);
  await expect(otherDevices(page)).toHaveCount(1);
  for (const device of await devices(page).all()) {
    await expect(device.getByRole('heading', { level: 2 })).toHaveText(/Chrome.* on (Windows|Linux)/);
    await expect(device).toContainText('127.0.0.1');
    await expect(device).toContainText('Google');
    await expect(device).toContainText(/Signed in .*\d/);
    await expect(device).toContainText(/Last seen .*\d/);
    await expect(device).toContainText('Bound to its browser');
  }
  await other.context().close();
});

test('alone, there is nothing to sign out but this device', async ({ page }) => {
  await signIn(page);
  await openDevices(page);
  await expect(thisDevice(page)).toHaveCount(1);
  await expect(devices(page)).toHaveCount(1);
  await expect(page.getByText('No other device is signed in.')).toBeVisible();
  await expect(button(page, 'Sign out all other devices')).toHaveCount(0);
});

test('another person sees none of it', async ({ page, browser }) => {
  await signIn(page);
  const other = await signInElsewhere(browser, page, 'grace.hopper@example.org');
  await openDevices(other);
  await expect(devices(other)).toHaveCount(1);
  await other.context().close();
});

test('53: a device that is ended from afar knows at once', async ({
  page,
  browser,
  request,
}) => {
  await signIn(page);
  const other = await signInElsewhere(browser, page);
  const ended = await tokensOf(other);
  await openDevices(page);
  await endTheOther(page);
  await expect(alert(other)).toContainText(/signed out/i, { timeout: soon });
  await expectSignedOut(other);
  await expect(page.getByRole('status')).toContainText('is signed out');
  await expect(devices(page)).toHaveCount(1);
  const call = await request.get('/api/protected', { headers: bearer(ended.access_token) });
  expect(call.status()).toBe(401);
  expect(await storedTokens(page)).not.toBeNull();
  await other.context().close();
});

test('the button asks before it acts, and can be taken back', async ({ page, browser, traffic }) => {
  await signIn(page);
  const other = await signInElsewhere(browser, page);
  await openDevices(page);
  const end = otherDevices(page).getByRole('button', { name: /^End session of / });
  await end.dblclick();
  await button(page, 'Cancel').click();
  await expect(end).toBeFocused();
  await expect(button(page, 'Cancel')).toHaveCount(0);
  expect(traffic.exchanges.filter((it) => it.call.startsWith('DELETE'))).toEqual([]);
  expect(await storedTokens(other)).not.toBeNull();
  await other.context().close();
});

test('a device that signs in, or out, shows on the page by itself', async ({ page, browser }) => {
  await signIn(page);
  await openDevices(page);
  await expect(devices(page)).toHaveCount(1);
  const other = await signInElsewhere(browser, page);
  await expect(devices(page)).toHaveCount(2);
  await other.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expect(devices(page)).toHaveCount(1);
  await other.context().close();
});

test('ending this very device is signing out', async ({ page }) => {
  await signIn(page);
  await openDevices(page);
  const end = thisDevice(page).getByRole('button', { name: /^End session of / });
  await confirm(end, page, /^End this session\?/);
  await expectSignedOut(page);
  await expect(page.getByText('You are signed out.')).toBeVisible();
});

test('after a recent sign-in all others are ended at once', async ({ page, browser, traffic }) => {
  await signIn(page);
  const others = [await signInElsewhere(browser, page), await signInElsewhere(browser, page)];
  await openDevices(page);
  await expect(devices(page)).toHaveCount(3);
  await endAllOthers(page);
  for (const other of others) {
    await expect(alert(other)).toContainText(/signed out/i, { timeout: soon });
  }
  await expect(devices(page)).toHaveCount(1);
  await expect(page.getByRole('status')).toContainText('All other devices are signed out.');
  expect(traffic.statuses('DELETE /api/sessions')).toEqual([204]);
  for (const other of others) await other.context().close();
});

test('a sign-in too long ago: the provider asks, and back here it is done, once', async ({
  page,
  browser,
  traffic,
}) => {
  await signIn(page);
  const before = await tokensOf(page);
  const other = await signInElsewhere(browser, page);
  await openDevices(page);
  await wantStepUpOnce(page, '/api/sessions', 'DELETE');
  traffic.forget();
  await endAllOthers(page);
  await atProvider(page);
  await expect(heading(page, 'Your devices')).toBeVisible();
  await expect(page.getByRole('status')).toContainText('All other devices are signed out.');
  await expect(page).toHaveURL('/sessions');
  await expect(alert(other)).toContainText(/signed out/i, { timeout: soon });

  const login = traffic.urls.find((url) => url.includes('prompt=login'));
  const query = new URL(login ?? '', page.url()).searchParams;
  expect(query.get('max_age')).toBe('600');
  expect(query.get('return_to')).toBe('/sessions?resume=end-others');
  expect(traffic.statuses('DELETE /api/sessions')).toEqual([401, 204]);
  // No refresh could have helped, and none was tried.
  const grants = traffic.of('POST /auth/token').length;
  expect(grants).toBe(1);
  expect(claims((await tokensOf(page)).access_token)['sid']).not.toBe(
    claims(before.access_token)['sid'],
  );
  // The session from before the step-up is no leftover.
  await expect(devices(page)).toHaveCount(1);

  await page.reload();
  await expect(devices(page)).toHaveCount(1);
  expect(traffic.count('DELETE /api/sessions')).toBe(2);
  await other.context().close();
});

test('a step-up that is cancelled ends nothing and keeps the person signed in', async ({
  page,
  browser,
}) => {
  await signIn(page);
  const other = await signInElsewhere(browser, page);
  await openDevices(page);
  await wantStepUpOnce(page, '/api/sessions', 'DELETE');
  await endAllOthers(page);
  await expect(heading(page, 'Choose an account')).toBeVisible();
  await button(page, 'Cancel').click();
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await page.goto('/sessions');
  await expect(devices(page)).toHaveCount(2);
  expect(await storedTokens(other)).not.toBeNull();
  await other.context().close();
});

test('89: another account that comes back from a step-up keeps its sessions', async ({
  page,
  browser,
  traffic,
}) => {
  await signIn(page, ada);
  const other = await signInElsewhere(browser, page, grace);
  await openDevices(page);
  await wantStepUpOnce(page, '/auth/logout', 'POST');
  // As at a server that does not look at whose step-up it is.
  let stripped = 0;
  await page.route(/\/auth\/login\?.*account=/, (route) => {
    const location = new URL(route.request().url());
    location.searchParams.delete('account');
    stripped += 1;
    return route.fulfill({ status: 303, headers: { location: location.href } });
  });
  await endEverything(page);
  await atProvider(page, grace);
  expect(stripped).toBe(1);
  await expect(heading(page, 'Your devices')).toBeVisible();
  await expect(page.getByRole('status')).toContainText(
    'You signed in with a different account, so no session was ended.',
  );
  await expect(devices(page)).toHaveCount(2);
  expect(traffic.statuses('POST /auth/logout')).toEqual([401]);
  expect(await storedTokens(other)).not.toBeNull();
  await other.context().close();
});

test('89: a step-up that ends in another account is refused, and ends nothing', async ({
  page,
  browser,
  traffic,
}) => {
  await signIn(page, ada);
  const before = await tokensOf(page);
  const other = await signInElsewhere(browser, page, ada);
  await openDevices(page);
  await wantStepUpOnce(page, '/api/sessions', 'DELETE');
  await endAllOthers(page);
  await atProvider(page, grace);
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await expect(page.getByText(/You chose a different account/)).toBeVisible();
  expect(await tokensOf(page)).toEqual(before);
  await page.goto('/sessions');
  await expect(devices(page)).toHaveCount(2);
  expect(traffic.statuses('DELETE /api/sessions')).toEqual([401]);
  await other.context().close();
});

test('a link that somebody made up ends nothing', async ({ page, browser, traffic }) => {
  await signIn(page);
  const other = await signInElsewhere(browser, page);
  for (const what of ['end-others', 'end-all', 'this']) {
    await page.goto(`/sessions?resume=${what}`);
    await expect(devices(page)).toHaveCount(2);
    await expect(page).toHaveURL('/sessions');
  }
  expect(traffic.exchanges.filter((it) => it.call.startsWith('DELETE'))).toEqual([]);
  expect(traffic.count('POST /auth/logout')).toBe(0);
  await other.context().close();
});

test('signing out everywhere ends this session too', async ({ page, browser }) => {
  await signIn(page);
  const other = await signInElsewhere(browser, page);
  await openDevices(page);
  await endEverything(page);
  await expectSignedOut(page);
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
  await expect(alert(other)).toContainText(/signed out/i, { timeout: soon });
  await other.context().close();
});

test('the server is away: the page says so, and shows the list when it is back', async ({
  page,
  traffic,
}) => {
  traffic.expectErrors(/ERR_FAILED .*\/api\/sessions/);
  await signIn(page);
  await page.route('**/api/sessions', (route) => route.abort());
  await openDevices(page);
  await expect(button(page, 'Try again')).toBeVisible();
  await page.unroute('**/api/sessions');
  await button(page, 'Try again').click();
  await expect(devices(page)).toHaveCount(1);
});

test.describe('where no stream comes through', () => {
  test('the end is noticed at the next look at the page', async ({ page, browser, traffic }) => {
    traffic.expectErrors(/ERR_FAILED .*\/api\/events/);
    await signIn(page);
    const other = await signInElsewhere(browser, page);
    await page.route('**/api/events', (route) => route.abort());
    await page.reload();
    await expect(heading(page, 'Your account')).toBeVisible();
    await openDevices(other);
    await endTheOther(other);
    await expect(devices(other)).toHaveCount(1);
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await expect(alert(page)).toContainText(/signed out/i);
    await expect.poll(() => storedTokens(page)).toBeNull();
    await other.context().close();
  });
});

test('the event stream carries the token in its header and is closed by signing out', async ({
  page,
  traffic,
}) => {
  traffic.expectErrors(/ERR_FAILED .*\/auth\/(logout|revoke)/);
  const closed: string[] = [];
  page.on('requestfailed', (request) => {
    if (request.url().endsWith('/api/events')) closed.push(request.failure()?.errorText ?? '');
  });
  await signIn(page, ada);
  await expect.poll(() => traffic.statuses('STREAM /api/events')).toEqual([200]);
  const headers = traffic.of('STREAM /api/events')[0]?.headers ?? {};
  expect(headers['authorization']).toMatch(/^Bearer eyJ/);
  // The server does not hear of the sign-out and would keep the stream open: the page closes it.
  await page.route(/\/auth\/(logout|revoke)$/, (route) => route.abort());
  expect(closed).toEqual([]);
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  await expect.poll(() => closed).toEqual(['net::ERR_ABORTED']);
  // One that ended in an answer and one that was aborted: the same stream, and no other.
  expect(traffic.statuses('STREAM /api/events')).toEqual([200, 0]);
});
