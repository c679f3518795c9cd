// The structure of each page in its main states, as assistive technology sees it.
import { expect, test } from '../fixtures/test.ts';

test.describe('header', () => {
  test('signed out', async ({ header, signInPage }) => {
    await signInPage.goto();
    await expect(header.banner).toMatchAriaSnapshot(`
      - banner:
        - link "Latchkey":
          - /url: /
        - navigation "Main":
          - list:
            - listitem:
              - link "Playground":
                - /url: /playground
    `);
    await expect(header.banner.getByRole('link')).toHaveText(['Latchkey', 'Playground']);
    await expect(header.signOutButton).toHaveCount(0);
  });

  test('signed in', async ({ app, header }) => {
    await app.signIn();
    await expect(header.banner).toMatchAriaSnapshot(`
      - link "Latchkey"
      - navigation "Main":
        - list:
          - listitem:
            - link "Account":
              - /url: /account
          - listitem:
            - link "Devices":
              - /url: /sessions
          - listitem:
            - link "Activity":
              - /url: /activity
          - listitem:
            - link "Playground":
              - /url: /playground
      - button "Sign out"
    `);
  });
});

test.describe('sign-in page', () => {
  test('signed out', async ({ signInPage }) => {
    await signInPage.goto();
    await expect(signInPage.main).toMatchAriaSnapshot(`
      - heading "Sign in" [level=1]
      - list:
        - listitem:
          - link "Continue with Google"
        - listitem:
          - link "Continue with Example Inc."
      - paragraph: You stay signed in on this device until you sign out or your session expires.
    `);
  });

  test('after signing out', async ({ app, header, signInPage }) => {
    await app.signIn();
    await header.signOut();
    await signInPage.expectOpen();
    await expect(signInPage.main).toMatchAriaSnapshot(`
      - heading "Sign in" [level=1]
      - status: You are signed out.
      - list
    `);
  });
});

test.describe('callback page', () => {
  test('in progress', async ({ page, app, providerPage, callbackPage }) => {
    // Never responds.
    await page.route('**/auth/token', () => undefined);
    await app.beginSignIn();
    await providerPage.signIn();
    await expect(callbackPage.main).toMatchAriaSnapshot(`
      - status:
        - heading "Signing you in…" [level=1]
    `);
  });

  test('failed', async ({ app, providerPage, callbackPage }) => {
    await app.beginSignIn();
    await providerPage.cancel();
    await expect(callbackPage.main).toMatchAriaSnapshot(`
      - heading "Sign-in failed" [level=1]
      - paragraph: The sign-in was canceled at the provider. Nothing changed.
      - link "Try again":
        - /url: /
    `);
  });
});

test('account page', async ({ app, accountPage }) => {
  await app.signIn();
  await expect(accountPage.main).toMatchAriaSnapshot(`
    - heading "Your account" [level=1]
    - region "Profile":
      - paragraph: Ada Lovelace
      - paragraph: ada.lovelace@example.org
    - region "This session":
      - heading "This session" [level=2]
      - term: Last authenticated
      - definition: /\\d/
      - term: Expires
      - definition: /\\d/
      - term: Access token issued
      - definition: /\\d/
      - term: Roles
      - definition: None
      - term: Session ID
      - definition
      - term: Account ID
      - definition
      - paragraph:
        - link "your devices":
          - /url: /sessions
  `);
});

test.describe('devices page', () => {
  test('with one device', async ({ app, devicesPage }) => {
    await app.signIn();
    await devicesPage.open();
    await expect(devicesPage.main).toMatchAriaSnapshot(`
      - heading "Your devices" [level=1]
      - paragraph: Every browser and program that is signed in to your account.
      - status
      - list:
        - listitem:
          - heading /Chrome.* on \\w+/ [level=2]
          - text: This device
          - list:
            - listitem: 127.0.0.1
            - listitem: Google
            - listitem: Works only in the browser that signed in
            - listitem:
              - text: Signed in
              - time: just now
            - listitem:
              - text: Last seen
              - time: just now
          - button /Sign out Chrome.* on \\w+/
      - region "All devices":
        - heading "All devices" [level=2]
        - paragraph: No other device is signed in.
        - paragraph: /Signing out takes effect immediately/
        - button "Sign out everywhere"
    `);
  });

  test('with a second device, asking for confirmation', async ({
    app,
    devicesPage,
    newBrowser,
  }) => {
    await app.signIn();
    await (await newBrowser()).signIn();
    await devicesPage.open();
    await expect(devicesPage.devices).toHaveCount(2);
    await devicesPage.button('Sign out everywhere').click();
    await expect(devicesPage.main).toMatchAriaSnapshot(`
      - list:
        - listitem:
          - text: This device
        - listitem:
          - button /Sign out Chrome.* on \\w+/
      - region "All devices":
        - heading "All devices" [level=2]
        - paragraph: /Signing out takes effect immediately/
        - button "Sign out all other devices"
        - button "Sign out everywhere, including this device?"
        - button "Cancel"
    `);
  });

  test('after a failed request', async ({ page, app, devicesPage }) => {
    await app.signIn();
    await page.route('**/api/sessions', (route) => route.fulfill({ status: 404, json: {} }));
    await devicesPage.open();
    await expect(devicesPage.main).toMatchAriaSnapshot(`
      - heading "Your devices" [level=1]
      - paragraph: The server returned an error. Try again in a minute.
      - button "Try again"
    `);
  });
});

test('activity page', async ({ app, activityPage }) => {
  await app.signIn();
  await activityPage.open();
  await expect(activityPage.main).toMatchAriaSnapshot(`
    - heading "Activity" [level=1]
    - paragraph:
      - link "your devices":
        - /url: /sessions
    - list "Activity":
      - listitem:
        - paragraph: /Chrome.* on \\w+ signed in\\./
        - paragraph:
          - time: just now
          - text: · 127.0.0.1
  `);
});

test.describe('playground', () => {
  test('signed out', async ({ playgroundPage }) => {
    await playgroundPage.goto();
    await expect(playgroundPage.main).toMatchAriaSnapshot(`
      - heading "Playground" [level=1]
      - paragraph: /Call the API and watch the client keep you signed in\\./
      - region "Try it":
        - heading "Try it" [level=2]
        - button "Call unprotected"
        - button "Call protected without token"
        - button "Call protected with token"
        - button "30 calls at once"
        - button "Refresh now"
        - button "Sign out"
        - combobox "Access token lifetime":
          - option "As configured" [selected]
          - option "5 seconds"
          - option "15 seconds"
          - option "60 seconds"
        - checkbox "Refresh ahead of expiry" [checked]
      - heading "Timeline" [level=2]
      - paragraph: /No requests yet\\./
      - region "Access token":
        - heading "Access token" [level=2]
        - paragraph:
          - text: There is no token because you are signed out.
          - link "Sign in":
            - /url: /?return_to=/playground
      - region "Refresh token":
        - heading "Refresh token" [level=2]
        - paragraph:
          - link "Sign in"
    `);
  });

  test('signed in, after a call', async ({ app, playgroundPage }) => {
    await app.signIn();
    await playgroundPage.goto();
    await playgroundPage.callWithToken();
    await expect(playgroundPage.main).toMatchAriaSnapshot(`
      - heading "Timeline" [level=2]
      - button "Clear"
      - list "Timeline":
        - listitem: /GET \\/api\\/protected → 200/
      - region "Access token":
        - heading "Access token" [level=2]
        - paragraph: /Expires in \\d+/
        - progressbar "Access token"
        - term:
          - code: iss
        - group: Header
        - group: Encoded token
      - region "Refresh token":
        - heading "Refresh token" [level=2]
        - paragraph: /Expires in \\d+/
        - progressbar "Refresh token"
    `);
  });
});

test('unknown page', async ({ notFoundPage, traffic }) => {
  traffic.allowErrors(/status of 404 .*\/no-such-page/);
  await notFoundPage.goto();
  await expect(notFoundPage.main).toMatchAriaSnapshot(`
    - heading "Page not found" [level=1]
    - paragraph: The address may be mistyped, or the page may have moved.
    - link "Go to the start page":
      - /url: /
  `);
});

test.describe('alert', () => {
  test('after the session ended', async ({ request, app, storage }) => {
    await app.signIn();
    const { refresh_token } = await storage.tokens();
    await request.post('/auth/revoke', { form: { token: refresh_token } });
    await expect(app.signInPage.main).toMatchAriaSnapshot(`
      - alert:
        - paragraph: /You have been signed out because this session has ended\\./
        - button "Dismiss this message"
      - heading "Sign in" [level=1]
    `);
  });

  test('while the server is down', async ({ server, app, playgroundPage, traffic }) => {
    traffic.allowErrors(/^Failed to load resource: net::ERR_/);
    await app.signIn();
    await playgroundPage.open();
    await server.stop();
    await playgroundPage.refresh();
    await expect(playgroundPage.main).toMatchAriaSnapshot(`
      - alert:
        - paragraph: We cannot reach the server. You are still signed in, and we will keep trying.
      - heading "Playground" [level=1]
    `);
  });

  test('without WebAssembly', async ({ page, traffic }) => {
    traffic.allowErrors(/WebAssembly is not defined/);
    await page.addInitScript(() => {
      delete (globalThis as { WebAssembly?: unknown }).WebAssembly;
    });
    await page.goto('/');
    await expect(page.locator('body')).toMatchAriaSnapshot(`
      - alert:
        - paragraph: /This site needs WebAssembly/
        - link "Reload"
    `);
  });
});

test.describe('demo provider', () => {
  test.use({ serverConfig: { demo: true } });

  test('sign-in page', async ({ signInPage }) => {
    await signInPage.goto();
    await expect(signInPage.main).toMatchAriaSnapshot(`
      - list:
        - listitem:
          - link "Continue with Demo account"
          - paragraph: Fictional users for trying things out. No password needed.
    `);
  });

  test('choice of an account', async ({ page, app }) => {
    await app.beginSignIn('Demo account');
    await expect(page.getByRole('main')).toMatchAriaSnapshot(`
      - heading "Choose a demo account" [level=1]
      - button /Ada Lovelace/
      - textbox "Email"
      - button "Continue"
      - button "Cancel"
    `);
  });
});
