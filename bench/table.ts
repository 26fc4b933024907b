import type { either as E } from 'fp-ts';
import type { NoisefoldError } from 'noisefold/dsl';

/** A measurement and its goal. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The goal in words, `≤ 0.5`; empty for information only. */
  readonly goal: string;
  readonly met: boolean | null;
  readonly note: string;
}

export const atMost = (name: string, value: number, goal: number, unit: string, note = ''): Row => ({
  name,
  value,
  unit,
  goal: `≤ ${goal}`,
  met: value <= goal,
  note,
});

export const atLeast = (name: string, value: number, goal: number, unit: string, note = ''): Row => ({
  name,
  value,
  unit,
  goal: `≥ ${goal}`,
  met: value >= goal,
  note,
});

export const information = (name: string, value: number, unit: string, note = ''): Row => ({
  name,
  value,
  unit,
  goal: '',
  met: null,
  note,
});

const digits = (x: number): string => (Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3));

export const table = (rows: readonly Row[]): string => {
  const cells = rows.map(({ name, value, unit, goal, met, note }) => [
    name,
    `${digits(value)} ${unit}`.trim(),
    goal,
    met === null ? '' : met ? 'met' : 'MISSED',
    note,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** Throws the error of a `Left`. */
export const orThrow = <A>(result: E.Either<NoisefoldError, A>): A => {
  if (result._tag === 'Left') throw new Error(result.left.message);
  return result.right;
};
