/** A network on a backend of noisefold, ready to be timed. */
import { type Backend, compile, key, read, release } from 'noisefold/dsl';
import { initialState, parametersOf } from 'noisefold/training';
import { sizeOf } from '../src/internal/numbers.js';
import { BATCH, forwardProgram, type NetworkRecipe, stepProgram } from './network.js';
import { ramp } from './peers/jax.js';
import { orThrow } from './table.js';

/** The calls of an executable, and the milliseconds of each in one run. */
export interface Profiled {
  readonly executable: Parameters<typeof import('noisefold/dsl').explain>[0];
  readonly milliseconds: readonly number[];
}

export interface Runner {
  /** One forward pass of a batch; reads the result. */
  readonly forward: () => Promise<void>;
  /** One training step: forward, backward, Adam and the moving average; reads the loss. */
  readonly step: () => Promise<void>;
  readonly profile: () => Promise<{ readonly forward: Profiled; readonly step: Profiled }>;
  readonly release: () => Promise<void>;
}

export const runnerOn = async (backend: Backend, recipe: NetworkRecipe): Promise<Runner> => {
  const x = ramp(BATCH * sizeOf(recipe.image));
  const t = new Int32Array(BATCH).fill(500);
  const init = orThrow(await compile(initialState(recipe), {})(backend)());
  let { state } = { state: orThrow(await init.run({ key: key(1) })()) };
  init.release();
  const tree = orThrow(await compile(parametersOf(recipe.model), {})(backend)());
  const params = orThrow(await tree.run({ vectors: state.params })());
  tree.release();
  const forward = orThrow(await compile(forwardProgram(recipe), { B: BATCH })(backend)());
  const step = orThrow(await compile(stepProgram(recipe), { B: BATCH }, { donate: ['state'] })(backend)());

  const inputs = () => ({ state, examples: { x0: x, conditions: {}, key: key(2) } });
  return {
    forward: async () => {
      const { prediction } = orThrow(await forward.run({ params, x, t })());
      orThrow(await read(prediction)(backend)());
      await release(prediction)(backend)();
    },
    step: async () => {
      const result = orThrow(await step.run(inputs())());
      state = result.state;
      orThrow(await read(result.report.loss)(backend)());
      await release(result.report)(backend)();
    },
    profile: async () => {
      const ahead = orThrow(await forward.profile({ params, x, t })());
      await release(ahead.outputs)(backend)();
      const result = orThrow(await step.profile(inputs())());
      state = result.outputs.state;
      await release(result.outputs.report)(backend)();
      return {
        forward: { executable: forward, milliseconds: ahead.milliseconds },
        step: { executable: step, milliseconds: result.milliseconds },
      };
    },
    release: async () => {
      await release({ state, params })(backend)();
      forward.release();
      step.release();
    },
  };
};
