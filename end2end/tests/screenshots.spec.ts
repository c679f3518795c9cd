// Screenshots of every page: light and dark, wide and narrow, signed in and signed out. They are written
// to the folder that the environment variable `SCREENSHOTS` names.
import { join, resolve } from 'node:path';

import { AdminApi, graceId } from '../fixtures/admin-api.ts';
import type { App } from '../fixtures/pages/app.ts';
import { ada } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';

const folder = resolve(process.env['SCREENSHOTS'] || 'test-results/screenshots');
const failedLoads = /^Failed to load resource/;

/** Functions that open a page in the state to capture, by the name of the screenshot. */
type Scenes = Record<string, (app: App) => Promise<void>>;

const scenes: Scenes = {
  'sign-in': ({ signInPage }) => signInPage.goto(),
  'sign-in-refused': async ({ page, signInPage }) => {
    await signInPage.goto();
    await signInPage.signInWithPassword('ada', 'wrong');
    await expect(page.getByRole('alert')).toBeVisible();
  },
  'sign-up': async ({ signUpPage }) => {
    await signUpPage.goto();
    await signUpPage.button('Create account').click();
    await expect(signUpPage.username).toBeFocused();
  },
  'reset-password': ({ resetPasswordPage }) => resetPasswordPage.openLink('picture'),
  'callback-failed': async ({ page, callbackPage }) => {
    await page.goto('/callback?error=access_denied');
    await callbackPage.expectFailure();
  },
  'callback-working': async ({ page, callbackPage }) => {
    await page.route('**/auth/token', () => undefined);
    await page.goto('/callback?code=picture&state=picture');
    await expect(callbackPage.status).toBeVisible();
  },
  'not-found': ({ notFoundPage }) => notFoundPage.goto(),
  'demo-provider': async (app) => {
    await app.beginSignIn('Demo account');
    await expect(app.providerPage.button('Cancel')).toBeVisible();
  },
  'playground-signed-out': async ({ playgroundPage }) => {
    await playgroundPage.goto();
    await playgroundPage.callUnprotected();
    await expect(playgroundPage.entries).toHaveCount(1);
    await playgroundPage.callWithoutToken();
    await expect(playgroundPage.entries).toHaveCount(2);
  },
  account: (app) => app.signIn(),
  sessions: async (app) => {
    await app.signIn();
    await app.devicesPage.goto();
    await app.devicesPage.button('Sign out everywhere').click();
    await expect(app.devicesPage.button('Cancel')).toBeVisible();
  },
  activity: async (app) => {
    await app.signIn();
    await app.activityPage.goto();
    await expect(app.activityPage.list).toBeVisible();
  },
  playground: refreshedInPlayground,
  readme: refreshedInPlayground,
  'session-ended': async (app) => {
    await app.signIn();
    const { refresh_token } = await app.storage.tokens();
    // An open page would be notified immediately.
    await app.page.goto('about:blank');
    await app.page.request.post('/auth/revoke', { form: { token: refresh_token } });
    await app.page.goto('/account');
    await expect(app.alert).toBeVisible();
  },
};

/** The timeline shows an expired token, one refresh and the retry. */
async function refreshedInPlayground(app: App): Promise<void> {
  const { page, playgroundPage } = app;
  await app.signIn();
  await playgroundPage.goto();
  await playgroundPage.callWithToken();
  await expect(playgroundPage.entries).toHaveCount(1);
  await playgroundPage.disableRefreshAhead();
  // Responds to the next request as if the token had expired.
  await page.route(
    '**/api/protected',
    (route) =>
      route.fulfill({
        status: 401,
        contentType: 'application/problem+json',
        json: {
          type: 'about:blank',
          title: 'Token expired',
          status: 401,
          detail: 'The access token has expired.',
          code: 'token_expired',
          request_id: 'screenshot',
        },
      }),
    { times: 1 },
  );
  await playgroundPage.callWithToken();
  await expect(playgroundPage.entries).toHaveCount(4);
}

/** The pages of the console with a scripted API, and the documentation of the API. */
const administration: Scenes = {
  docs: async ({ page }) => void (await page.goto('/docs')),
  ...Object.fromEntries(
    ['', '/users', `/users/${graceId}`, '/sessions', '/denylist', '/audit', '/keys'].map((path) => [
      `admin${path.replace(graceId, 'user').replaceAll('/', '-')}`,
      async (app: App) => {
        await AdminApi.serve(app.page);
        await app.signIn();
        await app.page.goto(`/admin${path}`);
        await expect(app.page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(app.page.getByText(/^Loading /)).toHaveCount(0);
      },
    ]),
  ),
};

test.beforeEach(({ traffic }) => traffic.allowErrors(failedLoads));

test.describe(() => {
  test.use({ serverConfig: { demo: true, env: { LATCHKEY_LOCAL__SIGN_UP: 'open' } } });
  capture(scenes);
});

test.describe(() => {
  test.use({ serverConfig: { env: { LATCHKEY_ADMINS: `google:${ada}` } } });
  capture(administration);
});

function capture(scenes: Scenes): void {
  for (const [name, open] of Object.entries(scenes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        test.describe(`${colorScheme}, ${width} px`, () => {
          const isMobile = width < 600;
          const isReadme = name === 'readme';
          const viewport = { width, height: isMobile ? 844 : isReadme ? 860 : 800 };
          test.use({ colorScheme, viewport, isMobile, hasTouch: isMobile });

          test(name, async ({ page, app }) => {
            await open(app);
            // Move the pointer away from the last pressed button.
            await page.mouse.move(0, 0);
            await page.screenshot({
              path: join(folder, `${name}-${colorScheme}-${width}.png`),
              fullPage: !isReadme,
              animations: 'disabled',
            });
          });
        });
      }
    }
  }
}
