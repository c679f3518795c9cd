// Translators, extensions and proxies modify a page before the app hydrates it. The app works anyway.
import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures/test.ts';

/** Modifications, which run in the page. */
const modifications: Record<string, () => void> = {
  'a translator wraps texts': () => {
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
  'an extension inserts an element at the start of the body': () => {
    const observer = new MutationObserver(() => {
      if (!document.body?.firstChild) return;
      observer.disconnect();
      document.body.prepend(document.createElement('div'));
    });
    observer.observe(document, { childList: true, subtree: true });
  },
  'an extension inserts an element at the start of the app': () => {
    const observer = new MutationObserver(() => {
      const app = document.getElementById('app');
      if (!app?.firstChild) return;
      observer.disconnect();
      app.prepend(document.createElement('div'));
    });
    observer.observe(document, { childList: true, subtree: true });
  },
  'a proxy removes comments': () => {
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

/** How the app started: `hydrated`, or `rendered` if the page was modified. */
const startMode = (page: Page) => page.locator('html').getAttribute('data-app');

for (const [modification, modify] of Object.entries(modifications)) {
  test(`${modification}: the pages work`, async ({
    page,
    header,
    signInPage,
    providerPage,
    accountPage,
    devicesPage,
    playgroundPage,
  }) => {
    await page.addInitScript(modify);
    // Delays the app until the modification is done.
    await page.route('**/*.wasm', async (route) => {
      await page.waitForLoadState('domcontentloaded');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await route.continue();
    });
    await page.goto('/auth/login?provider=google');
    await providerPage.signIn();
    await accountPage.expectUser();
    await playgroundPage.goto();
    await devicesPage.open();
    await header.signOut();
    await signInPage.expectOpen();
    await expect(signInPage.providerLink('Google')).toHaveCount(1);
  });
}

test('every unmodified page is hydrated', async ({ page, app, traffic }) => {
  traffic.allowErrors(/status of 404 .*\/no-such-page/);
  const paths = ['/account', '/sessions', '/activity', '/playground', '/no-such-page'];
  for (const path of ['/', '/callback', '/callback?error=access_denied', ...paths]) {
    await page.goto(path);
    await expect.poll(() => startMode(page), path).toBe('hydrated');
  }
  await app.signIn();
  for (const path of ['/', ...paths]) {
    await page.goto(path);
    await expect.poll(() => startMode(page), path).toBe('hydrated');
  }
});
