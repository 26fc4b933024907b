/** `messages.md`: what both compilers say of each wrong use. Operations of which they say the same are told together. */
import type { Complaint } from './compilers.js';
import { type WrongUse, wrongUses } from './operations.js';
import { lineOf } from './source.js';

/** Before the first function on its line. */
const PREFIX = 'export const _0 = ';

/** The alternatives of a union, which TypeScript has in the order in which it met them, in that of the alphabet. */
const ordered = (message: string): string =>
  message.replaceAll(/"[^"]*"(?: \| "[^"]*")+/g, (union) => union.split(' | ').sort().join(' | '));

/** What one compiler says of a line, in the order of its columns. */
const saidOf = (complaints: readonly Complaint[], { line }: WrongUse): readonly Complaint[] =>
  complaints.filter((one) => one.line === line);

const messagesOf = (said: readonly Complaint[]): string =>
  said.map(({ message }) => ordered(message)).join('\n');

/** The line of a use, and a mark under what is wrong with it. */
const marked = (use: WrongUse, said: readonly Complaint[]): string => {
  const start = PREFIX.length - 1 + `${use.line - lineOf(0)}`.length;
  const marks = said.map(({ column, length }) => [column - start, Math.max(1, length ?? 1)] as const);
  const under = Array.from(use.text, (_, i) =>
    marks.some(([from, count]) => from <= i && i < from + count) ? '~' : ' ',
  ).join('');
  return `${use.text}\n${under.trimEnd()}`;
};

const titles = { rank: 'rank', dim: 'extent', dtype: 'dtype' };

const blockOf = (use: WrongUse, six: readonly Complaint[], seven: readonly Complaint[]): string => {
  const [here, there] = [saidOf(six, use), saidOf(seven, use)];
  const { free } = use.usage.wrong[use.kind];
  const why = free === undefined ? '' : `: ${use.name} ${free}, so its result is held against another`;
  const other = messagesOf(here) === messagesOf(there) ? [] : ['', 'TypeScript 7:', messagesOf(there)];
  return [
    `Wrong ${titles[use.kind]}${why}`,
    '',
    '```text',
    marked(use, here),
    messagesOf(here),
    ...other,
    '```',
  ].join('\n');
};

/** All wrong uses, with what TypeScript 6 says, and 7 where it says something else. */
export const messagesPage = (six: readonly Complaint[], seven: readonly Complaint[]): string => {
  const names = [...new Set(wrongUses.map(({ name }) => name))];
  const sections = names.map((name) => ({
    name,
    text: wrongUses
      .filter((use) => use.name === name)
      .map((use) => blockOf(use, six, seven))
      .join('\n\n'),
  }));
  const patternOf = ({ name, text }: (typeof sections)[number]): string =>
    text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), '·').replaceAll(/ *~+/g, '~');
  const first = sections.filter(
    (section, i) => sections.findIndex((other) => patternOf(other) === patternOf(section)) === i,
  );
  return [
    '# What the compiler says of wrong uses',
    '',
    'Each operation with one thing wrong: its rank, an extent, a dtype; made by `npm run messages`, and held by a test. The',
    'message is that of TypeScript 6; what 7 says stands below it where it is not the same, word for word. Operations of which',
    'all is said alike stand together, and the first of them is shown.',
    ...first.flatMap((section) => [
      '',
      `## ${sections
        .filter((other) => patternOf(other) === patternOf(section))
        .map(({ name }) => name)
        .join(', ')}`,
      '',
      section.text,
    ]),
    '',
  ].join('\n');
};
