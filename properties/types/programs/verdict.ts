/** How programs differ from what they should be, and a report of it. */
import { type Judged, type Said, VERSIONS } from './modules.js';
import type { Program } from './program.js';

/** The start of a place, for a reader: up to the end of a word. */
const placeOf = ({ text }: Program, at: number): string =>
  at < 0 ? 'the declarations' : `\`${/^\W*\w*/.exec(text.slice(at).split('\n')[0]!)![0].trim()}\``;

/** What is not as it should be; null if all is. */
const faultOf = (program: Program, said: readonly Said[]): string | null => {
  const { kind, mark } = program;
  const [first, ...others] = said;
  if (first === undefined) return kind === 'wrong' || kind === 'caught' ? 'accepted' : null;
  if (kind === 'caught') return null;
  if (kind !== 'wrong') return 'refused';
  if (others.length > 0) return `${said.length} errors`;
  return mark![0] <= first.at && first.at < mark![1] ? null : `the error is at ${placeOf(program, first.at)}`;
};

/** The fault of a program on both compilers; null if there is none. */
const fault = ({ program, said }: Judged): string | null => {
  const [six, seven] = VERSIONS.map((version) => faultOf(program, said[version]));
  if (six === seven) return six ?? null;
  return `6: ${six ?? 'as it should be'}; 7: ${seven ?? 'as it should be'}`;
};

const titleOf = ({ group, name }: Program): string => `${group}: ${name}`;

/** The programs with a fault, a line for each. */
export const pendingList = (all: readonly Judged[]): string =>
  all.flatMap((one) => (fault(one) === null ? [] : [`${titleOf(one.program)} | ${fault(one)}\n`])).join('');

/** The text of a program with its mark. */
const marked = ({ text, mark }: Program): string =>
  mark === null ? text : `${text.slice(0, mark[0])}«${text.slice(...mark)}»${text.slice(mark[1])}`;

const complaint = (program: Program, version: number, { at, message }: Said): string =>
  `  TypeScript ${version} at ${placeOf(program, at)}: ${message.replaceAll('\n', '\n  ')}`;

/** The text and the errors of each program whose title matches a pattern; `pending` is all programs with a fault. */
export const report = (all: readonly Judged[], pattern: string): string =>
  all
    .filter((one) => (pattern === 'pending' ? fault(one) !== null : new RegExp(pattern).test(titleOf(one.program))))
    .map((one) => {
      const { program, said } = one;
      const errors = VERSIONS.flatMap((version) => said[version].map((error) => complaint(program, version, error)));
      const title = `${titleOf(program)} (${program.kind}): ${fault(one) ?? 'as it should be'}`;
      return [title, marked(program).replaceAll(/^/gm, '    '), ...errors].join('\n');
    })
    .join('\n\n');
