/**
 * `npm run pictures:page`: draws docs/browser.png. Trains the built page in Chromium for some steps, lets it draw, erases
 * the upper half of a digit and fills it in four times. Chromium is /usr/bin/chromium, or $CHROMIUM; any other file name for
 * the picture can be given, and a number of steps: `-- runs/page.png 100`.
 */
import { dirname, join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { preview } from 'vite';

const root = join(import.meta.dirname, '..');
const [path = join(root, 'docs/browser.png'), steps = '450'] = process.argv.slice(2);

const server = await preview({ root: join(root, 'examples/browser-webgpu'), preview: { port: 0, open: false } });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking'],
});

try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(1_200_000); // a busy machine learns slowly
  const press = (name) => page.getByRole('button', { name, exact: true }).click();
  await page.goto(server.resolvedUrls.local[0]);
  await page.waitForFunction(() => document.querySelector('#train').disabled === false);
  await press('Start training');
  const digitsOf = (least) => Number.parseInt(document.querySelector('#step').textContent, 10) >= least;
  await page.waitForFunction(digitsOf, Number(steps));
  await press('Erase top');
  await press('Fill in');
  await page.waitForFunction(() => document.querySelector('#repair-hint').textContent.startsWith('Press one'));
  await page.waitForFunction(() => document.querySelector('#moment').textContent === 'done'); // the film has ended
  mkdirSync(dirname(path), { recursive: true });
  const screen = await page.screenshot({ fullPage: true });
  await sharp(screen).png({ palette: true, colours: 64, effort: 10 }).toFile(path); // less than half the bytes
  console.log(path);
} finally {
  await browser.close();
  await server.close();
}
