import { function as F, readerTaskEither as RTE, taskEither as TE } from 'fp-ts';
import { type Effect, isLeft, type Noisefold, type NoisefoldError, open, type Task, unwrap } from '../../src/index.js';
import {
  type Backend,
  compile,
  type Executable,
  program,
  read,
  square,
  upload,
  using,
  type Value,
} from '../../src/dsl/index.js';
import { wasm } from '../../src/backends/wasm/index.js';
import { ddpm, cosine, type DiscreteNoising } from '../../src/diffusion/index.js';
import {
  fit,
  type Fit,
  type Images,
  sample,
  type Sampling,
  type Trained,
  writeAtomically,
} from '../../src/training/index.js';
import { type UNetParams } from '../../src/nn/index.js';
import { expectType } from './expect.js';

declare const recipe: Fit<UNetParams, [28, 28, 1]>;
declare const sampling: Sampling;
declare const step: Executable<{ readonly x: Value<[2]> }, Value<[2]>>;
declare const x: Value<[2]>;
declare const backend: Backend;
declare const nf: Noisefold;

// effects and tasks run, and give what they are of
export const runs = async () => {
  expectType<Trained<UNetParams, [28, 28, 1]>>()(await nf.run(fit(recipe)));
  expectType<Images>()(await nf.run(F.pipe(fit(recipe), RTE.flatMap(sample(sampling)))));
  expectType<Value<[2]>>()(await nf.run(step.run({ x })));
  expectType<void>()(await nf.run(writeAtomically('log', 'text')));
  await using other = await open(wasm());
  expectType<Backend>()(other.backend);
};

// they are those of fp-ts, and so is what pipes make of them
export const effect: RTE.ReaderTaskEither<Backend, NoisefoldError, Value<readonly [2]>> = upload(
  Float32Array.of(1, 2),
  [2],
);
export const task: TE.TaskEither<NoisefoldError, void> = writeAtomically('log', 'text');
expectType<Task<Images>>()(F.pipe(fit(recipe), RTE.flatMap(sample(sampling)), using(wasm())));
expectType<Effect<Float32Array | Float64Array>>()(read(x));

// an `await` that starts nothing does not compile, wherever a call is missing
// @ts-expect-error The 'this' context of type 'Task<Trained<UNetParams, [28, 28, 1], unknown>>' is not assignable to method's 'this' of type '"A task starts when it is run: await nf.run(task), or await task() for an Either"'
export const notCalled = async () => void (await using(wasm())(fit(recipe)));
// @ts-expect-error The 'this' context of type 'Effect<Trained<UNetParams, [28, 28, 1], unknown>>' is not assignable to method's 'this' of type '"An effect starts when it is run: await nf.run(effect)"'
export const noBackend = async () => void (await fit(recipe));
// @ts-expect-error A task starts when it is run
export const withBackend = async () => void (await fit(recipe)(backend));
// @ts-expect-error A task starts when it is run
export const ofExecutable = async () => void (await step.run({ x }));
// @ts-expect-error A task starts when it is run
export const ofFile = async () => void (await writeAtomically('log', 'text'));
// @ts-expect-error A task starts when it is run
export const ofBackend = async () => void (await wasm());
// @ts-expect-error A task starts when it is run
export const given = async () => writeAtomically('log', 'text');
// @ts-expect-error A task starts when it is run
void writeAtomically('log', 'text').then(() => 'written');
declare const trained: Trained<UNetParams, [28, 28, 1]>;
export const together = async () => {
  const [images] = await Promise.all([sample(sampling)(trained), runs()]);
  // @ts-expect-error Property 'data' does not exist on type '"An effect starts when it is run: await nf.run(effect)"'
  return images.data;
};

// linters take what has a `then` of two functions for work that a statement must not drop
declare const parameters: Required<Parameters<(Effect<void> | Task<void>)['then']>>;
expectType<2>()(parameters.length);
export const functions: readonly ((message: never) => void)[] = parameters;

// a listener of `fit` may return nothing, 'stop', or a promise or a task of either
fit({ ...recipe, onEvent: (event) => console.log(event) });
fit({ ...recipe, onEvent: async (event) => console.log(event) });
fit({ ...recipe, onEvent: ({ step }) => (step === 9 ? 'stop' : undefined) });
fit({ ...recipe, onEvent: async ({ step }) => (step === 9 ? 'stop' : undefined) });
fit({ ...recipe, onEvent: ({ step }) => TE.right(step === 9 ? 'stop' : undefined) });
fit({ ...recipe, onEvent: () => writeAtomically('log', 'text') });
fit({ ...recipe, onEvent: () => 'stop' });
// @ts-expect-error Type '"halt"' is not assignable to type 'Heard<void | "stop">'
fit({ ...recipe, onEvent: () => 'halt' });
// @ts-expect-error Type 'Promise<string>' is not assignable to type 'Heard<void | "stop">'
fit({ ...recipe, onEvent: async () => 'halt' });

// what is no effect is refused
// @ts-expect-error this is a promise: await gives its value
export const started = () => nf.run(fit(recipe)(backend)());
// @ts-expect-error Types of parameters 'trained' and 'backend' are incompatible
export const unapplied = () => nf.run(sample(sampling));
// @ts-expect-error this is an Either: unwrap(…) gives its value
export const either = () => nf.run(ddpm(cosine(1000)));
// @ts-expect-error this work has not started: await nf.run(…) gives its value
export const ofTask = () => unwrap(writeAtomically('log', 'text'));

const noising = ddpm(cosine(1000));
expectType<DiscreteNoising>()(unwrap(noising));
if (isLeft(noising)) expectType<NoisefoldError>()(noising.left);
else expectType<DiscreteNoising>()(noising.right);
export const compiled = compile(
  program({ x: '2' }, ({ x: given }) => square(given)),
  {},
);
