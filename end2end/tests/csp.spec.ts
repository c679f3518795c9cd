// SECURITY 62: the Content-Security-Policy is enforced, and the pages comply with it.
import type { BrowserContext } from '@playwright/test';

import { expect, test } from '../fixtures/test.ts';

/** Collects the policy violations that the browser reports, on every page. */
async function collectViolations(context: BrowserContext): Promise<string[]> {
  const violations: string[] = [];
  await context.exposeFunction('reportViolation', (text: string) => violations.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const { reportViolation } = window as unknown as { reportViolation: (text: string) => void };
      reportViolation(`${event.effectiveDirective} ${event.blockedURI} on ${location.pathname}`);
    });
  });
  return violations;
}

test('62: no page violates the policy in normal use', async ({
  page,
  context,
  app,
  signInPage,
  callbackPage,
  notFoundPage,
  accountPage,
  playgroundPage,
  traffic,
}) => {
  traffic.allowErrors(/status of 404 .*\/no-such-page/);
  const violations = await collectViolations(context);
  await signInPage.goto();
  await page.goto('/callback?error=access_denied');
  await callbackPage.expectFailure();
  await notFoundPage.goto();
  await app.signIn();
  await page.reload();
  await accountPage.expectUser();
  await playgroundPage.open();
  await playgroundPage.callWithToken();
  await playgroundPage.refresh();
  await page.reload();
  await playgroundPage.expectOpen();
  expect(violations).toEqual([]);
});

test.describe('with markup injected into the page', () => {
  test.beforeEach(({ traffic }) => traffic.allowErrors(/Content Security Policy|hydrat/i));

  test('62: inline scripts and event handlers do not run', async ({
    page,
    context,
    signInPage,
  }) => {
    const violations = await collectViolations(context);
    await page.route('/', async (route) => {
      const response = await route.fetch();
      const injected =
        '<script>window.injected = "script"</script>' +
        '<img src="data:," alt="" onerror="window.injected = \'handler\'">';
      const html = await response.text();
      await route.fulfill({ response, body: html.replace('</body>', `${injected}</body>`) });
    });
    await signInPage.goto();
    await expect.poll(() => violations.length).toBeGreaterThanOrEqual(2);
    expect(await page.evaluate(() => 'injected' in window)).toBe(false);
  });

  test('62: script elements, HTML strings and eval are refused', async ({ page, signInPage }) => {
    await signInPage.goto();
    const succeeded = await page.evaluate(() => {
      const attempts = {
        script: () => {
          const script = document.createElement('script');
          script.textContent = 'window.injected = 1';
          document.head.append(script);
        },
        html: () => (document.body.innerHTML += '<img src="data:," onerror="window.injected = 1">'),
        eval: () => eval('window.injected = 1') as unknown,
      };
      const succeeds = ([, attempt]: [string, () => unknown]) => {
        try {
          attempt();
          return true;
        } catch {
          return false;
        }
      };
      // The attempts run in a task of the page, because code that DevTools evaluates may use `eval`
      // under any policy.
      return new Promise<string[]>((resolve) => {
        setTimeout(() => {
          resolve(Object.entries(attempts).filter(succeeds).map(([name]) => name));
        });
      });
    });
    expect(succeeded).toEqual([]);
    expect(await page.evaluate(() => 'injected' in window)).toBe(false);
  });
});

test('62: each page load has a new nonce', async ({ request }) => {
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
  traffic.allowErrors(/frame-ancestors/);
  await page.goto(`${google.issuer}/.well-known/openid-configuration`);
  await page.evaluate((url) => {
    const frame = document.createElement('iframe');
    frame.src = url;
    document.body.append(frame);
  }, server.url);
  const frame = () => page.frames().find((it) => it !== page.mainFrame());
  await expect.poll(() => frame()?.url() ?? '').toContain('chrome-error:');
});
