// SECURITY 62: the Content-Security-Policy holds, and the pages themselves keep to it.
import type { BrowserContext } from '@playwright/test';

import { button, expectAccount, heading, openPlayground, signIn } from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

/** Collects what the browser reports as violations of the policy, in every page. */
async function violations(context: BrowserContext): Promise<string[]> {
  const seen: string[] = [];
  await context.exposeFunction('reportViolation', (text: string) => seen.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const { reportViolation } = window as unknown as { reportViolation: (text: string) => void };
      reportViolation(`${event.effectiveDirective} ${event.blockedURI} on ${location.pathname}`);
    });
  });
  return seen;
}

test('62: a normal visit of every page violates nothing', async ({ page, context, traffic }) => {
  traffic.expectErrors(/status of 404 .*\/no-such-page/);
  const seen = await violations(context);
  await page.goto('/');
  await expect(heading(page, 'Sign in')).toBeVisible();
  await page.goto('/callback?error=access_denied');
  await expect(heading(page, 'Sign-in failed')).toBeVisible();
  await page.goto('/no-such-page');
  await expect(heading(page, 'Page not found')).toBeVisible();
  await signIn(page);
  await page.reload();
  await expectAccount(page);
  await openPlayground(page);
  await button(page, 'Call protected with token').click();
  await button(page, 'Refresh now').click();
  await page.reload();
  await expect(heading(page, 'Playground')).toBeVisible();
  expect(seen).toEqual([]);
});

test.describe('with markup injected into the page', () => {
  test.beforeEach(({ traffic }) => traffic.expectErrors(/Content Security Policy|hydrat/i));

  test('62: neither an inline script nor an event handler runs', async ({ page, context }) => {
    const seen = await violations(context);
    await page.route('/', async (route) => {
      const response = await route.fetch();
      const injected =
        '<script>window.injected = "script"</script>' +
        '<img src="data:," alt="" onerror="window.injected = \'handler\'">';
      const html = await response.text();
      await route.fulfill({ response, body: html.replace('</body>', `${injected}</body>`) });
    });
    await page.goto('/');
    await expect(heading(page, 'Sign in')).toBeVisible();
    await expect.poll(() => seen.length).toBeGreaterThanOrEqual(2);
    expect(await page.evaluate(() => 'injected' in window)).toBe(false);
  });

  test('62: a script element made by script, and HTML given as text, are refused', async ({
    page,
  }) => {
    await page.goto('/');
    await expect(heading(page, 'Sign in')).toBeVisible();
    const ran = await page.evaluate(() => {
      const attempts = {
        script: () => {
          const script = document.createElement('script');
          script.textContent = 'window.injected = 1';
          document.head.append(script);
        },
        html: () => (document.body.innerHTML += '<img src="data:," onerror="window.injected = 1">'),
        eval: () => eval('window.injected = 1') as unknown,
      };
      const passes = ([, attempt]: [string, () => unknown]) => {
        try {
          attempt();
          return true;
        } catch {
          return false;
        }
      };
      // In a task of the page's own: what DevTools evaluates may use `eval` under any policy.
      return new Promise<string[]>((done) => {
        setTimeout(() => done(Object.entries(attempts).filter(passes).map(([name]) => name)));
      });
    });
    expect(ran).toEqual([]);
    expect(await page.evaluate(() => 'injected' in window)).toBe(false);
  });
});

test('62: each page load has a nonce of its own', async ({ request }) => {
  const nonce = async () => {
    const policy = (await request.get('/')).headers()['content-security-policy'] ?? '';
    expect(policy).not.toMatch(/'unsafe-(inline|eval)'/);
    return /'nonce-([^']+)'/.exec(policy)?.[1];
  };
  const first = await nonce();
  expect(first).toBeTruthy();
  expect(await nonce()).not.toBe(first);
});

test('17: the sign-in page cannot be framed', async ({ page, google, server, traffic }) => {
  traffic.expectErrors(/frame-ancestors/);
  await page.goto(`${google.issuer}/.well-known/openid-configuration`);
  await page.evaluate((url) => {
    const frame = document.createElement('iframe');
    frame.src = url;
    document.body.append(frame);
  }, server.url);
  const frame = () => page.frames().find((it) => it !== page.mainFrame());
  await expect.poll(() => frame()?.url() ?? '').toContain('chrome-error:');
});
