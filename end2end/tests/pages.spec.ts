// What every page must be: without a console error, without an accessibility violation in light
// and dark, and usable on a narrow screen.
import type { Page } from '@playwright/test';

import { expectAccessible, expectFits } from '../fixtures/layout.ts';
import { button, heading, link, signIn, timeline } from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

interface Visit {
  path: string;
  heading: string;
  signedIn: boolean;
}

const visits: Visit[] = [
  { path: '/', heading: 'Sign in', signedIn: false },
  { path: '/callback?error=access_denied', heading: 'Sign-in failed', signedIn: false },
  { path: '/playground', heading: 'Playground', signedIn: false },
  { path: '/no-such-page', heading: 'Page not found', signedIn: false },
  { path: '/account', heading: 'Your account', signedIn: true },
  { path: '/sessions', heading: 'Your devices', signedIn: true },
  { path: '/activity', heading: 'Activity', signedIn: true },
  { path: '/playground', heading: 'Playground', signedIn: true },
  { path: '/no-such-page', heading: 'Page not found', signedIn: true },
];

// Chromium says on the console that a document was answered with 404, which is as it should be.
const notFound = /status of 404 .*(no-such-page|nothing|index\.html)/;
test.beforeEach(({ traffic }) => traffic.expectErrors(notFound));

async function visit(page: Page, { path, heading: name, signedIn }: Visit): Promise<void> {
  if (signedIn) await signIn(page);
  await page.goto(path);
  await expect(heading(page, name)).toBeVisible();
  if (signedIn) {
    await expect(page.getByRole('banner').getByRole('button', { name: 'Sign out' })).toBeVisible();
  }
  if (path === '/sessions') {
    await button(page, 'Sign out everywhere').click();
    await expect(button(page, 'Cancel')).toBeVisible();
  }
  if (path === '/activity') {
    await expect(page.getByRole('list', { name: 'Activity' })).toBeVisible();
  }
  if (path === '/playground') {
    await button(page, 'Call unprotected').click();
    await expect(timeline(page)).toHaveCount(1);
  }
}

for (const it of visits) {
  const title = `${it.path}, signed ${it.signedIn ? 'in' : 'out'}`;

  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(colorScheme, () => {
      test.use({ colorScheme });

      test(`no accessibility violation: ${title}`, async ({ page }) => {
        await visit(page, it);
        await expectAccessible(page);
      });
    });
  }

  test(`nothing is cut off, 360 and 1280 px wide: ${title}`, async ({ page }) => {
    await visit(page, it);
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 740 });
      await expectFits(page);
    }
  });
}

test('a visit of every page, by load and by link, leaves the console silent', async ({ page }) => {
  await page.goto('/');
  await expect(heading(page, 'Sign in')).toBeVisible();
  await page.goto('/callback?error=access_denied');
  await link(page, 'Try again').click();
  await expect(heading(page, 'Sign in')).toBeVisible();
  await signIn(page);
  for (const [path, name] of [
    ['/account', 'Your account'],
    ['/playground', 'Playground'],
  ] as const) {
    await page.goto(path);
    await expect(heading(page, name)).toBeVisible();
    await link(page, path === '/account' ? 'Playground' : 'Account').click();
    await expect(heading(page, path === '/account' ? 'Playground' : 'Your account')).toBeVisible();
  }
  await link(page, 'Devices').click();
  await expect(heading(page, 'Your devices')).toBeVisible();
  await link(page, 'Activity').click();
  await expect(heading(page, 'Activity')).toBeVisible();
  await page.reload();
  await expect(heading(page, 'Activity')).toBeVisible();
  // The console is checked after every test.
});

test.describe('an unknown path', () => {
  for (const path of ['/no-such-page', '/account/nothing', '/index.html']) {
    test(`${path} is a 404 page with a way back`, async ({ page }) => {
      const response = await page.goto(path);
      expect(response?.status()).toBe(404);
      await expect(heading(page, 'Page not found')).toBeVisible();
      await link(page, 'Go to the start page').click();
      await expect(heading(page, 'Sign in')).toBeVisible();
    });
  }
});

for (const path of ['/api/no-such-thing', '/auth/no-such-thing']) {
  test(`${path} is never answered with HTML`, async ({ request }) => {
    const response = await request.get(path, { headers: { accept: 'text/html' } });
    expect(response.status()).toBe(404);
    expect(response.headers()['content-type']).toContain('json');
  });
}
