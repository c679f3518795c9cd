// The devices page: every session of the account, and ending them remotely.
import { ada, grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { within } from '../fixtures/timeouts.ts';
import { bearer, claims } from '../fixtures/tokens.ts';

/** The event stream notifies open tabs. Without it, they would notice only minutes later. */
const notifyTimeout = within(10_000);

test('53: every device is listed with its details, this device first', async ({
  app,
  devicesPage,
  newBrowser,
}) => {
  await app.signIn();
  await (await newBrowser()).signIn();
  await devicesPage.open();
  await expect(devicesPage.devices).toHaveCount(2);
  await expect(devicesPage.devices.first()).toContainText(/This device/);
  await expect(devicesPage.otherDevices).toHaveCount(1);
  for (const device of await devicesPage.devices.all()) {
    const name = device.getByRole('heading', { level: 2 });
    await expect(name).toHaveText(/Chrome.* on (Windows|Linux)/);
    await expect(device).toContainText('127.0.0.1');
    await expect(device).toContainText('Google');
    await expect(device).toContainText(/Signed in (just now|\d+ minutes? ago)/);
    await expect(device).toContainText(/Last seen (just now|\d+ minutes? ago)/);
    await expect(device).toContainText('Works only in the browser that signed in');
  }
});

test('with a single session, only this device can be signed out', async ({
  page,
  app,
  devicesPage,
}) => {
  await app.signIn();
  await devicesPage.open();
  await expect(devicesPage.thisDevice).toHaveCount(1);
  await expect(devicesPage.devices).toHaveCount(1);
  await expect(page.getByText('No other device is signed in.')).toBeVisible();
  await expect(devicesPage.button('Sign out all other devices')).toHaveCount(0);
});

test('another user does not see the devices', async ({ app, newBrowser }) => {
  await app.signIn();
  const other = await newBrowser();
  await other.signIn(grace);
  await other.devicesPage.open();
  await expect(other.devicesPage.devices).toHaveCount(1);
});

test('53: a device whose session is ended remotely is notified at once', async ({
  request,
  app,
  devicesPage,
  storage,
  newBrowser,
}) => {
  await app.signIn();
  const other = await newBrowser();
  await other.signIn();
  const ended = await other.storage.tokens();
  await devicesPage.open();
  await devicesPage.endOther();
  await other.expectSessionEnded(notifyTimeout);
  await other.expectSignedOut();
  await expect(devicesPage.status).toContainText('is signed out');
  await expect(devicesPage.devices).toHaveCount(1);
  const response = await request.get('/api/protected', { headers: bearer(ended.access_token) });
  expect(response.status()).toBe(401);
  await storage.expectTokens();
});

test('the button asks for confirmation and can be canceled', async ({
  app,
  devicesPage,
  newBrowser,
  traffic,
}) => {
  await app.signIn();
  const other = await newBrowser();
  await other.signIn();
  await devicesPage.open();
  const end = devicesPage.endButton(devicesPage.otherDevices);
  await end.dblclick();
  await devicesPage.button('Cancel').click();
  await expect(end).toBeFocused();
  await expect(devicesPage.button('Cancel')).toHaveCount(0);
  expect(traffic.exchanges.filter(({ endpoint }) => endpoint.startsWith('DELETE'))).toEqual([]);
  await other.storage.expectTokens();
});

test('the list follows sign-ins and sign-outs of other devices', async ({
  app,
  devicesPage,
  newBrowser,
}) => {
  await app.signIn();
  await devicesPage.open();
  await expect(devicesPage.devices).toHaveCount(1);
  const other = await newBrowser();
  await other.signIn();
  await expect(devicesPage.devices).toHaveCount(2);
  await other.header.signOut();
  await expect(devicesPage.devices).toHaveCount(1);
});

test('ending the session of this device signs the user out', async ({ page, app, devicesPage }) => {
  await app.signIn();
  await devicesPage.open();
  await devicesPage.endThis();
  await app.expectSignedOut();
  await expect(page.getByText('You are signed out.')).toBeVisible();
});

test('after a recent sign-in, all other sessions end at once', async ({
  app,
  devicesPage,
  newBrowser,
  traffic,
}) => {
  await app.signIn();
  const others = [await newBrowser(), await newBrowser()];
  for (const other of others) await other.signIn();
  await devicesPage.open();
  await expect(devicesPage.devices).toHaveCount(3);
  await devicesPage.endAllOthers();
  for (const other of others) await other.expectSessionEnded(notifyTimeout);
  await expect(devicesPage.devices).toHaveCount(1);
  await expect(devicesPage.status).toContainText('All other devices are signed out.');
  expect(traffic.statuses('DELETE /api/sessions')).toEqual([204]);
});

test('after an old sign-in, a step-up comes first and the request is resumed once', async ({
  page,
  app,
  providerPage,
  devicesPage,
  storage,
  newBrowser,
  traffic,
}) => {
  await app.signIn();
  const before = await storage.tokens();
  const other = await newBrowser();
  await other.signIn();
  await devicesPage.open();
  await devicesPage.requireStepUpOnce('/api/sessions', 'DELETE');
  traffic.reset();
  await devicesPage.endAllOthers();
  await providerPage.signIn();
  await devicesPage.expectOpen();
  await expect(devicesPage.status).toContainText('All other devices are signed out.');
  await expect(page).toHaveURL('/sessions');
  await other.expectSessionEnded(notifyTimeout);

  const login = traffic.urls.find((url) => url.includes('prompt=login'));
  const query = new URL(login ?? '', page.url()).searchParams;
  expect(query.get('max_age')).toBe('600');
  expect(query.get('return_to')).toBe('/sessions?resume=end-others');
  expect(traffic.statuses('DELETE /api/sessions')).toEqual([401, 204]);
  // The only request is the code exchange: a refresh would not help, and the client sent none.
  expect(traffic.count('POST /auth/token')).toBe(1);
  expect(claims((await storage.tokens()).access_token)['sid']).not.toBe(
    claims(before.access_token)['sid'],
  );
  // The session from before the step-up has ended too.
  await expect(devicesPage.devices).toHaveCount(1);

  await page.reload();
  await expect(devicesPage.devices).toHaveCount(1);
  expect(traffic.count('DELETE /api/sessions')).toBe(2);
});

test('a canceled step-up ends no session, and the user stays signed in', async ({
  app,
  providerPage,
  callbackPage,
  devicesPage,
  newBrowser,
}) => {
  await app.signIn();
  const other = await newBrowser();
  await other.signIn();
  await devicesPage.open();
  await devicesPage.requireStepUpOnce('/api/sessions', 'DELETE');
  await devicesPage.endAllOthers();
  await providerPage.expectOpen();
  await providerPage.cancel();
  await callbackPage.expectFailure();
  await devicesPage.goto();
  await expect(devicesPage.devices).toHaveCount(2);
  await other.storage.expectTokens();
});

test('89: a step-up that returns with another account does not end its sessions', async ({
  page,
  app,
  providerPage,
  devicesPage,
  newBrowser,
  traffic,
}) => {
  await app.signIn(ada);
  const other = await newBrowser();
  await other.signIn(grace);
  await devicesPage.open();
  await devicesPage.requireStepUpOnce('/auth/logout', 'POST');
  // Simulates a server that does not check the account of a step-up.
  let stripped = 0;
  await page.route(/\/auth\/login\?.*account=/, (route) => {
    const location = new URL(route.request().url());
    location.searchParams.delete('account');
    stripped += 1;
    return route.fulfill({ status: 303, headers: { location: location.href } });
  });
  await devicesPage.endAll();
  await providerPage.signIn(grace);
  expect(stripped).toBe(1);
  await devicesPage.expectOpen();
  await expect(devicesPage.status).toContainText(
    'You signed in with a different account, so no session was ended.',
  );
  await expect(devicesPage.devices).toHaveCount(2);
  expect(traffic.statuses('POST /auth/logout')).toEqual([401]);
  await other.storage.expectTokens();
});

test('89: the server refuses a step-up with another account, and no session ends', async ({
  page,
  app,
  providerPage,
  callbackPage,
  devicesPage,
  storage,
  newBrowser,
  traffic,
}) => {
  await app.signIn(ada);
  const before = await storage.tokens();
  await (await newBrowser()).signIn(ada);
  await devicesPage.open();
  await devicesPage.requireStepUpOnce('/api/sessions', 'DELETE');
  await devicesPage.endAllOthers();
  await providerPage.signIn(grace);
  await callbackPage.expectFailure();
  await expect(page.getByText(/You chose a different account/)).toBeVisible();
  expect(await storage.tokens()).toEqual(before);
  await devicesPage.goto();
  await expect(devicesPage.devices).toHaveCount(2);
  expect(traffic.statuses('DELETE /api/sessions')).toEqual([401]);
});

test('a forged resume link ends no session', async ({
  page,
  app,
  devicesPage,
  newBrowser,
  traffic,
}) => {
  await app.signIn();
  await (await newBrowser()).signIn();
  for (const name of ['end-others', 'end-all', 'this']) {
    await page.goto(`/sessions?resume=${name}`);
    await expect(devicesPage.devices).toHaveCount(2);
    await expect(page).toHaveURL('/sessions');
  }
  expect(traffic.exchanges.filter(({ endpoint }) => endpoint.startsWith('DELETE'))).toEqual([]);
  expect(traffic.count('POST /auth/logout')).toBe(0);
});

test('signing out everywhere ends this session too', async ({
  app,
  devicesPage,
  storage,
  newBrowser,
}) => {
  await app.signIn();
  const other = await newBrowser();
  await other.signIn();
  await devicesPage.open();
  await devicesPage.endAll();
  await app.expectSignedOut();
  expect(await storage.itemKeys()).toEqual([]);
  await other.expectSessionEnded(notifyTimeout);
});

test('a list that failed to load can be loaded again', async ({
  page,
  app,
  devicesPage,
  traffic,
}) => {
  traffic.allowErrors(/ERR_FAILED .*\/api\/sessions/);
  await app.signIn();
  await page.route('**/api/sessions', (route) => route.abort());
  await devicesPage.open();
  await expect(devicesPage.button('Try again')).toBeVisible();
  await page.unroute('**/api/sessions');
  await devicesPage.button('Try again').click();
  await expect(devicesPage.devices).toHaveCount(1);
});

test('without an event stream, a page that gets the focus notices that its session ended', async ({
  page,
  app,
  accountPage,
  storage,
  newBrowser,
  traffic,
}) => {
  traffic.allowErrors(/ERR_FAILED .*\/api\/events/);
  await app.signIn();
  const other = await newBrowser();
  await other.signIn();
  await page.route('**/api/events', (route) => route.abort());
  await page.reload();
  await accountPage.expectOpen();
  await other.devicesPage.open();
  await other.devicesPage.endOther();
  await expect(other.devicesPage.devices).toHaveCount(1);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await app.expectSessionEnded();
  await storage.expectNoTokens();
});

test('the event stream sends the token in a header, and signing out closes the stream', async ({
  page,
  app,
  header,
  traffic,
}) => {
  traffic.allowErrors(/ERR_FAILED .*\/auth\/(logout|revoke)/);
  const closed: string[] = [];
  page.on('requestfailed', (request) => {
    if (request.url().endsWith('/api/events')) closed.push(request.failure()?.errorText ?? '');
  });
  await app.signIn();
  await expect.poll(() => traffic.statuses('STREAM /api/events')).toEqual([200]);
  const headers = traffic.exchangesOf('STREAM /api/events')[0]?.headers ?? {};
  expect(headers['authorization']).toMatch(/^Bearer eyJ/);
  // The server does not learn of the sign-out and would keep the stream open. The page closes it.
  await page.route(/\/auth\/(logout|revoke)$/, (route) => route.abort());
  expect(closed).toEqual([]);
  await header.signOut();
  await app.expectSignedOut();
  await expect.poll(() => closed).toEqual(['net::ERR_ABORTED']);
  // Both statuses are of one stream: first its response, then its abort. No other stream was opened.
  expect(traffic.statuses('STREAM /api/events')).toEqual([200, 0]);
});
