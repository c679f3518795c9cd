// Links that set the password of a local account.
import { typeFields } from '../fixtures/keyboard.ts';
import { expectAccessible } from '../fixtures/layout.ts';
import { goodPassword } from '../fixtures/pages/local-account.ts';
import { grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';

const ada = { username: 'ada', email: 'ada@example.org' };

test.describe('where mail is configured', () => {
  test.use({
    serverConfig: {
      env: {
        LATCHKEY_LOCAL__SIGN_UP: 'off',
        // No mail server listens there. The response to a request does not say whether mail was sent.
        LATCHKEY_MAIL__HOST: '127.0.0.1',
        LATCHKEY_MAIL__PORT: '9',
        LATCHKEY_MAIL__SECURITY: 'none',
        LATCHKEY_MAIL__FROM: 'latchkey@example.com',
      },
    },
  });

  test('a link is requested with the keyboard alone', async ({ page, resetPasswordPage }) => {
    await resetPasswordPage.goto();
    const field = resetPasswordPage.main.getByLabel('Username or email address', { exact: true });
    await field.focus();
    await page.keyboard.press('Enter');
    await expect(field).toBeFocused();
    await expect(field).toHaveAccessibleDescription('Enter your username or your email address.');
    await expectAccessible(page);
    await typeFields(page, ['nobody@example.org']);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Check your mail');
    await expect(resetPasswordPage.main.getByRole('status')).toContainText('we are sending a link');
    await expectAccessible(page);
  });
});

test.describe('a link to set a password', () => {
  test.use({ serverConfig: { env: { LATCHKEY_LOCAL__SIGN_UP: 'off' } } });

  test('works once, and its token is in no request URL', async ({
    page,
    app,
    server,
    traffic,
    signInPage,
    resetPasswordPage,
    accountPage,
  }) => {
    await server.command('users', 'create', 'ada', '--email', ada.email);
    const { link } = await server.command<{ link: string }>('users', 'reset-password', 'ada');
    const token = new URL(link).hash.replace('#token=', '');
    await resetPasswordPage.openLink(token);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Set a new password');
    await expectAccessible(page);
    await resetPasswordPage.newPassword.fill('password');
    await resetPasswordPage.button('Set password').click();
    await expect(resetPasswordPage.newPassword).toBeFocused();
    await expect(resetPasswordPage.newPassword).toHaveAttribute('aria-invalid', 'true');
    await page.keyboard.press('ControlOrMeta+A');
    await typeFields(page, [goodPassword]);
    await expect(page.getByRole('status')).toContainText('Sign in with your new password');
    await resetPasswordPage.link('Sign in').click();
    await signInPage.signInWithPassword(ada.username, goodPassword);
    await accountPage.expectUser(ada.email);

    const other = await app.newTab();
    await other.resetPasswordPage.openLink(token);
    await other.resetPasswordPage.newPassword.fill('another lantern 52 violet');
    await other.resetPasswordPage.button('Set password').click();
    await expect(other.alert).toContainText('This link no longer works');
    expect(traffic.urls.map((url) => url.split('#')[0]).join(' ')).not.toContain(token);
  });

  test('suspends the other ways to sign in', async ({
    server,
    page,
    signInPage,
    resetPasswordPage,
    accountPage,
    providerPage,
    newBrowser,
  }) => {
    await server.command('users', 'create', ada.username, '--email', ada.email);
    const setPassword = async (password: string): Promise<void> => {
      const { link } = await server.command<{ link: string }>(
        'users',
        'reset-password',
        ada.username,
      );
      await resetPasswordPage.openLink(new URL(link).hash.replace('#token=', ''));
      await resetPasswordPage.newPassword.fill(password);
      await resetPasswordPage.button('Set password').click();
      await expect(page.getByRole('status')).toContainText('Sign in with your new password');
      await signInPage.goto();
      await signInPage.signInWithPassword(ada.username, password);
      await accountPage.expectUser(ada.email);
    };
    await setPassword(goodPassword);
    await accountPage.button('Add Google').click();
    await providerPage.signIn(grace);
    await expect(accountPage.way('Google')).toContainText(grace);
    await expect(accountPage.way('Google')).not.toContainText('Suspended');

    await setPassword('another lantern 52 violet');
    await expect(accountPage.way('Google')).toContainText('Suspended');
    await expect(accountPage.way('Google')).toContainText('add it again below');
    await expect(accountPage.way('Password')).not.toContainText('Suspended');
    await expectAccessible(page);
    const other = await newBrowser();
    await other.beginSignIn('Google');
    await other.providerPage.signIn(grace);
    await expect(other.page.getByRole('main')).toContainText('other ways to sign in are suspended');

    // The owner of the account adds Google again.
    await accountPage.button('Add Google').click();
    await providerPage.signIn(grace);
    await expect(accountPage.way('Google')).toContainText(grace);
    await expect(accountPage.way('Google')).not.toContainText('Suspended');
  });

  test('opens in a tab that already shows the page', async ({ page, resetPasswordPage }) => {
    await resetPasswordPage.goto();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Forgot your password?');
    await resetPasswordPage.openLink('first');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Set a new password');
  });

  test('that does not work says so', async ({ app, traffic, resetPasswordPage }) => {
    traffic.allowErrors(/^Failed to load resource/);
    await resetPasswordPage.openLink('unknown');
    await resetPasswordPage.newPassword.fill(goodPassword);
    await resetPasswordPage.button('Set password').click();
    await expect(app.alert).toContainText('This link no longer works');
  });

  test('cannot be requested where the server sends no mail', async ({ page, signInPage }) => {
    await signInPage.goto();
    await signInPage.link('Forgot your password?').click();
    await expect(page.getByRole('main')).toContainText('This site sends no mail');
    await expect(signInPage.link('Create an account')).toHaveCount(0);
  });
});
