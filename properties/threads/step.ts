/** A training step of a small network, large enough that its calls are divided among threads. */
import { createHash } from 'node:crypto';
import { compile, conv2d, key, mean, mul, normalLike, program, read, release, silu, square, sub, upload, valueAndGrad } from 'noisefold/dsl'; // oxfmt-ignore
import type { Backend } from '../../src/dsl/plan/backend.js';
import type { NoisefoldError } from '../../src/internal/errors.js';
import { E, type either } from '../../src/internal/fp.js';
import { valueOf } from '../oracles/plans.js';

const step = program({ u: '3 3 3 32', v: '3 3 32 32', w: '3 3 32 3', x: '4 16 16 3', key: 'key' }, (inputs) => {
  const noise = normalLike(inputs.key, inputs.x);
  const { u, v, w } = inputs;
  const loss = valueAndGrad((params: { readonly u: typeof u; readonly v: typeof v; readonly w: typeof w }) => {
    const hidden = silu(conv2d(silu(conv2d(mul(inputs.x, noise), params.u)), params.v));
    return mean(square(sub(conv2d(hidden, params.w), noise)));
  });
  const { value, grad } = loss({ u, v, w });
  return { u: sub(u, mul(grad.u, 0.1)), v: sub(v, mul(grad.v, 0.1)), w: sub(w, mul(grad.w, 0.1)), loss: value };
});

const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => 0.1 * Math.sin(1.3 * i));

/** The initial parameters and the images, each as a new value. */
const uploaded = async (backend: Backend) => ({
  u: valueOf(await upload(numbers(864), [3, 3, 3, 32])(backend)()),
  v: valueOf(await upload(numbers(9216), [3, 3, 32, 32])(backend)()),
  w: valueOf(await upload(numbers(864), [3, 3, 32, 3])(backend)()),
  x: valueOf(await upload(numbers(3072), [4, 16, 16, 3])(backend)()),
});

/** All parameters and the loss after a step, as a hash of their bits. */
export type Bits = string;

type Executable = Awaited<ReturnType<typeof executableOn>>;
type Outputs = Awaited<ReturnType<ReturnType<Executable['run']>>> extends either.Either<unknown, infer A> ? A : never;

const executableOn = async (backend: Backend, donate: readonly ('u' | 'v' | 'w')[]) =>
  valueOf(await compile(step, {}, { donate })(backend)());

export interface Stepping {
  /** A step from the initial parameters. */
  readonly step: (seed: number) => Promise<either.Either<NoisefoldError, Bits>>;
  /** Drops the reference to the executable. */
  readonly release: () => void;
  /** Drops the references to the initial values. */
  readonly forget: () => Promise<void>;
}

/** The bits of the outputs of a step; releases the outputs. */
export const bitsOf = async (backend: Backend, outputs: Outputs): Promise<either.Either<NoisefoldError, Bits>> => {
  const hash = createHash('sha256');
  for (const value of [outputs.u, outputs.v, outputs.w, outputs.loss]) {
    const numbers = await read(value as typeof outputs.u)(backend)(); // of any shape
    if (E.isLeft(numbers)) return numbers;
    hash.update(numbers.right);
  }
  valueOf(await release(outputs)(backend)());
  return E.right(hash.digest('hex'));
};

/** Compiles the step, without donation, and uploads its initial values. */
export const steppingOn = async (backend: Backend): Promise<Stepping> => {
  const executable = await executableOn(backend, []);
  const values = await uploaded(backend);
  return {
    step: async (seed) => {
      const outputs = await executable.run({ ...values, key: key(seed) })();
      return E.isLeft(outputs) ? outputs : bitsOf(backend, outputs.right);
    },
    release: () => executable.release(),
    forget: async () => void valueOf(await release(values)(backend)()),
  };
};

/** Compiles the step so that it consumes the parameters. */
export const donatingOn = async (backend: Backend) => ({
  executable: await executableOn(backend, ['u', 'v', 'w']),
  values: () => uploaded(backend),
});
