/** The scores as a table. */
import type { Scores } from './scores.js';

const columns: readonly (readonly [name: string, cell: (scores: Scores) => string])[] = [
  ['scale', ({ scale }) => `${scale}`],
  ['FID', ({ fid }) => fid.toFixed(2)],
  ['accuracy', ({ accuracy }) => `${(100 * accuracy).toFixed(1)} %`],
  ['precision', ({ precision }) => precision.toFixed(4)],
  ['recall', ({ recall }) => recall.toFixed(4)],
];

export const tableOf = (scores: readonly Scores[]): string => {
  const rows = [columns.map(([name]) => name), ...scores.map((row) => columns.map(([, cell]) => cell(row)))];
  return rows.map((cells) => cells.map((cell) => cell.padStart(11)).join('')).join('\n');
};
