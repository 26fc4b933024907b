// A user's first page: the packed tarball installed by npm and by pnpm, bundled by Vite without a setting for noisefold, in
// development and as built, in Chromium. Bundlers once lost the file of a transitive dependency; now there is no file to lose.
// node scripts/bundled-smoke.mjs TARBALL FOLDER; ends with 77 if there is no browser.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { build, createLogger, createServer, preview } from 'vite';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.log(`SKIPPED: there is no ${executablePath}`);
  process.exit(77);
}
const [tarball, work] = process.argv.slice(2).map((path) => resolve(path));

const SIZE = 320; // a product of matrices large enough for threads
const files = {
  'package.json': JSON.stringify({ name: 'page', private: true, type: 'module' }),
  'index.html': '<!doctype html><script type="module" src="./main.js"></script>',
  'main.js': `
import { open } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { compile, matmul, program, read } from 'noisefold/dsl';

const nf = await open(wasm({ threads: 2 }));
const { run } = await nf.run(compile(program({ x: 'N N' }, ({ x }) => matmul(x, x)), { N: ${SIZE} }));
const numbers = await nf.run(read(await nf.run(run({ x: new Float32Array(${SIZE * SIZE}).fill(1) }))));
globalThis.result = numbers.every((number) => number === ${SIZE}) ? 'right' : 'wrong';
`,
  'all.js': "new Worker(new URL('./everything.js', import.meta.url), { type: 'module' });",
  'everything.js': ['dsl', 'nn', 'diffusion', 'training', 'weights', 'evaluation', 'backends/wasm', 'backends/webgpu']
    .map((name, i) => `import * as part${i} from 'noisefold/${name}';\nconsole.log(part${i});`)
    .join('\n'),
  'least.js': "import { kdpm2 } from 'noisefold/diffusion';\nconsole.log(kdpm2());",
};

/** Fails if the bundle of a worker with everything cannot be parsed: a minifier once wrote `1/` before a mark, a comment then. */
const checkAll = async (root) => {
  const options = { write: false, rollupOptions: { input: join(root, 'all.js') } };
  const { output } = await build({ root, configFile: false, logLevel: 'error', build: options });
  const workers = output.filter(({ fileName }) => /everything.*[.]js$/.test(fileName));
  if (workers.length !== 1) throw new Error(`there are ${workers.length} workers in the bundle`);
  const file = join(root, 'everything.cjs');
  writeFileSync(file, workers[0].source ?? workers[0].code);
  const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the bundle of a worker cannot be parsed: ${stderr.slice(-300)}`);
};

/** Fails if a program of one solver has the options of another of its module, whose calls are marked as free of effects. */
const checkLeast = async (root) => {
  const options = { write: false, rollupOptions: { input: join(root, 'least.js') } };
  const { output } = await build({ root, configFile: false, logLevel: 'error', build: options });
  const code = output.map((chunk) => chunk.code ?? '').join('');
  console.log(`a program of one solver: ${(code.length / 1e3).toFixed(1)} kB`);
  const hasOptionsOf = (name) => new RegExp(`[\`'"]${name}[\`'"]`).test(code);
  if (!hasOptionsOf('kdpm2') || hasOptionsOf('kdpm2Ancestral'))
    throw new Error('a program of one solver has the options of another: the package lacks /* @__PURE__ */');
};

const managers = {
  npm: ['npm', ['install', '--no-audit', '--no-fund', tarball]],
  pnpm: ['npx', ['--yes', 'pnpm@9', 'add', tarball]],
};

// for threads; any web server can send them
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** Opens a page, and fails unless it computes the right numbers on two threads, without a message in its console. */
const check = async (browser, url) => {
  const page = await browser.newPage();
  const messages = [];
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) messages.push(message.text());
  });
  page.on('pageerror', (error) => messages.push(String(error)));
  await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
  await page.goto(url);
  await page
    .waitForFunction(() => globalThis.result, null, { timeout: 60_000 })
    .catch((error) => messages.push(`${error}`));
  const result = await page.evaluate(() => globalThis.result);
  const workers = page.workers().length;
  await page.close();
  if (result !== 'right' || workers !== 2 || messages.length > 0)
    throw new Error(`${url}: ${result} numbers, ${workers} threads; ${messages.join('\n')}`);
};

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  for (const [name, [command, args]] of Object.entries(managers)) {
    const root = join(work, `page-${name}`);
    mkdirSync(root, { recursive: true });
    for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), content);
    const { status, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0 && name === 'pnpm' && /E(AI_AGAIN|NOTFOUND|CONNREFUSED|TIMEDOUT)|ENOTCACHED/.test(stderr)) {
      console.log('SKIPPED: pnpm could not be loaded');
      continue;
    }
    if (status !== 0) throw new Error(`${name} could not install the package: ${stderr}`);

    const warnings = [];
    const customLogger = { ...createLogger('warn'), warn: (text) => warnings.push(text) };
    const config = {
      root,
      configFile: false,
      customLogger,
      server: { port: 0, headers },
      preview: { port: 0, headers },
    };
    const development = await (await createServer(config)).listen();
    await check(browser, development.resolvedUrls.local[0]);
    await development.close();
    await build(config);
    const built = await preview(config);
    await check(browser, built.resolvedUrls.local[0]);
    await built.close();
    if (name === 'npm') {
      await checkAll(root);
      await checkLeast(root);
    }
    if (warnings.length > 0) throw new Error(`${name}: Vite warns: ${warnings.join('\n')}`);
    console.log(`${name}: wasm runs on two threads in vite dev and as built`);
  }
} finally {
  await browser.close();
}
