import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { cosine, ddpm, type Model } from '../../diffusion/index.js';
import {
  add,
  failure,
  key,
  type NoisefoldError,
  read,
  type Scalar,
  upload,
  using,
  zerosLike,
} from '../../dsl/index.js';
import { E, TE, type taskEither } from '../../internal/fp.js';
import { adam, allZeros, parameter } from '../../nn/index.js';
import { datasetOf } from '../../data/dataset.js';
import { fit } from './fit.js';
import type { TrainEvent } from './trainEvent.js';
import { decodeMetricsLog, type Metrics } from '../../reports/metrics.js';
import { leftOf, right } from '../testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { loadCheckpoint } from '../../checkpoints/checkpoint.js';
import { fitIn, fitInFolder, type FitInFolder, type Saving } from './fitInFolder.js';
import { type Opening, openRunFolder } from '../../checkpoints/runFolder.js';

let home = '';
let folder = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'noisefold-fit-'));
  folder = join(home, 'run');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(home, { recursive: true, force: true });
});

type Image = [1, 1, 1];

/** Learns the mean of the images. */
const model: Model<Scalar, Image> = {
  ...parameter(allZeros),
  predicts: 'x0',
  apply: (w, x) => add(zerosLike(x), w),
};
const grey = right(datasetOf({ pixels: Uint8Array.of(255, 0, 90), labels: Uint8Array.of(0, 0, 0), image: [1, 1, 1] }));

type Given = FitInFolder<Scalar, Image>;
const recipe: Given = {
  model,
  noising: right(ddpm(cosine(10))),
  optimizer: adam({ learningRate: 0.1 }),
  data: grey,
  heldOut: { data: grey, every: 3 },
  ...{ batch: 2, steps: 10, key: key(7), config: 'mean' },
};

const fitted = (
  more: Partial<Given> = {},
  options: Opening & Saving = {},
): taskEither.TaskEither<NoisefoldError, Trained<Scalar, Image>> =>
  using(reference())(fitInFolder<Scalar, Image>(folder, { ...recipe, ...more }, options));

const messageOf = async (work: taskEither.TaskEither<NoisefoldError, unknown>): Promise<string> =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag}: ${message.replaceAll(home, '…')}`,
    () => 'done',
  )(await work());

const logged = async (): Promise<readonly Metrics[]> =>
  right(decodeMetricsLog('log')(await readFile(join(folder, 'metrics.jsonl'), 'utf8'))).map((line) => ({
    ...line,
    ...{ seconds: 0, imagesPerSecond: 0 },
  }));

/** The files of a run, with the bytes of its checkpoint. */
const outcome = async () => ({
  names: (await readdir(folder)).sort(),
  checkpoint: await readFile(join(folder, 'checkpoint.safetensors'), 'latin1'),
  best: await readFile(join(folder, 'best.safetensors'), 'latin1'),
  log: await logged(),
});

/** The result of an undisturbed run. */
let undisturbed: Awaited<ReturnType<typeof outcome>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noisefold-fit-'));
  right(await fitted({}, { every: 2 })());
  undisturbed = await outcome();
  await rm(folder, { recursive: true });
});

/** Compares the checkpoints and the log of a run with those of {@link undisturbed}. */
const expectUndisturbed = async (): Promise<void> => {
  const [again, whole] = [await outcome(), undisturbed];
  expect([again.checkpoint, again.best, again.log]).toEqual([whole.checkpoint, whole.best, whole.log]);
};

const stepIn = async (name: string): Promise<number> => right(await loadCheckpoint(join(folder, name))()).step;

/** A listener that acts after a number of steps. */
const after =
  (step: number, act: () => unknown): NonNullable<Given['onEvent']> =>
  (event: TrainEvent) =>
    TE.rightTask(async () => {
      if (step === 0 ? event._tag === 'HeldOut' : event._tag === 'Step' && event.step + 1 === step) await act();
    });

const quiet = { aborted: false };

describe('a training in a folder', () => {
  test('leaves a line for each step, the newest checkpoints, and the best one', async () => {
    right(await fitted({}, { every: 2 })());
    const { names, log } = await outcome();
    expect(log.map(({ step, heldOut }) => [step, heldOut === undefined])).toEqual(
      Array.from({ length: 10 }, (_, step) => [step, (step + 1) % 3 !== 0]),
    );
    expect(names.filter((name) => /^checkpoint-|^[^c]/.test(name))).toEqual([
      ...['best.safetensors', expect.stringMatching(/^checkpoint-/), 'checkpoint-000008.safetensors', 'metrics.jsonl'],
    ]);
    expect(await stepIn('checkpoint.safetensors')).toBe(10);
    const best = right(await loadCheckpoint(join(folder, 'best.safetensors'))());
    const losses = log.flatMap(({ heldOut }) => heldOut ?? []);
    expect(best.heldOut).toBe(Math.min(...losses));
    expect(log[best.step - 1]!.heldOut).toBe(best.heldOut);
  });

  test.each([0, 1, 3, 4, 9])('stopped by a signal in step %d resumes as if it had not been stopped', async (at) => {
    const signal = { aborted: false };
    const ended = fitted({ signal, onEvent: after(at, () => (signal.aborted = true)) }, { every: 2 });
    expect(await messageOf(ended)).toBe(
      `Cancelled: ${at % 3 === 0 && at > 0 ? 'held-out losses, step 0' : `training, step ${at}`}: expected to continue, got a signal to stop; nothing is lost: resume the run in …/run, which continues at step ${at}`,
    );
    expect(await stepIn('checkpoint.safetensors')).toBe(at);
    expect(process.exitCode).toBeUndefined();
    right(await fitted({}, { every: 2, resume: true })());
    await expectUndisturbed();
  });

  test.each([2, 3, 5])('stopped by its listener in step %d saves a checkpoint there, and resumes', async (at) => {
    const stopping: Given['onEvent'] = (event) =>
      TE.right(event._tag === 'Step' && event.step + 1 === at ? 'stop' : undefined);
    right(await fitted({ onEvent: stopping }, { every: 4 })());
    expect(await stepIn('checkpoint.safetensors')).toBe(at);
    right(await fitted({}, { every: 2, resume: 'auto' })());
    await expectUndisturbed();
  });

  test('begins with given parameters, and resumes with those of its checkpoint', () =>
    using(reference())((backend) => async () => {
      const initial = right(await upload(Float32Array.of(5), [])(backend)());
      const steps = async (more: number, options: Opening) => {
        const settings = { ...recipe, averageDecay: 0, steps: more, initial };
        const { params } = right(await fitInFolder<Scalar, Image>(folder, settings, options)(backend)());
        return right(await read(params)(backend)())[0]!;
      };
      expect(await steps(0, { resume: 'auto' })).toBe(5);
      const one = await steps(1, { resume: 'auto' });
      expect([one < 5, await steps(1, { resume: true })]).toEqual([true, one]);
      return E.right(undefined);
    })().then(right));

  test('ended by an error in the data saves its steps, and says so', async () => {
    let batches = 0;
    const failing = {
      ...grey,
      inMemory: false as never,
      batch: (positions: Int32Array) =>
        ++batches > 4
          ? TE.left(failure('FileError', { where: 'pictures', expected: 'a', actual: 'b', hint: 'look' }))
          : grey.batch(positions),
    };
    const { heldOut: _, ...alone } = recipe;
    const ended = using(reference())(fitInFolder<Scalar, Image>(folder, { ...alone, data: failing }, { every: 3 }));
    expect(await messageOf(ended)).toBe(
      'FileError: pictures: expected a, got b; look; nothing is lost: resume the run in …/run, which continues at step 4',
    );
    expect(await stepIn('checkpoint.safetensors')).toBe(4);
  });

  const mine = failure('ConfigError', { where: 'mine', expected: 'a', actual: 'b', hint: 'look' });
  const thrower = (): never => {
    throw new Error('mine');
  };

  test.each([
    ['an error', 0, 'HeldOut', () => TE.left(mine)],
    ['an error', 1, 'Step', () => TE.left(mine)],
    ['an error', 3, 'Step', () => TE.left(mine)], // before its held-out loss is measured
    ['an error', 3, 'HeldOut', () => TE.left(mine)],
    ['an error', 4, 'Step', () => TE.left(mine)],
    ['an exception', 4, 'Step', thrower],
    ['an exception', 6, 'HeldOut', thrower],
  ] as const)('ended by %s of its listener at step %d, %s, saves and resumes', async (_name, at, tag, fails) => {
    let done = 0;
    const onEvent: Given['onEvent'] = (event) => {
      if (event._tag === 'Step') done = event.step + 1;
      return done === at && event._tag === tag ? fails() : undefined;
    };
    const seen: NoisefoldError[] = [];
    expect(await messageOf(fitted({ onEvent, onError: (error) => void seen.push(error) }, { every: 4 }))).toMatch(
      new RegExp(`mine.*; nothing is lost: resume the run in …/run, which continues at step ${at}$`),
    );
    expect(seen).toHaveLength(1);
    expect(await stepIn('checkpoint.safetensors')).toBe(at);
    right(await fitted({}, { every: 2, resume: true })());
    await expectUndisturbed();
  });

  test('quotes the reason of the signal of the caller', async () => {
    const reason = new Error('the queue is closed');
    const ended = fitted({ signal: AbortSignal.abort(reason) });
    expect(await leftOf(ended)).toMatchObject({ actual: 'a signal to stop: the queue is closed', cause: reason });
  });

  test('saves after an error of `onError` too, and ends with that error', async () => {
    const onEvent = after(4, () => (signal.aborted = true));
    const signal = { aborted: false };
    expect(await messageOf(fitted({ signal, onEvent, onError: () => TE.left(mine) }))).toMatch(
      /^ConfigError: mine: .*; nothing is lost: .* continues at step 4$/,
    );
    expect(await stepIn('checkpoint.safetensors')).toBe(4);
  });

  test('refuses to begin over a run, to resume without one, and wrong options', async () => {
    right(await fitted({ steps: 2 })());
    expect(await messageOf(fitted())).toMatch(/^ConfigError: …\/run: expected a folder without a run, got a folder /);
    folder = join(home, 'other');
    expect(await messageOf(fitted({}, { resume: true }))).toMatch(/^FileError: .*got no folder/);
    expect(await messageOf(fitted({}, { every: 0 }))).toMatch(/^ConfigError: fitInFolder.every: /);
    expect(await messageOf(fitted({}, { evry: 1 } as never))).toMatch(
      /^ConfigError: fitInFolder.evry: .*did you mean every/,
    );
    expect(await messageOf(fitted({ resume: true } as never))).toMatch(
      /^ConfigError: fitInFolder: training.resume: .*; give it after the training: fitInFolder\(…, training, { resume }\)$/,
    );
    expect(await readdir(home)).toEqual(['run']);
  });

  test('is refused for fewer steps than it has done, and returns its state for the same number', async () => {
    right(await fitted({ steps: 4 })());
    const few = 'ConfigError: training.steps: expected at least the 4 of the checkpoint, got 3; ';
    expect(await messageOf(fitted({ steps: 3 }, { resume: true }))).toMatch(few);
    const from = right(await loadCheckpoint(join(folder, 'checkpoint.safetensors'))());
    expect(await messageOf(using(reference())(fit<Scalar, Image>({ ...recipe, from, steps: 3 })))).toMatch(few);
    expect(await messageOf(fitted({ steps: 4 }, { resume: true }))).toBe('done');
  });

  test('whose log was lost continues with a new log, also after that', async () => {
    const steps = async () => (await logged()).map(({ step }) => step);
    right(await fitted({ steps: 4 })());
    await rm(join(folder, 'metrics.jsonl'));
    expect(await messageOf(fitted({}, { resume: true }))).toMatch(/, or give log: 'new' to continue with a new log /);
    right(await fitted({ steps: 6 }, { resume: true, log: 'new' })());
    expect(await steps()).toEqual([4, 5]);
    right(await fitted({ steps: 8 }, { resume: true })());
    expect(await steps()).toEqual([4, 5, 6, 7]);
    right(await fitted({}, { resume: true })());
    expect((await outcome()).checkpoint).toBe(undisturbed.checkpoint);
  });

  test('holds the lock of the folder while it runs, and always releases it', async () => {
    const seen: string[] = [];
    const onEvent = after(1, async () => seen.push(await messageOf(openRunFolder(folder, { resume: true }))));
    right(await fitted({ onEvent })());
    expect(seen).toEqual([expect.stringContaining('held by another run of this process')]);
    expect(await readdir(folder)).not.toContain('run.lock');
    expect(await messageOf(fitted({ steps: -1 } as never, { resume: true }))).toMatch(/^ConfigError/);
    expect(await messageOf(fitted({ signal: {} } as never, { resume: true }))).toMatch(
      /^ConfigError: fitInFolder.signal: /,
    );
    expect(await readdir(folder)).not.toContain('run.lock');
    const throwing = () => {
      throw new Error('mine');
    };
    expect(await messageOf(fitted({ steps: 12, onEvent: throwing }, { resume: true }))).toMatch(/mine/);
    expect(await readdir(folder)).not.toContain('run.lock');
  });
});

describe('the error says what is lost', () => {
  test.each([
    ['removed', () => rm(folder, { recursive: true })],
    ['renamed', () => rename(folder, join(home, 'other'))],
  ])('if the folder was %s during a run', async (_name, change) => {
    expect(await messageOf(fitted({ onEvent: after(6, change) }, { every: 4 }))).toBe(
      'FileError: …/run: expected a folder that no other run holds, got no run.lock there; the folder was removed or renamed, or its lock was deleted; nothing is left, unless the folder was renamed: there the checkpoint of step 4 is whole, the 2 steps after it are lost',
    );
    expect(await stat(folder).catch(() => 'none')).toBe('none');
  });

  test('if only the lock was deleted: the checkpoint is whole', async () => {
    const change = () => rm(join(folder, 'run.lock'));
    expect(await messageOf(fitted({ onEvent: after(6, change) }, { every: 4 }))).toMatch(
      /lock was deleted; the checkpoint of step 4 is whole, the 2 steps after it are lost$/,
    );
    expect(await stepIn('checkpoint.safetensors')).toBe(4);
  });

  test.each([
    ['an earlier one', undefined, { every: 2, keep: 3 }, 6, 'checkpoint-000006.safetensors'],
    ['the best one', { data: grey, every: 8 }, { every: 8, keep: 2 }, 8, 'best.safetensors'],
  ])('if the newest checkpoint and the lock were deleted: %s is whole', async (_, heldOut, saving, step, name) => {
    const remove = () => Promise.all(['checkpoint.safetensors', 'run.lock'].map((file) => rm(join(folder, file))));
    const { heldOut: _own, ...alone } = recipe;
    const training = { ...alone, ...(heldOut && { heldOut }), onEvent: after(9, remove) };
    const message = await messageOf(using(reference())(fitInFolder<Scalar, Image>(folder, training, saving)));
    const lost = `the checkpoint of step ${step} is whole, the ${9 - step} steps after it are lost`;
    expect(message).toMatch(/^FileError: /);
    expect(message.split('; ').at(-1)).toBe(lost);
    expect(await stepIn(name)).toBe(step);
  });

  test('if the disk is full: the previous checkpoint stays whole', async () => {
    const builtin = process.getBuiltinModule;
    let full = false;
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) => {
      const actual = builtin(name as 'node:fs/promises');
      if (name !== 'node:fs/promises') return actual;
      const open: typeof actual.open = async (path, flags, ...more) => {
        const handle = await actual.open(path, flags, ...more);
        if (full && `${String(path)}`.includes('.checkpoint'))
          handle.writeFile = () => {
            throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
          };
        return handle;
      };
      return { ...actual, open };
    }) as typeof process.getBuiltinModule);
    const { heldOut: _, ...alone } = recipe;
    const onEvent = after(5, () => (full = true));
    const work = using(reference())(fitInFolder<Scalar, Image>(folder, { ...alone, onEvent }, { every: 4 }));
    expect(await messageOf(work)).toBe(
      'FileError: …/run/checkpoint.safetensors: expected a file to write, got ENOSPC: no space left on device; free some space on the disk; the checkpoint of step 4 is whole, the 4 steps after it are lost',
    );
    full = false;
    expect(await stepIn('checkpoint.safetensors')).toBe(4);
    right(await using(reference())(fitInFolder<Scalar, Image>(folder, alone, { resume: true, every: 4 }))());
    expect((await logged()).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('if no checkpoint was saved yet', async () => {
    const change = () => mkdir(join(folder, 'metrics.jsonl'), { recursive: true });
    const work = async () => {
      const run = right(await openRunFolder(folder)());
      await change();
      const result = await using(reference())(fitIn<Scalar, Image>(run, { ...recipe, signal: quiet }))();
      await run.release();
      return result;
    };
    expect(await messageOf(work)).toMatch(/^FileError: .*metrics.jsonl: .*; all 1 steps are lost$/);
  });
});

describe('a signal to the process', () => {
  const kill = (name: NodeJS.Signals) => () => {
    process.kill(process.pid, name);
    return new Promise((resolve) => setTimeout(resolve, 20)); // the signal is delivered by the event loop
  };

  test.each([
    ['SIGINT', 130, {}],
    ['SIGTERM', 143, {}],
    ['SIGHUP', 129, {}],
    ['SIGINT', 130, { signal: { aborted: false } }],
  ] as const)('%s: saves after the step, and the process ends with %d, given %o', async (name, code, given) => {
    const before = process.listenerCount(name);
    const writing = process.stdout.listenerCount('error');
    const exits = vi.spyOn(process, 'once');
    expect(await messageOf(fitted({ ...given, onEvent: after(4, kill(name)) }))).toMatch(
      /^Cancelled: training, step 4: /,
    );
    expect(await stepIn('checkpoint.safetensors')).toBe(4);
    expect(process.exitCode).toBe(code);
    const uncaught = exits.mock.calls.findLast(([event]) => event === 'exit')![1] as (code: number) => void;
    process.exitCode = 1; // as Node does before it reports the exit
    uncaught(1);
    expect(process.exitCode).toBe(code);
    process.off('exit', uncaught);
    process.exitCode = undefined;
    expect(process.listenerCount(name)).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(process.stdout.listenerCount('error')).toBe(writing);
  });
});
