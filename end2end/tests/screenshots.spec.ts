// Pictures of every page for people to look at: light and dark, wide and narrow, signed in and
// out. Written to the folder `SCREENSHOTS`, which the configuration sets if nobody did.
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';

import { button, heading, signIn, signInLink, timeline, tokensOf } from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

const folder = resolve(process.env['SCREENSHOTS'] || 'test-results/screenshots');
const failedLoads = /^Failed to load resource/;

/** Opens a page in the state to be pictured. */
const scenes: Record<string, (page: Page) => Promise<void>> = {
  'sign-in': async (page) => {
    await page.goto('/');
    await expect(heading(page, 'Sign in')).toBeVisible();
  },
  'callback-failed': async (page) => {
    await page.goto('/callback?error=access_denied');
    await expect(heading(page, 'Sign-in failed')).toBeVisible();
  },
  'callback-working': async (page) => {
    await page.route('**/auth/token', () => undefined);
    await page.goto('/callback?code=picture&state=picture');
    await expect(page.getByRole('status')).toBeVisible();
  },
  'not-found': async (page) => {
    await page.goto('/no-such-page');
    await expect(heading(page, 'Page not found')).toBeVisible();
  },
  'demo-provider': async (page) => {
    await page.goto('/');
    await signInLink(page, 'Demo account').click();
    await expect(button(page, 'Cancel')).toBeVisible();
  },
  'playground-signed-out': async (page) => {
    await page.goto('/playground');
    await button(page, 'Call unprotected').click();
    await expect(timeline(page)).toHaveCount(1);
    await button(page, 'Call protected without token').click();
    await expect(timeline(page)).toHaveCount(2);
  },
  account: async (page) => {
    await signIn(page);
  },
  sessions: async (page) => {
    await signIn(page);
    await page.goto('/sessions');
    await button(page, 'Sign out everywhere').click();
    await expect(button(page, 'Cancel')).toBeVisible();
  },
  activity: async (page) => {
    await signIn(page);
    await page.goto('/activity');
    await expect(page.getByRole('list', { name: 'Activity' })).toBeVisible();
  },
  playground: async (page) => {
    await signIn(page);
    await page.goto('/playground');
    await button(page, 'Call protected with token').click();
    await expect(timeline(page)).toHaveCount(1);
    await page.getByLabel('Refresh ahead of expiry').uncheck();
    // The server takes the token for expired once: what is pictured is 401, refresh, retry.
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
            detail: 'The access token is past its end.',
            code: 'token_expired',
            request_id: 'picture',
          },
        }),
      { times: 1 },
    );
    await button(page, 'Call protected with token').click();
    await expect(timeline(page)).toHaveCount(4);
  },
  'session-ended': async (page) => {
    await signIn(page);
    const { refresh_token } = await tokensOf(page);
    // A page that is open would know at once.
    await page.goto('about:blank');
    await page.request.post('/auth/revoke', { form: { token: refresh_token } });
    await page.goto('/account');
    await expect(page.getByRole('alert')).toBeVisible();
  },
};

test.use({ setup: { demo: true } });
test.beforeEach(({ traffic }) => traffic.expectErrors(failedLoads));

for (const [name, open] of Object.entries(scenes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      test.describe(`${colorScheme}, ${width} px`, () => {
        const isMobile = width < 600;
        const viewport = { width, height: isMobile ? 844 : 800 };
        test.use({ colorScheme, viewport, isMobile, hasTouch: isMobile });

        test(name, async ({ page }) => {
          await open(page);
          // Away from the button that was pressed last.
          await page.mouse.move(0, 0);
          await page.screenshot({
            path: join(folder, `${name}-${colorScheme}-${width}.png`),
            fullPage: true,
            animations: 'disabled',
          });
        });
      });
    }
  }
}
