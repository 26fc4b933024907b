import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { faults } from '../../properties/faults.js';
import { key, type NoisefoldError } from '../dsl/index.js';
import { E, F, TE, type taskEither } from '../internal/fp.js';
import { encodeMetrics, type Metrics } from '../reports/metrics.js';
import { right } from '../training/testing.js';
import { loadCheckpoint } from './checkpoint.js';
import type { Snapshot } from './snapshot.js';
import { type Opening, openRunFolder, type RunFolder } from './runFolder.js';

let home = '';
let folder = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'noisefold-run-'));
  folder = join(home, 'run');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const snapshot = (step: number, heldOut?: number): Snapshot => ({
  ...{ step, key: key(7), batch: 4, config: { a: 1 } },
  tensors: new Map([['w', { dtype: 'F32', shape: [2], data: Float32Array.of(step, 2) }]]),
  ...(heldOut !== undefined && { heldOut }),
});

const rates = { loss: 1, gradientNorm: 1, learningRate: 1, imagesPerSecond: 1 };
const metrics = (step: number): Metrics => ({ step, ...rates, seconds: step });

const messageOf = async (work: taskEither.TaskEither<NoisefoldError, unknown>): Promise<string> =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag}: ${message.replaceAll(home, '…')}`,
    () => 'no error',
  )(await work());

/** Uses the folder of a run, and releases it. */
const within = async <A>(options: Opening, use: (run: RunFolder) => Promise<A>): Promise<A> => {
  const run = right(await openRunFolder(folder, options)());
  try {
    return await use(run);
  } finally {
    right(await run.release());
  }
};

/** Logs steps from the step of the folder on, and saves after some of them. */
const advance = async (run: RunFolder, to: number, every: number, keep?: number): Promise<void> => {
  for (let step = run.from?.step ?? 0; step < to; step++) {
    right(await run.log(metrics(step))());
    if ((step + 1) % every === 0) right(await run.save(snapshot(step + 1), keep)());
  }
};

const names = async (): Promise<readonly string[]> => (await readdir(folder)).sort();
const stepIn = async (name: string): Promise<number> => right(await loadCheckpoint(join(folder, name))()).step;
const linesOf = (...steps: number[]): string => steps.map((step) => `${encodeMetrics(metrics(step))}\n`).join('');
const log = (): Promise<string> => readFile(join(folder, 'metrics.jsonl'), 'utf8');

describe('a run in a folder', () => {
  test('resumes from its newest checkpoint, with the log before it', async () => {
    await within({}, async (run) => {
      expect([run.from, run.metrics, run.best]).toEqual([null, [], Infinity]);
      await advance(run, 7, 3);
    });
    await within({ resume: true }, async (run) => {
      expect(run.from).toEqual(snapshot(6));
      expect(run.metrics).toEqual([0, 1, 2, 3, 4, 5].map(metrics));
      expect((await log()).split('\n').length).toBe(8); // step 6 stays in the log until it is repeated
      await advance(run, 9, 3);
    });
    expect(await log()).toBe(linesOf(0, 1, 2, 3, 4, 5, 6, 7, 8));
  });

  test.each([
    [1, ['checkpoint.safetensors']],
    [2, ['checkpoint-000004.safetensors', 'checkpoint.safetensors']],
    [4, ['checkpoint-000002.safetensors', 'checkpoint-000003.safetensors', 'checkpoint-000004.safetensors', 'checkpoint.safetensors']],
  ])('keeps its %d newest checkpoints', async (keep, kept) => {
    await within({}, (run) => advance(run, 5, 1, keep));
    expect(await names()).toEqual([...kept, 'metrics.jsonl']);
    for (const name of kept) expect(await stepIn(name)).toBe(Number(/\d+/.exec(name)?.[0] ?? 5));
  }); // oxfmt-ignore

  test('goes on if its newest checkpoint was deleted, and resumes from the latest whole one', async () => {
    const remove = () => rm(join(folder, 'checkpoint.safetensors'));
    const resumed = () => within({ resume: true }, async ({ from }) => from);
    await within({}, (run) =>
      advance(run, 5, 1, 4)
        .then(remove)
        .then(run.save(snapshot(6), 4)),
    );
    expect(await stepIn('checkpoint.safetensors')).toBe(6);
    await remove();
    expect(await resumed()).toEqual(snapshot(4));
    await writeFile(join(folder, 'checkpoint-000004.safetensors'), 'x');
    expect(await resumed()).toEqual(snapshot(3));
  });

  test('keeps the checkpoint with the lowest held-out loss, also when it resumes', async () => {
    await within({}, async (run) => {
      for (const [i, loss] of [0.5, 0.2, 0.4, 0.3].entries()) right(await run.save(snapshot(i + 1, loss), 1)());
    });
    expect(await names()).toEqual(['best.safetensors', 'checkpoint.safetensors']);
    expect(await stepIn('best.safetensors')).toBe(2);
    await writeFile(join(folder, 'metrics.jsonl'), linesOf(0, 1, 2, 3));
    await within({ resume: true }, async (run) => {
      expect(run.best).toBe(0.2);
      right(await run.save(snapshot(5, 0.25), 1)());
      expect(await stepIn('best.safetensors')).toBe(2);
      right(await run.save(snapshot(6), 1)());
      right(await run.save(snapshot(7, 0.1), 1)());
      right(await run.save(snapshot(8, 0.6), 1)());
    });
    expect(await stepIn('best.safetensors')).toBe(7);
    expect(await stepIn('checkpoint.safetensors')).toBe(8);
  });

  test('killed after a checkpoint and before its link as the best: the next checkpoint repairs it', async () => {
    await within({}, async (run) => {
      right(await run.log(metrics(0))());
      right(await run.save(snapshot(1, 0.5))());
    });
    await rm(join(folder, 'best.safetensors'));
    await within({ resume: true }, async (run) => right(await run.save(snapshot(2, 0.9))()));
    expect(await stepIn('best.safetensors')).toBe(1);
  });

  test('resumes from an earlier checkpoint that is moved to the name of the newest', async () => {
    await within({}, (run) => advance(run, 5, 1, 3));
    await rename(join(folder, 'checkpoint-000003.safetensors'), join(folder, 'checkpoint.safetensors'));
    await within({ resume: true }, async (run) => {
      expect(run.from?.step).toBe(3);
      await advance(run, 5, 1, 3);
    });
    expect((await log()).split('\n').length).toBe(6);
    expect(await names()).toEqual([
      ...['checkpoint-000003.safetensors', 'checkpoint-000004.safetensors', 'checkpoint.safetensors'],
      'metrics.jsonl',
    ]);
  });

  test('continues with a new log if the old one is truncated, and keeps the old one', async () => {
    await within({}, (run) => advance(run, 3, 1, 1));
    const cut = (await log()).slice(0, -30);
    await writeFile(join(folder, 'metrics.jsonl'), cut);
    await within({ resume: true, log: 'new' }, async (run) => {
      expect([run.from?.step, run.metrics]).toEqual([3, []]);
      expect(await log()).toBe(cut); // until there is a line
      await advance(run, 5, 10);
    });
    const [aside, ...others] = (await names()).filter((name) => /^metrics-\d+\.jsonl$/.test(name));
    expect(others).toEqual([]);
    expect(await readFile(join(folder, aside!), 'utf8')).toBe(cut);
    const begun = linesOf(3, 4);
    expect(await log()).toBe(begun);
    await within({ resume: true, log: 'new' }, async (run) => {
      right(await run.log(metrics(3))());
      right(await run.save(snapshot(4), 1)());
    });
    expect((await names()).filter((name) => name.startsWith('metrics'))).toEqual([aside, 'metrics.jsonl']);
    await within({ resume: true }, async (run) => expect(run.metrics).toEqual([metrics(3)]));
  });

  test('leaves other files alone', async () => {
    await mkdir(folder);
    const others = ['checkpoint-000001.txt', 'my checkpoint-000001.safetensors', 'checkpoint-1.safetensors', 'checkpoint-0000001.safetensors', 'notes', '.checkpoint.safetensors.tmp']; // oxfmt-ignore
    for (const name of others) await writeFile(join(folder, name), name);
    await within({}, async (run) => {
      await mkdir(join(folder, 'checkpoint-000001.safetensors.d'));
      await advance(run, 6, 2, 1);
      await mkdir(join(folder, 'checkpoint-000005.safetensors'));
      right(await run.save(snapshot(8), 1)());
    });
    expect(await names()).toEqual(
      [...others, 'checkpoint-000001.safetensors.d', 'checkpoint-000005.safetensors', 'checkpoint.safetensors', 'metrics.jsonl'].sort(),
    ); // oxfmt-ignore
    for (const name of others) expect(await readFile(join(folder, name), 'utf8')).toBe(name);
  });

  test('removes temporary files of checkpoints that a killed process left', async () => {
    await within({}, (run) => advance(run, 1, 1));
    await writeFile(join(folder, `.checkpoint-000001.safetensors.${process.pid}.0f-1.tmp`), 'half of one');
    await writeFile(join(folder, `.best.safetensors.${process.pid}.0f-1.tmp`), 'half of one');
    await within({ resume: true }, async () => {});
    expect(await names()).toEqual(['checkpoint.safetensors', 'metrics.jsonl']);
  });

  test('that writes nothing leaves no folder', async () => {
    await within({}, async (run) => right(await run.check()));
    expect(await readdir(home)).toEqual([]);
  });

  test('in a folder given by a link', async () => {
    await mkdir(join(home, 'real'));
    await symlink(join(home, 'real'), folder);
    await within({}, (run) => advance(run, 2, 1));
    expect(await readdir(join(home, 'real'))).toContain('checkpoint-000001.safetensors');
  });
});

describe('a folder is refused', () => {
  test('if another run uses it', async () => {
    await within({}, async () => {
      for (const resume of [false, true, 'auto'] as const)
        expect(await messageOf(openRunFolder(folder, { resume }))).toMatch(
          /^FileError: …\/run: expected a folder that no other run holds, got one held by another run of this process/,
        );
    });
  });

  test.each(['checkpoint.safetensors', 'checkpoint-000200.safetensors', 'best.safetensors', 'metrics.jsonl'])(
    'for a new run if it holds %s',
    async (name) => {
      await mkdir(join(folder, name), { recursive: true });
      expect(await messageOf(openRunFolder(folder))).toBe(
        `ConfigError: …/run: expected a folder without a run, got a folder with ${name}; resume it with resume: true, or give another folder`,
      );
      expect(await readdir(folder)).toEqual([name]);
    },
  );

  test('to resume if it is missing', async () => {
    expect(await messageOf(openRunFolder(folder, { resume: true }))).toBe(
      'FileError: …/run: expected a checkpoint to resume from, got no folder; check the path, or start without `resume`',
    );
    expect(await readdir(home)).toEqual([]);
  });

  test('to resume if it has no checkpoint, and keeps the log', async () => {
    await within({}, async (run) => right(await run.log(metrics(0))()));
    expect(await messageOf(openRunFolder(folder, { resume: true }))).toBe(
      'FileError: …/run/checkpoint.safetensors: expected a checkpoint to resume from, got none: no run, or one that ended before it saved one; start again without `resume`, in another folder',
    );
    expect(await log()).toBe(linesOf(0));
  });

  const unreadable: readonly (readonly [string, (path: string) => Promise<unknown>, RegExp])[] = [
    ['a folder', (path) => mkdir(path), /^FileError: .* got something that is not a regular file; /],
    ['a pipe', async (path) => execFileSync('mkfifo', [path]), /^FileError: .* got something that is not a regular file; /],
    ['a broken link', (path) => symlink('nowhere', path), /^FileError: .* got a symbolic link; /],
    ['a link to itself', (path) => symlink('checkpoint.safetensors', path), /^FileError: .* got a symbolic link; /],
    ['truncated', (path) => writeFile(path, 'x'), /^DecodeError: /],
    ['empty', (path) => writeFile(path, ''), /^DecodeError: /],
  ]; // oxfmt-ignore
  test.each(unreadable)('to resume if the checkpoint is %s, and changes nothing', async (_name, spoil, message) => {
    await within({}, (run) => advance(run, 3, 1));
    const before = await log();
    await rm(join(folder, 'checkpoint.safetensors'));
    await spoil(join(folder, 'checkpoint.safetensors'));
    for (const resume of [true, 'auto'] as const) {
      const error = await messageOf(openRunFolder(folder, { resume }));
      expect(error).toMatch(message);
      expect(error).toMatch(/to resume from another checkpoint, move it to this name$/);
    }
    expect(await log()).toBe(before);
    expect(await names()).toEqual([
      ...['checkpoint-000001.safetensors', 'checkpoint-000002.safetensors', 'checkpoint.safetensors', 'metrics.jsonl'],
    ]);
  });

  test.each(['other.txt', 'missing.txt'])('to resume or begin if the log is a link to %s', async (name) => {
    await mkdir(folder);
    await writeFile(join(home, 'other.txt'), 'kept\n');
    await symlink(join(home, name), join(folder, 'metrics.jsonl'));
    expect(await messageOf(openRunFolder(folder, { resume: 'auto' }))).toMatch(
      /metrics.jsonl: .* got a symbolic link; /,
    );
    expect(await readFile(join(home, 'other.txt'), 'utf8')).toBe('kept\n');
  });

  test('to resume if the log lacks a step, or is deeply nested', async () => {
    await within({}, (run) => advance(run, 3, 1));
    const lines = (await log()).split('\n');
    await writeFile(join(folder, 'metrics.jsonl'), lines.filter((_, i) => i !== 1).join('\n'));
    expect(await messageOf(openRunFolder(folder, { resume: true }))).toBe(
      "DecodeError: …/run/metrics.jsonl: expected a line for each step before the checkpoint's, 3, got step 2 in line 2; restore the file, or give log: 'new' to continue with a new log and keep this one beside it",
    );
    await writeFile(join(folder, 'metrics.jsonl'), `${'['.repeat(100_000)}${']'.repeat(100_000)}\n`);
    expect(await messageOf(openRunFolder(folder, { resume: true }))).toMatch(/^DecodeError: .*at most 100 levels/);
    await rm(join(folder, 'metrics.jsonl'));
    expect(await messageOf(openRunFolder(folder, { resume: true }))).toMatch(/^DecodeError: .*got 0 lines/);
  });

  test('with invalid options', async () => {
    expect(await messageOf(openRunFolder(folder, { resume: 'yes' } as never))).toMatch(
      /^ConfigError: openRunFolder.resume: /,
    );
    expect(await messageOf(openRunFolder(folder, { keep: 3 } as never))).toMatch(/^ConfigError: openRunFolder.keep: /);
  });
});

test('a run refuses invalid metrics and snapshots, and writes nothing', async () => {
  await within({}, async (run) => {
    expect(await messageOf(run.log({} as never))).toMatch(/^ConfigError: RunFolder.log.step: expected an integer ≥ 0, got nothing/);
    expect(await messageOf(run.save(undefined as never))).toMatch(/^ConfigError: RunFolder.save.snapshot: expected a snapshot/);
    for (const keep of [NaN, 0, -1, 1.5, null, '3'])
      expect(await messageOf(run.save(snapshot(0), keep as never))).toMatch(/^ConfigError: RunFolder.save.keep: expected an integer ≥ 1/);
    expect(await names()).toEqual(['run.lock']);
  });
}); // oxfmt-ignore

describe('a folder that disappears during a run', () => {
  test.each([
    ['removed', () => rm(folder, { recursive: true })],
    ['renamed', () => rename(folder, join(home, 'other'))],
    ['moved, with an empty one in its place', () => rename(folder, join(home, 'other')).then(() => mkdir(folder))],
  ])('%s: log and save fail, and make no files', async (_name, change) => {
    await within({}, async (run) => {
      await advance(run, 2, 1);
      await change();
      const before = (await readdir(home, { recursive: true })).sort();
      for (const work of [run.check, run.log(metrics(2)), run.save(snapshot(3))])
        expect(await messageOf(work)).toBe(
          'FileError: …/run: expected a folder that no other run holds, got no run.lock there; the folder was removed or renamed, or its lock was deleted',
        );
      expect((await readdir(home, { recursive: true })).sort()).toEqual(before);
    });
  });
});

describe('after any change to the files of a run', () => {
  const steps = fc.array(fc.nat(5), { minLength: 1, maxLength: 6 });
  const damage = fc.constantFrom('none', 'cut', 'flip', 'remove', 'leftover', 'lock');
  test.prop(
    [fc.array(fc.tuple(steps, damage, fc.nat()), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 4 })],
    {
      numRuns: faults(20, 400),
    },
  )('it resumes where it was, or is refused and left unchanged', async (sessions, keep) => {
    folder = join(home, crypto.randomUUID());
    let step = 0;
    for (const [saves, kind, at] of sessions) {
      await within({ resume: 'auto' }, async (run) => {
        expect(run.from?.step ?? 0).toBe(step);
        for (const more of saves) {
          for (let i = 0; i < more; i++) right(await run.log(metrics(step++))());
          right(await run.save(snapshot(step, (at % 100) / (step + 1)), keep)());
        }
      });
      const actual = await names();
      expect(actual.filter((name) => name.startsWith('checkpoint')).length).toBeLessThanOrEqual(keep);
      expect(actual).toContain('best.safetensors');
      const path = join(folder, 'checkpoint.safetensors');
      const bytes = await readFile(path);
      const log_ = await log().catch(() => null);
      if (kind === 'leftover') await writeFile(join(folder, '.checkpoint.safetensors.4194305.0f.tmp'), 'half');
      if (kind === 'lock')
        await writeFile(
          join(folder, 'run.lock'),
          JSON.stringify({ ...lockFields, pid: 2 ** 22 + 1, id: '0'.repeat(16) }),
        );
      if (!['cut', 'flip', 'remove'].includes(kind)) continue;
      await rm(path); // which may also be the best
      if (kind === 'cut') await writeFile(path, bytes.subarray(0, at % bytes.length));
      else
        await writeFile(
          path,
          bytes.map((byte, i) => (i === at % bytes.length ? byte ^ 1 : byte)),
        );
      expect(await messageOf(openRunFolder(folder, { resume: 'auto' }))).toMatch(/^(FileError|DecodeError): /);
      expect(await log().catch(() => null)).toBe(log_);
      await rm(path, { force: true });
      await writeFile(path, bytes);
    }
  });

  let lockFields: object = {};
  beforeEach(async () => {
    const other = join(home, 'other');
    const run = right(await openRunFolder(other)());
    lockFields = JSON.parse(await readFile(join(other, 'run.lock'), 'utf8')) as object;
    right(
      await F.pipe(
        run.release,
        TE.map(() => undefined),
      )(),
    );
  });
});
