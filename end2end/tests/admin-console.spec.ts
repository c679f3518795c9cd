// The administration console as a separate bundle: who loads it, and how it is opened.
import { ada, grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';

test.use({ serverConfig: { env: { LATCHKEY_ADMINS: `google:${ada}` } } });

/** The files of the console that the browser requested. */
const consoleFiles = (urls: readonly string[]) =>
  urls.map((url) => new URL(url).pathname).filter((path) => path.startsWith('/console/'));

test('an administrator opens the console from the navigation', async ({
  page,
  app,
  header,
  admin,
  traffic,
}) => {
  await app.signIn();
  expect(consoleFiles(traffic.urls), 'before the console is opened').toEqual([]);
  await header.banner.getByRole('link', { name: 'Administration' }).click();
  await admin.overview.expectOpen();
  await expect(page).toHaveURL('/admin');
  await expect(page).toHaveTitle('Overview · Administration · Latchkey');
  const files = consoleFiles(traffic.urls);
  for (const kind of [/\.js$/, /_bg\.wasm$/, /\.css$/]) {
    expect(files.filter((path) => kind.test(path))).toHaveLength(1);
  }
});

test('a user without the role downloads no file of the console', async ({
  page,
  app,
  header,
  traffic,
}) => {
  await app.signIn(grace);
  await expect(header.banner.getByRole('link', { name: 'Account' })).toBeVisible();
  await expect(header.banner.getByRole('link', { name: 'Administration' })).toHaveCount(0);
  await page.goto('/admin/users');
  await expect(page.getByText('This page is for administrators.')).toBeVisible();
  await page.getByRole('button', { name: 'Check again' }).click();
  await expect.poll(() => traffic.count('POST /auth/token')).toBeGreaterThan(1);
  await expect(page.getByText('This page is for administrators.')).toBeVisible();
  expect(consoleFiles(traffic.urls)).toEqual([]);
});
