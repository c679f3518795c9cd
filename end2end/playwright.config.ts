// Which browser runs, with which flags, and which tests belong to which project.
import { defineConfig, devices } from '@playwright/test';
import { existsSync } from 'node:fs';

/** A Chromium that is already here; without one, Playwright's own is used. */
const chromium = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && path !== '' && existsSync(path));

// Screenshots are pictures for people, not checks, so they run only when asked for: by
// `SCREENSHOTS=folder` or by `--project=screenshots`. Workers inherit the variable.
if (process.argv.some((argument) => /^(--project=)?screenshots$/.test(argument))) {
  process.env['SCREENSHOTS'] ||= 'test-results/screenshots';
}
const screenshots = process.env['SCREENSHOTS'];

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results/run',
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  retries: 0,
  reporter: 'list',
  timeout: 180_000,
  expect: { timeout: 30_000 },
  use: {
    ...devices['Desktop Chrome'],
    trace: 'retain-on-failure',
    launchOptions: {
      ...(chromium === undefined ? {} : { executablePath: chromium }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: screenshots
    ? [{ name: 'screenshots', testMatch: 'screenshots.spec.ts' }]
    : [{ name: 'chromium', testIgnore: 'screenshots.spec.ts' }],
});
