// The account page: the ways to sign in, downloading the data, and deleting the account.
import { readFile } from 'node:fs/promises';

import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import { ada, grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { claims } from '../fixtures/tokens.ts';

const work = 'Example Inc.';

test('97: a second way to sign in is added, and leads to the same account', async ({
  app,
  accountPage,
  providerPage,
  storage,
  newBrowser,
}) => {
  await app.signIn();
  const subject = claims((await storage.tokens()).access_token)['sub'];
  await expect(accountPage.wayItems).toHaveCount(1);
  await expect(accountPage.way('Google')).toContainText(ada);
  await expect(accountPage.way('Google')).toContainText('This session');
  await expect(accountPage.way('Google').getByRole('button')).toHaveCount(0);

  await accountPage.button(`Add ${work}`).click();
  await providerPage.signIn(grace);
  await accountPage.expectUser();
  await expect(accountPage.wayItems).toHaveCount(2);
  await expect(accountPage.way(work)).toContainText(grace);
  await expect(accountPage.button(`Add ${work}`)).toHaveCount(0);
  await expectAccessible(app.page);

  const other = await newBrowser();
  await other.beginSignIn(work);
  await other.providerPage.signIn(grace);
  await other.accountPage.expectOpen();
  await expect(other.accountPage.way(work)).toContainText('This session');
  expect(claims((await other.storage.tokens()).access_token)['sub']).toBe(subject);

  // Removing it signs out the browser that used it, and only that one.
  await accountPage.remove(work);
  await expect(accountPage.status).toContainText('Removed.');
  await expect(accountPage.status).toBeFocused();
  await expect(accountPage.wayItems).toHaveCount(1);
  await other.expectSessionEnded();
  await storage.expectTokens();
});

test('97: an identity that belongs to another account is not added', async ({
  app,
  accountPage,
  providerPage,
  newBrowser,
}) => {
  const other = await newBrowser();
  await other.signIn(grace, work);
  await app.signIn();
  await accountPage.button(`Add ${work}`).click();
  await providerPage.signIn(grace);
  await expect(app.page.getByRole('heading', { level: 1 })).toHaveText('Nothing was added');
  await expect(app.page.getByRole('main')).toContainText('already belongs to another account');
  await expectAccessible(app.page);
  await accountPage.link('Back to your account').click();
  await expect(accountPage.wayItems).toHaveCount(1);
});

test('canceling at the provider adds nothing', async ({ app, accountPage, providerPage }) => {
  await app.signIn();
  await accountPage.button(`Add ${work}`).click();
  await providerPage.expectOpen();
  await providerPage.cancel();
  await expect(app.page.getByRole('heading', { level: 1 })).toHaveText('Nothing was added');
  await accountPage.link('Back to your account').click();
  await expect(accountPage.wayItems).toHaveCount(1);
});

test('the data is downloaded as JSON', async ({ page, app, accountPage }) => {
  await app.signIn();
  const downloading = page.waitForEvent('download');
  await accountPage.button('Download your data').click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('account.json');
  const data = JSON.parse(await readFile(await download.path(), 'utf8')) as {
    identities: { email: string }[];
    sessions: unknown[];
  };
  expect(data.identities.map(({ email }) => email)).toEqual([ada]);
  expect(data.sessions).toHaveLength(1);
  await expect(accountPage.status).toHaveText('Your data was downloaded.');
});

test('the account is deleted with the keyboard alone, after a typed confirmation', async ({
  page,
  app,
  accountPage,
  storage,
  traffic,
}) => {
  await app.signIn();
  const subject = claims((await storage.tokens()).access_token)['sub'];
  await accountPage.confirmation.focus();
  await page.keyboard.type('yes');
  await page.keyboard.press('Enter');
  await expect(accountPage.confirmation).toBeFocused();
  await expect(accountPage.confirmation).toHaveAttribute('aria-invalid', 'true');
  await expect(accountPage.confirmation).toHaveAccessibleDescription('Type “delete” to confirm.');
  await expectAccessible(page);
  expect(traffic.count('DELETE /api/account')).toBe(0);

  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('delete');
  await page.keyboard.press('Tab');
  await expect(accountPage.button('Delete account')).toBeFocused();
  await page.keyboard.press('Enter');
  await app.expectSignedOut();
  expect(traffic.statuses('DELETE /api/account')).toEqual([204]);

  await app.signIn();
  expect(claims((await storage.tokens()).access_token)['sub']).not.toBe(subject);
});

test('after an old sign-in, a step-up comes first and the deletion is resumed', async ({
  app,
  accountPage,
  devicesPage,
  providerPage,
  traffic,
}) => {
  await app.signIn();
  await devicesPage.requireStepUpOnce('/api/account', 'DELETE');
  await accountPage.confirmation.fill('delete');
  await accountPage.button('Delete account').click();
  await providerPage.signIn();
  await app.expectSignedOut();
  expect(traffic.statuses('DELETE /api/account')).toEqual([401, 204]);
});

test('the sections have names, and nothing is cut off on a narrow screen', async ({
  page,
  app,
  accountPage,
}) => {
  await app.signIn();
  await expect(accountPage.wayItems).toHaveCount(1);
  await expect(accountPage.ways).toMatchAriaSnapshot(`
    - region "Ways to sign in":
      - heading "Ways to sign in" [level=2]
      - list:
        - listitem:
          - heading "Google" [level=3]
          - text: This session
          - list:
            - listitem: ${ada}
            - listitem: /Added .*/
          - paragraph: The only way to sign in cannot be removed.
      - paragraph: /Add another way to sign in/
      - button "Add ${work}"
  `);
  await expect(accountPage.data).toMatchAriaSnapshot(`
    - region "Your data":
      - heading "Your data" [level=2]
      - heading "Download" [level=3]
      - paragraph
      - button "Download your data"
      - heading "Delete your account" [level=3]
      - paragraph
      - text: To delete your account, type “delete”
      - textbox "To delete your account, type “delete”"
      - button "Delete account"
  `);
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await expectNoOverflow(page);
    await expectAccessible(page);
  }
});
