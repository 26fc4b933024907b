/** Laws of inputs that are stored in 16 bits. */
import fc from 'fast-check';
import type { Backend, HostArray } from 'noisefold/backend';
import type { DType } from '../../src/dsl/graph/node.js';
import type { FloatStorage, HalfStorage } from '../../src/dsl/types/storage.js';
import { floatsOfBfloats, floatsOfHalves } from '../../src/internal/numerics/float16.js';
import { bfloatsOf, halvesOf } from '../../src/internal/numerics/toFloat16.js';
import { continuousGraphCase, type GraphCase } from '../arbitraries/graph.js';
import { rounded } from '../oracles/rounding.js';
import { programOf, running } from '../oracles/running.js';
import { approx, firstOf, type Law } from './law.js';

/** The numbers of 16 bits nearest to some numbers. */
const roundedTo = (storage: FloatStorage, numbers: Iterable<number>): Float32Array => {
  const floats = Float32Array.from(numbers);
  if (storage === 'float32') return floats;
  return storage === 'float16' ? floatsOfHalves(halvesOf(floats)) : floatsOfBfloats(bfloatsOf(floats));
};

/** The numbers with given bits; 0 for denormal float32 numbers, which devices may flush. */
const numbersOf = (storage: HalfStorage, halves: readonly number[]): Float32Array => {
  const all = (storage === 'float16' ? floatsOfHalves : floatsOfBfloats)(Uint16Array.from(halves));
  return all.map((x) => (Math.abs(x) < 2 ** -126 ? 0 : x));
};

const half = fc.constantFrom<HalfStorage>('float16', 'bfloat16');

const ofNumbers = (backend: Backend): Law<readonly [HalfStorage, readonly number[]]> => ({
  name: 'numbers of 16 bits are decoded exactly',
  formula: 'x stored in 16 bits and read by a program is x, for every float16 and bfloat16; denormal bfloat16 may be 0',
  source: 'IEEE 754 binary16 and binary32',
  arbitrary: fc.tuple(half, fc.array(fc.nat(65535), { minLength: 1, maxLength: 301, size: 'max' })),
  runs: 30,
  violation: async ([storage, halves]) => {
    const x = numbersOf(storage, halves);
    const declared = [{ path: 'x', shape: [x.length], dtype: 'float32' }] as const;
    const executable = await running(backend, programOf(declared, (inputs) => ({ y: inputs['x']! })), { x: storage }); // oxfmt-ignore
    const { y } = await executable.run({ x });
    executable.release();
    return approx(storage, y as HostArray, x, 0); // not a key
  },
});

const ofPrograms = (backend: Backend): Law<readonly [GraphCase, readonly FloatStorage[]]> => ({
  name: 'programs of inputs of 16 bits agree with the reference at the rounded inputs',
  formula:
    '|y − y_ref(round(x))| ≤ 20·(the spread of y_ref(round(x)) under errors of 4 ulp wherever float32 rounds), or 10⁻⁶ or n·2⁻²⁵ of max|y_ref(round(x))| if that is more, for sums of n terms in all',
  source: 'stochastic arithmetic, Vignes 1993',
  arbitrary: fc.tuple(
    continuousGraphCase,
    fc.array(fc.constantFrom<FloatStorage>('float16', 'bfloat16', 'float32'), { minLength: 4, maxLength: 4 }),
  ),
  runs: 40,
  violation: async ([sample, storages]) => {
    const isFloat = (dtype: DType): boolean => dtype === 'float32';
    const storage = Object.fromEntries(
      sample.inputs.map(({ path, dtype }, i) => [path, isFloat(dtype) ? storages[i % 4]! : 'float32'] as const),
    );
    const data = Object.fromEntries(
      sample.inputs.map(({ path, dtype, data: own }) => [
        path,
        isFloat(dtype) ? Float64Array.from(roundedTo(storage[path]!, own)) : own,
      ]),
    );
    const graph = sample.graph();
    const keys = { key: sample.key };
    const expected = rounded(Object.values(graph), data, keys, sample.key[0]);
    if (expected === null) return null;
    const executable = await running(backend, programOf(sample.declared, sample.build), storage);
    const inputs = Object.fromEntries(sample.inputs.map(({ path, data: own }) => [path, own]));
    const actual = await executable.run({ ...inputs, ...keys });
    executable.release();
    return firstOf(
      ...Object.entries(graph).map(([path, { dtype }], i) => {
        const { exact, tolerance } = expected[i]!;
        return approx(path, actual[path] as HostArray, exact, isFloat(dtype) ? tolerance : 0); // not a key
      }),
    );
  },
});

/** The laws of inputs that are stored in 16 bits, of a backend. */
export const storageLaws = (backend: Backend): readonly Law[] => [ofNumbers(backend), ofPrograms(backend)];
