/**
 * `npm run build:page && node scripts/page-picture.mjs`: draws docs/browser.webp, the first five figures of the built page in Chromium, with the loaded networks.
 * Chromium is /usr/bin/chromium, or $CHROMIUM; any other file name for the picture can be given: `runs/page.webp`.
 */
import { dirname, join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { preview } from 'vite';

const root = join(import.meta.dirname, '..');
const [path = join(root, 'docs/browser.webp')] = process.argv.slice(2);

const server = await preview({ root: join(root, 'examples/browser-webgpu'), preview: { port: 0, open: false } });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking'],
});

try {
  const page = await browser.newPage({ viewport: { width: 1120, height: 900 }, reducedMotion: 'reduce' });
  page.setDefaultTimeout(1_200_000); // a busy machine computes slowly
  const until = (test) => page.waitForFunction(test);
  await page.goto(`${server.resolvedUrls.local[0]}#digit=2&t=900`);
  await page.locator('#load').click();
  await until(() => document.querySelector('#guide').textContent === 'Draw 80 digits');
  await page.locator('#guide').click();
  await until(() => (document.querySelector('#scales').textContent.match(/recognized/g) ?? []).length === 4);
  await page.locator('#draw-faces').click();
  await until(() => document.querySelector('#way').dataset.film);
  await page.locator('#plane').scrollIntoViewIfNeeded();
  await until(() => document.querySelector('#plane-train').textContent === 'Train it again');
  await page.evaluate(() => scrollTo(0, 0));
  mkdirSync(dirname(path), { recursive: true });
  const { y, height } = await page.locator('#plane').boundingBox();
  const screen = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: 1120, height: y + height + 16 } });
  // a palette, and no loss beyond it: a third of the bytes
  const palette = await sharp(screen).png({ palette: true, colours: 128, effort: 10 }).toBuffer();
  await sharp(palette).webp({ lossless: true, effort: 6 }).toFile(path);
  console.log(path);
} finally {
  await browser.close();
  await server.close();
}
