// The commands of the console against a scripted API: with the keyboard alone, with errors shown at
// their fields, and across a step-up.
import { AdminApi, graceId } from '../fixtures/admin-api.ts';
import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import { ada } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';

test.use({ serverConfig: { env: { LATCHKEY_ADMINS: `google:${ada}` } } });

test('users are searched with the keyboard', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await admin.users.goto();
  await admin.users.tabTo(admin.users.field('Name, email address, username or ID'));
  await page.keyboard.type('hopper');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/admin/users?q=hopper');
  await expect(admin.users.rows('Users')).toHaveCount(1);
  await admin.users.tabTo(admin.users.link('Grace Hopper'));
  await page.keyboard.press('Enter');
  await admin.user.expectUser('Grace Hopper');
});

test('the audit log is filtered with the keyboard', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await admin.audit.goto();
  await admin.audit.tabTo(admin.audit.field('Outcome'));
  await page.keyboard.type('Refused');
  await admin.audit.tabTo(admin.audit.button('Apply'));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/admin/audit?outcome=refused');
  await expect(admin.audit.rows('Events')).toHaveCount(1);
});

test('a user is banned with the keyboard, after errors at the fields and a confirmation', async ({
  page,
  app,
  admin,
}) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await admin.user.gotoUser(graceId, 'Grace Hopper');
  const reason = admin.user.field('Reason');
  const end = admin.user.field('Ends (optional)');
  await admin.user.tabTo(reason);
  await page.keyboard.press('Enter');
  await expect(reason).toHaveAccessibleDescription(/Enter a reason of at most 500 characters\./);
  await expect(reason).toHaveAttribute('aria-invalid', 'true');
  await expect(reason).toBeFocused();
  await end.fill('2020-01-01T00:00');
  await reason.focus();
  await page.keyboard.type('spam');
  await page.keyboard.press('Enter');
  await expect(end).toHaveAccessibleDescription(/Enter a time in the future\./);
  await expect(reason).toHaveValue('spam');
  await end.fill('2099-01-01T00:00');
  await admin.user.tabTo(admin.user.button('Ban user'));
  await page.keyboard.press('Enter');
  await expect(admin.user.button('Ban this user and end all sessions?')).toBeFocused();
  expect(api.sent('POST', `/users/${graceId}/ban`)).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(admin.user.status).toHaveText('The user is banned. All sessions have ended.');
  await expect(admin.user.status).toBeFocused();
  const until = new Date('2099-01-01T00:00').getTime() / 1000;
  expect(api.sent('POST', `/users/${graceId}/ban`)[0]?.body).toEqual({ reason: 'spam', until });
  await expect(admin.user.part('Ban')).toContainText('Reason: spam');

  await admin.user.tabTo(admin.user.button('Lift the ban'));
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(admin.user.status).toHaveText('The ban is lifted. The user can sign in again.');
  await expect(admin.user.field('Reason')).toHaveValue('');
});

test('a ban that is not confirmed is not sent, and the form keeps its input', async ({
  page,
  app,
  admin,
}) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await admin.user.gotoUser(graceId, 'Grace Hopper');
  await admin.user.field('Reason').fill('spam');
  await admin.user.button('Ban user').click();
  await admin.user.button('Cancel').click();
  await expect(admin.user.button('Ban user')).toBeFocused();
  await admin.user.button('Ban user').click();
  // Changing the form cancels the pending confirmation.
  await admin.user.field('Reason').fill('spam again');
  await expect(admin.user.button('Ban user')).toBeVisible();
  await expect(admin.user.field('Reason')).toHaveValue('spam again');
  expect(api.sent('POST', `/users/${graceId}/ban`)).toEqual([]);
});

test('a double click and a key that is held down do not confirm', async ({ page, app, admin }) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await admin.user.gotoUser(graceId, 'Grace Hopper');
  await admin.user.field('Reason').fill('spam');
  const question = admin.user.button('Ban this user and end all sessions?');
  await admin.user.button('Ban user').dblclick();
  await expect(question).toBeVisible();
  await admin.user.button('Cancel').click();
  await admin.user.field('Reason').focus();
  // The key is held down: all presses but the first are automatic repetitions.
  for (let times = 0; times < 4; times += 1) await page.keyboard.down('Enter');
  await page.keyboard.up('Enter');
  await expect(question).toBeVisible();
  expect(api.sent('POST', `/users/${graceId}/ban`)).toEqual([]);
});

test('roles can be changed only when they are known', async ({ page, app, admin, traffic }) => {
  traffic.allowErrors(/^Failed to load resource/);
  await AdminApi.serve(page);
  await app.signIn();
  const user = new RegExp(`/api/admin/users/${graceId}$`);
  await page.route(user, (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto(`/admin/users/${graceId}`);
  const retry = admin.user.button('Try again');
  await expect(retry).toBeVisible();
  await expect(admin.user.button('Change roles')).toHaveCount(0);
  await page.unroute(user);
  await retry.click();
  await expect(admin.user.button('Change roles')).toBeVisible();
});

test('roles are changed with the keyboard; an error response is shown at the field', async ({
  page,
  app,
  admin,
}) => {
  const api = await AdminApi.serve(page);
  api.grace.granted_roles = ['editor'];
  api.refuse('PUT', /roles$/, 422, {
    detail: 'a field is not valid',
    code: 'invalid_fields',
    fields: [{ field: 'roles', message: 'A role has at most 64 characters.' }],
  });
  await app.signIn();
  await admin.user.gotoUser(graceId, 'Grace Hopper');
  const roles = admin.user.field('Roles granted by an operator');
  await expect(roles).toHaveValue('editor');
  await admin.user.tabTo(roles);
  await page.keyboard.press('End');
  await page.keyboard.type(', auditor');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(roles).toHaveAccessibleDescription(/A role has at most 64 characters\./);
  await expect(roles).toBeFocused();
  await expect(roles).toHaveValue('editor, auditor');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(admin.user.status).toHaveText(/^The roles were changed\./);
  expect(api.sent('PUT', `/users/${graceId}/roles`).at(-1)?.body).toEqual({
    roles: ['editor', 'auditor'],
  });
  await expect(admin.user.part('Account')).toContainText('editor, auditor');
});

test('sessions are ended one by one and all at once', async ({ page, app, admin }) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await admin.sessions.goto();
  const row = admin.sessions.rows('Sessions').filter({ hasText: 'grace@example.org' });
  await admin.sessions.tabTo(row.getByRole('button'));
  await page.keyboard.press('Enter');
  await expect(row.getByRole('button', { name: /^End this session\?/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(admin.sessions.status).toHaveText('The session has ended.');
  await expect(row).toHaveCount(0);
  expect(api.sent('DELETE', '/sessions/s-grace')).toHaveLength(1);

  await admin.user.gotoUser(graceId, 'Grace Hopper');
  await admin.user.confirm(admin.user.button('End all sessions'), 'End all sessions of this user?');
  await expect(admin.user.status).toHaveText('All sessions of this user have ended.');
});

test('the denylist is changed with the keyboard', async ({ page, app, admin }) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await admin.denylist.goto();
  await admin.denylist.tabTo(admin.denylist.field('Token or ID'));
  await page.keyboard.press('Enter');
  await expect(admin.denylist.field('Token or ID')).toHaveAccessibleDescription(
    /Enter a token or an ID\./,
  );
  await page.keyboard.type('an.access.token');
  await page.keyboard.press('Tab');
  await page.keyboard.type('leaked');
  await page.keyboard.press('Enter');
  await expect(admin.denylist.button('Deny these tokens now?')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(admin.denylist.status).toHaveText('The entry was added. It applies immediately.');
  expect(api.sent('POST', '/denials')[0]?.body).toEqual({
    token: 'an.access.token',
    reason: 'leaked',
  });
  await expect(admin.denylist.rows('Denylist')).toHaveCount(3);
  await expect(admin.denylist.field('Token or ID')).toHaveValue('');

  await admin.denylist.tabTo(admin.denylist.button('Lift token-1'));
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(admin.denylist.status).toHaveText(/^The denial was lifted\./);
  expect(api.sent('DELETE', '/denials/token/token-1')).toHaveLength(1);
  await expect(admin.denylist.rows('Denylist')).toHaveCount(2);
});

test('the signing key is rotated with the keyboard', async ({ page, app, admin }) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await admin.keys.goto();
  await admin.keys.tabTo(admin.keys.button('Rotate the signing key'));
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(admin.keys.status).toHaveText(/^The next key is published\./);
  await expect(admin.keys.rows('Signing keys')).toHaveCount(3);
  expect(api.sent('POST', '/keys')).toHaveLength(1);
});

test('an error response is shown in the status line', async ({ page, app, admin }) => {
  const api = await AdminApi.serve(page);
  api.refuse('POST', /^\/keys$/, 409, { detail: 'a key is waiting to sign', code: 'conflict' });
  await app.signIn();
  await admin.keys.goto();
  await admin.keys.confirm(admin.keys.button('Rotate the signing key'), /^Create a new/);
  await expect(admin.keys.status).toHaveText('A key is waiting to sign.');
  await expect(admin.keys.status).toBeFocused();
});

test('the form keeps its input across a step-up', async ({ page, app, admin, providerPage }) => {
  const api = await AdminApi.serve(page);
  api.requireStepUpOnce('POST', /ban$/);
  await app.signIn();
  await admin.user.gotoUser(graceId, 'Grace Hopper');
  await admin.user.field('Reason').fill('spam');
  await admin.user.confirm(admin.user.button('Ban user'), 'Ban this user and end all sessions?');
  await expect(admin.user.main.getByRole('alert')).toContainText('Sign in again to continue.');
  await admin.user.button('Sign in again').click();
  await providerPage.signIn();
  await admin.user.expectUser('Grace Hopper');
  await expect(page).toHaveURL(`/admin/users/${graceId}`);
  await expect(admin.user.field('Reason')).toHaveValue('spam');
  await admin.user.confirm(admin.user.button('Ban user'), 'Ban this user and end all sessions?');
  await expect(admin.user.status).toHaveText('The user is banned. All sessions have ended.');
  // The input is restored only once.
  await page.reload();
  await admin.user.expectUser('Grace Hopper');
  expect(await page.evaluate(() => sessionStorage.getItem('latchkey.admin.draft'))).toBeNull();
});

test('a token is not kept across a step-up', async ({ page, app, admin, providerPage }) => {
  const api = await AdminApi.serve(page);
  api.requireStepUpOnce('POST', /denials$/);
  await app.signIn();
  await admin.denylist.goto();
  await admin.denylist.field('Token or ID').fill('an.access.token');
  await admin.denylist.field('Reason').fill('leaked');
  await admin.denylist.confirm(
    admin.denylist.button('Add to the denylist'),
    'Deny these tokens now?',
  );
  await admin.denylist.button('Sign in again').click();
  await providerPage.expectOpen();
  await providerPage.signIn();
  await admin.denylist.expectOpen();
  await expect(admin.denylist.field('Reason')).toHaveValue('leaked');
  await expect(admin.denylist.field('Token or ID')).toHaveValue('');
});

test.describe('on a server with local accounts', () => {
  test.use({
    serverConfig: { env: { LATCHKEY_ADMINS: `google:${ada}`, LATCHKEY_LOCAL__SIGN_UP: 'invite' } },
  });

  test('an account is created with the keyboard, and its link is shown once', async ({
    page,
    app,
    admin,
  }) => {
    const api = await AdminApi.serve(page);
    api.refuse('POST', /^\/users$/, 422, {
      detail: 'username: this username is taken',
      code: 'invalid_fields',
      fields: [{ field: 'username', message: 'This username is taken.' }],
    });
    await app.signIn();
    await admin.users.goto();
    const username = admin.users.field('Username');
    await admin.users.tabTo(username);
    await page.keyboard.press('Enter');
    await expect(username).toHaveAccessibleDescription(/Enter a username\./);
    await expect(username).toBeFocused();
    await page.keyboard.type('lin');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('editor, auditor');
    await page.keyboard.press('Enter');
    expect(api.sent('POST', '/users')).toEqual([]);
    await page.keyboard.press('Enter');
    await expect(username).toHaveAccessibleDescription(/This username is taken\./);
    await expect(username).toHaveValue('lin');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expect(admin.users.status).toHaveText(/^The account lin was created\. Give the link below/);
    await expect(admin.users.status).toBeFocused();
    expect(api.sent('POST', '/users').at(-1)?.body).toEqual({
      username: 'lin',
      roles: ['editor', 'auditor'],
    });
    await expect(admin.users.field('Link')).toHaveValue(
      'https://notes.example.org/reset-password#token=secret',
    );
    await expectAccessible(page);
    await expectNoOverflow(page);
    await expect(username).toHaveValue('');
    await expect(admin.users.link('lin')).toBeVisible();
    await page.reload();
    await expect(username).toBeVisible();
    await expect(admin.users.field('Link')).toHaveCount(0);
  });

  test('a person is invited by mail', async ({ page, app, admin }) => {
    const api = await AdminApi.serve(page);
    api.sendsMail = true;
    await app.signIn();
    await admin.users.goto();
    const email = admin.users.field('Email address of the person (optional)');
    await email.fill('nowhere');
    await admin.users.button('Create invitation').click();
    await expect(email).toHaveAccessibleDescription(/Enter a complete address/);
    await email.fill('lin@example.org');
    await admin.users.confirm(admin.users.button('Create invitation'), 'Create an invitation?');
    await expect(admin.users.status).toHaveText(
      'The invitation was created. The link was sent to lin@example.org.',
    );
    await expect(admin.users.field('Link')).toHaveCount(0);
    expect(api.sent('POST', '/invitations')[0]?.body).toEqual({ email: 'lin@example.org' });
  });

  test('a link to set a password is created for a local account only', async ({
    page,
    app,
    admin,
  }) => {
    const api = await AdminApi.serve(page);
    await app.signIn();
    await admin.user.gotoUser(graceId, 'Grace Hopper');
    await expect(admin.user.part('Sessions')).toBeVisible();
    await expect(admin.user.part('Password')).toHaveCount(0);
    api.grace.username = 'grace';
    await page.reload();
    const button = admin.user.button('Create a link to set a password');
    await admin.user.tabTo(button);
    await page.keyboard.press('Enter');
    await expect(
      admin.user.button('Create a link? It replaces an earlier one.'),
    ).toBeFocused();
    expect(api.sent('POST', `/users/${graceId}/password-link`)).toEqual([]);
    await page.keyboard.press('Enter');
    await expect(admin.user.status).toHaveText(/^The link was created\. Give the link below/);
    await expect(admin.user.field('Link')).toHaveValue(/#token=secret$/);
    await expectAccessible(page);
  });
});

test.describe('on a server without local accounts', () => {
  test('nothing can be created', async ({ page, app, admin }) => {
    await AdminApi.serve(page);
    await app.signIn();
    const providers = page.waitForResponse('**/auth/providers');
    await admin.users.goto();
    await providers;
    await expect(admin.users.rows('Users')).toHaveCount(2);
    await expect(admin.users.field('Username')).toHaveCount(0);
  });
});
