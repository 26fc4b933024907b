/** Forward pass and training step of network R against the forward pass of eager tfjs. */
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { type Backend, compile, key, read, release } from 'noisefold/dsl';
import { initialState, parametersOf } from 'noisefold/training';
import { interleaved } from '../measure.js';
import { BATCH, forwardProgram, IMAGE, type NetworkRecipe, stepProgram } from '../network.js';
import { eagerUnet } from '../peers/tfjsUnet.js';
import { ramp } from '../peers/jax.js';
import { atMost, information, orThrow, type Row } from '../table.js';

export const speedSection = async (
  backend: Backend,
  recipe: NetworkRecipe,
  rounds: number,
): Promise<{ readonly rows: readonly Row[]; readonly stepMilliseconds: number }> => {
  // the global backend of the peer
  await tf.setBackend('wasm');
  const peer = eagerUnet(BATCH);
  const x = ramp(BATCH * IMAGE[0] * IMAGE[1] * IMAGE[2]);
  const t = new Int32Array(BATCH).fill(500);

  const init = orThrow(await compile(initialState(recipe), {})(backend)());
  let { state } = { state: orThrow(await init.run({ key: key(1) })()) };
  const tree = orThrow(await compile(parametersOf(recipe.model), {})(backend)());
  const params = orThrow(await tree.run({ vectors: state.params })());
  tree.release();
  const forward = orThrow(await compile(forwardProgram(recipe), { B: BATCH })(backend)());
  const step = orThrow(await compile(stepProgram(recipe), { B: BATCH }, { donate: ['state'] })(backend)());

  const times = await interleaved(
    [
      { name: 'tfjs', run: peer.forward },
      {
        name: 'forward',
        run: async () => {
          const { prediction } = orThrow(await forward.run({ params, x, t })());
          orThrow(await read(prediction)(backend)());
          await release(prediction)(backend)();
        },
      },
      {
        name: 'step',
        run: async () => {
          const result = orThrow(await step.run({ state, examples: { x0: x, key: key(2) } })());
          state = result.state;
          orThrow(await read(result.report.loss)(backend)());
          await release(result.report)(backend)();
        },
      },
    ],
    rounds,
  );
  await release(state)(backend)();
  forward.release();
  step.release();
  init.release();
  const [eager, ours, trained] = [times['tfjs']!, times['forward']!, times['step']!];
  const rows = [
    information(
      'eager tfjs forward',
      eager,
      'ms',
      `${(peer.parameters / 1e6).toFixed(2)} M parameters, batch ${BATCH}`,
    ),
    information('forward', ours, 'ms'),
    information('training step', trained, 'ms', 'forward, backward, Adam, moving average'),
    atMost('(a) forward / eager tfjs forward', ours / eager, 0.5, ''),
    atMost('(b) training step / eager tfjs forward', trained / eager, 1.6, ''),
  ];
  return { rows, stepMilliseconds: trained };
};
