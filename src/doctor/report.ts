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

/** The columns of a narrow terminal. */
const WIDTH = 80;

const HEADINGS = [
  ['', 'backend', 'matmul', 'conv 3×3', 'chain', ''],
  ['', '', 'GFLOP/s', 'GFLOP/s', 'GB/s', ''],
];

/** Breaks text between words into lines of at most `width`, if no word is longer. */
const wrapped = (text: string, width: number): readonly string[] =>
  text.split(' ').reduce<readonly string[]>((lines, word) => {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trimStart();
    return longer.length <= width || lines.length === 0 ? [...lines.slice(0, -1), longer] : [...lines, word];
  }, []);

/** Text in lines of at most 80 columns; those after the first are indented. */
const paragraph = (text: string, indent = '  '): readonly string[] =>
  wrapped(text, WIDTH - indent.length).map((part, i) => (i === 0 ? part : `${indent}${part}`));

const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

const row = ({ auto }: Report, { backend, works, note, speeds }: Finding): readonly string[] => [
  backend === auto ? '→' : works ? '✓' : '✗',
  backend,
  ...(speeds === null ? ['', '', ''] : [digits(speeds.matmul), digits(speeds.conv), digits(speeds.chain)]),
  note,
];

/** Pads cells to the width of their column. Figures are aligned to the right; the last column is wrapped. */
const aligned = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]!.slice(0, -1).map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  return rows.flatMap((cells) => {
    const start = widths.map((width, i) => (i >= 2 ? cells[i]!.padStart(width) : cells[i]!.padEnd(width))).join('  ');
    const [note = '', ...more] = wrapped(cells.at(-1)!, WIDTH - start.length - 2);
    return [`${start}  ${note}`.trimEnd(), ...more.map((part) => `${' '.repeat(start.length)}  ${part}`)];
  });
};

/** Lists the backends that work, with their speeds, then those that do not, with the reasons, in lines of 80 columns. */
export const formatReport = (report: Report): readonly string[] => {
  const { noisefold, node, system, cpu, packages, auto, backends } = report;
  const installed = Object.entries(packages).map(([name, version]) => `${name} ${version ?? '(not installed)'}`); // oxfmt-ignore
  const working = backends.filter(({ works }) => works);
  const missing = backends.filter(({ works }) => !works);
  return [
    ...paragraph(`noisefold ${noisefold}, Node ${node.slice(1)}, ${system}, ${cpu}`),
    ...paragraph(installed.join(', ')),
    '',
    ...(working.length === 0 ? [] : aligned([...HEADINGS, ...working.map((finding) => row(report, finding))])),
    ...(missing.length === 0 ? [] : ['']),
    // most errors name their backend already
    ...missing.flatMap(({ backend, note }) =>
      paragraph(`✗ ${note.includes(`the ${backend} backend`) ? '' : `${backend}: `}${note}`),
    ),
    '',
    auto === null ? 'No backend works here.' : `auto() chooses ${auto}.`,
  ];
};
