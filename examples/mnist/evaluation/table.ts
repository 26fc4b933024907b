/** The table of metrics, for a terminal. */
import type { Evaluation } from 'noisefold/evaluation';

/** A column of the table. */
export interface Column {
  readonly title: string;
  readonly metrics: Evaluation;
}

type Row = readonly [name: string, text: (metrics: Evaluation) => string];

const ROWS: readonly Row[] = [
  ['images', ({ images }) => `${images.generated}`],
  ['FID', ({ fid }) => fid.toFixed(3)],
  ['KID', ({ kid }) => `${kid.mean.toFixed(4)} ± ${kid.deviation.toFixed(4)}`],
  [
    'Inception Score',
    ({ inceptionScore: score }) =>
      score === undefined ? '-' : `${score.mean.toFixed(3)} ± ${score.deviation.toFixed(3)}`,
  ],
  ['precision', ({ precision }) => precision.toFixed(3)],
  ['recall', ({ recall }) => recall.toFixed(3)],
  ['accuracy', ({ accuracy }) => (accuracy === undefined ? '-' : `${(100 * accuracy).toFixed(1)} %`)],
];

/** Lines of aligned text: a row for each metric, a column for each set of images. */
export const tableOf = (columns: readonly Column[]): readonly string[] => {
  const rows = [
    ['', ...columns.map(({ title }) => title)],
    ...ROWS.map(([name, text]) => [name, ...columns.map(({ metrics }) => text(metrics))]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
};
