// Every page: no console errors, no accessibility violations in light and dark mode, and no overflow on
// narrow and wide screens.
import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import type { App } from '../fixtures/pages/app.ts';
import { expect, test } from '../fixtures/test.ts';

/** Opens a page and, if it has several states, brings it into the most complex one. */
const visits: Record<string, (app: App) => Promise<void>> = {
  'sign-in page': ({ signInPage }) => signInPage.goto(),
  'callback page after a failure': async ({ page, callbackPage }) => {
    await page.goto('/callback?error=access_denied');
    await callbackPage.expectFailure();
  },
  'playground, signed out': ({ playgroundPage }) => visitPlayground(playgroundPage),
  'unknown page, signed out': ({ notFoundPage }) => notFoundPage.goto(),
  'account page': async (app) => {
    await app.signIn();
    await app.accountPage.goto();
    await expect(app.header.signOutButton).toBeVisible();
  },
  'devices page': async (app) => {
    await app.signIn();
    await app.devicesPage.goto();
    await expect(app.header.signOutButton).toBeVisible();
    await app.devicesPage.button('Sign out everywhere').click();
    await expect(app.devicesPage.button('Cancel')).toBeVisible();
  },
  'activity page': async (app) => {
    await app.signIn();
    await app.activityPage.goto();
    await expect(app.header.signOutButton).toBeVisible();
    await expect(app.activityPage.list).toBeVisible();
  },
  'playground, signed in': async (app) => {
    await app.signIn();
    await visitPlayground(app.playgroundPage);
    await expect(app.header.signOutButton).toBeVisible();
  },
  'unknown page, signed in': async (app) => {
    await app.signIn();
    await app.notFoundPage.goto();
    await expect(app.header.signOutButton).toBeVisible();
  },
};

async function visitPlayground(playgroundPage: App['playgroundPage']): Promise<void> {
  await playgroundPage.goto();
  await playgroundPage.callUnprotected();
  await expect(playgroundPage.entries).toHaveCount(1);
}

// Chromium logs an error for a document with status 404.
const notFound = /status of 404 .*(no-such-page|nothing|index\.html)/;
test.beforeEach(({ traffic }) => traffic.allowErrors(notFound));

for (const [name, visit] of Object.entries(visits)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(colorScheme, () => {
      test.use({ colorScheme });

      test(`no accessibility violations: ${name}`, async ({ page, app }) => {
        await visit(app);
        await expectAccessible(page);
      });
    });
  }

  test(`no overflow at 360 and 1280 px: ${name}`, async ({ page, app }) => {
    await visit(app);
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 740 });
      await expectNoOverflow(page);
    }
  });
}

test('no page causes a console error, loaded directly or through a link', async ({ page, app }) => {
  await app.signInPage.goto();
  await page.goto('/callback?error=access_denied');
  await app.callbackPage.tryAgain();
  await app.signInPage.expectOpen();
  await app.signIn();
  await app.accountPage.goto();
  await app.playgroundPage.open();
  await app.playgroundPage.goto();
  await app.accountPage.open();
  await app.devicesPage.open();
  await app.activityPage.open();
  await page.reload();
  await app.activityPage.expectOpen();
  // The `traffic` fixture checks the console after every test.
});

test.describe('an unknown path', () => {
  for (const path of ['/no-such-page', '/account/nothing', '/index.html']) {
    test(`${path} is a 404 page with a link to the start page`, async ({
      page,
      signInPage,
      notFoundPage,
    }) => {
      const response = await page.goto(path);
      expect(response?.status()).toBe(404);
      await notFoundPage.expectOpen();
      await notFoundPage.link('Go to the start page').click();
      await signInPage.expectOpen();
    });
  }
});

for (const path of ['/api/no-such-thing', '/auth/no-such-thing']) {
  test(`the response to ${path} is never HTML`, async ({ request }) => {
    const response = await request.get(path, { headers: { accept: 'text/html' } });
    expect(response.status()).toBe(404);
    expect(response.headers()['content-type']).toContain('json');
  });
}
