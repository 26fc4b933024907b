import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test as plain } from 'vitest';
import { fc, test } from '../../properties/property.js';
import { onWasm } from '../../properties/training/onWasm.js';
import { reference } from '../backends/reference/index.js';
import { type Backend, compile, key, type NoisefoldError, program, type Resident, using } from '../dsl/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../formats/safetensors/safetensors.js';
import { E } from '../internal/fp.js';
import { unet, type UNetConfig, type UNetParams } from '../nn/index.js';
import { diffusers } from './names/diffusers.js';
import { edmNames } from './names/edm.js';
import { guidedDiffusion } from './names/guidedDiffusion.js';
import { type Naming } from './names/table.js';
import { renamedToOurs, renamedToTheirs } from './names/rename.js';
import { describeReport } from './names/report.js';
import { right } from '../training/testing.js';
import { readTensors } from '../checkpoints/snapshot.js';
import { loadWeights } from './loadWeights.js';
import { saveWeights } from './saveWeights.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-weights-`);
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => `${folder}/${files++}.safetensors`;

const base = {
  image: [8, 8, 3],
  base: 8,
  multipliers: [1, 2],
  blocks: 1,
  groups: 4,
  heads: 2,
  attention: [4],
} as const;
const model = right(unet(base));

const draw = async (backend: Backend, config: UNetConfig = base): Promise<Resident<UNetParams>> => {
  const { init } = right(unet(config));
  return right(await right(await compile(program('key', init), {})(backend)()).run(key(1))());
};

const tensorsOf = async (backend: Backend, params: unknown): Promise<ReadonlyMap<string, StoredTensor>> =>
  right(await readTensors(params)(backend)());

/** Returns the error of an effect, and checks that it leaves nothing on its backend. */
const refusal = async (effect: ReturnType<typeof loadWeights<UNetParams>>): Promise<NoisefoldError> => {
  const result = await using(reference())((backend) => async () => {
    const done = await effect(backend)();
    expect(backend.stats().buffers).toBe(0);
    return E.map(() => undefined)(done);
  })();
  if (result._tag === 'Left') return result.left;
  throw new Error('it succeeded');
};

let untouched: Uint8Array;
beforeAll(() =>
  onWasm(async (backend) => {
    const path = newPath();
    right(await saveWeights(path, model, await draw(backend), { names: guidedDiffusion() })(backend)());
    untouched = readFileSync(path);
  }),
);

/** Writes changed tensors, under the names of guided-diffusion, to another file. */
const changed = (change: (tensors: Map<string, StoredTensor>) => void): string => {
  const path = newPath();
  const { tensors } = right(decodeSafetensors('untouched')(new Uint8Array(untouched)));
  const all = new Map(tensors);
  change(all);
  writeFileSync(path, right(encodeSafetensors({ tensors: all, metadata: {} })));
  return path;
};

const load = (path: string, options = {}) => loadWeights(path, model, { names: guidedDiffusion(), ...options });

describe('weights that were saved', () => {
  const edmLike = { ...base, resample: 'projected', heads: 1, conditions: { label: { classes: 3, nothing: 'zero', at: 'input' }, augment: { vector: 9, at: 'input' } } } as const; // oxfmt-ignore
  const projects: readonly (readonly [string, Naming, UNetConfig])[] = [
    ['guided-diffusion', guidedDiffusion(), base],
    ['guided-diffusion, new order', guidedDiffusion({ newAttentionOrder: true }), { ...base, resample: 'residual' }],
    ['diffusers', diffusers, base],
    ['EDM', edmNames, edmLike],
    ['EDM, NCSN++', edmNames, { ...edmLike, encoder: 'residual', sinusoid: 'fourier', filter: 'binomial' }],
  ];
  plain.each(projects)('under the names of %s are loaded bit for bit', (_, names, config) =>
    onWasm(async (backend) => {
      const path = newPath();
      const result = right(unet(config));
      const params = await draw(backend, config);
      right(await saveWeights(path, result, params, { names, prefix: 'model.' })(backend)());
      const loaded = right(await loadWeights(path, result, { names, prefix: 'model' })(backend)());
      expect(loaded.report).toEqual({ missing: [], unexpected: [], mismatched: [] });
      expect(await tensorsOf(backend, loaded.params)).toEqual(await tensorsOf(backend, params));
      const { metadata, tensors } = right(decodeSafetensors(path)(readFileSync(path)));
      expect(metadata).toMatchObject({ format: 'pt' });
      expect([...tensors.keys()].every((name) => name.startsWith('model.'))).toBe(true);
    }),
  );

  plain('in float16 are loaded as float32', () =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveWeights(path, model, await draw(backend), { dtype: 'float16' })(backend)());
      const { params } = right(await loadWeights(path, model)(backend)());
      expect((await tensorsOf(backend, params)).get('input.kernel')).toMatchObject({
        dtype: 'F32',
        shape: [3, 3, 3, 8],
      });
    }),
  );

  plain('in memory are loaded too', () =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveWeights(path, model, await draw(backend))(backend)());
      const { report } = right(await loadWeights(new Uint8Array(readFileSync(path)), model)(backend)());
      expect(report.missing).toEqual([]);
    }),
  );

  plain('under the attention names of old versions of diffusers are loaded', () =>
    onWasm(async (backend) => {
      const path = newPath();
      const params = await draw(backend);
      right(await saveWeights(path, model, params, { names: diffusers })(backend)());
      const { tensors } = right(decodeSafetensors(path)(readFileSync(path)));
      const older: Readonly<Record<string, string>> = {
        to_q: 'query',
        to_k: 'key',
        to_v: 'value',
        'to_out.0': 'proj_attn',
      };
      const renamed = new Map(
        [...tensors].map(([name, tensor]) => [name.replace(/to_[qkv]|to_out\.0/, (actual) => older[actual]!), tensor]),
      );
      expect([...renamed.keys()]).toContain('mid_block.attentions.0.query.weight');
      writeFileSync(path, right(encodeSafetensors({ tensors: renamed, metadata: {} })));
      const loaded = right(await loadWeights(path, model, { names: diffusers })(backend)());
      expect(await tensorsOf(backend, loaded.params)).toEqual(await tensorsOf(backend, params));
    }),
  );
});

describe('gradients', () => {
  const resample = fc.constantFrom('convolution', 'residual', 'pool' as const);
  const configs = fc.record({
    base: fc.constantFrom(4, 8),
    multipliers: fc.constantFrom([1], [1, 2], [2, 1, 1]),
    blocks: fc.integer({ min: 1, max: 2 }),
    attention: fc.subarray([8, 4]),
    heads: fc.constantFrom<UNetConfig['heads']>(1, 2, { channels: 2 }),
    resample,
    adaptiveGroupNorm: fc.boolean(),
  });
  test.prop([configs, fc.boolean()], { numRuns: 30 })(
    'are renamed in both directions without a change',
    (given, isNew) => {
      const attention = given.attention.filter((height) => height === 8 || given.multipliers.length > 1);
      const result = right(unet({ ...given, attention, image: [8, 8, 3], groups: 2 } as UNetConfig));
      const table = right(guidedDiffusion({ newAttentionOrder: isNew })(result));
      const ours = new Map(
        table.entries.map(({ ours: path, shape }, n) => {
          const length = shape.reduce((a, b) => a * b, 1);
          return [path, { shape, data: Float32Array.from({ length }, (_, i) => Math.sin(i + n)) }] as const;
        }),
      );
      const theirs = renamedToTheirs(table, ours);
      expect(theirs.size).toBe(table.entries.flatMap((entry) => entry.theirs).length);
      expect(renamedToOurs(table, theirs)).toEqual(ours);
    },
  );
});

describe('a file that does not match', () => {
  plain('is refused with all names at once', async () => {
    const path = changed((tensors) => {
      tensors.delete('time_embed.0.weight');
      tensors.delete('out.2.bias');
      tensors.set('extra', { dtype: 'F32', shape: [1], data: Float32Array.of(1) });
      tensors.set('out.0.bias', { dtype: 'F32', shape: [9], data: new Float32Array(9) });
      tensors.set('out.0.weight', { dtype: 'I32', shape: [8], data: new Int32Array(8) });
    });
    expect(await refusal(load(path))).toMatchObject({
      _tag: 'CheckpointMismatch',
      where: path,
      actual:
        '2 missing: time_embed.0.weight, out.2.bias; 1 unexpected: extra; 1 of another shape: out.0.bias [9] for [8]; 1 of another dtype: out.0.weight I32 [8] for F32 [8]',
    });
  });

  plain('of another network is refused, listing ten names and their number', async () => {
    const removed: string[] = [];
    const path = changed((tensors) => {
      for (const name of tensors.keys()) if (name.startsWith('output_blocks')) removed.push(name);
      for (const name of removed) tensors.delete(name);
    });
    const { actual } = await refusal(load(path));
    expect(removed.length).toBeGreaterThan(20);
    expect(actual).toMatch(new RegExp(`^${removed.length} missing: `));
    expect(removed.filter((name) => actual.includes(name))).toHaveLength(10);
    expect(actual).toContain(`, and ${removed.length - 10} more`);
  });

  plain('of many names is described by the first ten of each kind, and their number', () => {
    const names = Array.from({ length: 13 }, (_, i) => `w${i}`);
    const text = describeReport({ missing: names, unexpected: names.slice(0, 10), mismatched: [] });
    const [missing, unexpected] = text.split('; ');
    expect(missing).toBe(`13 missing: ${names.slice(0, 10).join(', ')}, and 3 more`);
    expect(unexpected).toBe(`10 unexpected: ${names.slice(0, 10).join(', ')}`);
  });

  plain('is refused, suggesting the matching prefix', async () => {
    const path = changed((tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name);
        tensors.set(`module.${name}`, tensor);
      }
    });
    expect((await refusal(load(path))).hint).toMatch(/^give prefix: "module\." \(all \d+ parameters\)$/);
    await onWasm(async (backend) => {
      expect(right(await load(path, { prefix: 'module.' })(backend)()).report.missing).toEqual([]);
    });
  });

  plain('is refused, naming every prefix that fits with what it holds, averages first', async () => {
    const path = changed((tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name);
        for (const prefix of ['model.', 'ema.online_model.', 'ema.ema_model.module.', 'model_ema.']) tensors.set(prefix + name, tensor);
      }
      tensors.delete('model_ema.out.2.bias');
      tensors.set('model.out.0.bias', { dtype: 'F32', shape: [9], data: new Float32Array(9) });
    });
    const { hint } = await refusal(load(path));
    const { length } = right(guidedDiffusion()(model)).entries;
    expect(hint).toBe(
      `give prefix: "ema.ema_model.module." (averages, all ${length} parameters), "model_ema." (averages, ${length - 1} of ${length} parameters), ` +
        `"model." (all ${length} parameters, 1 of another shape), "ema.online_model." (all ${length} parameters)`,
    );
    expect((await refusal(load(path, { prefix: 'model' }))).hint).not.toContain('"model."');
  }); // oxfmt-ignore

  plain('of tensors beside those of the model is refused with a hint for those, and loaded partially without a key', async () => {
    const path = changed((tensors) => {
      for (const name of ['betas', 'alphas_cumprod']) tensors.set(name, { dtype: 'F32', shape: [1], data: Float32Array.of(1) });
    });
    expect(await refusal(load(path))).toMatchObject({
      actual: '2 unexpected: betas, alphas_cumprod',
      hint: 'all parameters are there; partial: true ignores the 2 other tensors, such as buffers of a schedule',
    });
    await onWasm(async (backend) => {
      expect(right(await load(path, { partial: true })(backend)()).report.unexpected).toEqual(['betas', 'alphas_cumprod']);
    });
  }); // oxfmt-ignore

  plain('is loaded partially: the rest is drawn from a key, and reported', async () => {
    const path = changed((tensors) => {
      tensors.delete('out.2.weight');
      tensors.set('time_embed.0.bias', { dtype: 'F32', shape: [33], data: new Float32Array(33) });
      tensors.set('extra', { dtype: 'F32', shape: [1], data: Float32Array.of(1) });
    });
    await onWasm(async (backend) => {
      const { params, report } = right(await load(path, { partial: true, key: key(5) })(backend)());
      expect(report).toEqual({
        missing: ['out.2.weight'],
        unexpected: ['extra'],
        mismatched: [{ name: 'time_embed.0.bias', expected: '[32]', actual: '[33]' }],
      });
      const tensors = await tensorsOf(backend, params);
      const before = await tensorsOf(backend, await draw(backend));
      expect(tensors.get('input.kernel')).toEqual(before.get('input.kernel'));
      expect(tensors.size).toBe(before.size);
    });
  });

  plain('is not loaded partially without a key, nor if no weight matches', async () => {
    const path = changed((tensors) => tensors.delete('out.2.weight'));
    expect(await refusal(load(path, { partial: true }))).toMatchObject({
      _tag: 'ConfigError',
      where: 'loadWeights: key',
    });
    expect(await refusal(load(path, { partial: true, key: key(1), prefix: 'no.' }))).toMatchObject({
      _tag: 'CheckpointMismatch',
    });
  });

  plain.each([NaN, Infinity])('with %d among its numbers is refused, naming the tensor', async (number) => {
    const path = changed((tensors) => {
      (tensors.get('middle_block.0.in_layers.2.weight')!.data as Float32Array)[5] = number;
    });
    expect(await refusal(load(path))).toMatchObject({
      _tag: 'DecodeError',
      where: expect.stringMatching(`${path}: middle_block.0.in_layers.2.weight`),
    });
  });

  plain('with a float64 beyond float32 is refused, naming the tensor, and not read as infinity', async () => {
    const path = changed((tensors) => {
      const data = new Float64Array(8).fill(3.4e38);
      data[5] = -1e39;
      tensors.set('out.0.bias', { dtype: 'F64', shape: [8], data });
    });
    expect(await refusal(load(path))).toMatchObject({
      _tag: 'DecodeError',
      where: `${path}: out.0.bias`,
      actual: '-1e+39 at position 5',
    });
  });

  plain('a misspelt option, another kind of source and another kind of model are refused by name', async () => {
    expect((await refusal(load('x', { prefx: '' }))).where).toBe('loadWeights.prefx');
    expect((await refusal(loadWeights(7 as never, model))).where).toBe('loadWeights');
    expect((await refusal(loadWeights('x', {} as never))).where).toBe('loadWeights: model');
    expect((await refusal(loadWeights(`${folder}/none`, model)))._tag).toBe('FileError');
    const trained = { model, params: { w: 1 } };
    expect(await refusal(loadWeights('x', trained as never))).toMatchObject({
      where: 'loadWeights: model',
      hint: 'give the network: of a trained model its field `model`',
    });
    const uncalled = guidedDiffusion(model as never)(model);
    expect(uncalled).toMatchObject({ left: { hint: 'it takes options, not a model: write names: guidedDiffusion()' } });
  });
});

describe('saving', () => {
  plain('parameters of another model is refused, and writes nothing', () =>
    onWasm(async (backend) => {
      const path = newPath();
      const other = await draw(backend, { ...base, base: 16 });
      const saved = await saveWeights(path, model, other)(backend)();
      expect(saved).toMatchObject({ _tag: 'Left', left: { _tag: 'CheckpointMismatch' } });
      expect(() => readFileSync(path)).toThrow();
    }),
  );
});
