// `/docs`, the documentation of the HTTP API: a page without scripts.
import { expectAccessible, expectNoOverflow } from '../fixtures/layout.ts';
import { expect, test } from '../fixtures/test.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    test.describe(`${colorScheme}, ${width} px`, () => {
      test.use({ colorScheme, viewport: { width, height: 800 } });

      test('is accessible, has no overflow, and links to its sections and the app', async ({ page }) => {
        await page.goto('/docs');
        await expectAccessible(page);
        await expectNoOverflow(page);
        const sections = page.getByRole('navigation', { name: 'Sections' });
        await sections.getByRole('link', { name: 'Local accounts' }).click();
        await expect(page).toHaveURL('/docs#local-accounts');
        await expect(page.getByRole('heading', { name: 'Local accounts' })).toBeInViewport();
        await page.getByRole('banner').getByRole('link', { name: 'Latchkey' }).click();
        await expect(page).not.toHaveURL(/docs/);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      });
    });
  }
}
