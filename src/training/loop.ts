/**
 * Loops over state that stays on the backend. `fit`, `sample`, `encode`, held-out losses, the variational bound and
 * likelihoods are such loops.
 */
import { type Backend, type Bindings, type Feed, type Program, release, type Resident } from '../dsl/index.js';
import { symbolsOf } from '../dsl/graph/spec.js';
import type { StorageOption } from '../dsl/run/storedIn.js';
import { E, type io } from '../internal/fp.js';
import { type Fallible, gen, hold, keep, take, type Work } from '../internal/gen.js';
import { breather, mayGoOn, type StopSignal } from '../internal/stop.js';
import { compiled } from '../dsl/run/compile.js';

/**
 * A loop: `begin` makes the state, `step` advances it in the same memory, `end` takes the result from it. Every step
 * takes the same `Constants`, and its own `Inputs`; beside the state it returns an `Output`.
 */
export interface Loop<Begin, Constants, State, Inputs, Output, End> {
  /** The name of the loop in errors. */
  readonly name: string;
  /** The extents of the symbols in its programs. */
  readonly extents: Bindings;
  /** The constants that are stored in 16 bits: see `storedIn`. */
  readonly storage?: StorageOption;
  readonly begin: Program<Begin, State>;
  readonly step: Program<Constants & Inputs & { readonly state: State }, Output & { readonly state: State }>;
  readonly end: Program<{ readonly state: State }, End>;
}

/** A compiled loop. It may run several times, also at the same time. */
export interface OpenLoop<Begin, Constants, State, Inputs, Output, End> {
  readonly name: string;
  /** The first state. The caller owns it. */
  readonly begin: (inputs: Feed<Resident<Begin>>) => Fallible<Resident<State>>;
  /** Starts a run, which takes ownership of the first state, but not of the constants. */
  readonly from: (state: Resident<State>, constants: Resident<Constants>) => Running<State, Inputs, Output, End>;
  readonly release: io.IO<void>;
}

/** A loop, compiled. */
export type OpenLoopOf<L> =
  L extends Loop<infer B, infer C, infer S, infer G, infer O, infer R> ? OpenLoop<B, C, S, G, O, R> : never;

/** A loop between two steps. */
export interface Running<State, Inputs, Output, End> {
  readonly state: () => Resident<State>;
  /** Takes a step. Its output is freed after the work that `use` returns. */
  readonly step: <A>(inputs: Feed<Resident<Inputs>>, use: (output: Resident<Output>) => Work<A>) => Fallible<A>;
  /** The result at the current state. Does not change the state. The caller owns the result. */
  readonly end: Fallible<Resident<End>>;
  /** Frees the state. */
  readonly release: Fallible<void>;
}

/** The extents of the symbols that a program has. */
const extentsOf = <I, O>({ inputs }: Program<I, O>, extents: Bindings): Bindings => {
  const symbols = E.isRight(inputs) ? symbolsOf(inputs.right) : []; // `compile` reports an invalid spec
  return Object.fromEntries(Object.entries(extents).filter(([symbol]) => symbols.includes(symbol)));
};

/** Compiles a loop. */
export const openLoop =
  <B, C, S, G, O, R>({ name, extents, storage, begin, step, end }: Loop<B, C, S, G, O, R>) =>
  (backend: Backend): Fallible<OpenLoop<B, C, S, G, O, R>> =>
    gen(function* () {
      type StepInputs = Resident<C> & Feed<Resident<G>> & { readonly state: Resident<S> };
      type StepResult = Resident<O> & { readonly state: Resident<S> };
      const at = <I, O>(program: Program<I, O>) => extentsOf(program, extents);
      const freed = (open: { readonly release: io.IO<void> }): void => open.release();
      const beginner = yield* keep(compiled(begin, at(begin))<Feed<Resident<B>>, Resident<S>>(backend), freed);
      const stepper = yield* keep(
        compiled(step, at(step), { donate: ['state'], ...storage })<StepInputs, StepResult>(backend),
        freed,
      );
      const ender = yield* take(compiled(end, at(end))<{ readonly state: Resident<S> }, Resident<R>>(backend));

      const from = (first: Resident<S>, constants: Resident<C>): Running<S, G, O, R> => {
        let current = first; // changes with each step
        return {
          state: () => current,
          step: (inputs, use) =>
            gen(function* () {
              const result = yield* take(stepper.run({ ...constants, ...inputs, state: current }));
              const { state, ...output } = result;
              current = state;
              yield* hold(E.right(output), (rest) => release(rest)(backend));
              return yield* take(use(result));
            }),
          end: (): ReturnType<Fallible<Resident<R>>> => ender.run({ state: current })(),
          release: () => release(current)(backend)(),
        };
      };
      return { name, begin: beginner.run, from, release: () => [beginner, stepper, ender].forEach(freed) };
    });

/** The arguments of a run of a loop from beginning to end. */
export interface LoopRun<Begin, Constants, Inputs, Output> {
  readonly begin: Feed<Resident<Begin>>;
  readonly constants: Resident<Constants>;
  /** The most steps. */
  readonly steps: number;
  /** The inputs of step `index`, from 0. */
  readonly inputs: (index: number) => Work<Feed<Resident<Inputs>>>;
  /** Receives the output of each step; the next one waits for the work that it returns. */
  readonly onStep?: ((output: Resident<Output>, index: number) => Work<unknown>) | undefined;
  /** Decides by the output of each step if another step follows; by default all `steps` run. */
  readonly goesOn?: (output: Resident<Output>, index: number) => Work<boolean>;
  /** Ends the run before its next step, as `Cancelled`. */
  readonly signal?: StopSignal | undefined;
}

/** Runs a loop. The caller owns the result. */
export const runLoop = <B, C, S, G, O, R>(
  loop: OpenLoop<B, C, S, G, O, R>,
  { begin, constants, steps, inputs, onStep, goesOn, signal }: LoopRun<B, C, G, O>,
): Fallible<Resident<R>> =>
  gen(function* () {
    const first = yield* take(loop.begin(begin));
    const run = yield* hold(E.right(loop.from(first, constants)), (running) => running.release);
    const breathe = breather();
    const after = (output: Resident<O>, index: number) =>
      gen(function* () {
        yield* take(onStep?.(output, index) ?? E.right(undefined));
        return yield* take(goesOn?.(output, index) ?? E.right(true));
      });
    for (let index = 0, follows = true; follows && index < steps; index++) {
      yield* take(mayGoOn(`${loop.name}, step ${index}`, breathe, signal));
      const values = yield* take(inputs(index));
      follows = yield* take(run.step(values, (output) => after(output, index)));
    }
    return yield* take(run.end);
  });
