// The session is bound to a key of this browser (RFC 9449): a copy of localStorage is no session.
import type { Browser, Page } from '@playwright/test';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';

import { openDevices, thisDevice } from '../fixtures/devices.ts';
import {
  alert,
  atProvider,
  bearer,
  button,
  expectSignedOut,
  heading,
  openPlayground,
  refreshByHand,
  signIn,
  signInLink,
  storedTokens,
  timeline,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

/** What lies in IndexedDB: whether there is a key, and whether it could be taken out. */
const keyIn = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<{ extractable: boolean } | null>((found, failed) => {
        const open = indexedDB.open('latchkey', 1);
        open.onupgradeneeded = () => open.result.createObjectStore('keys');
        open.onerror = () => failed(new Error('IndexedDB does not open'));
        open.onsuccess = () => {
          const get = open.result.transaction('keys').objectStore('keys').get('dpop');
          get.onerror = () => failed(new Error('IndexedDB cannot be read'));
          get.onsuccess = () => {
            open.result.close();
            const pair = get.result as CryptoKeyPair | undefined;
            found(pair === undefined ? null : { extractable: pair.privateKey.extractable });
          };
        };
      }),
  );

/** Another browser, with a copy of everything that localStorage holds. */
async function copyOf(page: Page, browser: Browser): Promise<Page> {
  const items = await page.evaluate(() => Object.entries(localStorage));
  const context = await browser.newContext({ baseURL: new URL(page.url()).origin });
  const copy = await context.newPage();
  await copy.goto('/no-such-page');
  await copy.evaluate((entries) => {
    for (const [key, value] of entries) localStorage.setItem(key, value);
  }, items);
  return copy;
}

test('57: the session is bound to a key that cannot be taken out', async ({ page, traffic }) => {
  await signIn(page);
  expect((await tokensOf(page)).bound).toBe(true);
  expect(await keyIn(page)).toEqual({ extractable: false });
  await openPlayground(page);
  await button(page, 'Refresh now').click();
  await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
  for (const { headers } of traffic.of('POST /auth/token')) {
    expect(headers['dpop']).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  }
  // The nonce came with the page, and a later one with each answer: no request was refused.
  expect(traffic.count('NONCE /auth/token')).toBe(0);
  expect(traffic.exchanges.filter(({ status }) => status >= 400)).toEqual([]);
});

test('57: a copy of localStorage never gets a token, and the owner goes on', async ({
  page,
  browser,
  request,
}) => {
  await signIn(page);
  await openPlayground(page);
  const copy = await copyOf(page, browser);
  const answers: number[] = [];
  copy.on('response', (response) => {
    if (new URL(response.url()).pathname === '/auth/token') answers.push(response.status());
  });
  await copy.goto('/playground');
  await button(copy, 'Refresh now').click();
  await expect(alert(copy)).toContainText(/lost the key of its session/i);
  await expect.poll(() => storedTokens(copy)).toBeNull();

  const { refresh_token } = await tokensOf(page);
  expect(await refreshByHand(request, refresh_token)).toMatchObject({
    status: 400,
    code: 'key_mismatch',
  });
  expect(answers).not.toContain(200);
  await button(page, 'Refresh now').click();
  await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
  await copy.context().close();
});

test('57: a copy with a key of its own never gets a token either', async ({ page, browser }) => {
  await signIn(page);
  const { refresh_token } = await tokensOf(page);
  const context = await browser.newContext({ baseURL: new URL(page.url()).origin });
  const thief = await context.newPage();
  await signIn(thief, 'grace.hopper@example.org');
  await openPlayground(thief);
  await thief.evaluate((stolen) => {
    const tokens = JSON.parse(localStorage.getItem('latchkey.tokens') ?? '{}') as object;
    const value = JSON.stringify({ ...tokens, refresh_token: stolen });
    localStorage.setItem('latchkey.tokens', value);
  }, refresh_token);
  const answer = thief.waitForResponse('**/auth/token');
  await button(thief, 'Refresh now').click();
  expect((await answer).status()).toBe(400);
  await expect(alert(thief)).toContainText(/lost the key of its session/i);
  await openPlayground(page);
  await button(page, 'Refresh now').click();
  await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
  await context.close();
});

/** Puts a key into IndexedDB whose private half is known elsewhere, and gives it. */
async function plantKey(page: Page): Promise<JsonWebKey> {
  return page.evaluate(async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const made = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const jwk = await crypto.subtle.exportKey('jwk', made.privateKey);
    const privateKey = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
    const planted = { privateKey, publicKey: made.publicKey };
    await new Promise<void>((done, failed) => {
      const open = indexedDB.open('latchkey', 1);
      open.onupgradeneeded = () => open.result.createObjectStore('keys');
      open.onerror = failed;
      open.onsuccess = () => {
        const keys = open.result.transaction('keys', 'readwrite').objectStore('keys');
        const put = keys.put(planted, 'dpop');
        put.onerror = failed;
        put.onsuccess = () => {
          open.result.close();
          done();
        };
      };
    });
    return jwk;
  });
}

/** A refresh from outside of the browser, with a proof by this key. */
async function refreshWith(url: string, refresh_token: string, jwk: JsonWebKey): Promise<object> {
  const { kty, crv, x, y } = jwk as Record<string, string>;
  const key = createPrivateKey({ key: jwk as never, format: 'jwk' });
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const htu = `${url}/auth/token`;
  const probe = await fetch(htu, { method: 'POST' });
  const claims = {
    ...{ jti: randomUUID(), htm: 'POST', htu, iat: Math.floor(Date.now() / 1000) },
    nonce: probe.headers.get('dpop-nonce'),
  };
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  const answer = await fetch(htu, {
    method: 'POST',
    headers: { dpop: `${input}.${signature.toString('base64url')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token }),
  });
  return (await answer.json()) as object;
}

test('57, 88: a key that was planted before the sign-in binds nothing', async ({ page, server }) => {
  await page.goto('/');
  const planted = await plantKey(page);
  await signIn(page);
  const { bound, refresh_token } = await tokensOf(page);
  expect(bound).toBe(true);
  const answer = await refreshWith(server.url, refresh_token, planted);
  expect(answer).toMatchObject({ code: 'key_mismatch' });
  // Nor does one that is planted when somebody is signed in already.
  await plantKey(page);
  await page.reload();
  await openPlayground(page);
  await button(page, 'Refresh now').click();
  await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
});

test('a session of an earlier version goes on with its key', async ({ page }) => {
  await signIn(page);
  await page.evaluate(() => {
    const tokens = JSON.parse(localStorage.getItem('latchkey.tokens') ?? '') as object;
    localStorage.setItem('latchkey.tokens', JSON.stringify({ ...tokens, key: undefined }));
  });
  await page.reload();
  await openPlayground(page);
  await button(page, 'Refresh now').click();
  await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
});

for (const away of [false, true]) {
  test(`67: signing out removes the key, server ${away ? 'away' : 'there'}`, async ({
    page,
    server,
    traffic,
  }) => {
    traffic.expectErrors(/^Failed to load resource: net::ERR_/);
    await signIn(page);
    expect(await keyIn(page)).not.toBeNull();
    if (away) await server.stop();
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
    await expect.poll(() => storedTokens(page)).toBeNull();
    await expect.poll(() => keyIn(page)).toBeNull();
  });
}

test('a key that is gone ends the session with its own message', async ({ page }) => {
  await signIn(page);
  await openPlayground(page);
  await page.evaluate(
    () =>
      new Promise((done, failed) => {
        const request = indexedDB.deleteDatabase('latchkey');
        request.onsuccess = done;
        request.onerror = failed;
        request.onblocked = failed;
      }),
  );
  await button(page, 'Refresh now').click();
  await expect(alert(page)).toContainText(
    'This browser lost the key of its session. Sign in again.',
  );
  await expect.poll(() => storedTokens(page)).toBeNull();
  await signIn(page);
  expect((await tokensOf(page)).bound).toBe(true);
});

test('signing in again after signing out binds to a new key', async ({ page, traffic }) => {
  const keyOf = (proof = '') =>
    (JSON.parse(Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString()) as { jwk: object })
      .jwk;
  await signIn(page);
  const first = keyOf(traffic.of('POST /auth/token').at(-1)?.headers['dpop']);
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  await expect.poll(() => keyIn(page)).toBeNull();
  await signIn(page);
  const second = keyOf(traffic.of('POST /auth/token').at(-1)?.headers['dpop']);
  expect(second).not.toEqual(first);
});

test.describe('in a browser without IndexedDB', () => {
  test.beforeEach(async ({ context }) => {
    await context.addInitScript(() => {
      Object.defineProperty(window, 'indexedDB', { value: undefined });
    });
  });

  test('the session is a plain one, and everything works', async ({ page, traffic }) => {
    await signIn(page);
    expect((await tokensOf(page)).bound ?? false).toBe(false);
    await openDevices(page);
    await expect(thisDevice(page)).toContainText('Not bound to a key');
    await openPlayground(page);
    await button(page, 'Refresh now').click();
    await expect(timeline(page).first()).toContainText(/POST \/auth\/token\s*→\s*200 refreshed/);
    for (const { headers } of traffic.of('POST /auth/token')) {
      expect(headers['dpop']).toBeUndefined();
    }
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
    await expect.poll(() => storedTokens(page)).toBeNull();
  });
});

test.describe('with binding switched off', () => {
  test.use({ setup: { env: { LATCHKEY_TOKENS__BINDING: 'off' } } });

  test('sessions are plain', async ({ page, request, traffic }) => {
    await signIn(page);
    expect((await tokensOf(page)).bound ?? false).toBe(false);
    expect(traffic.statuses('POST /auth/token')).toEqual([200]);
    const { refresh_token } = await tokensOf(page);
    expect((await refreshByHand(request, refresh_token)).status).toBe(200);
  });
});

test.describe('where a key is required', () => {
  test.use({ setup: { env: { LATCHKEY_TOKENS__BINDING: 'required' } } });

  test('57, 92: a browser that keeps one is signed in, bound', async ({ page, traffic }) => {
    await signIn(page);
    expect((await tokensOf(page)).bound).toBe(true);
    expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  });

  test('57, 92: a browser that cannot keep one is told so, and not signed in', async ({ page }) => {
    await page.addInitScript(() => {
      Object.defineProperty(window, 'indexedDB', { value: undefined });
    });
    await page.goto('/');
    await signInLink(page, 'Google').click();
    await atProvider(page);
    await expect(heading(page, 'Sign-in failed')).toBeVisible();
    await expect(page.getByText(/this browser could not store one/)).toBeVisible();
    expect(await storedTokens(page)).toBeNull();
  });
});

test.describe('with access tokens bound as well', () => {
  test.use({ setup: { env: { LATCHKEY_TOKENS__BINDING: 'full' } } });

  test('58: calls carry a proof, and the token alone is refused', async ({
    page,
    request,
    traffic,
  }) => {
    await signIn(page);
    await openPlayground(page);
    await button(page, 'Call protected with token').click();
    await expect(timeline(page).first()).toContainText(/GET \/api\/protected\s*→\s*200/);
    const headers = traffic.of('GET /api/protected')[0]?.headers ?? {};
    expect(headers['authorization']).toMatch(/^DPoP eyJ/);
    expect(headers['dpop']).toBeTruthy();
    const { access_token } = await tokensOf(page);
    const call = await request.get('/api/protected', { headers: bearer(access_token) });
    expect(call.status()).toBe(401);
    await expect.poll(() => traffic.statuses('STREAM /api/events')).toContain(200);
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
    await expect.poll(() => storedTokens(page)).toBeNull();
    await expect.poll(() => traffic.statuses('POST /auth/logout')).toEqual([204]);
  });

  test('58: thirty calls at once have thirty proofs', async ({ page, traffic }) => {
    await signIn(page);
    await openPlayground(page);
    await expect(heading(page, 'Playground')).toBeVisible();
    traffic.forget();
    await button(page, '30 calls at once').click();
    await expect.poll(() => traffic.statuses('GET /api/protected')).toHaveLength(30);
    const calls = traffic.of('GET /api/protected');
    expect(calls.every((it) => it.status === 200)).toBe(true);
    expect(new Set(calls.map((it) => it.headers['dpop'])).size).toBe(30);
  });
});
