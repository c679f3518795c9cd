// The administration console with the real API: what an administrator does takes effect immediately.
import { goodPassword } from '../fixtures/pages/local-account.ts';
import { ada, grace } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';
import { within } from '../fixtures/timeouts.ts';
import { bearer, claims } from '../fixtures/tokens.ts';

test.use({ serverConfig: { env: { LATCHKEY_ADMINS: `google:${ada}` } } });

/** The time in which the event stream must notify an open tab. */
const notifyTimeout = within(10_000);

test('an administrator finds a user, bans the user and lifts the ban', async ({
  app,
  admin,
  newBrowser,
}) => {
  const other = await newBrowser();
  await other.signIn(grace);
  await app.signIn(ada);
  await admin.users.goto();
  await expect(admin.users.rows('Users')).toHaveCount(2);
  await admin.users.field('Name, email address, username or ID').fill('grace.hopper');
  await admin.users.button('Apply').click();
  await expect(admin.users.rows('Users')).toHaveCount(1);
  await admin.users.openUser('Grace Hopper');
  await admin.user.expectUser('Grace Hopper');
  await admin.user.field('Reason').fill('spam');
  await admin.user.confirm(admin.user.button('Ban user'), 'Ban this user and end all sessions?');
  await expect(admin.user.status).toHaveText('The user is banned. All sessions have ended.');
  await other.expectSessionEnded(notifyTimeout);
  await expect(admin.user.part('Ban')).toContainText('Reason: spam');
  await expect(admin.user.part('Sessions')).toContainText('no entries on this page');

  await admin.user.confirm(admin.user.button('Lift the ban'), 'Lift the ban on this user?');
  await expect(admin.user.status).toHaveText('The ban is lifted. The user can sign in again.');
  await other.signIn(grace);
});

test('a granted role is in the tokens from the next refresh and opens the console', async ({
  app,
  admin,
  newBrowser,
}) => {
  const other = await newBrowser();
  await other.signIn(grace);
  await app.signIn(ada);
  await admin.users.goto();
  await admin.users.openUser('Grace Hopper');
  await admin.user.field('Roles granted by an operator').fill('admin, auditor');
  await admin.user.confirm(admin.user.button('Change roles'), 'Change the roles of this user?');
  await expect(admin.user.status).toHaveText(/^The roles were changed\./);
  await expect(admin.user.part('Account')).toContainText('admin, auditor');

  await other.page.goto('/admin');
  await other.page.getByRole('button', { name: 'Check again' }).click();
  await other.admin.overview.expectOpen();
  expect(claims((await other.storage.tokens()).access_token)['roles']).toEqual(['admin', 'auditor']);
});

test('sessions of all users are listed, and one is ended', async ({ app, admin, newBrowser }) => {
  const other = await newBrowser();
  await other.signIn(grace);
  await app.signIn(ada);
  await admin.sessions.goto();
  await expect(admin.sessions.rows('Sessions')).toHaveCount(2);
  const row = admin.sessions.rows('Sessions').filter({ hasText: grace });
  await admin.sessions.confirm(row.getByRole('button'), /^End this session\?/);
  await expect(admin.sessions.status).toHaveText('The session has ended.');
  await expect(row).toHaveCount(0);
  await other.expectSessionEnded(notifyTimeout);
});

test('a denied access token is refused until the denial is lifted', async ({
  app,
  admin,
  newBrowser,
  request,
}) => {
  const other = await newBrowser();
  await other.signIn(grace);
  const { access_token } = await other.storage.tokens();
  const status = async () =>
    (await request.get('/api/me', { headers: bearer(access_token) })).status();
  await other.page.close();
  await app.signIn(ada);
  await admin.denylist.goto();
  await admin.denylist.field('Token or ID').fill(access_token);
  await admin.denylist.field('Reason').fill('leaked');
  await admin.denylist.confirm(
    admin.denylist.button('Add to the denylist'),
    'Deny these tokens now?',
  );
  await expect(admin.denylist.status).toHaveText('The entry was added. It applies immediately.');
  expect(await status()).toBe(401);

  const row = admin.denylist.rows('Denylist').filter({ hasText: 'Leaked' });
  await admin.denylist.confirm(row.getByRole('button'), /^Lift this denial\?/);
  await expect(admin.denylist.status).toHaveText(/^The denial was lifted\./);
  expect(await status()).toBe(200);
});

test('the signing key is rotated', async ({ app, admin }) => {
  await app.signIn(ada);
  await admin.keys.goto();
  await expect(admin.keys.rows('Signing keys')).toHaveCount(1);
  await admin.keys.confirm(admin.keys.button('Rotate the signing key'), 'Create a new signing key?');
  await expect(admin.keys.status).toHaveText(/^The next key is published\./);
  await expect(admin.keys.rows('Signing keys')).toHaveCount(2);
});

test('a user whose role was removed is refused at once', async ({ app, admin, newBrowser }) => {
  const other = await newBrowser();
  await other.signIn(grace);
  await app.signIn(ada);
  const setRoles = async (roles: string) => {
    await admin.user.field('Roles granted by an operator').fill(roles);
    await admin.user.confirm(admin.user.button('Change roles'), 'Change the roles of this user?');
    await expect(admin.user.status).toHaveText(/^The roles were changed\./);
  };
  await admin.users.goto();
  await admin.users.openUser('Grace Hopper');
  await setRoles('admin');
  await other.page.goto('/admin/keys');
  await other.page.getByRole('button', { name: 'Check again' }).click();
  await other.admin.keys.expectOpen();
  await expect(other.admin.keys.rows('Signing keys')).toHaveCount(1);
  await setRoles('');
  // Grace's access token still has the role.
  await other.page.reload();
  await expect(other.page.getByRole('main').getByRole('alert')).toHaveText('The admin role is required.');
});

test.describe('with local accounts', () => {
  test.use({
    serverConfig: { env: { LATCHKEY_ADMINS: `google:${ada}`, LATCHKEY_LOCAL__SIGN_UP: 'invite' } },
  });

  test('an account is created, and its user sets the password and signs in', async ({
    app,
    admin,
    newBrowser,
  }) => {
    const email = 'lin@example.org';
    await app.signIn(ada);
    await admin.users.goto();
    await admin.users.field('Username').fill('lin');
    await admin.users.field('Email address (optional)').fill(email);
    await admin.users.confirm(admin.users.button('Create account'), 'Create this account?');
    await expect(admin.users.status).toHaveText(/^The account lin was created\./);
    const link = await admin.users.field('Link').inputValue();
    await expect(admin.users.rows('Users')).toHaveCount(2);

    const other = await newBrowser();
    await other.page.goto(link);
    await other.resetPasswordPage.newPassword.fill(goodPassword);
    await other.resetPasswordPage.button('Set password').click();
    await expect(other.page.getByRole('status')).toContainText('Sign in with your new password');
    await other.resetPasswordPage.link('Sign in').click();
    await other.signInPage.signInWithPassword('lin', goodPassword);
    await other.accountPage.expectUser(email);
  });
});
