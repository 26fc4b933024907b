/** The world of the tests of shards: a small model in a file, a bundled worker, and the samples of one process. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileOf, smallModel } from '../../examples/smallModelTesting.js';
import { wasm } from '../../src/backends/wasm/index.js';
import { ddim } from '../../src/diffusion/index.js';
import { key } from '../../src/dsl/index.js';
import { open } from '../../src/index.js';
import { imagesOfShards, type ShardFiles } from '../../src/shards/index.js';
import { type Images, sample } from '../../src/training/index.js';
import { bundled } from '../bundled.js';
import { valueOf } from '../oracles/plans.js';
import { drawing, STEPS } from './drawing.js';

export interface World {
  readonly folder: string;
  /** The path of the trained file. */
  readonly checkpoint: string;
  /** The path of the worker's program. */
  readonly worker: string;
  /** The samples of one process. */
  readonly expected: Images;
  readonly remove: () => void;
}

export const openWorld = async (): Promise<World> => {
  const folder = mkdtempSync(join(tmpdir(), 'noisefold-shards-'));
  const [checkpoint, worker] = [join(folder, 'model.safetensors'), join(folder, 'worker.mjs')];
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules')); // of bullmq
  writeFileSync(worker, await bundled(new URL('./workerProgram.ts', import.meta.url), { node: true }));
  const nf = await open(wasm({ threads: 1 }));
  const trained = await smallModel(nf);
  writeFileSync(checkpoint, await fileOf(nf, trained));
  const expected = await nf.run(
    sample(trained, { solver: ddim({ eta: 1 }), grid: STEPS, labels: drawing.labels, key: key(8) }),
  );
  await nf.close();
  return { folder, checkpoint, worker, expected, remove: () => rmSync(folder, { recursive: true }) };
};

/** All numbers of the images of shards. */
export const numbersOf = async (shards: ShardFiles): Promise<Float32Array> => {
  const parts: Float32Array[] = [];
  for await (const images of imagesOfShards(shards)) parts.push(valueOf(images).data);
  return Float32Array.from(parts.flatMap((part) => Array.from(part)));
};

/** The files of a folder of results, by name. */
export const bytesIn = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'hex')]),
  );

/** The processes that a process started. */
export const childrenOf = (pid: number): readonly number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
