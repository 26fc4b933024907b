import { decodeCheckpoint, encodeCheckpoint, type Snapshot } from 'noisefold/training';
import { either as E } from 'fp-ts';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  beforeWorker,
  hasBrowser,
  inBrowser,
  hide,
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

/** Software WebGPU is a hundred times slower than WebAssembly: the tests take few steps. */
const FEW = '?backend=webgpu&recipe=tiny&goal=6&steps=1';

/** Records the devices of the worker, so that a test can destroy one. */
const REMEMBERING = `{
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    globalThis.device = await request.apply(this, given);
    return globalThis.device;
  };
}
`;

const visitor = visitors({ webgpu: true });
let visit: Visitor;
beforeAll(async () => {
  if (!hasBrowser) return;
  visit = await visitor();
  await beforeWorker(visit.context, REMEMBERING);
  await visit.page.goto(`${visit.address}${FEW}`);
  await whenReady(visit.page);
});

/** Destroys the device, as a driver reset does. */
const loseDevice = async (): Promise<void> => {
  const [worker] = visit.page.workers();
  await worker!.evaluate(() => (globalThis as unknown as { readonly device: GPUDevice }).device.destroy());
};

const whenBack = (): Promise<unknown> =>
  until(visit.page, () => document.querySelector('.notice.warning')?.textContent?.includes('The training returned'));

/** A training paused before its goal. */
let half: Uint8Array<ArrayBuffer>;

/** Presses the button of the last notice. */
const goOn = (): Promise<void> => visit.page.locator('.notice').getByRole('button', { name: 'Resume' }).last().click();

// in this order, on one page: setting up a network takes most of the time
describe('the page on WebGPU', inBrowser, () => {
  test('trains and draws there', async () => {
    const { page } = visit;
    expect(await page.textContent('#backend')).toBe('on WebGPU');
    expect(await page.locator('.notice').count()).toBe(0);
    await press(page, 'Start training');
    await whenStepIs(page, 1);
    await pause(page);
    half = await saved(page);
    await whenDone(page);
    await hide(page, true); // no drawings from here on, because they take longer than training
  });

  test('a checkpoint whose batch exceeds a buffer is refused with a message, and the training is unchanged', async () => {
    const { page } = visit;
    const step = await stepOf(page);
    const snapshot = decodeCheckpoint('saved')(half);
    const large = E.flatMap((found: Snapshot) => encodeCheckpoint({ ...found, batch: 6000 }))(snapshot);
    if (E.isLeft(large)) throw new Error(large.left.message);
    await open(page, 'large.safetensors', large.right);
    await page.waitForSelector('.notice.error');
    expect(await page.textContent('.notice.error')).toMatch(/limit|MiB/);
    expect(await stepOf(page)).toBe(step);
    expect(await page.textContent('#backend')).toBe('on WebGPU');
  });

  test('after a lost device it resumes, and ends with the bytes of an undisturbed training', async () => {
    const { page } = visit;
    const step = await stepOf(page);
    expect(step).toBeLessThan(5);
    await press(page, 'Resume');
    await whenTrained(page);
    const undisturbed = await saved(page);

    await open(page, 'half.safetensors', half);
    await until(page, (n) => document.querySelector('#step')?.textContent === `${n} / 6`, step);
    await goOn();
    await whenStepIs(page, step + 1);
    await loseDevice();
    await whenBack();
    expect(await page.textContent('.notice.warning')).toContain(`after update ${step},`);
    expect(await stepOf(page)).toBe(step);
    expect(await page.textContent('#backend')).toBe('on WebGPU');
    await goOn();
    await whenTrained(page);
    expect(Buffer.compare(await saved(page), undisturbed)).toBe(0);
  });

  test('after a second lost device it uses WebAssembly, and keeps its state', async () => {
    const { page } = visit;
    await loseDevice();
    await press(page, 'Train 300 more');
    await whenBack();
    expect(await page.textContent('#backend')).toMatch(/^on WebAssembly, /);
    expect(await page.textContent('#backend-why')).toContain('was lost twice');
    expect(await stepOf(page)).toBe(6);
    await goOn();
    await whenStepIs(page, 8);
  });
}); // oxfmt-ignore
