/** Medians of all runners, and the table of them in the README. */
import type { NetworkName } from './network.js';

export type Task = 'forward' | 'step';

/** The median of a runner for a task, in milliseconds. */
export interface Timing {
  readonly network: NetworkName;
  readonly task: Task;
  /** Such as `PyTorch, 2 threads`. */
  readonly runner: string;
  readonly milliseconds: number;
}

/** The conditions of measurements. */
export interface Conditions {
  /** The day, `2026-11-27`. */
  readonly date: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** The load average of the machine before the run. */
  readonly load: number;
  /** Names and versions of the peers; for PyTorch the reason if it did not run. */
  readonly peers: Readonly<Record<'tfjs' | 'PyTorch', string>>;
  readonly rounds: number;
}

/** The time of a runner for a task; undefined if it was not measured. */
export const timeOf = (
  timings: readonly Timing[],
  network: NetworkName,
  task: Task,
  runner: string,
): number | undefined =>
  timings.find((timing) => timing.network === network && timing.task === task && timing.runner === runner)
    ?.milliseconds;

/** The lowest of the times of some runners for a task; undefined if none of them was measured. */
export const bestOf = (
  timings: readonly Timing[],
  network: NetworkName,
  task: Task,
  runners: (runner: string) => boolean,
): number | undefined => {
  const times = timings
    .filter((timing) => timing.network === network && timing.task === task && runners(timing.runner))
    .map(({ milliseconds }) => milliseconds);
  return times.length === 0 ? undefined : Math.min(...times);
};

const TASKS = ['forward', 'step'] as const;

const TITLES: Readonly<Record<NetworkName, string>> = {
  R: 'R',
  odd: 'odd sizes',
  attention: 'attention',
  ddpm: 'DDPM CIFAR-10',
  large: '64×64',
};

const NAMES = Object.keys(TITLES) as readonly NetworkName[]; // its keys

/** A table in Markdown, with columns of equal width. */
const markdown = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const [headings, ...body] = rows;
  return [line(headings!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n');
};

const MARKS = ['<!-- benchmark: npm run bench writes this -->', '<!-- end of benchmark -->'] as const;

/** The part of the README on speed. */
export const speedSection = (conditions: Conditions, timings: readonly Timing[]): string => {
  const runners = [...new Set(timings.map(({ runner }) => runner))];
  const networks = NAMES.filter((name) => timings.some(({ network }) => network === name));
  const rows = networks.flatMap((network) =>
    TASKS.map((task) => [
      `${TITLES[network]}, ${task}`,
      ...runners.map((runner) => timeOf(timings, network, task, runner)?.toFixed(0) ?? ''),
    ]),
  );
  const { date, node, cpu, cores, load, peers, rounds } = conditions;
  return [
    MARKS[0],
    '',
    markdown([['milliseconds', ...runners], ...rows]),
    '',
    `Medians of rounds in which all take turns (${rounds}), of batches of 8, on ${date}: ${cores} cores of ${cpu}, load average`,
    `${load.toFixed(1)} before; Node ${node.slice(1)}, tfjs ${peers.tfjs}, ${peers.PyTorch}. A step of PyTorch has no moving average.`,
    '',
    MARKS[1],
  ].join('\n');
};

/** Replaces the part of the README on speed. */
export const withSpeed = (readme: string, section: string): string => {
  const [from, to] = [readme.indexOf(MARKS[0]), readme.indexOf(MARKS[1])];
  if (from < 0 || to < from) throw new Error(`bench: the README has no ${MARKS[0]} … ${MARKS[1]}`);
  return readme.slice(0, from) + section + readme.slice(to + MARKS[1].length);
};
