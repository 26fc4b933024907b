/** Runs a compiled step repeatedly. */
import { effect, type Effect, hear, type Heard } from './effect.js';
import type { Exact } from '../../internal/exact.js';
import { E, t, type taskEither } from '../../internal/fp.js';
import { type Block, gen, hold, keep, take } from '../../internal/gen.js';
import { breather, mayGoOn, type StopSignal } from '../../internal/stop.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { release } from './value.js';
import { functionOf, hinted, natural, positive } from '../../internal/decode.js';
import { part, signal } from '../../internal/parts.js';
import { argument, optional, schema } from '../../internal/schema.js';

/** The state of an iteration: the results of a step with the name of an input. */
export type Carried<I, O> = {
  readonly [K in keyof I & keyof O]: O[K] extends I[K]
    ? O[K]
    : `the step takes no ${K & string} like the one that it returns`;
};

/** The inputs of a step that are not part of its state. */
type Others<I, O> = Omit<I, keyof O>;

/** Options of {@link iterate}. */
export type Iteration<I, O> = {
  readonly times: number;
  /**
   * Receives the results of a step and its index, from 0. The next step waits for the promise, the task or the effect
   * that it returns, and an error in it ends the iteration. The results are freed afterwards, except for the state.
   */
  readonly onStep?: ((results: NoInfer<O>, index: number) => Heard) | undefined;
  /** Call `onStep` only after every this many steps; default 1. */
  readonly every?: number;
  /** Stops the iteration before its next step, with `Cancelled`. */
  readonly signal?: StopSignal | undefined;
  /** The name of the iteration in errors. */
  readonly name?: string;
} & ([keyof Others<I, O>] extends [never]
  ? { readonly inputs?: undefined }
  : {
      /** The other inputs of step `index`, from 0: parameters, a timestep, a key. The caller keeps ownership. */
      readonly inputs: (index: number) => NoInfer<Others<I, O>>;
    });

type Members = Readonly<Record<string, unknown>>;

/** Separates the results into the next state and the rest. Returns a `ConfigError` if the state has other members. */
const separated = (
  name: string,
  state: Members,
  results: Members,
): E.Either<NoisefoldError, { readonly next: Members; readonly rest: Members }> => {
  const lacking = Object.keys(state).filter((member) => !Object.hasOwn(results, member));
  const having = (isNext: boolean): Members =>
    Object.fromEntries(Object.entries(results).filter(([member]) => Object.hasOwn(state, member) === isNext));
  return lacking.length === 0
    ? E.right({ next: having(true), rest: having(false) })
    : fail('ConfigError', {
        where: name,
        expected: `a state of results of the step: ${Object.keys(results).join(', ')}`,
        actual: lacking.join(', '),
        hint: 'pass constant members as `inputs`',
      });
};

const steps = 'give a number of steps';
const iteration = schema('iterate', {
  times: hinted(natural, steps),
  onStep: optional(functionOf('a function')),
  every: optional(hinted(positive, steps), 1),
  signal: optional(signal),
  name: optional(t.string, 'iteration'),
  inputs: optional(functionOf('a function')),
});

const compiledStep = argument('iterate', part('a compiled step', 'run'), 'give the result of compile');

/**
 * Runs a compiled step repeatedly, with its state on the backend: each result with the name of an input is that input of
 * the next step. Other results, such as a loss, are only passed to `onStep`.
 *
 * `iterate` takes ownership of the state that you pass. It frees the other results of each step, so n steps need no
 * more memory than one. If the step was compiled with `donate`, the state stays in the same memory. If a step or
 * `onStep` fails, or the signal stops the iteration, the state is freed, and the result is the error.
 * @example
 * const descent = program({ w: '2' }, ({ w }) => {
 *   const { value, grad } = valueAndGrad((w: Tensor<[2]>) => sum(square(w)))(w)
 *   return { w: sub(w, mul(0.25, grad)), loss: value }
 * })
 * await using nf = await open(reference())
 * const step = await nf.run(compile(descent, {}, { donate: ['w'] }))
 * const start = await nf.run(upload(Float32Array.of(8, 16), [2]))
 * const losses: number[] = []
 * const onStep = async ({ loss }: { readonly loss: Value<[]> }) => {
 *   losses.push(...(await nf.run(read(loss))))
 * }
 * const { w } = await nf.run(iterate(step, { times: 3, onStep })({ w: start }))
 * await nf.run(read(w)) // → [1, 2]
 * losses // → [320, 80, 20]
 */
export const iterate =
  <I, O, G = unknown>(
    executable: { readonly run: (inputs: I) => taskEither.TaskEither<NoisefoldError, O> },
    options: Exact<G, keyof Iteration<object, object>> & Iteration<I, O>,
  ) =>
  (first: Carried<I, O>): Effect<Carried<I, O>> =>
    effect((backend) =>
      gen(function* () {
        yield* take(compiledStep.decode(executable));
        const breathe = breather();
        let state: Members = first;
        yield* keep(E.right(first), () => release(state)(backend)); // the result owns the last state
        const { times, onStep, every, signal, name, inputs } = yield* take(iteration.decode<Iteration<I, O>>(options));

        function* step(index: number): Block<void> {
          // `Others<I, O>` and the state have all members of I, and the results have all members of the state
          const results = (yield* take(executable.run({ ...inputs?.(index), ...state } as I))) as O & Members;
          const parts = separated(name, state, results);
          yield* hold(E.right(E.isRight(parts) ? parts.right.rest : results), (values) => release(values)(backend));
          const { next } = yield* take(parts);
          yield* take(release(state)(backend)); // skips donated values
          state = next;
          if (onStep !== undefined && (index + 1) % every === 0)
            yield* take(hear(() => onStep(results, index))(backend));
        }
        for (let index = 0; index < times; index++) {
          yield* take(mayGoOn(`${name}, step ${index}`, breathe, signal));
          yield* take(gen(() => step(index)));
        }
        return state as Carried<I, O>; // has the members of the first state
      }),
    );
