/** The first steps of a process: medians of several processes. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.js';
import { atMost, information, type Row } from '../table.js';

const PROGRAM = fileURLToPath(new URL('../startProgram.js', import.meta.url));

interface Times {
  readonly imported: number;
  readonly opened: number;
  readonly planned: number;
  readonly cold: number;
  readonly warm: number;
}

const start = (): Times => JSON.parse(execFileSync(process.execPath, [PROGRAM], { encoding: 'utf8' })) as Times; // by the program

export const startSection = (rounds: number): readonly Row[] => {
  const all = Array.from({ length: rounds }, start);
  const of = (key: keyof Times): number => median(all.map((times) => times[key]));
  return [
    information('start: import dsl, nn, training and wasm', of('imported'), 'ms'),
    information('start: open wasm()', of('opened'), 'ms', 'with the choice of tiles'),
    atMost('start: first plan of a step of R', of('planned') / 1000, 0.3, 's'),
    information('start: compile the step, after its plan', of('cold'), 'ms'),
    information('start: compile the step again', of('warm'), 'ms'),
  ];
};
