/** Faults of programs: compilers that accept a mistake, refuse a right program, or report another place. */
import { type ErrorIn, type Judgement, VERSIONS } from './modules.js';
import type { Program } from './program.js';

/** The start of a place, for a reader: up to the end of a word. */
const placeOf = ({ text }: Program, at: number): string =>
  at < 0 ? 'the declarations' : `\`${/^\W*\w*/.exec(text.slice(at).split('\n')[0]!)![0].trim()}\``;

/** Compares the errors of one compiler with those that a program should have: describes the difference, or null. */
const faultOf = (program: Program, errors: readonly ErrorIn[]): string | null => {
  const { kind, mark } = program;
  const [first, ...others] = errors;
  if (first === undefined) return kind === 'wrong' || kind === 'hit' ? 'accepted' : null;
  if (kind === 'hit') return null;
  if (kind !== 'wrong') return 'refused';
  if (others.length > 0) return `${errors.length} errors`;
  return mark![0] <= first.at && first.at < mark![1] ? null : `the error is at ${placeOf(program, first.at)}`;
};

/** The fault of a program on both compilers; null if there is none. */
const fault = ({ program, errors }: Judgement): string | null => {
  const [six, seven] = VERSIONS.map((version) => faultOf(program, errors[version]));
  if (six === seven) return six ?? null;
  return `6: ${six ?? 'as it should be'}; 7: ${seven ?? 'as it should be'}`;
};

const titleOf = ({ group, name }: Program): string => `${group}: ${name}`;

/** The programs with a fault, a line for each. */
export const pendingList = (all: readonly Judgement[]): string =>
  all.flatMap((one) => (fault(one) === null ? [] : [`${titleOf(one.program)} | ${fault(one)}\n`])).join('');

/** The text of a program with its mark. */
const textWithMark = ({ text, mark }: Program): string =>
  mark === null ? text : `${text.slice(0, mark[0])}«${text.slice(...mark)}»${text.slice(mark[1])}`;

const complaint = (program: Program, version: number, { at, message }: ErrorIn): string =>
  `  TypeScript ${version} at ${placeOf(program, at)}: ${message.replaceAll('\n', '\n  ')}`;

/** The text and the errors of each program whose title matches a pattern; `pending` is all programs with a fault. */
export const report = (all: readonly Judgement[], pattern: string): string =>
  all
    .filter((one) => (pattern === 'pending' ? fault(one) !== null : new RegExp(pattern).test(titleOf(one.program))))
    .map((one) => {
      const { program, errors } = one;
      const lines = VERSIONS.flatMap((version) => errors[version].map((error) => complaint(program, version, error)));
      const title = `${titleOf(program)} (${program.kind}): ${fault(one) ?? 'as it should be'}`;
      return [title, textWithMark(program).replaceAll(/^/gm, '    '), ...lines].join('\n');
    })
    .join('\n\n');
