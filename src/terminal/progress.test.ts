import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { reference } from '../backends/reference/index.js';
import { ddim } from '../diffusion/index.js';
import { key, using } from '../dsl/index.js';
import { F, RTE } from '../internal/fp.js';
import { fit, sample, type TrainEvent } from '../training/index.js';
import { bars, right, plainTraining } from '../training/testing.js';
import type { Output } from './display.js';
import { progress } from './progress.js';

beforeEach(() => {
  vi.stubEnv('CI', '');
  vi.stubEnv('TERM', 'xterm');
});
afterEach(() => void vi.unstubAllEnvs());

/** A stream that records its input. */
const recorder = (about: Partial<Output> = {}) => {
  const texts: string[] = [];
  const stream: Output = {
    ...about,
    write: (text) => texts.push(text),
    get bytesWritten() {
      return texts.join('').length;
    },
  };
  return { stream, text: () => texts.join('') };
};

/** The lines of a terminal after some output. */
const screenOf = (output: string): readonly string[] => {
  const lines = [''];
  let [row, column] = [0, 0];
  for (const [token, count, command] of output.matchAll(/\p{Cc}\[\??(\d*)([A-Za-z])|./gsu)) {
    if (token === '\n') [row, column] = [row + 1, 0];
    else if (command === 'A') row -= Number(count || 1);
    else if (command === 'G') column = 0;
    else if (command === 'K') lines[row] = '';
    else if (command === undefined) {
      lines[row] = (lines[row] ?? '').slice(0, column) + token;
      column += 1;
    }
  }
  return lines;
};

const step = (done: number, of: number, loss = 0.5): TrainEvent => ({
  ...{ _tag: 'Step', step: done - 1, of, loss },
  ...{ gradientNorm: 1, learningRate: 1e-3, milliseconds: 10 },
});

const train = (show: (event: TrainEvent) => void, steps: number): void => {
  for (let done = 1; done <= steps; done++) show(step(done, steps));
};

describe('without a terminal', () => {
  test('there is a line for the first step, each tenth of the steps and the last one, without control characters', () => {
    const { stream, text } = recorder();
    train(progress(undefined, { stream }), 200);
    const lines = text().split('\n');
    expect(lines.map((line) => /^training +(\d+)\/200  loss 0\.500 /.exec(line)?.[1])).toEqual([
      ...['1', '20', '40', '60', '80', '100', '120', '140', '160', '180', '200'],
      undefined, // after the last line
    ]);
    expect(text()).not.toMatch(/[^\n -~]/);
  });

  test('there is one more line for a held-out loss after the last step', () => {
    const { stream, text } = recorder();
    const show = progress(undefined, { stream });
    train(show, 2);
    show({ _tag: 'HeldOut', step: 2, loss: 0.25 });
    show({ _tag: 'HeldOut', step: 2, loss: 0.25 });
    expect(text().match(/held out 0\.250/g)).toHaveLength(1);
  });

  test('each warning is a line, of losses only the first', () => {
    const { stream, text } = recorder();
    const show = progress(undefined, { stream });
    for (const [i, about] of (['settings', 'settings', 'loss', 'loss'] as const).entries())
      show({ _tag: 'Warning', step: 7, about, message: `odd ${about} ${i}` });
    show({ _tag: 'Warning', step: 7, about: 'settings', message: 'odd settings 0' });
    expect(text()).toBe(
      'training  step 8: odd settings 0\ntraining  step 8: odd settings 1\ntraining  step 8: odd loss 2\n',
    );
  });

  test.each<[string, string, Partial<Output>]>([
    ['CI', 'true', { isTTY: true }],
    ['TERM', 'dumb', { isTTY: true }],
  ])('the same on a terminal with %s=%s', (name, value, about) => {
    vi.stubEnv(name, value);
    const { stream, text } = recorder(about);
    train(progress(undefined, { stream }), 10);
    expect(text().split('\n')).toHaveLength(11);
    expect(text()).not.toContain('\u001B');
  });

  test('a second run has its own lines', () => {
    const { stream, text } = recorder();
    const show = progress('drawing', { stream });
    for (const done of [1, 2, 1, 2]) show(done, 2);
    expect(text().match(/drawing {2}[12]\/2/g)).toHaveLength(4);
  });
});

describe('on a terminal', () => {
  const terminal = { isTTY: true, columns: 80 };

  test('one line is redrawn in place; the last has the last held-out loss', () => {
    const { stream, text } = recorder({ ...terminal, columns: 120 });
    const show = progress(undefined, { stream });
    train(show, 1000);
    show({ _tag: 'NonFinite', step: 999, origin: null });
    show({ _tag: 'HeldOut', step: 1000, loss: 0.25 });
    const lines = screenOf(text());
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^training █+ 1000\/1000 {2}loss 0\.500 {3}held out 0\.250 {3}1 not finite/);
    expect(lines[1]).toBe('');
  });

  test('frames are limited: a thousand fast steps do not print a thousand times', () => {
    const { stream, text } = recorder(terminal);
    const began = performance.now();
    train(progress(undefined, { stream }), 1000);
    const frames = text().split('1000  loss').length - 1;
    expect(frames).toBeLessThanOrEqual(3 + ((performance.now() - began) / 1000) * 15);
  });

  test('output of other code is kept, and the line continues below it', () => {
    const { stream, text } = recorder(terminal);
    const show = progress(undefined, { stream });
    show(step(1, 3));
    stream.write('a line of the user\n');
    train(show, 3);
    const lines = screenOf(text());
    expect(lines[0]).toContain(' 1/3');
    expect(lines[1]).toBe('a line of the user');
    expect(lines[2]).toContain(' 3/3');
  });

  test('one that reports 0 columns also gets a line', () => {
    const { stream, text } = recorder({ isTTY: true, columns: 0 });
    train(progress(undefined, { stream }), 3);
    expect(screenOf(text())).toHaveLength(2);
  });

  test('the cursor stays visible, and stdin and signals are not touched', () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'uncaughtExceptionMonitor'];
    const listeners = () => [...signals.map((signal) => process.listenerCount(signal)), process.stdin.isRaw];
    const before = listeners();
    const { stream, text } = recorder(terminal);
    train(progress(undefined, { stream }), 3);
    expect(listeners()).toEqual(before);
    expect(text()).not.toContain('\u001B[?25');
  });
});

describe('a stream that cannot be written', () => {
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const streams: readonly (readonly [string, () => Output])[] = [
    ['that throws', () => ({ write: () => { throw gone; } })],
    ['whose reader has closed', () => new Writable({ write: (_, __, done) => done(gone) }) as unknown as Output],
    ['that has ended', () => new Writable({ write: (_, __, done) => done() }).end() as unknown as Output],
  ]; // oxfmt-ignore

  test.each(streams)('%s, ends nothing', async (_, make) => {
    for (const about of [{}, { isTTY: true }]) {
      train(progress(undefined, { stream: Object.assign(make(), about) }), 20);
      await new Promise((resolve) => setTimeout(resolve, 5)); // an error event without a listener would fail the test
    }
  });
});

test('passing `progress` without calling it is an error that says so', async () => {
  const hint = 'call it to make a listener: onEvent: progress()';
  const recipe = plainTraining(2);
  const onEvent = progress as never;
  const onStep = progress as never;
  expect(await using(reference())(fit({ ...recipe, onEvent }))()).toMatchObject({
    left: { _tag: 'ConfigError', hint },
  });
  const drawn = F.pipe(
    fit(recipe),
    RTE.flatMap(sample({ solver: ddim(), grid: 2, labels: [0], key: key(1), onStep })),
    using(reference()),
  );
  expect(await drawn()).toMatchObject({ left: { _tag: 'ConfigError', hint } });
});

test('fit and sample are shown', async () => {
  const [training, sampling] = [recorder(), recorder()];
  const recipe = plainTraining(2);
  const heldOut = { data: bars(6), every: 2, images: 6 };
  const onStep = progress(undefined, { stream: sampling.stream });
  const text = await F.pipe(
    fit({ ...recipe, heldOut, onEvent: progress(undefined, { stream: training.stream }) }),
    RTE.flatMap(sample({ solver: ddim(), grid: 2, labels: [0, 1, 2], batch: 2, key: key(1), onStep })),
    using(reference()),
  )();
  right(text);
  expect(training.text()).toMatch(/^training +1\/2 .*\ntraining +2\/2 .*\ntraining +2\/2 .*held out .*\n$/);
  const lines = sampling.text().split('\n');
  expect(lines.map((line) => /^sampling +(\d)\/4(?: +(\d) images)?/.exec(line)?.slice(1).join(' '))).toEqual([
    ...['1 ', '2 2', '3 2', '4 3'],
    undefined,
  ]);
});
