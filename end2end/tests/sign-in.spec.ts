// Signing in through a provider: the first time, again, from a deep link, with a second provider.
import {
  ada,
  atProvider,
  button,
  expectAccount,
  grace,
  heading,
  link,
  openPlayground,
  signIn,
  signInLink,
  storedTokens,
  timeline,
  tokensOf,
} from '../fixtures/pages.ts';
import { expect, test } from '../fixtures/test.ts';

test('a first sign-in leads to the account, with the name and email of the provider', async ({
  page,
}) => {
  await page.goto('/');
  await expect(heading(page, 'Sign in')).toBeVisible();
  expect(await storedTokens(page)).toBeNull();
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await expectAccount(page, ada);
  await expect(page.getByRole('main')).toContainText('Ada Lovelace');
  await expect(page.getByRole('banner').getByRole('button', { name: 'Sign out' })).toBeVisible();
});

test('the sign-in is one exchange: one code, one POST to the token endpoint', async ({
  page,
  traffic,
}) => {
  await signIn(page);
  expect(traffic.statuses('GET /auth/login')).toEqual([303]);
  expect(traffic.statuses('POST /auth/token')).toEqual([200]);
});

test('a reload stays signed in, without another sign-in or refresh', async ({ page, traffic }) => {
  await signIn(page);
  const before = await tokensOf(page);
  traffic.forget();
  await page.reload();
  await expectAccount(page);
  expect(await tokensOf(page)).toEqual(before);
  expect(traffic.count('POST /auth/token')).toBe(0);
});

test('a tab opened later is signed in too, and the start page leads on', async ({
  page,
  context,
}) => {
  await signIn(page);
  const second = await context.newPage();
  await second.goto('/');
  const account = heading(second, 'Your account');
  const onward = second.getByRole('main').getByRole('link', { name: /account/i });
  await expect(account.or(onward).first()).toBeVisible();
  await second.goto('/account');
  await expectAccount(second);
});

test('a protected call works', async ({ page, traffic }) => {
  await signIn(page);
  await openPlayground(page);
  traffic.forget();
  await button(page, 'Call protected with token').click();
  await expect(timeline(page).first()).toContainText(/GET \/api\/protected\s*→\s*200/);
  expect(traffic.statuses('GET /api/protected')).toEqual([200]);
});

test('a deep link when signed out leads through the sign-in and back there', async ({ page }) => {
  await page.goto('/account');
  await expect(heading(page, 'Sign in')).toBeVisible();
  await expect(page).toHaveURL('/?return_to=/account');
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await expectAccount(page);
});

test('the place to return to is carried through the provider', async ({ page }) => {
  await page.goto('/?return_to=/playground');
  await signInLink(page, 'Google').click();
  await atProvider(page);
  await expect(heading(page, 'Playground')).toBeVisible();
  await expect(page).toHaveURL('/playground');
});

for (const evil of ['https://evil.example/', '//evil.example', '/\\evil.example', '/%2F/evil']) {
  test(`14: return_to=${evil} leads nowhere else`, async ({ page, server }) => {
    await page.goto(`/?return_to=${encodeURIComponent(evil)}`);
    await signInLink(page, 'Google').click();
    const provider = heading(page, 'Choose an account');
    const refusal = heading(page, 'Sign-in failed');
    await expect(provider.or(refusal)).toBeVisible();
    if (await provider.isVisible()) {
      await atProvider(page);
      await expect(heading(page, 'Your account')).toBeVisible();
    }
    expect(new URL(page.url()).origin).toBe(server.url);
  });
}

test('a second provider works as the first does', async ({ page }) => {
  await signIn(page, grace, 'Example Inc.');
  await expect(page.getByRole('main')).toContainText('Grace Hopper');
});

test('11: the same email at two providers is not the same account', async ({ page, browser }) => {
  const subject = async (label: string) => {
    const context = await browser.newContext({ baseURL: new URL(page.url()).origin });
    const tab = await context.newPage();
    await signIn(tab, ada, label);
    const { access_token } = await tokensOf(tab);
    const me = await context.request.get('/api/me', {
      headers: { authorization: `Bearer ${access_token}` },
    });
    const { sub } = (await me.json()) as { sub: string };
    await context.close();
    return sub;
  };
  await page.goto('/');
  const first = await subject('Google');
  expect(await subject('Google')).toBe(first);
  expect(await subject('Example Inc.')).not.toBe(first);
});

test('the keyboard alone is enough to begin a sign-in', async ({ page }) => {
  await page.goto('/');
  const google = signInLink(page, 'Google');
  await expect(google).toBeVisible();
  await expect(async () => {
    await page.keyboard.press('Tab');
    await expect(google).toBeFocused({ timeout: 100 });
  }).toPass();
  await page.keyboard.press('Enter');
  await expect(heading(page, 'Choose an account')).toBeVisible();
});

test('each page leads to the others', async ({ page }) => {
  await signIn(page);
  await openPlayground(page);
  await expect(page).toHaveURL('/playground');
  await link(page, 'Account').click();
  await expectAccount(page);
});
