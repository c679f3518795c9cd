// Signing out really signs out: in the browser, on the server, and for copies of the tokens.
import {
  alert,
  bearer,
  button,
  expectSignedOut,
  openPlayground,
  refreshByHand,
  signIn,
  storedTokens,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('signing out empties localStorage and leads to the sign-in page', async ({ page }) => {
  await signIn(page);
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
  await page.goto('/account');
  await expectSignedOut(page);
});

test('the playground logs out as well', async ({ page }) => {
  await signIn(page);
  await openPlayground(page);
  await button(page, 'Log out').click();
  await expect.poll(() => storedTokens(page)).toBeNull();
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
});

test('the old tokens are refused over HTTP', async ({ page, request }) => {
  await signIn(page);
  const old = await tokensOf(page);
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  const call = await request.get('/api/protected', { headers: bearer(old.access_token) });
  expect(call.status()).toBe(401);
  expect(call.headers()['www-authenticate']).toContain('error="invalid_token"');
  expect(((await call.json()) as { code: string }).code).toBe('token_revoked');
  expect(await refreshByHand(request, old.refresh_token)).toMatchObject({
    status: 400,
    error: 'invalid_grant',
  });
});

for (const path of ['/account', '/playground']) {
  test(`the old tokens put back by hand are refused on ${path}`, async ({ page, traffic }) => {
    await signIn(page);
    const old = await page.evaluate(() => localStorage.getItem('latchkey.tokens') ?? '');
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
    await expectSignedOut(page);
    traffic.forget();
    await page.evaluate((value) => localStorage.setItem('latchkey.tokens', value), old);
    await page.goto(path);
    if (path === '/playground') await button(page, 'Call protected with token').click();
    await expect(alert(page)).toContainText(/signed out/i);
    await expect.poll(() => storedTokens(page)).toBeNull();
    const answers = traffic.exchanges.filter((it) => /^(GET \/api|POST \/auth)\//.test(it.call));
    expect(answers.map((it) => it.status)).not.toContain(200);
  });
}

test('signing out ends this session only', async ({ page, browser, request }) => {
  await signIn(page);
  const other = await browser.newContext({ baseURL: new URL(page.url()).origin });
  const tab = await other.newPage();
  await signIn(tab);
  const kept = await tokensOf(tab);
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  const call = await request.get('/api/protected', { headers: bearer(kept.access_token) });
  expect(call.status()).toBe(200);
  await other.close();
});

test('signing in again after signing out works, as another account too', async ({ page }) => {
  await signIn(page);
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await expectSignedOut(page);
  await signIn(page, 'grace.hopper@example.org');
  await expect(page.getByRole('main')).not.toContainText('Ada Lovelace');
});
