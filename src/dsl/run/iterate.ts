/** A compiled step, run again and again. */
import { effect, type Effect } from './effect.js';
import { E, F, type readerTaskEither, TE, type taskEither } from '../../internal/fp.js';
import { ensuring, unlessRight } from '../../internal/scope.js';
import { pause, type StopSignal } from '../../internal/stop.js';
import type { Backend } from '../compile/backend.js';
import { attempt, fail, failure, type NoisefoldError } from '../errors.js';
import { isExtent } from '../types/extent.js';
import { release } from './value.js';
import { namedFields } from '../options.js';

/** The results that a step takes back: those by the name of an input. */
export type Carried<I, O> = {
  readonly [K in keyof I & keyof O]: O[K] extends I[K]
    ? O[K]
    : `the step takes no ${K & string} like the one that it gives`;
};

/** The inputs of a step that it does not give. */
type Others<I, O> = Omit<I, keyof O>;

/** How often a step is run, and what it is given beside its state. */
export type Iteration<I, O> = {
  readonly times: number;
  /** Told the results of a step, and which it was, from 0: they may be read, and are gone afterwards. */
  readonly onStep?:
    | ((results: O, index: number) => readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, unknown>)
    | undefined;
  /** `onStep` sees the last of each so many steps; each step, if not given. */
  readonly every?: number;
  /** Ends the iteration before its next step, as `Cancelled`. */
  readonly signal?: StopSignal | undefined;
  /** What errors call it. */
  readonly name?: string;
} & ([keyof Others<I, O>] extends [never]
  ? { readonly inputs?: undefined }
  : {
      /** The other inputs of step number `index`, from 0: parameters, a timestep, a key. They stay the caller's. */
      readonly inputs: (index: number) => Others<I, O>;
    });

type Members = Readonly<Record<string, unknown>>;

const cancelled = (name: string, step: number): NoisefoldError =>
  failure('Cancelled', {
    where: `${name}, step ${step}`,
    expected: 'to go on',
    actual: 'a signal to stop',
    hint: 'begin again',
  });

/** The results by whether the state has such members; an error if it has others. */
const parted = (
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
        hint: 'give what does not change as `inputs`',
      });
};

const checked = (name: string, times: number, every: number): E.Either<NoisefoldError, void> =>
  isExtent(times) && isExtent(every) && every > 0
    ? E.right(undefined)
    : fail('ConfigError', {
        where: name,
        expected: 'integers: times ≥ 0 and every ≥ 1',
        actual: `times ${times}, every ${every}`,
        hint: 'they count steps',
      });

const fields = namedFields('iterate', { times: 'a number of steps' }, [
  'onStep',
  'every',
  'signal',
  'name',
  'inputs',
]);

/**
 * Runs a compiled step many times, with its state on the backend: results by the name of an input are what the next
 * step is given there. It takes the state over, and gives back whatever a step has left behind: of n steps, no more
 * is ever in memory than of one. Compile the step with `donate`, and the state lies in the same memory all along.
 * If a step or `onStep` fails, or a signal ends it, the state is given back too, and the error is the result.
 *
 * Other results, such as a loss, are for `onStep` alone.
 *
 * @example
 * const descent = program({ w: '2' }, ({ w }) => {
 *   const { value, grad } = valueAndGrad((w: Tensor<[2]>) => sum(square(w)))(w)
 *   return { w: pipe(w, sub(pipe(grad, mul(0.25)))), loss: value }
 * })
 * const losses: number[] = []
 * const learned = pipe(
 *   RTE.Do,
 *   RTE.bind('step', () => compile(descent, {}, { donate: ['w'] })),
 *   RTE.bind('w', () => upload(Float32Array.of(8, 16), [2])),
 *   RTE.flatMap(({ step, w }) =>
 *     iterate(step, {
 *       times: 3,
 *       onStep: ({ loss }) => pipe(read(loss), RTE.map(([value]) => losses.push(value!))),
 *     })({ w }),
 *   ),
 *   RTE.flatMap(({ w }) => read(w)),
 * )
 * await using(reference())(learned)() // → E.right([1, 2])
 * losses // → [320, 80, 20]
 */
export const iterate =
  <I, O>(
    { run }: { readonly run: (inputs: I) => taskEither.TaskEither<NoisefoldError, O> },
    options: Iteration<I, O>,
  ) =>
  (first: Carried<I, O>): Effect<Carried<I, O>> =>
    effect((backend) => () => {
      const { times, onStep, every = 1, signal, name = 'iteration', inputs } = options;
      let state: Members = first; // moves on; what it is in the end is the result, or given back
      const moved = async (index: number): Promise<E.Either<NoisefoldError, unknown>> => {
        if (signal !== undefined) await pause();
        if (signal?.aborted === true) return E.left(cancelled(name, index));
        // Others<I, O> and the state are what I is made of
        const ran = await run({ ...inputs?.(index), ...state } as I)();
        if (E.isLeft(ran)) return ran;
        const results = ran.right as O & Members; // a record: it has members that are inputs
        const parts = parted(name, state, results);
        if (E.isLeft(parts)) return F.pipe(TE.fromEither(parts), ensuring(release(results)(backend)))();
        const { next, rest } = parts.right;
        await release(state)(backend)(); // what was not donated
        state = next;
        const isSeen = onStep !== undefined && (index + 1) % every === 0;
        const see = async () => (isSeen ? onStep(results, index)(backend)() : E.right(undefined));
        return F.pipe(see, ensuring(release(rest)(backend)))();
      };
      return F.pipe(
        async (): Promise<E.Either<NoisefoldError, Carried<I, O>>> => {
          const sound = F.pipe(
            attempt(() => fields(options)),
            E.flatMap(() => checked(name, times, every)),
          );
          if (E.isLeft(sound)) return sound;
          for (let index = 0; index < times; index++) {
            const result = await moved(index);
            if (E.isLeft(result)) return result;
          }
          return E.right(state as Carried<I, O>); // the members of the first
        },
        unlessRight(() => release(state)(backend)()),
      )();
    });
