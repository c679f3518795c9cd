// Local accounts: signing up, signing in with a password, and setting a password.
import type { Page } from '@playwright/test';

import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import { goodPassword } from '../fixtures/pages/local-account.ts';
import { grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';

const ada = { username: 'ada', password: goodPassword, email: 'ada@example.org' };

/** Types into the focused field and those after it, and submits the form with the Enter key. */
async function typeFields(page: Page, values: string[]): Promise<void> {
  for (const [index, value] of values.entries()) {
    if (index > 0) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.type(value);
  }
  await page.keyboard.press('Enter');
}

test.describe('where everyone may sign up', () => {
  test.use({ serverConfig: { env: { LATCHKEY_LOCAL__SIGN_UP: 'open' } } });

  test('a new user signs up, signs out, and signs in with the password', async ({
    app,
    header,
    signInPage,
    signUpPage,
    accountPage,
    storage,
  }) => {
    await signInPage.goto();
    await signInPage.link('Create an account').click();
    await signUpPage.expectOpen();
    await signUpPage.signUp(ada);
    await accountPage.expectUser(ada.email);
    expect((await storage.tokens()).refresh_token).not.toBe('');
    await header.signOut();
    await app.expectSignedOut();

    await signInPage.signInWithPassword(ada.username, ada.password);
    await accountPage.expectUser(ada.email);
  });

  test('a sign-in with a password returns to the requested page, and the session is bound', async ({
    page,
    app,
    header,
    signInPage,
    signUpPage,
    devicesPage,
  }) => {
    await signUpPage.goto();
    await signUpPage.signUp(ada);
    await header.signOut();
    await app.expectSignedOut();
    await page.goto('/?return_to=/sessions');
    await signInPage.signInWithPassword(ada.username, ada.password);
    await devicesPage.expectOpen();
    await expect(devicesPage.main).toContainText('Works only in the browser that signed in');
  });

  test('a wrong password shows an error above the form, which keeps its input', async ({
    app,
    signInPage,
    storage,
  }) => {
    await signInPage.goto();
    await signInPage.signInWithPassword('ada', 'not the password');
    await expect(app.alert).toHaveText('The username or the password is wrong.');
    await expect(signInPage.username).toHaveValue('ada');
    await expect(signInPage.password).toHaveValue('not the password');
    expect(await storage.read()).toBeNull();
    await expectAccessible(app.page);
  });

  test('errors are shown at their fields, and the first field with an error has the focus', async ({
    page,
    signInPage,
    signUpPage,
    traffic,
  }) => {
    await signInPage.goto();
    await signInPage.signInButton.click();
    await expect(signInPage.username).toBeFocused();
    await expect(signInPage.username).toHaveAccessibleDescription('Enter your username.');
    await expect(signInPage.password).toHaveAccessibleDescription('Enter your password.');
    await expect(signInPage.password).toHaveAttribute('aria-invalid', 'true');
    expect(traffic.count('POST /auth/password')).toBe(0);

    await signUpPage.goto();
    await signUpPage.signUp({ username: 'a b', password: 'password', email: 'nowhere' });
    await expect(signUpPage.username).toBeFocused();
    for (const field of [signUpPage.username, signUpPage.email, signUpPage.password]) {
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await expect(field).toHaveAccessibleDescription(/\.$/);
    }
    await expect(signUpPage.username).toHaveValue('a b');
    await expectAccessible(page);
  });

  test('the forms work with the keyboard alone', async ({
    page,
    app,
    header,
    signInPage,
    signUpPage,
    accountPage,
    passwordForm,
  }) => {
    await signUpPage.goto();
    await expect(signUpPage.button('Create account')).toBeEnabled();
    await signUpPage.username.focus();
    await typeFields(page, [ada.username, 'Ada Lovelace', ada.email, ada.password]);
    await accountPage.expectUser(ada.email);
    await expect(accountPage.main).toContainText('Ada Lovelace');

    const next = 'copper meadow 82 thimble';
    await passwordForm.section.getByLabel('Current password', { exact: true }).focus();
    await typeFields(page, [ada.password, next]);
    await expect(passwordForm.section.getByRole('status')).toContainText('was changed');

    await header.signOut();
    await app.expectSignedOut();
    await signInPage.username.focus();
    await typeFields(page, [ada.username, 'not the password']);
    await expect(app.alert).toHaveText('The username or the password is wrong.');
    await expect(signInPage.username).toHaveValue(ada.username);
    await signInPage.password.focus();
    await page.keyboard.press('ControlOrMeta+A');
    await typeFields(page, [next]);
    await accountPage.expectUser(ada.email);
  });

  test('changing the password signs out other devices, and the old one stops working', async ({
    page,
    app,
    header,
    signInPage,
    signUpPage,
    accountPage,
    passwordForm,
    newBrowser,
  }) => {
    await signUpPage.goto();
    await signUpPage.signUp(ada);
    await accountPage.expectUser(ada.email);
    const other = await newBrowser();
    await other.page.goto('/');
    await other.signInPage.signInWithPassword(ada.username, ada.password);
    await other.accountPage.expectUser(ada.email);

    const next = 'copper meadow 82 thimble';
    await passwordForm.change('not the password', next);
    const current = passwordForm.section.getByLabel('Current password', { exact: true });
    await expect(current).toBeFocused();
    await expect(current).toHaveAccessibleDescription('The password is wrong.');
    await expectAccessible(page);
    await passwordForm.change(ada.password, next);
    await expect(passwordForm.section.getByRole('status')).toContainText('was changed');
    await expect(current).toHaveValue('');
    await other.expectSessionEnded();

    await header.signOut();
    await app.expectSignedOut();
    await signInPage.signInWithPassword(ada.username, ada.password);
    await expect(app.alert).toHaveText('The username or the password is wrong.');
    await signInPage.signInWithPassword(ada.username, next);
    await accountPage.expectUser(ada.email);
  });

  test('ending all sessions asks for the password again', async ({
    page,
    app,
    signUpPage,
    confirmPage,
    devicesPage,
    newBrowser,
  }) => {
    await signUpPage.goto();
    await signUpPage.signUp(ada);
    await app.accountPage.expectUser(ada.email);
    const other = await newBrowser();
    await other.page.goto('/');
    await other.signInPage.signInWithPassword(ada.username, ada.password);
    await other.accountPage.expectUser(ada.email);

    await devicesPage.open();
    await expect(devicesPage.devices).toHaveCount(2);
    // The server itself requires a step-up only once the sign-in is ten minutes old.
    await page.route(
      '**/api/sessions',
      (route) =>
        route.request().method() === 'DELETE'
          ? route.fulfill({ status: 401, json: { code: 'step_up_required' } })
          : route.continue(),
      { times: 10 },
    );
    await devicesPage.endAllOthers();
    await confirmPage.expectOpen();
    await expectAccessible(page);
    await page.unroute('**/api/sessions');
    await confirmPage.main.getByLabel('Username', { exact: true }).focus();
    await typeFields(page, [ada.username, ada.password]);
    await devicesPage.expectOpen();
    await expect(devicesPage.devices).toHaveCount(1);
    await other.expectSessionEnded();
  });

  test('the pages of local accounts are accessible and fit narrow screens', async ({
    page,
    signInPage,
    signUpPage,
    resetPasswordPage,
  }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const opened of [signInPage, signUpPage, resetPasswordPage]) {
      await opened.goto();
      await expectAccessible(page);
      await expectNoOverflow(page);
    }
  });

  test('the sign-in page has providers and a form', async ({ signInPage }) => {
    await signInPage.goto();
    await expect(signInPage.main).toMatchAriaSnapshot(`
      - heading "Sign in" [level=1]
      - list:
        - listitem:
          - link "Continue with Google"
        - listitem:
          - link "Continue with Example Inc."
      - paragraph: or
      - form "Sign in with a password":
        - text: Username
        - textbox "Username"
        - text: Password
        - textbox "Password"
        - button "Sign in"
      - list:
        - listitem:
          - link "Forgot your password?":
            - /url: /reset-password
        - listitem:
          - link "Create an account":
            - /url: /sign-up?return_to=/account
    `);
  });
});

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
      await resetPasswordPage.link('Sign in').click();
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

    // Its owner adds it again.
    await accountPage.button('Add Google').click();
    await providerPage.signIn(grace);
    await expect(accountPage.way('Google')).toContainText(grace);
    await expect(accountPage.way('Google')).not.toContainText('Suspended');
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

test.describe('with invitations', () => {
  test.use({ serverConfig: { env: { LATCHKEY_LOCAL__SIGN_UP: 'invite' } } });

  test('the sign-up page says that one is missing, and accepts one', async ({
    page,
    server,
    signInPage,
    signUpPage,
    accountPage,
  }) => {
    await signInPage.goto();
    await signInPage.link('Use an invitation').click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('You need an invitation');
    const { link } = await server.command<{ link: string }>('users', 'invite');
    const { pathname, hash } = new URL(link);
    await page.goto('about:blank');
    await page.goto(pathname + hash);
    await signUpPage.expectOpen();
    await signUpPage.signUp(ada);
    await accountPage.expectUser(ada.email);
  });
});
