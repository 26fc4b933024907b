/** Forward passes and training steps of all networks on noisefold, eager tfjs and PyTorch, interleaved in rounds. */
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { type Backend, measurePeak } from 'noisefold/dsl';
import { wasm } from 'noisefold/backends/wasm';
import { sizeOf } from '../../src/internal/numbers.js';
import { formFor } from '../../src/backends/wasm/forms.js';
import { interleaved, type Case } from '../measure.js';
import { type NetworkName, NETWORKS, type NetworkRecipe, recipeOf } from '../network.js';
import { eagerUnet } from '../peers/tfjsUnet.js';
import { LAYOUTS, type TorchPeer } from '../peers/torch.js';
import { printProfile } from '../profile.js';
import { type Runner, runnerOn } from '../runner.js';
import { atLeast, atMost, information, orThrow, type Row } from '../table.js';
import { bestOf, type Task, timeOf, type Timing } from '../timings.js';

const TASKS = ['forward', 'step'] as const;
const NAMES = Object.keys(NETWORKS) as readonly NetworkName[]; // its keys

const counted = (threads: number): string => (threads === 1 ? '1 thread' : `${threads} threads`);
const ours = (threads: number, how: '' | ' portable' | ' without pairing' = ''): string =>
  `noisefold${how}, ${counted(threads)}`;
const torchName = (threads: number): string => `PyTorch, ${counted(threads)}`;
const TFJS = 'eager tfjs';
const isTorch = (runner: string): boolean => runner.startsWith('PyTorch');

/** A case of a round. A runner may have several cases of a task, of which the fastest counts. */
interface TimedCase {
  readonly task: Task;
  readonly runner: string;
  readonly run: Case['run'];
}

const timingsOf = async (
  network: NetworkName,
  cases: readonly TimedCase[],
  rounds: number,
): Promise<readonly Timing[]> => {
  const times = await interleaved(
    cases.map(({ run }, i) => ({ name: `${i}`, run })),
    rounds,
  );
  const best = new Map<string, Timing>();
  cases.forEach(({ task, runner }, i) => {
    const milliseconds = times[i]!;
    const id = `${runner} ${task}`;
    if (milliseconds < (best.get(id)?.milliseconds ?? Infinity)) best.set(id, { network, task, runner, milliseconds });
  });
  return [...best.values()];
};

const casesOf = (runner: string, passes: Pick<Runner, Task>): readonly TimedCase[] =>
  TASKS.map((task) => ({ task, runner, run: passes[task] }));

const torchCases = (peer: TorchPeer | string, name: NetworkName): readonly TimedCase[] => {
  if (typeof peer === 'string') return [];
  const network = NAMES.indexOf(name);
  return (isLarge(name) ? [2] : [1, 2]).flatMap((threads) =>
    LAYOUTS.flatMap((layout) =>
      TASKS.map((task) => ({
        task,
        runner: torchName(threads),
        run: () => peer.run({ network, task, threads, layout }),
      })),
    ),
  );
};

/** The most that the time may be of PyTorch's. */
type Goals = Readonly<Record<Task, number>>;

const both = (most: number): Goals => ({ forward: most, step: most });

/** With wide tiles, where the engine pairs vectors, and with narrow ones. */
const GOALS: Readonly<Record<NetworkName, Readonly<Record<'wide' | 'narrow', Goals>>>> = {
  R: { wide: { forward: 0.95, step: 0.85 }, narrow: both(2) },
  odd: { wide: both(2.5), narrow: both(2.5) },
  attention: { wide: both(2.5), narrow: both(2.5) },
  ddpm: { wide: { forward: 0.75, step: 0.8 }, narrow: both(2) },
  large: { wide: { forward: 0.75, step: 0.8 }, narrow: both(2) },
};

/** Networks that take so long that one thread is not measured. */
const isLarge = (name: NetworkName): boolean => name === 'ddpm' || name === 'large';

/** The rows that compare a network with PyTorch. */
const againstTorch = (
  timings: readonly Timing[],
  network: NetworkName,
  runner: string,
  goals: Goals,
  missing: string | null,
): readonly Row[] =>
  TASKS.map((task) => {
    const [own, theirs] = [timeOf(timings, network, task, runner)!, bestOf(timings, network, task, isTorch)];
    const name = `${network}: ${task} / PyTorch`;
    return theirs === undefined
      ? information(name, NaN, '', `PyTorch does not run here: ${missing}`)
      : atMost(name, own / theirs, goals[task], '', `${own.toFixed(0)} ms, PyTorch ${theirs.toFixed(0)} ms`);
  });

interface SpeedOptions {
  readonly rounds: number;
  /** The number of slowest calls to print. */
  readonly profiled: number;
}

/** `backend` is the one that users get by default. */
export const speedSection = async (
  backend: Backend,
  recipe: NetworkRecipe,
  torch: TorchPeer | string,
  threads: number,
  { rounds, profiled }: SpeedOptions,
): Promise<{
  readonly rows: readonly Row[];
  readonly timings: readonly Timing[];
  readonly stepMilliseconds: number;
}> => {
  await tf.setBackend('wasm'); // the global backend of the peer
  const peer = eagerUnet(8);
  const weights = NAMES.map((name) => {
    const { model } = orThrow(recipeOf(NETWORKS[name]));
    return model.params.leaves.reduce((n, { shape }) => n + sizeOf(shape.map(Number)), 0);
  });
  // peers of other sizes would not be comparable
  if (peer.parameters !== weights[0]) throw new Error(`bench: tfjs has ${peer.parameters} weights, not ${weights[0]}`);
  if (typeof torch !== 'string' && `${torch.parameters}` !== `${weights}`)
    throw new Error(`bench: PyTorch has ${torch.parameters} weights, not ${weights}`);

  const single = orThrow(await wasm({ threads: 1 })());
  const portable = orThrow(await wasm({ portable: true })());
  const portableSingle = orThrow(await wasm({ threads: 1, portable: true })());
  const fusing = [[ours(threads), backend] as const, ...(threads > 1 ? [[ours(1), single] as const] : [])];
  const rounding = [
    [ours(threads, ' portable'), portable] as const,
    ...(threads > 1 ? [[ours(1, ' portable'), portableSingle] as const] : []),
  ];

  // without pairing there is nothing to compare
  const { isWide } = formFor(false).choice();
  const narrow = orThrow(await wasm({ pairing: false })());
  const unpaired = isWide ? [[ours(threads, ' without pairing'), narrow] as const] : [];
  const othersOf = (name: NetworkName) => (name === 'R' ? [...unpaired, ...rounding] : isLarge(name) ? unpaired : []);

  const timings: Timing[] = [];
  for (const name of NAMES) {
    const network = name === 'R' ? recipe : orThrow(recipeOf(NETWORKS[name]));
    const runners: (readonly [string, Runner])[] = [];
    for (const [runner, on] of [...(isLarge(name) ? fusing.slice(0, 1) : fusing), ...othersOf(name)])
      runners.push([runner, await runnerOn(on, network)]);
    const cases = [
      ...runners.flatMap(([runner, passes]) => casesOf(runner, passes)),
      ...(name === 'R' ? [{ task: 'forward', runner: TFJS, run: peer.forward } as const] : []),
      ...torchCases(torch, name),
    ];
    timings.push(...(await timingsOf(name, cases, rounds)));
    const [, first] = runners[0]!;
    if (profiled > 0) {
      const peak = orThrow(await measurePeak(backend)());
      console.log(`peak: ${peak.gflops.toFixed(1)} GFLOP/s, ${peak.gbs.toFixed(1)} GB/s`);
      const { forward, step } = await first.profile();
      printProfile(`${name}: forward`, forward, profiled, peak);
      printProfile(`${name}: step`, step, profiled, peak);
    }
    for (const [, { release }] of runners) await release();
  }
  for (const other of [single, portable, portableSingle, narrow]) orThrow(await other.close());

  const time = (task: Task, runner: string): number => timeOf(timings, 'R', task, runner)!;
  const [forward, step, eager] = [time('forward', ours(threads)), time('step', ours(threads)), time('forward', TFJS)];
  const missing = typeof torch === 'string' ? torch : null;
  const rows = [
    ...timings.map(({ network, task, runner, milliseconds }) =>
      information(`${network}: ${task}, ${runner}`, milliseconds, 'ms'),
    ),
    ...(missing === null ? [] : [information('PyTorch', NaN, 'ms', `does not run here: ${missing}`)]),
    ...NAMES.flatMap((name) =>
      againstTorch(timings, name, ours(threads), GOALS[name][isWide ? 'wide' : 'narrow'], missing),
    ),
    ...(threads > 1
      ? [
          atLeast(`R: step, ${counted(threads)}, times as fast as one`, time('step', ours(1)) / step, 1.7, '×'),
          information(
            'R: step, fused / portable, 1 thread',
            time('step', ours(1)) / time('step', ours(1, ' portable')),
            '',
          ),
        ]
      : []),
    atMost('R: forward / eager tfjs forward', forward / eager, 0.12, ''),
  ];
  return { rows, timings, stepMilliseconds: step };
};
