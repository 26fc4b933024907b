/** Formats the findings for people (a table) and for programs (JSON). */
import { ORDER } from '../backends/auto/candidates.js';
import type { BackendName } from '../backends/auto/index.js';
import type { Machine } from './machine.js';
import type { Finding } from './probe.js';

export interface Report extends Machine {
  /** The backend that `auto` chooses; null if none works. */
  readonly auto: BackendName | null;
  readonly backends: readonly Finding[];
}

export const reportOf = (machine: Machine, backends: readonly Finding[]): Report => ({
  ...machine,
  auto: backends.find(({ backend, trusted }) => trusted && ORDER.some((name) => name === backend))?.backend ?? null,
  backends,
});

const HEADINGS = ['', 'backend', 'matmul', 'conv 3×3', 'chain', ''];

const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

const row = ({ auto }: Report, { backend, works, note, speeds }: Finding): readonly string[] => [
  backend === auto ? '→' : works ? '✓' : '✗',
  backend,
  ...(speeds === null
    ? ['', '', '']
    : [`${digits(speeds.matmul)} GFLOP/s`, `${digits(speeds.conv)} GFLOP/s`, `${digits(speeds.chain)} GB/s`]),
  note,
];

/** Pads cells to the width of their column. Figures are aligned to the right; the last column is not padded. */
const aligned = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = HEADINGS.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : i >= 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}; // prettier-ignore

/** Lists the backends that work, with their speeds, then those that do not, with the reasons. */
export const formatReport = (report: Report): readonly string[] => {
  const { noisefold, node, system, cpu, packages, auto, backends } = report;
  const installed = Object.entries(packages).map(([name, version]) => `${name} ${version ?? '(not installed)'}`); // prettier-ignore
  const working = backends.filter(({ works }) => works);
  const missing = backends.filter(({ works }) => !works);
  return [
    `noisefold ${noisefold}, Node ${node.slice(1)}, ${system}, ${cpu}`,
    installed.join(', '),
    '',
    ...(working.length === 0 ? [] : aligned([HEADINGS, ...working.map((finding) => row(report, finding))])),
    ...(missing.length === 0 ? [] : ['']),
    // most errors name their backend already
    ...missing.map(({ backend, note }) => `✗ ${note.includes(`the ${backend} backend`) ? '' : `${backend}: `}${note}`),
    '',
    auto === null ? 'No backend works here.' : `auto() chooses ${auto}.`,
  ];
};
