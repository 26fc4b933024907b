/**
 * Compares the forward pass and training step of network R with eager tfjs on the same adapter, with counts of GPU
 * commands.
 */
import { type Backend, compile, explain, type Executable, key, read, release } from 'noisefold/dsl';
import { initialState, parametersOf } from 'noisefold/training';
import { asked, type Asked } from '../dawn.js';
import { interleaved, median } from '../measure.js';
import { BATCH, forwardProgram, IMAGE, type NetworkRecipe, stepProgram } from '../network.js';
import { ramp } from '../peers/jax.js';
import { registerGradients } from '../peers/tfjsGradients.js';
import { printProfile } from '../profile.js';
import { atMost, information, orThrow, type Row } from '../table.js';

/** The peak performance of a device in GFLOP/s and GB/s; null if unknown. */
export interface Peak {
  readonly gflops: number | null;
  readonly gbs: number | null;
}

interface Options {
  readonly rounds: number;
  readonly training: { readonly batch: number; readonly rounds: number };
  readonly peak: Peak;
  readonly profiled: number;
}

const MB = 1e6;
const PIXELS = IMAGE[0] * IMAGE[1] * IMAGE[2];

type Planned = Pick<Executable<never, never>, 'plan' | 'kernels'>;

const totals = (planned: Planned): { readonly bytes: number; readonly flops: number } =>
  explain(planned).reduce((sum, { bytes, flops }) => ({ bytes: sum.bytes + bytes, flops: sum.flops + (flops ?? 0) }), {
    bytes: 0,
    flops: 0,
  });

/** Counts the GPU commands of some runs, each on an idle device; all counts must agree. */
const askedOf = async (run: () => Promise<unknown>, wait: () => Promise<unknown>): Promise<Asked> => {
  const all: Asked[] = [];
  for (let i = 0; i < 3; i++) {
    all.push(await asked(run));
    await wait();
  }
  return { ...all[0]!, milliseconds: median(all.map(({ milliseconds }) => milliseconds)) };
};

const costRows = (
  name: string,
  planned: Planned,
  milliseconds: number,
  { dispatches, submissions, milliseconds: host }: Asked,
  peer: Asked | null,
  peak: Peak,
): readonly Row[] => {
  const { bytes, flops } = totals(planned);
  const [gflops, gbs] = [flops / milliseconds / MB, bytes / milliseconds / MB];
  const share = (rate: number, most: number | null): string =>
    most === null ? '' : `${((100 * rate) / most).toFixed(1)} % of the peak`;
  const of = peer === null ? '' : `; tfjs ${peer.dispatches} in ${peer.submissions}`;
  return [
    information(`${name}: dispatches`, dispatches, '', `in ${submissions} submissions${of}`),
    information(
      `${name}: host time per dispatch`,
      (1000 * host) / dispatches,
      'µs',
      `encoding and submission${peer === null ? '' : `; tfjs ${((1000 * peer.milliseconds) / peer.dispatches).toFixed(0)} µs`}`,
    ),
    information(`${name}: bytes moved`, bytes / MB, 'MB', 'each call reads and writes its operands once'),
    information(`${name}: arena`, (4 * planned.plan.arenaElements) / MB, 'MB'),
    information(`${name}: arithmetic`, gflops, 'GFLOP/s', share(gflops, peak.gflops)),
    information(`${name}: bandwidth`, gbs, 'GB/s', share(gbs, peak.gbs)),
  ];
};

export const gpuSpeedSection = async (
  backend: Backend,
  recipe: NetworkRecipe,
  { rounds, training, peak, profiled }: Options,
): Promise<readonly Row[]> => {
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-webgpu'); // registers itself
  if (!(await tf.setBackend('webgpu'))) throw new Error('bench: tfjs does not run on WebGPU');
  await registerGradients();
  const { eagerUnet } = await import('../peers/tfjsUnet.js');
  const peer = eagerUnet(BATCH);
  const x = ramp(BATCH * PIXELS);
  const t = new Int32Array(BATCH).fill(500);

  const init = orThrow(await compile(initialState(recipe), {})(backend)());
  let { state } = { state: orThrow(await init.run({ key: key(1) })()) };
  init.release();
  const tree = orThrow(await compile(parametersOf(recipe.model), {})(backend)());
  const params = orThrow(await tree.run({ vectors: state.params })());
  tree.release();
  const forward = orThrow(await compile(forwardProgram(recipe), { B: BATCH })(backend)());
  const predict = async () => orThrow(await forward.run({ params, x, t })());
  const forwardCase = async (): Promise<void> => {
    const { prediction } = await predict();
    orThrow(await read(prediction)(backend)());
    await release(prediction)(backend)();
  };
  const forwards = await interleaved(
    [
      { name: 'tfjs', run: peer.forward },
      { name: 'ours', run: forwardCase },
    ],
    rounds,
  );
  const forwardAsked = await askedOf(async () => void (await release(await predict())(backend)()), forwardCase);
  const peerAsked = await asked(peer.forward);
  if (profiled > 0) {
    const { outputs, milliseconds } = orThrow(await forward.profile({ params, x, t })());
    await release(outputs)(backend)();
    printProfile('forward', { executable: forward, milliseconds }, profiled);
  }
  const [eager, ours] = [forwards['tfjs']!, forwards['ours']!];
  const rows = [
    information('eager tfjs forward', eager, 'ms', `${(peer.parameters / MB).toFixed(2)} M parameters, batch ${BATCH}`),
    information('forward', ours, 'ms'),
    atMost('(a) forward / eager tfjs forward', ours / eager, 0.8, ''),
    ...costRows('forward', forward, ours, forwardAsked, peerAsked, peak),
  ];
  forward.release();

  const { batch } = training;
  const learner = batch === BATCH ? peer : eagerUnet(batch);
  const step = orThrow(await compile(stepProgram(recipe), { B: batch }, { donate: ['state'] })(backend)());
  const feed = () => ({ state, examples: { x0: x.subarray(0, batch * PIXELS), conditions: {}, key: key(2) } });
  const submitStep = async () => {
    const result = orThrow(await step.run(feed())());
    state = result.state;
    return result.report;
  };
  const stepCase = async (): Promise<void> => {
    const report = await submitStep();
    orThrow(await read(report.loss)(backend)());
    await release(report)(backend)();
  };
  const steps = await interleaved(
    [
      { name: 'gradients', run: learner.gradients },
      { name: 'step', run: learner.step },
      { name: 'ours', run: stepCase },
    ],
    training.rounds,
  );
  const stepAsked = await askedOf(async () => void (await release(await submitStep())(backend)()), stepCase);
  if (profiled > 0) {
    const { outputs, milliseconds } = orThrow(await step.profile(feed())());
    state = outputs.state;
    await release(outputs.report)(backend)();
    printProfile('step', { executable: step, milliseconds }, profiled);
  }
  await release(state)(backend)();
  const [gradients, theirs, trained] = [steps['gradients']!, steps['step']!, steps['ours']!];
  rows.push(
    information('tfjs loss and gradients', gradients, 'ms', `batch ${batch}, ${training.rounds} rounds`),
    information('tfjs loss, gradients, Adam, average', theirs, 'ms'),
    information('training step', trained, 'ms', `forward, backward, Adam, moving average; batch ${batch}`),
    atMost(
      '(b) training step / tfjs loss and gradients',
      trained / gradients,
      0.5,
      '',
      'theirs without Adam and average',
    ),
    information('training step / the same by tfjs', trained / theirs, ''),
    ...costRows('step', step, trained, stepAsked, null, peak),
  );
  step.release();
  return rows;
};
