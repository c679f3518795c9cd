// Rate limits: the page reports them, and the user stays signed in.
import { expect, test } from '../fixtures/test.ts';
import { within } from '../fixtures/timeouts.ts';

test.describe('with a limit of two sign-in requests per second', () => {
  test.use({ serverConfig: { env: { LATCHKEY_LIMITS__PER_ADDRESS: '2/s' } } });

  test('72: too many sign-ins are reported, and a later sign-in works', async ({
    request,
    app,
    providerPage,
    callbackPage,
    accountPage,
  }) => {
    const begin = async () => {
      await app.beginSignIn();
      await expect(callbackPage.failure.or(providerPage.heading)).toBeVisible();
    };
    let stopped = false;
    const flood = (async () => {
      const login = () => request.get('/auth/login?provider=google', { maxRedirects: 0 });
      while (!stopped) await Promise.all(Array.from({ length: 10 }, login));
    })();
    do await begin();
    while (!(await callbackPage.failure.isVisible()));
    stopped = true;
    await flood;
    await expect(callbackPage.main).toContainText('Wait a minute');
    do await begin();
    while (!(await providerPage.heading.isVisible()));
    await providerPage.signIn();
    await accountPage.expectUser();
  });
});

test.describe('with a limit of six refreshes per minute', () => {
  test.use({ serverConfig: { env: { LATCHKEY_LIMITS__PER_SESSION: '6/m' } } });

  test('72: after too many refreshes the user stays signed in, and the client retries', async ({
    app,
    playgroundPage,
    storage,
    traffic,
  }) => {
    await app.signIn();
    await playgroundPage.open();
    const statuses = () => traffic.statuses('POST /auth/token');
    traffic.reset();
    let before = 0;
    while (!statuses().includes(429)) {
      const count = statuses().length;
      before = await storage.generation();
      await playgroundPage.refresh();
      await expect.poll(() => statuses().length).toBeGreaterThan(count);
    }
    await expect(app.alert).toContainText('You are still signed in');
    await expect.poll(() => storage.generation(), within(30_000)).toBe(before + 1);
    await expect(app.alert).toHaveCount(0);
  });
});
