// Local accounts: signing up, signing in with a password, and changing it.
import { typeFields } from '../fixtures/keyboard.ts';
import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import { goodPassword } from '../fixtures/pages/local-account.ts';
import { expect, test } from '../fixtures/test.ts';

const ada = { username: 'ada', password: goodPassword, email: 'ada@example.org' };

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

  test('ending all other sessions asks for the password again', async ({
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

test.describe('with invitations', () => {
  test.use({ serverConfig: { env: { LATCHKEY_LOCAL__SIGN_UP: 'invite' } } });

  test('the sign-up page requires an invitation and accepts a valid one', async ({
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
    // The link is opened in the same tab: only the fragment changes, and the page is not loaded again.
    await page.evaluate((hash) => {
      location.hash = hash;
    }, new URL(link).hash);
    await signUpPage.expectOpen();
    await signUpPage.signUp(ada);
    await accountPage.expectUser(ada.email);
  });
});
