/** What the doctor has found, for people and for programs. */
import type { BackendName } from '../backends/auto/index.js';
import type { Machine } from './machine.js';
import type { Finding } from './probe.js';

export interface Report extends Machine {
  /** What `auto` takes; null where nothing works. */
  readonly auto: BackendName | null;
  readonly backends: readonly Finding[];
}

export const reportOf = (machine: Machine, backends: readonly Finding[]): Report => ({
  ...machine,
  auto: backends.find(({ trusted }) => trusted)?.backend ?? null,
  backends,
});

const HEADS = ['', 'backend', 'matmul', 'conv 3×3', 'chain', ''];

const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

const row = ({ auto }: Report, { backend, works, note, speeds }: Finding): readonly string[] => [
  backend === auto ? '→' : works ? '✓' : '✗',
  backend,
  ...(speeds === null
    ? ['', '', '']
    : [`${digits(speeds.matmul)} GFLOP/s`, `${digits(speeds.conv)} GFLOP/s`, `${digits(speeds.chain)} GB/s`]),
  note,
];

/** Columns as wide as what is in them, figures to the right; the last is as long as it is. */
const aligned = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = HEADS.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : i >= 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}; // prettier-ignore

/** What works first, with its speeds; then what does not, and why. */
export const lines = (report: Report): readonly string[] => {
  const { noisefold, node, system, cpu, packages, auto, backends } = report;
  const installed = Object.entries(packages).map(([name, version]) => `${name} ${version ?? '(not installed)'}`); // prettier-ignore
  const working = backends.filter(({ works }) => works);
  const missing = backends.filter(({ works }) => !works);
  return [
    `noisefold ${noisefold}, Node ${node.slice(1)}, ${system}, ${cpu}`,
    installed.join(', '),
    '',
    ...(working.length === 0 ? [] : aligned([HEADS, ...working.map((finding) => row(report, finding))])),
    ...(missing.length === 0 ? [] : ['']),
    // an error names its backend itself
    ...missing.map(
      ({ backend, note }) => `✗ ${note.includes(`the ${backend} backend`) ? '' : `${backend}: `}${note}`,
    ),
    '',
    auto === null ? 'Nothing works here.' : `auto() takes ${auto}.`,
  ];
};
