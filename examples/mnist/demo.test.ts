import { mkdirSync, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { either as E, taskEither as TE } from 'fp-ts';
import { mean, type NoisefoldError, reshape, treeSpec } from 'noisefold/dsl';
import { extractFeatures, type FeatureModel } from 'noisefold/evaluation';
import { type Batch, type Dataset, decodeCheckpoint, decodeMetricsLog, type Metrics } from 'noisefold/training';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bars, barsRecipe, SIZE } from './barsTesting.js';
import manifest from '../../package.json' with { type: 'json' };
import { demo, type World } from './demo.js';
import type { Digits } from './digits.js';
import type { Progress } from './progress.js';
import type { Settings } from './recipe.js';

const right = <A>(result: E.Either<NoisefoldError, A>): A =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(result);

const scripts: object = manifest.scripts;

const digits: Digits = { train: bars, test: bars };

/** The brightness of each row of pixels as features. */
const rows: FeatureModel<object, [4, 4, 1]> = {
  image: [SIZE, SIZE, 1],
  params: treeSpec<object>({}),
  apply: () => (images) => ({ features: reshape(mean(images, 2), -1, SIZE) }),
};
const extract: World['extract'] = (images, options) => extractFeatures({ model: rows, params: {} }, images, options);

/** Runs that tests share and do not change. */
let shared = '';
const undisturbed = (): string => join(shared, 'undisturbed');
const stoppedAt3 = (): string => join(shared, 'stopped');
beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'noisefold-runs-'));
  right((await run(undisturbed(), small)).result);
  await run(stoppedAt3(), small, ({ done }, stop) => {
    if (done === 3) stop();
  });
});
afterAll(() => rm(shared, { recursive: true }));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noisefold-demo-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Outcome {
  readonly result: E.Either<NoisefoldError, readonly string[]>;
  readonly notes: readonly string[];
}

/** Runs the demo in a folder; `watch` receives the progress and may stop it. */
const run = async (
  out: string,
  { resume = false, ...given }: Partial<Settings> & { readonly resume?: boolean },
  watch: (progress: Progress, stop: () => void) => void = () => undefined,
  world: Partial<World> = {},
): Promise<Outcome> => {
  const notes: string[] = [];
  const stop = new AbortController();
  const display: World['display'] = {
    note: (text) => () => {
      notes.push(text);
    },
    progress: (progress) => () => watch(progress, () => stop.abort()),
  };
  const result = await demo({ out, resume, help: false, given })({
    recipe: barsRecipe,
    digits: TE.right(digits),
    extract,
    display,
    signal: stop.signal,
    ...world,
  })();
  return { result, notes };
};

const small = { backend: 'reference', batch: 4, steps: 7, checkpointEvery: 3, sampler: 'ddim:2' } as const;

const messageOf = ({ result }: Outcome): string =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag}: ${message}`,
    () => 'done',
  )(result);

const contents = async (path: string): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(path)).sort().map(async (name) => [name, await readFile(join(path, name), 'latin1')] as const),
    ),
  );

const logOf = async (path: string): Promise<readonly Metrics[]> =>
  right(decodeMetricsLog('log')(await readFile(join(path, 'metrics.jsonl'), 'utf8')));

/** The log without measured times. */
const untimed = async (path: string): Promise<readonly Metrics[]> =>
  (await logOf(path)).map((metrics) => ({ ...metrics, seconds: 0, imagesPerSecond: 0 }));

/** Compares a run with an undisturbed one, byte for byte. */
const expectUndisturbed = async (path: string): Promise<void> => {
  const whole = await contents(undisturbed());
  const { 'metrics.jsonl': _, 'loss.svg': _chart, 'config.json': _config, ...files } = await contents(path);
  const own = Object.keys(files).filter((name) => !/^checkpoint-\d{6}\.safetensors$/.test(name));
  expect(own).toEqual(['best.safetensors', 'checkpoint.safetensors', 'samples.png']);
  expect(whole['best.safetensors'] === files['best.safetensors']).toBe(true);
  expect(whole['checkpoint.safetensors'] === files['checkpoint.safetensors']).toBe(true);
  expect(whole['samples.png'] === files['samples.png']).toBe(true);
  expect(await untimed(path)).toEqual(await untimed(undisturbed()));
  const seconds = (await logOf(path)).map((metrics) => metrics.seconds);
  expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
};

describe('the demo', () => {
  test('writes its files: a column of samples for each class, a line for each step', async () => {
    const out = undisturbed();
    expect((await readdir(out)).sort()).toEqual([
      'best.safetensors',
      ...['checkpoint-000004.safetensors', 'checkpoint-000006.safetensors', 'checkpoint.safetensors'],
      'config.json',
      'loss.svg',
      'metrics.jsonl',
      'samples.png',
    ]);
    const png = await readFile(join(out, 'samples.png'));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2 * 4 * SIZE + 4, 10 * 4 * SIZE + 9 * 4]);
    expect((await logOf(out)).map(({ step, heldOut }) => [step, heldOut === undefined])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((step) => [step, step % 2 === 0]),
    );
    const { step } = right(decodeCheckpoint('')(await readFile(join(out, 'checkpoint.safetensors'))));
    expect(step).toBe(7);
  });

  test('ends with its files, the score of its digits beside that of real digits, and three commands', async () => {
    const files = ['samples.png', 'loss.svg'].map((name) => join(undisturbed(), name));
    const { result } = await run(undisturbed(), { resume: true });
    const lines = right(result);
    expect(lines.slice(0, 2)).toEqual(files);
    // the training digits are the held-out ones here
    expect(lines[2]).toMatch(/^score: FID \d+\.\d\d \(16 real digits: 0\.00\)$/);
    const commands = lines.filter((text) => text.startsWith('  npm run '));
    expect(commands).toHaveLength(3);
    for (const [, name] of commands.join('\n').matchAll(/npm run (\S+)/g)) expect(scripts).toHaveProperty([name!]);
    for (const command of commands.slice(0, 2)) expect(command).toContain(` ${undisturbed()} `);
  });

  test('shows no held-out loss of the untrained network', async () => {
    const seen: [done: number, isShown: boolean][] = [];
    await run(join(folder, 'run'), { ...small, steps: 4 }, ({ phase, done, heldOut }) => {
      if (phase === 'training') seen.push([done, heldOut !== undefined]);
    });
    // it is measured at steps 0 and 2, after 0 and 2 updates, and shown with the next update
    expect(seen).toEqual([[1, false], [2, false], [3, true], [4, true]]); // oxfmt-ignore
  });

  test('stops after its minutes', async () => {
    const out = join(folder, 'run');
    const { result, notes } = await run(out, { ...small, minutes: 1e-9 });
    expect(E.isRight(result)).toBe(true);
    expect(notes.at(-1)).toMatch(/^trained 1 steps in /);
    expect((await logOf(out)).length).toBe(1);
    expect(E.isRight((await run(out, { resume: true })).result)).toBe(true);
    expect((await logOf(out)).length).toBe(1);
    const outcome = await run(out, { resume: true, steps: 7 });
    expect(E.isRight(outcome.result)).toBe(true);
    await expectUndisturbed(out);
  });
});

describe('a stopped run resumes as if it had not been stopped', () => {
  test.each([2, 3])('by a signal in step %d', async (at) => {
    const out = join(folder, 'run');
    const stopped = await run(out, small, ({ done }, stop) => {
      if (done === at) stop();
    });
    expect(messageOf(stopped)).toBe(
      `Cancelled: ${at === 2 ? 'held-out losses, step 0' : `training, step ${at}`}: expected to continue, got a signal to stop; nothing is lost: npm run demo -- --resume --out ${out}`,
    );
    const { result, notes } = await run(out, { resume: true });
    expect(E.isRight(result)).toBe(true);
    expect(notes[0]).toMatch(new RegExp(`^resuming at step ${at}: 7 steps of 4 images on reference, in `));
    await expectUndisturbed(out);
  });

  test('by a signal while it draws', async () => {
    const out = join(folder, 'run');
    const stopped = await run(out, small, ({ phase }, stop) => {
      if (phase === 'sampling') stop();
    });
    expect(messageOf(stopped)).toMatch(/^Cancelled: sampling, step 1: .* --resume --out /);
    expect(E.isRight((await run(out, { resume: true })).result)).toBe(true);
    await expectUndisturbed(out);
  });

  test('killed some steps after its checkpoint, in the middle of a line', async () => {
    const out = join(folder, 'run');
    const killed = join(folder, 'killed');
    // the files after step 5, with the checkpoint of step 3
    await cp(stoppedAt3(), killed, { recursive: true });
    await cp(stoppedAt3(), out, { recursive: true });
    await run(out, { resume: true }, ({ done }, stop) => {
      if (done === 5) stop();
    });
    const log = await readFile(join(out, 'metrics.jsonl'), 'utf8');
    await writeFile(join(killed, 'metrics.jsonl'), `${log}{"step":5,"lo`);
    await writeFile(join(killed, `.checkpoint.safetensors.${2 ** 22 + 1}.0f.tmp`), 'half of one'); // no process has this id
    const { result, notes } = await run(killed, { resume: true });
    expect(E.isRight(result)).toBe(true);
    expect(notes[0]).toMatch(/^resuming at step 3: /);
    await expectUndisturbed(killed);
  });

  test('at its end, to be trained further', async () => {
    const out = join(folder, 'run');
    right((await run(out, { ...small, steps: 5 })).result);
    right((await run(out, { resume: true, steps: 7 })).result);
    await expectUndisturbed(out);
  });
});

describe('an error is reported, and nothing is lost', () => {
  const spoiled = async (
    spoil: (out: string) => Promise<unknown>,
    options: Parameters<typeof run>[1] = { resume: true },
  ): Promise<string> => {
    const out = join(folder, 'run');
    await cp(stoppedAt3(), out, { recursive: true });
    await spoil(out);
    const before = await contents(out);
    const message = messageOf(await run(out, options));
    expect(await contents(out)).toEqual(before);
    return message.replaceAll(folder, '…');
  };

  test('a folder that holds a run', async () => {
    expect(await spoiled(async () => undefined, small)).toBe(
      'ConfigError: --out …/run: expected a folder without a run, got one that holds a run; add --resume to continue it, or name another folder',
    );
  });

  test('a truncated checkpoint', async () => {
    const message = await spoiled(async (out) => {
      const path = join(out, 'checkpoint.safetensors');
      await writeFile(path, (await readFile(path)).subarray(0, 5000));
    });
    expect(message).toMatch(/^DecodeError: …\/run\/checkpoint\.safetensors: /);
  });

  test('a checkpoint of another model', async () => {
    const other = join(folder, 'other');
    await run(other, { ...small, steps: 1 }, undefined, {
      recipe: { ...barsRecipe, model: { ...barsRecipe.model, base: 8 } },
    });
    const message = await spoiled((out) =>
      cp(join(other, 'checkpoint.safetensors'), join(out, 'checkpoint.safetensors')),
    );
    expect(message).toBe(
      'CheckpointMismatch: checkpoint of step 1: config.model.base: expected 4, got 8; an older version of the demo, or another run, made the checkpoint: begin again, without --resume',
    );
  });

  test('a run of EDM by the older version, whose checkpoints had the recipe of DDPM', async () => {
    const message = await spoiled(async (out) => {
      const path = join(out, 'config.json');
      await writeFile(path, (await readFile(path, 'utf8')).replace('"process": "ddpm"', '"process": "edm"'));
    });
    expect(message).toBe(
      'CheckpointMismatch: checkpoint of step 3: config.model.timesteps: expected "continuous", got 20; an older version of the demo, or another run, made the checkpoint: begin again, without --resume',
    );
  });

  test('another seed than that of the checkpoint', async () => {
    const message = await spoiled(async (out) => {
      const path = join(out, 'config.json');
      await writeFile(path, (await readFile(path, 'utf8')).replace('"seed": 7', '"seed": 8'));
    });
    expect(message).toMatch(/^CheckpointMismatch: checkpoint of step 3: key: expected \[/);
  });

  test('a log that lacks a step', async () => {
    const message = await spoiled(async (out) => {
      const path = join(out, 'metrics.jsonl');
      const lines = (await readFile(path, 'utf8')).split('\n');
      await writeFile(path, lines.filter((_, i) => i !== 1).join('\n'));
    });
    expect(message).toBe(
      "DecodeError: …/run/metrics.jsonl: expected a line for each step before the checkpoint's, 3, got step 2 in line 2; restore the file, or give log: 'new' to continue with a new log and keep this one beside it",
    );
  });

  test('a log of another program', async () => {
    const message = await spoiled((out) => writeFile(join(out, 'metrics.jsonl'), 'hello\n'));
    expect(message).toMatch(/^DecodeError: …\/run\/metrics\.jsonl, line 1: expected JSON, got /);
  });

  test('an impossible folder', async () => {
    await writeFile(join(folder, 'file'), 'precious');
    expect(messageOf(await run(join(folder, 'file'), small))).toMatch(/^FileError: .*ENOTDIR.*check the path/);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('precious');
  });

  test('a checkpoint that cannot be written: the log has all steps so far', async () => {
    const out = join(folder, 'run');
    const outcome = await run(out, small, ({ done }) => {
      if (done === 1) mkdirSync(join(out, 'checkpoint.safetensors'));
    });
    expect(messageOf(outcome)).toMatch(
      /^FileError: .*checkpoint\.safetensors: expected a file to write, got something that is not a regular file; .*; all 2 steps are lost$/,
    );
    expect((await logOf(out)).length).toBe(2);
  });

  test('a folder that is removed during the run', async () => {
    const out = join(folder, 'run');
    const outcome = await run(out, small, ({ done }) => {
      if (done === 5) rmSync(out, { recursive: true });
    });
    expect(messageOf(outcome)).toMatch(/^FileError: .*no run.lock there; the folder was removed or renamed/);
    expect(await readdir(folder)).toEqual([]);
  });

  test('a missing checkpoint: the run goes on from the one before', async () => {
    const out = join(folder, 'run');
    await cp(stoppedAt3(), out, { recursive: true });
    await rm(join(out, 'checkpoint.safetensors'));
    expect(messageOf(await run(out, { resume: true }))).toBe('done');
    await expectUndisturbed(out);
  });

  test('a folder that another run uses', async () => {
    const out = join(folder, 'run');
    const others: Promise<Outcome>[] = [];
    const outcome = await run(out, small, ({ done }) => {
      if (done === 3) others.push(run(out, { resume: true }), run(out, small));
    });
    expect(messageOf(outcome)).toBe('done');
    for (const other of others)
      expect(messageOf(await other)).toMatch(/^(FileError: .* held by another run|ConfigError)/);
    await expectUndisturbed(out);
  });

  test('a folder in place of the checkpoint: refused before a step', async () => {
    const out = join(folder, 'run');
    await mkdir(join(out, 'checkpoint.safetensors'), { recursive: true });
    expect(messageOf(await run(out, small))).toMatch(/^ConfigError: --out .* a folder without a run/);
    expect(await readdir(out)).toEqual(['checkpoint.safetensors']);
  });

  test('NaN in the images: they are refused before a step, and the run ends', async () => {
    const out = join(folder, 'run');
    const dark: Dataset = {
      ...bars,
      batch: (positions) =>
        TE.map((batch: Batch) => ({
          ...batch,
          images: batch.images.fill(Number.NaN),
        }))(bars.batch(positions)),
    };
    const outcome = await run(out, { ...small, steps: 50 }, undefined, {
      digits: TE.right({ train: dark, test: bars }),
    });
    expect(messageOf(outcome)).toMatch(/^NonFinite: .*NaN/);
    await expect(readFile(join(out, 'checkpoint.safetensors'))).rejects.toThrow('ENOENT');
  });
});
