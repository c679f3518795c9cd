// The pages of the console against a scripted API: structure, accessibility, both themes and the
// narrowest screen, errors, and what is in the URL.
import { AdminApi, adaId, graceId } from '../fixtures/admin-api.ts';
import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import { ada } from '../fixtures/pages/provider.ts';
import { expect, test } from '../fixtures/test.ts';

test.use({ serverConfig: { env: { LATCHKEY_ADMINS: `google:${ada}` } } });

const pages = {
  overview: '/admin',
  users: '/admin/users',
  user: `/admin/users/${graceId}`,
  sessions: '/admin/sessions',
  denylist: '/admin/denylist',
  'audit log': '/admin/audit',
  'signing keys': '/admin/keys',
};

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    test.describe(`${colorScheme}, ${width} px`, () => {
      test.use({ colorScheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' });

      test('no page has an accessibility violation or is cut off', async ({ page, app }) => {
        const api = await AdminApi.serve(page);
        api.grace.ban = { at: 1_700_000_000, reason: 'spam' };
        await app.signIn();
        for (const [name, path] of Object.entries(pages)) {
          await test.step(name, async () => {
            await page.goto(path);
            await expect(page.getByText(/^Loading /)).toHaveCount(0);
            await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
            await expectAccessible(page);
            await expectNoOverflow(page);
          });
        }
      });
    });
  }
}

test('overview', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await admin.overview.goto();
  await expect(admin.overview.main).toMatchAriaSnapshot(`
    - navigation "Administration":
      - list:
        - listitem:
          - link "Overview"
        - listitem:
          - link "Users"
        - listitem:
          - link "Sessions"
        - listitem:
          - link "Denylist"
        - listitem:
          - link "Audit"
        - listitem:
          - link "Keys"
    - heading "Overview" [level=1]
    - term: Users
    - definition:
      - link /12.345/
    - term: Live sessions
    - definition:
      - link /2.048/
    - term: Denylist entries
    - definition:
      - link "17"
    - term: Store
    - definition: sled
    - term: Version
    - definition: 0.1.0
    - region "Last seven days, by hour":
      - heading "Last seven days, by hour" [level=2]
      - figure /Sign-ins 1.008/:
        - img "Sign-ins by hour, last seven days"
      - figure /Refreshes 12.600/:
        - img "Refreshes by hour, last seven days"
      - figure "Refusals 36":
        - img "Refusals by hour, last seven days"
      - figure "Replays 1":
        - img "Replays by hour, last seven days"
      - figure "Ended sessions 333":
        - img "Ended sessions by hour, last seven days"
      - group: Show the numbers by day
    - button "Update"
  `);
  await expect(admin.overview.chart('Replays')).toHaveAccessibleDescription(
    /^1 in total\. Peak: 1 in the hour from .*\d/,
  );
  await page.getByText('Show the numbers by day').click();
  await expect(admin.overview.rows('Numbers by day').first()).toBeVisible();
});

test('users, with search, filters and pages in the URL', async ({ page, app, admin }) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await admin.users.goto();
  await expect(admin.users.main).toMatchAriaSnapshot(`
    - heading "Users" [level=1]
    - search "Filter users":
      - text: Name, email address, username or ID
      - searchbox "Name, email address, username or ID"
      - text: Status
      - combobox "Status":
        - option "Any" [selected]
        - option "Active"
        - option "Banned"
      - text: Role
      - textbox "Role"
      - button "Apply"
    - table "Users":
      - rowgroup:
        - row "User Email address Provider Roles Created Status"
      - rowgroup:
        - row /Ada Lovelace ada@example.org google admin 1 month ago Active/
        - row /Grace Hopper grace@example.org google 1 month ago Active/
    - navigation "Pages of the list":
      - link "Next page"
  `);
  await admin.users.link('Next page').click();
  await expect(admin.users.rows('Users')).toHaveCount(1);
  await expect(page).toHaveURL('/admin/users?before=page-2');
  await admin.users.link('First page').click();
  await expect(admin.users.rows('Users')).toHaveCount(2);

  await admin.users.field('Name, email address, username or ID').fill('love');
  await admin.users.field('Role').fill('admin');
  await admin.users.button('Apply').click();
  await expect(page).toHaveURL('/admin/users?q=love&role=admin');
  await expect(admin.users.rows('Users')).toHaveCount(1);
  expect(api.sent('GET', '/users').at(-1)?.query).toEqual({ q: 'love', role: 'admin' });

  await page.reload();
  await expect(admin.users.field('Name, email address, username or ID')).toHaveValue('love');
  await expect(admin.users.rows('Users')).toHaveCount(1);
  await page.goBack();
  await expect(admin.users.rows('Users')).toHaveCount(2);
});

test('a list without a match says so', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await page.goto('/admin/users?q=nobody');
  await expect(admin.users.main).toContainText('no entries on this page');
});

test('user', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await admin.users.goto();
  await admin.users.openUser('Grace Hopper');
  await admin.user.expectUser('Grace Hopper');
  await expect(page).toHaveTitle('Grace Hopper · Administration · Latchkey');
  await expect(admin.user.main).toMatchAriaSnapshot(`
    - heading "Grace Hopper" [level=1]
    - status
    - region "Account":
      - term: Name
      - definition: Grace Hopper
      - term: Status
      - definition: Active
      - term: Email address
      - definition: grace@example.org
      - term: Roles
      - definition: None
      - term: Created
      - definition:
        - time: 1 month ago
      - term: ID
      - definition
      - term: Identities
      - definition:
        - list:
          - listitem:
            - text: "google:"
            - code
            - paragraph: https://accounts.example.com
    - region "Roles":
      - heading "Roles" [level=2]
      - form "Change roles":
        - textbox "Roles granted by an operator"
        - button "Change roles"
    - region "Ban":
      - heading "Ban" [level=2]
      - form "Ban user":
        - textbox "Reason"
        - textbox "Ends (optional)"
        - button "Ban user"
    - region "Sessions":
      - heading "Sessions" [level=2]
      - table "Sessions"
      - button "End all sessions"
    - region "Latest events":
      - heading "Latest events" [level=2]
      - table "Events"
      - paragraph:
        - link "All events of this user"
  `);
  await admin.user.link('All events of this user').click();
  await expect(page).toHaveURL(`/admin/audit?user=${graceId}`);
  await expect(admin.audit.field('User ID')).toHaveValue(graceId);
});

test('sessions', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await admin.sessions.goto();
  await expect(admin.sessions.main).toMatchAriaSnapshot(`
    - heading "Sessions" [level=1]
    - status
    - table "Sessions":
      - rowgroup:
        - row "Device User Address Provider Opened Last used Expires Action"
      - rowgroup:
        - row /Firefox 145 on Linux .* ada@example.org 203.0.113.7 google 3 days ago 5 minutes ago/
        - row /Firefox 145 on Linux .* grace@example.org/:
          - cell
          - cell:
            - link "grace@example.org"
  `);
});

test('denylist', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await admin.denylist.goto();
  await expect(admin.denylist.main).toMatchAriaSnapshot(`
    - heading "Denylist" [level=1]
    - status
    - table "Denylist":
      - rowgroup:
        - row "Applies to ID Reason By Denied Remaining Action"
      - rowgroup:
        - row /Token token-1 copied from a log ${adaId} \\d minutes? ago \\d+ min/:
          - cell
          - cell
          - cell
          - cell
          - cell
          - cell
          - cell:
            - button "Lift token-1"
        - row /Session s-old Signed out \\d minutes? ago \\d+ min/
    - region "Add an entry":
      - heading "Add an entry" [level=2]
      - form "Add an entry":
        - combobox "Applies to"
        - textbox "Token or ID"
        - textbox "Reason"
        - button "Add to the denylist"
  `);
});

test('audit log, with filters in the URL', async ({ page, app, admin }) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await admin.audit.goto();
  await expect(admin.audit.main).toMatchAriaSnapshot(`
    - heading "Audit log" [level=1]
    - search "Filter events":
      - searchbox "User ID"
      - combobox "Kind"
      - combobox "Outcome"
      - textbox "After"
      - textbox "Until"
      - button "Apply"
    - status
    - button "Export as JSON lines"
    - table "Events":
      - rowgroup:
        - row "When Event Outcome User From Details"
      - rowgroup:
        - row /5 minutes ago Banned Success ${graceId}/
        - row /1 hour ago Sign in refused Refused ${graceId} 203.0.113.7/
  `);
  await admin.audit.field('Outcome').selectOption('Refused');
  await admin.audit.field('After').fill('2026-01-02T03:04');
  await admin.audit.button('Apply').click();
  await expect(admin.audit.rows('Events')).toHaveCount(1);
  const sent = api.sent('GET', '/audit').at(-1)?.query;
  const after = String(new Date('2026-01-02T03:04').getTime() / 1000);
  expect(sent).toEqual({ outcome: 'refused', after });
  await page.reload();
  await expect(admin.audit.field('Outcome')).toHaveValue('refused');
  await expect(admin.audit.field('After')).toHaveValue('2026-01-02T03:04');
});

test('the audit log is exported with the filters', async ({ page, app, admin }) => {
  const api = await AdminApi.serve(page);
  await app.signIn();
  await page.goto('/admin/audit?kind=banned');
  const download = page.waitForEvent('download');
  await admin.audit.confirm(
    admin.audit.button('Export as JSON lines'),
    'Export all events that match?',
  );
  expect((await download).suggestedFilename()).toBe('audit.jsonl');
  await expect(admin.audit.status).toHaveText('The events were exported to audit.jsonl.');
  expect(api.sent('GET', '/audit/export').at(-1)?.query).toEqual({ kind: 'banned' });
});

test('signing keys', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await admin.keys.goto();
  await expect(admin.keys.main).toMatchAriaSnapshot(`
    - heading "Signing keys" [level=1]
    - status
    - table "Signing keys":
      - rowgroup:
        - row "Key ID State Algorithm Created Signs from Removed"
      - rowgroup:
        - row /key-2 Signing ES256 1 day ago 1 day ago/
        - row /key-1 Retired ES256 3 months ago 3 months ago in \\d+ (minutes|hour)/
    - button "Rotate the signing key"
  `);
});

test('a failed request can be repeated', async ({ page, app, admin, traffic }) => {
  traffic.allowErrors(/status of 500/);
  const api = await AdminApi.serve(page);
  api.refuse('GET', /^\/keys$/, 500, { detail: 'the store is unavailable', code: 'internal' });
  await app.signIn();
  await admin.keys.goto();
  await expect(admin.keys.main.getByRole('alert')).toHaveText('The store is unavailable (test).');
  await admin.keys.button('Try again').click();
  await expect(admin.keys.rows('Signing keys')).toHaveCount(2);
});

test('an unknown page leads to the overview', async ({ page, app, admin }) => {
  await AdminApi.serve(page);
  await app.signIn();
  await page.goto('/admin/unknown');
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
  await admin.overview.link('Go to the overview').click();
  await admin.overview.expectOpen();
});
