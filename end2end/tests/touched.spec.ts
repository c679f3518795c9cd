// Translators, extensions and proxies change a page before the app takes it over; it works all
// the same.
import type { Page } from '@playwright/test';

import { atProvider, expectAccount, heading, signIn, signInLink } from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

type Meddle = () => void;

/** What others do to a page, in the page. */
const meddlers: Record<string, Meddle> = {
  'texts are wrapped, as by a translator': () => {
    addEventListener('DOMContentLoaded', () => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const texts: Node[] = [];
      while (walker.nextNode()) texts.push(walker.currentNode);
      for (const text of texts) {
        const outer = document.createElement('font');
        const inner = document.createElement('font');
        inner.textContent = text.textContent;
        outer.append(inner);
        text.parentNode?.replaceChild(outer, text);
      }
    });
  },
  'an element is put first into the body': () => {
    const observer = new MutationObserver(() => {
      if (!document.body?.firstChild) return;
      observer.disconnect();
      document.body.prepend(document.createElement('div'));
    });
    observer.observe(document, { childList: true, subtree: true });
  },
  'an element is put first into the app as soon as there is one': () => {
    const observer = new MutationObserver(() => {
      const app = document.getElementById('app');
      if (!app?.firstChild) return;
      observer.disconnect();
      app.prepend(document.createElement('div'));
    });
    observer.observe(document, { childList: true, subtree: true });
  },
  'comments are removed': () => {
    addEventListener('DOMContentLoaded', () => {
      const walker = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT);
      const comments: ChildNode[] = [];
      while (walker.nextNode()) comments.push(walker.currentNode as ChildNode);
      for (const comment of comments) comment.remove();
    });
  },
  'the app is removed': () => {
    addEventListener('DOMContentLoaded', () => document.getElementById('app')?.remove());
  },
};

/** How the app started: `hydrated`, or `rendered` where the page was not as the server sent it. */
const started = (page: Page) => page.locator('html').getAttribute('data-app');

for (const [what, meddle] of Object.entries(meddlers)) {
  test(`${what}: the sign-in ends on the account`, async ({ page }) => {
    await page.addInitScript(meddle);
    // The app comes late: whoever meddles was there before.
    await page.route('**/*.wasm', async (route) => {
      await page.waitForLoadState('domcontentloaded');
      await new Promise((done) => setTimeout(done, 1000));
      await route.continue();
    });
    await page.goto('/auth/login?provider=google');
    await atProvider(page);
    await expectAccount(page);
    // The pages that need no sign-in to be seen, and the way between them.
    await page.goto('/playground');
    await expect(heading(page, 'Playground')).toBeVisible();
    await page.getByRole('link', { name: 'Devices' }).click();
    await expect(heading(page, 'Your devices')).toBeVisible();
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
    await expect(heading(page, 'Sign in')).toBeVisible();
    await expect(signInLink(page, 'Google')).toHaveCount(1);
  });
}

test('an untouched page is taken over as it is, every one of them', async ({ page, traffic }) => {
  traffic.expectErrors(/status of 404 .*\/no-such-page/);
  const paths = ['/account', '/sessions', '/activity', '/playground', '/no-such-page'];
  for (const path of ['/', '/callback', '/callback?error=access_denied', ...paths]) {
    await page.goto(path);
    await expect.poll(() => started(page), path).toBe('hydrated');
  }
  await signIn(page);
  for (const path of ['/', ...paths]) {
    await page.goto(path);
    await expect.poll(() => started(page), path).toBe('hydrated');
  }
});
