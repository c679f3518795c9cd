// The browser and its flags, timeouts and reports, and which tests belong to which project.
import { defineConfig, devices, type ReporterDescription } from '@playwright/test';
import { existsSync } from 'node:fs';

import { expectTimeout, testTimeout, workers } from './fixtures/timeouts.ts';

/** An installed Chromium. If there is none, Playwright uses its own. */
const chromium = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && path !== '' && existsSync(path));

// Screenshots are documentation, not tests. They are taken only with `SCREENSHOTS=folder` or
// `--project=screenshots`. Workers inherit the variable.
if (process.argv.some((argument) => /^(--project=)?screenshots$/.test(argument))) {
  process.env['SCREENSHOTS'] ||= 'test-results/screenshots';
}
const screenshots = process.env['SCREENSHOTS'];

/** On CI, a report with the traces of failed tests is also written to `playwright-report`. */
const reporter: ReporterDescription[] = [['list']];
if (process.env['CI']) reporter.push(['html', { open: 'never' }]);
if (process.env['GITHUB_ACTIONS']) reporter.push(['github']);

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results/run',
  fullyParallel: true,
  forbidOnly: true,
  workers: /^\d+$/.test(String(workers)) ? Number(workers) : workers,
  retries: 0,
  reporter,
  timeout: testTimeout,
  expect: { timeout: expectTimeout },
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
