import { either as E } from 'fp-ts';
import type { NoisefoldError } from 'noisefold/dsl';
import { decodeCheckpoint, encodeCheckpoint, encodeSafetensors, type Snapshot } from 'noisefold/training';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  beforeWorker,
  drop,
  hasBrowser,
  inBrowser,
  open,
  pause,
  press,
  saved,
  stepOf,
  until,
  type Visitor,
  visitors,
  whenDone,
  whenReady,
  whenStepIs,
  whenTrained,
} from './browser.js';

const visitor = visitors();
const withGpu = visitors({ webgpu: true });
let visit: Visitor;

const right = <A>(result: E.Either<NoisefoldError, A>): A =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(result);

const goTo = (query: string) => visit.page.goto(`${visit.address}${query}`);

/** The network for tests, whose drawings take one step: they are not tested here. */
const TINY = '?recipe=tiny&backend=wasm&steps=1';

/** A goal that no test reaches: training is fast, and a busy machine presses buttons late. */
const FAR = 100_000;

/** Trains some steps and pauses; returns their number. */
const trained = async (): Promise<number> => {
  const { page } = visit;
  await goTo(`${TINY}&goal=${FAR}`);
  await whenReady(page);
  await press(page, 'Start training');
  await whenStepIs(page, 3);
  await pause(page);
  return stepOf(page);
};

/** Pauses the training, if it goes on; returns the number of its steps. */
const atRest = async (): Promise<number> => {
  const { page } = visit;
  if ((await page.textContent('#train')) === 'Pause') await pause(page);
  return stepOf(page);
};

const message = async (): Promise<string> => {
  await visit.page.waitForSelector('.notice.error');
  return (await visit.page.textContent('.notice.error')) ?? '';
};

/** Checks that the training resumes after the failure. */
const goesOn = async (step: number): Promise<void> => {
  const { page } = visit;
  expect(await stepOf(page)).toBe(step);
  await page.locator('.row').getByRole('button', { name: 'Resume' }).click(); // a notice may have another one
  await whenStepIs(page, step + 1);
};

// in this order, on one page
describe('failures of a training that was paused', inBrowser, () => {
  beforeAll(async () => {
    if (!hasBrowser) return;
    visit = await visitor();
    await trained();
  });
  afterAll(() => visit?.context.close());

  test('other files dropped on it are refused with a message, and the training is unchanged', async () => {
    const step = await atRest();
    const files: readonly (readonly [name: string, bytes: Uint8Array, expected: string])[] = [
      [
        'picture.png',
        Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13),
        'expected a safetensors file, got other bytes',
      ],
      ['empty.safetensors', new Uint8Array(), 'expected a safetensors file, got 0 bytes'],
      [
        'other.safetensors',
        right(
          encodeSafetensors({
            tensors: new Map([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]),
            metadata: {},
          }),
        ),
        'give a checkpoint that noisefold wrote',
      ],
    ];
    for (const [name, bytes, expected] of files) {
      await drop(visit.page, name, bytes);
      const words = await message();
      expect(words).toContain('This file cannot be opened; the training is unchanged');
      expect(words).toContain(name);
      expect(words).toContain(expected);
      await press(visit.page, 'Close: This file cannot be opened; the training is unchanged');
      await visit.page.waitForSelector('.notice.error', { state: 'detached' });
    }
    await goesOn(step);
  });

  test('checkpoints of other trainings are refused with a message, and the training is unchanged', async () => {
    const step = await atRest();
    const snapshot = right(decodeCheckpoint('saved')(await saved(visit.page)));
    const otherModel = { image: [8, 8, 3], base: 4, multipliers: [1], groups: 2 };
    const changed: readonly (readonly [change: Partial<Snapshot>, expected: RegExp])[] = [
      [
        { config: { ...(snapshot.config as object), model: otherModel } },
        /its model: expected images 28×28×1 of 10 classes, v, 1000 timesteps, got images 8×8×3 of 0 classes, epsilon, 1000 timesteps/,
      ],
      [{ tensors: new Map([...snapshot.tensors].slice(1)) }, /expected float32 .*, got no such tensor/],
      [{ batch: 2 ** 22 }, /at most the 6000 images of the data set, got 4194304/],
    ];
    for (const [change, expected] of changed) {
      await open(visit.page, 'other.safetensors', right(encodeCheckpoint({ ...snapshot, ...change })));
      expect(await message()).toMatch(expected);
      await press(visit.page, 'Close: This file cannot be opened; the training is unchanged');
      await visit.page.waitForSelector('.notice.error', { state: 'detached' });
    }
    await goesOn(step);
  });

  test('a training that was replaced by mistake is restored with a press', async () => {
    const { page } = visit;
    const step = await atRest();
    const before = await saved(page);
    await press(page, 'Start over');
    await until(page, () => document.querySelector('#step')?.textContent === '0 / 100000');
    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Save the previous one')]);
    expect(download.suggestedFilename()).toBe(`digits-${step}.safetensors`);
    await press(page, 'Undo');
    await until(page, (n) => document.querySelector('#step')?.textContent === `${n} / 100000`, step);
    expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0);
    expect(Buffer.compare(await saved(page), before)).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.id)).not.toBe('');
  });

  test('a checkpoint dropped on it is opened, also during another training', async () => {
    const { page } = visit;
    const step = await atRest();
    const bytes = await saved(page);
    const whenBack = () => until(page, (n) => document.querySelector('#step')?.textContent === `${n} / 100000`, step);
    await press(page, 'Start over');
    await until(page, () => document.querySelector('#step')?.textContent === '0 / 100000');
    await drop(page, 'mine.safetensors', bytes);
    await whenBack();
    expect(await page.locator('.notice.note').last().textContent()).toContain(`after update ${step}`);
    await goTo(`${TINY}&goal=${FAR}`);
    await whenReady(page);
    await press(page, 'Resume');
    await whenStepIs(page, step + 2);
    await drop(page, 'mine.safetensors', bytes);
    await until(page, () => document.querySelector('#train')?.textContent === 'Resume');
    expect(await stepOf(page)).toBe(step);
  });

  test('the network of a run of the demo, dropped on it, draws, and the training is unchanged', async () => {
    const { page } = visit;
    const step = await atRest();
    const before = await saved(page);
    const snapshot = right(decodeCheckpoint('saved')(before));
    const demo = { ...snapshot, config: { ...(snapshot.config as object), muonRate: 0.01 } };
    expect(await page.textContent('#draw-hint')).toContain('by your network');
    await drop(page, 'checkpoint.safetensors', right(encodeCheckpoint(demo)));
    await until(page, () => document.querySelector('#draw-hint')?.textContent === 'by the loaded network');
    const note = await page.locator('.notice.note').last().textContent();
    expect(note).toContain('This page draws with the network of checkpoint.safetensors until you reload it.');
    expect(note).toContain('Its training does not go on here.');
    await whenDone(page);
    expect(Buffer.compare(await saved(page), before)).toBe(0);
    const lacking = new Map([...demo.tensors].filter(([path]) => path !== 'average.time.hidden.w'));
    await drop(page, 'checkpoint.safetensors', right(encodeCheckpoint({ ...demo, tensors: lacking })));
    expect(await message()).toMatch(/time.hidden.w: expected float32 .*, got no such tensor/);
    await goesOn(step);
  });

  test('a second tab says that it does not save, and does not change what the first one saves', async () => {
    const step = await atRest();
    const other = await visit.context.newPage();
    await other.goto(`${visit.address}${TINY}&goal=${step + 10}`);
    await whenReady(other);
    await other.waitForSelector('text=Another tab saves its training in this browser');
    await press(other, 'Resume');
    await whenTrained(other);
    await other.close();
    await visit.page.reload();
    await whenReady(visit.page);
    expect(await stepOf(visit.page)).toBe(step);
    expect(await visit.page.textContent('#notices')).not.toContain('Another tab');
  });
});

describe('failures in the page', inBrowser, () => {
  beforeEach(async () => {
    if (hasBrowser) visit = await visitor();
  });

  test('no adapter: it says so and trains on WebAssembly', async () => {
    const { page } = visit;
    await goTo('?recipe=tiny&steps=1');
    await whenReady(page);
    expect(await page.textContent('#backend')).toMatch(/^on WebAssembly, \d+ threads?$/);
    expect(await page.textContent('#backend-why')).toContain('no usable GPU');
    await press(page, 'Start training');
    await whenStepIs(page, 1);
  });

  test('another file dropped on it disturbs neither training nor drawing', async () => {
    const { page } = visit;
    await goTo('?recipe=tiny&backend=wasm&goal=100000&steps=60');
    await whenReady(page);
    await whenDone(page);
    await press(page, 'Start training');
    await whenStepIs(page, 2);
    await press(page, 'Erase top');
    await press(page, 'Redraw');
    await press(page, 'Fill in');
    await drop(page, 'holiday.jpg', new TextEncoder().encode('no checkpoint at all'));
    expect(await message()).toContain('holiday.jpg: expected a safetensors file, got other bytes');
    expect(await page.textContent('#train')).toBe('Pause');
    await whenStepIs(page, (await stepOf(page)) + 3);
    await until(page, () => document.querySelector('#repair-hint')?.textContent?.startsWith('Press one'));
    expect(await page.textContent('#fill')).toBe('Fill in');
    await whenDone(page);
  });

  test.each([
    ['software', '', 'emulates its GPU in software'],
    [
      'failed',
      `Object.defineProperty(GPUAdapter.prototype, 'info', { get: () => ({ architecture: 'pascal' }) });
       GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error('no'));`,
      'could not run the network',
    ],
  ])('without a usable GPU (%s) it says why', async (_, program, expected) => {
    const onGpu = await withGpu();
    await beforeWorker(onGpu.context, program);
    await onGpu.page.goto(`${onGpu.address}?recipe=tiny&steps=1`);
    await until(onGpu.page, () => document.querySelector('#backend')?.textContent?.startsWith('on WebAssembly, '));
    expect(await onGpu.page.textContent('#backend-why')).toContain(expected);
    await whenDone(onGpu.page);
    expect(await onGpu.page.locator('.notice').count()).toBe(0);
    await onGpu.context.close();
  });

  test('a GPU that compiles no shader: it trains and draws on WebAssembly, without another press', async () => {
    const onGpu = await withGpu();
    const { page, context, address } = onGpu;
    await beforeWorker(
      context,
      `Object.defineProperty(GPUAdapter.prototype, 'info', { get: () => ({ architecture: 'pascal' }) });
       GPUDevice.prototype.createComputePipelineAsync = () => Promise.reject(new Error('no'));`,
    );
    await page.goto(`${address}?goal=${FAR}`); // the loaded network draws when it is asked for
    await whenReady(page);
    expect(await page.textContent('#backend')).toBe('on WebGPU');
    await press(page, 'Start training');
    await whenStepIs(page, 1);
    expect(await page.textContent('#backend')).toMatch(/^on WebAssembly, /);
    expect(await page.textContent('#backend-why')).toContain('could not run the network');
    await page.goto(`${address}?recipe=tiny&steps=1`);
    await whenDone(page);
    expect(await page.textContent('#backend')).toMatch(/^on WebAssembly, /);
    expect(await page.locator('.notice').count()).toBe(0);
    await context.close();
  });

  test('digits that cannot be loaded: it says so, and tries again', async () => {
    const { page } = visit;
    await page.route('**/digits.bin', (route) => route.fulfill({ status: 503 }));
    await goTo(TINY);
    await whenDone(page); // it draws without them
    await press(page, 'Start training');
    expect(await message()).toContain('the file of digits: expected to be served, got status 503');
    expect(await page.textContent('#train')).toBe('No digits to learn from');
    await page.unroute('**/digits.bin');
    await press(page, 'Try again');
    await whenStepIs(page, 2);
    expect(await page.locator('.notice.error').count()).toBe(0);
  });

  test('a worker that cannot be loaded: it says so, and starts another one', async () => {
    const { page, context } = visit;
    await context.route('**/assets/main-*.js', (route) => route.abort());
    await goTo(TINY);
    expect(await message()).toContain('The worker of this page stopped');
    await context.unroute('**/assets/main-*.js');
    await press(page, 'Restart');
    await whenReady(page);
  });

  test('a browser without storage: it says so once, continues to train, and saves files', async () => {
    const { page, context } = visit;
    await beforeWorker(
      context,
      `Object.defineProperty(globalThis, 'caches', { get: () => { throw new Error('denied'); } });`,
    );
    const step = await trained();
    expect(await message()).toContain('This browser does not save the training');
    expect(await page.locator('.notice.error').count()).toBe(1);
    await press(page, 'Close: This browser does not save the training');
    await press(page, 'Resume');
    await whenStepIs(page, step + 2);
    await pause(page);
    expect(await page.locator('.notice.error').count()).toBe(0);
    expect(right(decodeCheckpoint('saved')(await saved(page))).step).toBeGreaterThan(step);
  });

  test('a URL with an invalid setting is reported, and the defaults are used', async () => {
    await goTo('?recipe=cake');
    expect(await message()).toContain('recipe: expected digits or tiny, got "cake"');
    await whenReady(visit.page);
    expect(await visit.page.textContent('#step')).toBe('0 / 900');
  });

  test('a shared link with unrelated parameters has its own settings, and no error', async () => {
    await goTo('?utm_source=news&goal=12&recipe=tiny&backend=wasm&fbclid=x');
    await whenReady(visit.page);
    expect(await visit.page.textContent('#step')).toBe('0 / 12');
    expect(await visit.page.locator('.notice').count()).toBe(0);
  });
});
