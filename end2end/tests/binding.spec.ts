// A session is bound to a key of its browser (RFC 9449), so a copy of localStorage is not enough to
// use it.
import type { Page } from '@playwright/test';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';

import type { App } from '../fixtures/pages/app.ts';
import { grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { bearer, refreshOverHttp } from '../fixtures/tokens.ts';

/** Copies localStorage to another browser. */
async function copyStorage(from: Page, to: App): Promise<void> {
  const items = await from.evaluate(() => Object.entries(localStorage));
  await to.page.goto('/no-such-page');
  await to.page.evaluate((entries) => {
    for (const [key, value] of entries) localStorage.setItem(key, value);
  }, items);
}

test('57: the session is bound to a key that cannot be exported', async ({
  app,
  playgroundPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  expect((await storage.tokens()).bound).toBe(true);
  expect(await storage.key()).toEqual({ extractable: false });
  await playgroundPage.open();
  await playgroundPage.refresh();
  await playgroundPage.expectRefreshed();
  for (const { headers } of traffic.exchangesOf('POST /auth/token')) {
    expect(headers['dpop']).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  }
  // The page contained a nonce and each response contained the next one, so no request was refused.
  expect(traffic.count('NONCE /auth/token')).toBe(0);
  expect(traffic.exchanges.filter(({ status }) => status >= 400)).toEqual([]);
});

test('57: a copy of localStorage never gets a token, and the owner stays signed in', async ({
  page,
  request,
  app,
  playgroundPage,
  storage,
  newBrowser,
}) => {
  await app.signIn();
  await playgroundPage.open();
  const copy = await newBrowser();
  await copyStorage(page, copy);
  const statuses: number[] = [];
  copy.page.on('response', (response) => {
    if (new URL(response.url()).pathname === '/auth/token') statuses.push(response.status());
  });
  await copy.playgroundPage.goto();
  await copy.playgroundPage.refresh();
  await expect(copy.alert).toContainText(/lost the key to its session/i);
  await copy.storage.expectNoTokens();

  const { refresh_token } = await storage.tokens();
  expect(await refreshOverHttp(request, refresh_token)).toMatchObject({
    status: 400,
    code: 'key_mismatch',
  });
  expect(statuses).not.toContain(200);
  await playgroundPage.refresh();
  await playgroundPage.expectRefreshed();
});

test('57: a copy with a different key never gets a token', async ({
  app,
  playgroundPage,
  storage,
  newBrowser,
}) => {
  await app.signIn();
  const { refresh_token } = await storage.tokens();
  const thief = await newBrowser();
  await thief.signIn(grace);
  await thief.playgroundPage.open();
  await thief.page.evaluate((stolen) => {
    const tokens = JSON.parse(localStorage.getItem('latchkey.tokens') ?? '{}') as object;
    const value = JSON.stringify({ ...tokens, refresh_token: stolen });
    localStorage.setItem('latchkey.tokens', value);
  }, refresh_token);
  const response = thief.page.waitForResponse('**/auth/token');
  await thief.playgroundPage.refresh();
  expect((await response).status()).toBe(400);
  await expect(thief.alert).toContainText(/lost the key to its session/i);
  await playgroundPage.open();
  await playgroundPage.refresh();
  await playgroundPage.expectRefreshed();
});

/** Stores in IndexedDB a key whose private half an attacker knows. Returns that half. */
async function plantKey(page: Page): Promise<JsonWebKey> {
  return page.evaluate(async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey);
    const privateKey = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
    const planted = { privateKey, publicKey: pair.publicKey };
    await new Promise<void>((resolve, reject) => {
      const open = indexedDB.open('latchkey', 1);
      open.onupgradeneeded = () => open.result.createObjectStore('keys');
      open.onerror = reject;
      open.onsuccess = () => {
        const keys = open.result.transaction('keys', 'readwrite').objectStore('keys');
        const put = keys.put(planted, 'dpop');
        put.onerror = reject;
        put.onsuccess = () => {
          open.result.close();
          resolve();
        };
      };
    });
    return jwk;
  });
}

/** Sends a refresh request from outside the browser, with a proof signed with this key. */
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
  const response = await fetch(htu, {
    method: 'POST',
    headers: { dpop: `${input}.${signature.toString('base64url')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token }),
  });
  return (await response.json()) as object;
}

test('57, 88: a key that was planted before the sign-in is not used', async ({
  page,
  server,
  app,
  playgroundPage,
  storage,
}) => {
  await page.goto('/');
  const planted = await plantKey(page);
  await app.signIn();
  const { bound, refresh_token } = await storage.tokens();
  expect(bound).toBe(true);
  const response = await refreshWith(server.url, refresh_token, planted);
  expect(response).toMatchObject({ code: 'key_mismatch' });
  // A key that is planted after the sign-in is not used either.
  await plantKey(page);
  await page.reload();
  await playgroundPage.open();
  await playgroundPage.refresh();
  await playgroundPage.expectRefreshed();
});

test('a session of an earlier version keeps its key', async ({ page, app, playgroundPage }) => {
  await app.signIn();
  await page.evaluate(() => {
    const tokens = JSON.parse(localStorage.getItem('latchkey.tokens') ?? '') as object;
    localStorage.setItem('latchkey.tokens', JSON.stringify({ ...tokens, key: undefined }));
  });
  await page.reload();
  await playgroundPage.open();
  await playgroundPage.refresh();
  await playgroundPage.expectRefreshed();
});

for (const serverRuns of [true, false]) {
  test(`67: signing out removes the key, server ${serverRuns ? 'running' : 'stopped'}`, async ({
    server,
    app,
    header,
    storage,
    traffic,
  }) => {
    traffic.allowErrors(/^Failed to load resource: net::ERR_/);
    await app.signIn();
    expect(await storage.key()).not.toBeNull();
    if (!serverRuns) await server.stop();
    await header.signOut();
    await storage.expectNoTokens();
    await expect.poll(() => storage.key()).toBeNull();
  });
}

test('a lost key ends the session with its own message', async ({
  page,
  app,
  playgroundPage,
  storage,
}) => {
  await app.signIn();
  await playgroundPage.open();
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase('latchkey');
        request.onsuccess = resolve;
        request.onerror = reject;
        request.onblocked = reject;
      }),
  );
  await playgroundPage.refresh();
  await expect(app.alert).toContainText(
    'This browser has lost the key to its session. Sign in again.',
  );
  await storage.expectNoTokens();
  await app.signIn();
  expect((await storage.tokens()).bound).toBe(true);
});

test('signing in again after signing out binds to a new key', async ({
  app,
  header,
  storage,
  traffic,
}) => {
  const keyOf = (proof = '') =>
    (JSON.parse(Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString()) as { jwk: object })
      .jwk;
  const lastProof = () => traffic.exchangesOf('POST /auth/token').at(-1)?.headers['dpop'];
  await app.signIn();
  const first = keyOf(lastProof());
  await header.signOut();
  await app.expectSignedOut();
  await expect.poll(() => storage.key()).toBeNull();
  await app.signIn();
  const second = keyOf(lastProof());
  expect(second).not.toEqual(first);
});

const browsersThatCannotStoreAKey: Record<string, () => void> = {
  'without IndexedDB': () => {
    Object.defineProperty(window, 'indexedDB', { value: undefined });
  },
  // A full disk is reported when the transaction is committed, after the request has succeeded.
  'with a full disk': () => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (value: unknown, key?: IDBValidKey) {
      const request = put.call(this, value, key);
      request.addEventListener('success', () => request.transaction?.abort());
      return request;
    };
  },
};

for (const [name, prepare] of Object.entries(browsersThatCannotStoreAKey)) {
  test(`in a browser ${name}, the session is not bound, and everything works`, async ({
    context,
    app,
    header,
    devicesPage,
    playgroundPage,
    storage,
    traffic,
  }) => {
    await context.addInitScript(prepare);
    await app.signIn();
    expect((await storage.tokens()).bound ?? false).toBe(false);
    await devicesPage.open();
    await expect(devicesPage.thisDevice).toContainText(
      'A copy of this session would work on another device',
    );
    await playgroundPage.open();
    await playgroundPage.refresh();
    await playgroundPage.expectRefreshed();
    for (const { headers } of traffic.exchangesOf('POST /auth/token')) {
      expect(headers['dpop']).toBeUndefined();
    }
    await header.signOut();
    await storage.expectNoTokens();
  });
}

test.describe('with `binding = "off"`', () => {
  test.use({ serverConfig: { env: { LATCHKEY_TOKENS__BINDING: 'off' } } });

  test('sessions are not bound', async ({ request, app, storage, traffic }) => {
    await app.signIn();
    expect((await storage.tokens()).bound ?? false).toBe(false);
    expect(traffic.statuses('POST /auth/token')).toEqual([200]);
    const { refresh_token } = await storage.tokens();
    expect((await refreshOverHttp(request, refresh_token)).status).toBe(200);
  });
});

test.describe('with `binding = "required"`', () => {
  test.use({ serverConfig: { env: { LATCHKEY_TOKENS__BINDING: 'required' } } });

  test('57, 92: a browser that can store a key gets a bound session', async ({
    app,
    storage,
    traffic,
  }) => {
    await app.signIn();
    expect((await storage.tokens()).bound).toBe(true);
    expect(traffic.statuses('POST /auth/token')).toEqual([200]);
  });

  test('57, 92: a browser that cannot store a key shows why and is not signed in', async ({
    page,
    app,
    providerPage,
    callbackPage,
    storage,
  }) => {
    await page.addInitScript(() => {
      Object.defineProperty(window, 'indexedDB', { value: undefined });
    });
    await app.beginSignIn();
    await providerPage.signIn();
    await callbackPage.expectFailure();
    await expect(page.getByText(/this browser could not store one/)).toBeVisible();
    expect(await storage.read()).toBeNull();
  });
});

test.describe('with `binding = "full"`', () => {
  test.use({ serverConfig: { env: { LATCHKEY_TOKENS__BINDING: 'full' } } });

  test('58: requests carry a proof, and the token alone is refused', async ({
    request,
    app,
    header,
    playgroundPage,
    storage,
    traffic,
  }) => {
    await app.signIn();
    await playgroundPage.open();
    await playgroundPage.callWithToken();
    await expect(playgroundPage.newestEntry).toContainText(/GET \/api\/protected\s*→\s*200/);
    const headers = traffic.exchangesOf('GET /api/protected')[0]?.headers ?? {};
    expect(headers['authorization']).toMatch(/^DPoP eyJ/);
    expect(headers['dpop']).toBeTruthy();
    const { access_token } = await storage.tokens();
    const response = await request.get('/api/protected', { headers: bearer(access_token) });
    expect(response.status()).toBe(401);
    await expect.poll(() => traffic.statuses('STREAM /api/events')).toContain(200);
    await header.signOut();
    await storage.expectNoTokens();
    await expect.poll(() => traffic.statuses('POST /auth/logout')).toEqual([204]);
  });

  test('58: thirty parallel requests have thirty different proofs', async ({
    app,
    playgroundPage,
    traffic,
  }) => {
    await app.signIn();
    await playgroundPage.open();
    traffic.reset();
    await playgroundPage.call30Times();
    await expect.poll(() => traffic.statuses('GET /api/protected')).toHaveLength(30);
    const exchanges = traffic.exchangesOf('GET /api/protected');
    expect(exchanges.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(exchanges.map(({ headers }) => headers['dpop'])).size).toBe(30);
  });
});
