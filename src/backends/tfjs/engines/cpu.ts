/** tfjs's engine in plain JavaScript. */
import type { Backend } from '../../../dsl/plan/backend.js';
import type { NoisefoldError } from '../../../internal/errors.js';
import { F, TE, type taskEither } from '../../../internal/fp.js';
import { tensorBackend } from '../eager/backend.js';
import { type Engine, engineOf, type ExactScalars } from '../eager/engine.js';
import { exactOnHost } from '../eager/onHost.js';
import { loadEngine, type Modules } from '../eager/packages.js';

export const cpuEngine = (core: Modules['core'], { MathBackendCPU }: Modules['cpu']): Engine => {
  // not the one in tfjs's registry, which a program that uses tfjs may configure
  const backend = new MathBackendCPU();
  // on first use it would print an advertisement for tfjs-node; the types declare the field private
  Reflect.set(backend, 'firstUse', false);
  const engine = engineOf(core, 'cpu', backend);
  // products and powers of int32 are rounded to float64 before they wrap around; erf has an error of 1.5e-7
  const isInexact: ExactScalars['covers'] = (fn, dtype) =>
    dtype === 'int32' ? fn === 'mul' || fn === 'pow' : fn === 'erf';
  return { ...engine, exact: exactOnHost(engine, isInexact) };
};

export const tfjsCpu = (): taskEither.TaskEither<NoisefoldError, Backend> =>
  F.pipe(
    loadEngine('cpu', 'the tfjs-cpu backend'),
    TE.map(({ core, engine }) => tensorBackend('tfjs-cpu', cpuEngine(core, engine))),
  );
