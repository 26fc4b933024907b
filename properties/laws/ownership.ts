/** Laws of the ownership of memory, and of the effects of runs on it. */
import fc from 'fast-check';
import type { Backend, HostArray, KeyWords } from 'noisefold/backend';
import { compile } from '../../src/dsl/run/compile.js';
import type { NoisefoldError } from '../../src/internal/errors.js';
import { type AnyValue, isValue, read, release, upload, type Value } from '../../src/dsl/run/value.js';
import { E, type either } from '../../src/internal/fp.js';
import { graphCase, type GraphCase } from '../arbitraries/graph.js';
import type { Input } from '../arbitraries/operationCase.js';
import { valueOf } from '../oracles/plans.js';
import { arrayOf, programOf } from '../oracles/running.js';
import { approx, firstOf, type Law, type Violation } from './law.js';

type Result = either.Either<NoisefoldError, unknown>;
type Values = Readonly<Record<string, AnyValue>>;

const demandError = (what: string, tag: NoisefoldError['_tag'], result: Result): Violation => {
  const got = E.isLeft(result) ? result.left._tag : 'no error';
  return got === tag ? null : `${what}: expected ${tag}, got ${got}`;
};

const uploaded = async (backend: Backend, inputs: readonly Input[]): Promise<Values> => {
  const values: Record<string, AnyValue> = {};
  for (const { path, data, shape, dtype } of inputs)
    values[path] = valueOf(await upload(data, shape, dtype)(backend)());
  return values;
};

const numbersOf = async (backend: Backend, value: AnyValue): Promise<HostArray> =>
  valueOf(await read(value as Value<[]>)(backend)());

/** A program compiled with and without donation. */
const compileCase = async (backend: Backend, sample: GraphCase, donate: readonly string[]) => {
  // the inputs of a program of a record of unknown names have no names to donate
  const options = { donate: donate as readonly never[] };
  return valueOf(await compile(programOf(sample.declared, sample.build), {}, options)(backend)());
};

/** Checks that the memory in use is as before. */
const nothingLeft = (backend: Backend, before: ReturnType<Backend['stats']>): Violation => {
  const now = backend.stats();
  return now.bytes === before.bytes && now.buffers === before.buffers
    ? null
    : `${now.bytes - before.bytes} bytes in ${now.buffers - before.buffers} buffers are left`;
};

const donation = (backend: Backend): Law<GraphCase> => ({
  name: 'a run consumes donated values, changes nothing else, and leaks no memory',
  formula:
    'results with donation = results without; donated values are ValueConsumed, the others unchanged; stats as before',
  source: 'linear types, by hand',
  arbitrary: graphCase,
  runs: 30,
  violation: async (sample) => {
    const before = backend.stats();
    const keeping = await compileCase(backend, sample, []);
    const donating = await compileCase(backend, sample, sample.donate);
    const values = await uploaded(backend, sample.inputs);
    const inputs = { ...values, key: sample.key } as never; // a record of unknown names
    const expected = valueOf(await keeping.run(inputs)()) as Values;
    const actual = valueOf(await donating.run(inputs)()) as Values;
    const violations: Violation[] = [];
    for (const path of Object.keys(expected))
      violations.push(
        approx(path, await numbersOf(backend, actual[path]!), await numbersOf(backend, expected[path]!), 0),
      );
    for (const { path, data } of sample.inputs)
      violations.push(
        sample.donate.includes(path)
          ? demandError(path, 'ValueConsumed', await read(values[path] as Value<[]>)(backend)())
          : approx(path, await numbersOf(backend, values[path]!), data, 0),
      );
    if (sample.donate.length > 0)
      violations.push(demandError('another run', 'ValueConsumed', await donating.run(inputs)()));
    for (const tree of [values, expected, actual]) valueOf(await release(tree)(backend)());
    keeping.release();
    donating.release();
    return firstOf(...violations, nothingLeft(backend, before));
  },
});

const repetition = (backend: Backend): Law<GraphCase> => ({
  name: 'runs are reproducible, and leak no memory',
  formula: 'run(x) = run(x) to the bit, 20 times; stats as before',
  source: 'programs are functions',
  arbitrary: graphCase,
  runs: 20,
  violation: async (sample) => {
    const before = backend.stats();
    const executable = await compileCase(backend, sample, []);
    const numbersOfInputs = sample.inputs.map(({ path, data, dtype }) => [path, arrayOf(data, dtype)]);
    const inputs = { ...Object.fromEntries(numbersOfInputs), key: sample.key } as never; // a record of unknown names
    let first: Readonly<Record<string, HostArray>> | null = null;
    for (let i = 0; i < 20; i++) {
      const outputs = valueOf(await executable.run(inputs)()) as Values;
      const numbers: Record<string, HostArray> = {};
      for (const [path, value] of Object.entries(outputs)) numbers[path] = await numbersOf(backend, value);
      valueOf(await release(outputs)(backend)());
      first ??= numbers;
      const changed = firstOf(...Object.keys(first).map((path) => approx(path, numbers[path]!, first![path]!, 0)));
      if (changed !== null) return changed;
    }
    executable.release();
    return nothingLeft(backend, before);
  },
});

/** Any numbers of a dtype. */
const anyNumbers = fc.oneof(
  fc.float32Array({ minLength: 1, maxLength: 80 }).map((data) => ({ data, dtype: 'float32' as const })),
  fc.int32Array({ minLength: 1, maxLength: 80 }).map((data) => ({ data, dtype: 'int32' as const })),
  fc.uint8Array({ minLength: 1, maxLength: 80, max: 1 }).map((data) => ({ data, dtype: 'bool' as const })),
);
type AnyNumbers = typeof anyNumbers extends fc.Arbitrary<infer A> ? A : never;

const keeping = (backend: Backend): Law<AnyNumbers> => ({
  name: 'uploaded numbers are read back unchanged, and their memory is counted',
  formula:
    'read(upload(x)) = x to the bit, NaN, ±∞ and −0 included; stats has one more buffer while it lives, and is as before after one or two releases',
  source: 'memory, by hand',
  arbitrary: anyNumbers,
  runs: 50,
  violation: async ({ data, dtype }) => {
    const before = backend.stats();
    const value = valueOf(await upload(data, [data.length], dtype)(backend)());
    const during = backend.stats();
    const numbers = valueOf(await read(value)(backend)());
    const wrong = data.findIndex((x, i) => !Object.is(numbers[i], x));
    for (let times = 0; times < 2; times++) valueOf(await release(value)(backend)());
    return firstOf(
      numbers.length === data.length ? null : `${numbers.length} numbers came back of ${data.length}`,
      wrong === -1 ? null : `number ${wrong}: ${numbers[wrong]} came back of ${data[wrong]}`,
      during.buffers === before.buffers + 1 && during.bytes - before.bytes >= data.length
        ? null
        : `${during.bytes - before.bytes} bytes in ${during.buffers - before.buffers} buffers are counted for ${data.length} numbers`,
      during.peakBytes >= during.bytes ? null : `a peak of ${during.peakBytes} bytes, with ${during.bytes} in use`,
      nothingLeft(backend, before),
    );
  },
});

const profiling = (backend: Backend): Law<GraphCase> => ({
  name: 'a profile is a run',
  formula: 'profile(x) = run(x) to the bit, with a time ≥ 0 for each call; lost() is null while it lives',
  source: 'definition of a profile',
  arbitrary: graphCase,
  runs: 10,
  violation: async (sample) => {
    const executable = await compileCase(backend, sample, []);
    const values = await uploaded(backend, sample.inputs);
    const inputs = { ...values, key: sample.key } as never; // a record of unknown names
    const expected = valueOf(await executable.run(inputs)()) as Values;
    const { outputs, milliseconds } = valueOf(await executable.profile(inputs)());
    const violations: Violation[] = [];
    for (const [path, value] of Object.entries(outputs as Values))
      violations.push(approx(path, await numbersOf(backend, value), await numbersOf(backend, expected[path]!), 0));
    for (const tree of [values, expected, outputs]) valueOf(await release(tree)(backend)());
    const calls = executable.kernels.length;
    executable.release();
    const loss = backend.lost();
    return firstOf(
      ...violations,
      milliseconds.length === calls ? null : `${milliseconds.length} times of ${calls} calls`,
      milliseconds.every((time) => time >= 0) ? null : `times ${milliseconds.join(', ')}`,
      loss === null ? null : `lost: ${loss.message}`,
    );
  },
});

/** Wrong ways to run a program, and the error of each. */
const MISTAKES = {
  'an input is missing': 'ShapeError',
  'an input has a number too many': 'ShapeError',
  'numbers come in the array of another dtype': 'DTypeError',
  'a value has another shape': 'ShapeError',
  'a value has another dtype': 'DTypeError',
  'a value was released': 'ValueConsumed',
  'a key is a number': 'DTypeError',
} as const satisfies Readonly<Record<string, NoisefoldError['_tag']>>;
type Mistake = keyof typeof MISTAKES;

const mistakes = (backend: Backend): Law<readonly [GraphCase, Mistake]> => ({
  name: 'wrong inputs are typed errors',
  formula: Object.entries(MISTAKES).map(([mistake, tag]) => `${mistake}: ${tag}`).join('; '), // oxfmt-ignore
  source: 'errors are values',
  // the keys of MISTAKES are mistakes
  arbitrary: fc.tuple(graphCase, fc.constantFrom(...(Object.keys(MISTAKES) as Mistake[]))),
  runs: 30,
  violation: async ([sample, mistake]) => {
    const before = backend.stats();
    const executable = await compileCase(backend, sample, sample.donate);
    const values = await uploaded(backend, sample.inputs);
    const { path, data, shape, dtype } = sample.inputs[0]!;
    const other = dtype === 'int32' ? 'float32' : 'int32';
    const wrong = async (): Promise<Readonly<Record<string, AnyValue | HostArray | KeyWords | number>>> => {
      switch (mistake) {
        case 'an input is missing':
          return Object.fromEntries(Object.entries(values).filter(([name]) => name !== path));
        case 'an input has a number too many':
          return { ...values, [path]: arrayOf([...data, 0], dtype) };
        case 'numbers come in the array of another dtype':
          return { ...values, [path]: arrayOf(data, other) };
        case 'a value has another shape':
          return { ...values, [path]: valueOf(await upload(data, [1, ...shape], dtype)(backend)()) };
        case 'a value has another dtype':
          return { ...values, [path]: valueOf(await upload(data, shape, other)(backend)()) };
        case 'a value was released':
          valueOf(await release(values[path])(backend)());
          return values;
        case 'a key is a number':
          return { ...values, key: 7 };
      }
    };
    const inputs = await wrong();
    const violation = demandError(
      'run',
      MISTAKES[mistake],
      await executable.run({ key: sample.key, ...inputs } as never)(),
    );
    const extra = Object.values(inputs).filter(isValue);
    valueOf(await release([values, extra])(backend)());
    executable.release();
    return firstOf(violation, nothingLeft(backend, before));
  },
});

export const ownershipLaws = (backend: Backend): readonly Law[] => [
  keeping(backend),
  donation(backend),
  repetition(backend),
  profiling(backend),
  mistakes(backend),
];
